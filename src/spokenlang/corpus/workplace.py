"""A corpus is complete or absent: it is made in `<out>.partial` and renamed when it is done.

Only what was made here is ever removed: a work folder carries a marker from its first moment, a corpus its recipe.
All removing of the package is in this module and in `training`, which drops its own checkpoint.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from spokenlang.errors import InputError

_LOCK = "lock"
_MARKER = ".spokenlang"
_MARK = "Made by spokenlang to build a corpus in. It may be removed when no such work is going on.\n"
# what a corpus may hold; anything else in its folder is somebody's
_OURS = re.compile(r"corpus\.json|clips\.csv|import\.csv|languages\.json|(inputs|targets)_[a-z]+_[a-z0-9]+\.npy")


def beside(out: Path) -> Path:
    """The work folder of a corpus that is to become `out`."""
    return out.with_name(f"{out.name}.partial")


@contextlib.contextmanager
def workplace(work: Path) -> Iterator[None]:
    """A work folder, new or found, for one process at a time.

    It stays behind when the work breaks off, so that the work can be taken up again. `InputError` if a folder of
    that name is there which was not made here.
    """
    try:
        work.mkdir(parents=True, exist_ok=True)
        _own(work)
        lock = (work / _LOCK).open("w")
    except OSError as error:
        raise InputError(f"{work}: cannot be written ({error.strerror}); choose another --out") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"{work}: another process is at work there; wait for it or stop it") from None
        yield
        (work / _LOCK).unlink()


def _own(work: Path) -> None:
    if work.is_symlink() or not (is_ours(work) or not set(os.listdir(work)) - {_LOCK} or _is_begun(work)):
        raise InputError(f"{work}: is there already and was not made here; move it away or choose another --out")
    (work / _MARKER).write_text(_MARK, encoding="utf-8")


def _is_begun(work: Path) -> bool:
    """Whether there is nothing but the beginning of our marker: a full disk or a kill came between."""
    try:
        begun = (work / _MARKER).read_text(encoding="utf-8")
        return not set(os.listdir(work)) - {_LOCK, _MARKER} and _MARK.startswith(begun)
    except (OSError, UnicodeDecodeError):
        return False


def is_ours(work: Path) -> bool:
    """Whether this very folder was made here to work in."""
    try:
        return not work.is_symlink() and (work / _MARKER).read_text(encoding="utf-8") == _MARK
    except (OSError, UnicodeDecodeError):
        return False


def clear(work: Path) -> None:
    """Empty a work folder but for its lock and marker."""
    for path in work.iterdir() if is_ours(work) else ():
        if path.name not in (_LOCK, _MARKER):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def drop(work: Path, name: str) -> None:
    """Remove a file or a folder of a work folder, if it is there."""
    path = work / name
    if is_ours(work) and os.path.lexists(path):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def require_space(work: Path, needed: int) -> None:
    """`InputError` unless so many bytes, and a little more, can be written there."""
    free = shutil.disk_usage(work).free
    needed += 64 << 20
    if free < needed:
        found = f"{needed >> 20} MB needed, {free >> 20} MB free"
        raise InputError(f"{work}: {found}; make room or choose another --out")


def require_replaceable(out: Path) -> None:
    """`InputError` if a corpus that was made here now holds, or has become, something else."""
    if not os.path.lexists(out):
        return
    if out.is_symlink() or not out.is_dir():
        raise InputError(f"{out}: is there already and is no folder; move it away or choose another --out")
    for name in sorted(os.listdir(out)):
        if _OURS.fullmatch(name) or name == _MARKER:
            continue
        raise InputError(f"{out / name}: was not made with the corpus that is to be replaced; move it away")


def put_in_place(work: Path, out: Path) -> None:
    """Rename a finished work folder to its name; what was there before makes room only then."""
    require_replaceable(out)
    old = out.with_name(f".{out.name}.{os.urandom(4).hex()}.old")
    if out.exists():
        out.rename(old)
    work.rename(out)
    if old.exists():
        shutil.rmtree(old)
    (out / _MARKER).unlink()


def discard(work: Path) -> None:
    """Remove a work folder that is not worth taking up again."""
    if is_ours(work):
        shutil.rmtree(work, ignore_errors=True)
