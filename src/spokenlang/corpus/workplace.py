"""A corpus is complete or absent: it is made in `<out>.partial` and renamed when it is done."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

from spokenlang.errors import InputError

_LOCK = "lock"


def beside(out: Path) -> Path:
    """The work folder of a corpus that is to become `out`."""
    return out.with_name(f"{out.name}.partial")


@contextlib.contextmanager
def workplace(work: Path) -> Iterator[None]:
    """A work folder, new or found, for one process at a time.

    It stays behind when the work breaks off, so that the work can be taken up again.
    """
    try:
        work.mkdir(parents=True, exist_ok=True)
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


def clear(work: Path) -> None:
    """Empty a work folder but for its lock."""
    for path in work.iterdir():
        if path.name != _LOCK:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def require_space(work: Path, needed: int) -> None:
    """`InputError` unless so many bytes, and a little more, can be written there."""
    free = shutil.disk_usage(work).free
    needed += 64 << 20
    if free < needed:
        found = f"{needed >> 20} MB needed, {free >> 20} MB free"
        raise InputError(f"{work}: {found}; make room or choose another --out")


def put_in_place(work: Path, out: Path) -> None:
    """Rename a finished work folder to its name; what was there before makes room only then."""
    if not out.exists():
        work.rename(out)
        return
    old = out.with_name(f"{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    out.rename(old)
    work.rename(out)
    shutil.rmtree(old)


def discard(work: Path) -> None:
    """Remove a work folder that is not worth taking up again."""
    shutil.rmtree(work, ignore_errors=True)
