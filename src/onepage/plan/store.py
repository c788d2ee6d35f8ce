"""The store: results under their content key, each put in place by one rename.

    <store>/<first two of key>/<key>/  done  inputs.json  notebook.ipynb  timing.json  files/

An entry is complete or absent, and `done` holds the checksums of all its files: one that has come to harm since is
made again. One writer at a time makes it, in one clone or many: others wait for it. Where the
file system knows no locks several may work, and the first one's entry stays.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from onepage.core import files, sealed
from onepage.core.errors import CheckFailed, UserError
from onepage.core.locks import Lock, held, waiting
from onepage.observing.folders import files_below

DONE = "done"
_UNSEALED = {DONE, "timing.json", files.MARKER}  # no result hangs on these
_RESULT = "result"  # how a folder of the store is marked
_KEEP_SECONDS = 7 * 24 * 3600  # how long an unfinished corpus may wait to be taken up again
_STAGED = re.compile(r"([0-9a-f]{8,64})(-[0-9a-f]{8}|\.partial)(\.broken)?")


def entry_path(store: Path, key: str) -> Path:
    """The entry's folder."""
    return store / key[:2] / key


def variants(store: Path, key: str) -> list[str]:
    """Keys of the finished results that differ only in what their executions read: `<key>` and `<key>-<more>`."""
    return sorted(path.name for path in (store / key[:2]).glob(f"{key}*") if is_done(path))


def is_done(entry: Path) -> bool:
    """Whether the entry is there."""
    return (entry / DONE).exists()


def fault(entry: Path, hashed: Callable[[Path], str] = files.digest) -> str:
    """What of a finished result is not as it was written; the empty string if it is whole."""
    try:
        return sealed.fault(entry, (entry / DONE).read_text(encoding="utf-8"), _sealed(entry), hashed)
    except (OSError, UnicodeDecodeError):
        return f"{DONE} cannot be read"


def require_whole(entry: Path, hashed: Callable[[Path], str] = files.digest) -> None:
    """Have a result that has come to harm made again: it is removed, and `CheckFailed` says so."""
    if is_done(entry) and (said := fault(entry, hashed)):
        clear_harmed(entry, said)
        raise CheckFailed(f"{entry}: came to harm ({said}), and was removed; run make again, which makes it anew")


def clear_harmed(entry: Path, said: str) -> None:
    """Remove a result that has come to harm; `UserError` where that is not ours to do."""
    if not discard(entry):
        raise UserError(f"{entry}: came to harm ({said}), and cannot be removed; remove it, then run make again")


def _sealed(entry: Path) -> list[str]:
    top = len(str(entry)) + 1
    names = (str(path)[top:] for path in files_below(entry))
    return [name for name in names if name not in _UNSEALED]


def entries(store: Path) -> list[Path]:
    """All finished results."""
    return sorted(done.parent for done in store.glob(f"[0-9a-f][0-9a-f]/*/{DONE}") if _is_place(done.parent))


def discard(entry: Path) -> bool:
    """Remove a result; False if it is not ours, or somebody is at work on it."""
    place = entry.parent.parent / "tmp"
    if not _is_place(entry) or not files.is_own(entry, _RESULT):
        return False
    place.mkdir(exist_ok=True)
    lock = Lock(place / f"{entry.name}.lock")
    if not lock.acquire(None):
        return False
    try:
        aside = place / f"{entry.name}-{os.urandom(4).hex()}"  # by one rename, so that no half of it is ever found
        if not files.settle(entry, aside):
            return False
        files.remove(aside, _RESULT)
    finally:
        lock.release()
    return True


def _is_place(entry: Path) -> bool:
    """Whether a path is one where a result stands."""
    named = re.fullmatch(r"[0-9a-f]{8,64}(-[0-9a-f]{12})?", entry.name)
    return bool(named) and entry.parent.name == entry.name[:2]


@contextlib.contextmanager
def staging(entry: Path, what: str) -> Iterator[Path | None]:
    """A new folder that becomes the entry when the block ends well, and vanishes when it does not.

    None if another writer has made the entry when this one's turn comes; `what` is what it is told to wait for.
    """
    with _turn(entry, what) as place:
        if place is None:
            yield None
            return
        folder = files.own(place / f"{entry.name}-{os.urandom(4).hex()}", _RESULT)
        try:
            (folder / "files").mkdir()
            yield folder
            _commit(folder, entry)
        finally:
            files.remove(folder, _RESULT)


@contextlib.contextmanager
def resumable(entry: Path, what: str) -> Iterator[Path | None]:
    """As `staging`, but what a killed writer left is there again for the next one."""
    with _turn(entry, what) as place:
        if place is None:
            yield None
            return
        folder = files.own(place / f"{entry.name}.partial", _RESULT)
        (folder / "files").mkdir(exist_ok=True)
        yield folder
        _commit(folder, entry)


def start_afresh(folder: Path) -> None:
    """Remove what an unfinished corpus holds: it is not to be gone on with."""
    files.remove(folder, _RESULT)


@contextlib.contextmanager
def _turn(entry: Path, what: str) -> Iterator[Path | None]:
    """Hold the key's lock; gives the folder for unfinished work, or None if there is nothing left to do."""
    if not _is_place(entry):
        raise UserError(f"{entry}: no place of the store; `{what}` is nothing that this plan can make")
    place = entry.parent.parent / "tmp"
    with held(place / f"{entry.name}.lock", waiting(what)) as lock:
        if is_done(entry):
            yield None
            return
        if lock.real:
            _sweep(place, entry.name)
        yield place


def _commit(folder: Path, entry: Path) -> None:
    (folder / DONE).write_text(sealed.sums(folder, _sealed(folder)), encoding="utf-8")
    for _ in range(3):
        if files.settle(folder, entry) or is_done(entry):  # another writer of the same key was first
            return
        # somebody took `done` away to have this made again
        if not files.is_own(entry, _RESULT):
            raise UserError(f"{entry}: in the way of a result, and not made by onepage; move it away")
        broken = folder.with_name(f"{folder.name}.broken")
        files.remove(broken, _RESULT)
        files.settle(entry, broken)
        files.remove(broken, _RESULT)
    raise OSError(errno.EBUSY, "cannot be put in place", str(entry))


def _sweep(place: Path, mine: str) -> None:
    """Remove what killed writers left behind: folders of ours whose key nobody holds. `mine` is held by the caller."""
    for folder in place.iterdir():
        match = _STAGED.fullmatch(folder.name)
        if not match or not files.is_own(folder, _RESULT):
            continue
        if match[2] == ".partial" and not match[3] and time.time() - folder.stat().st_mtime < _KEEP_SECONDS:
            continue
        if match[1] == mine:
            files.remove(folder, _RESULT)
            continue
        lock = Lock(place / f"{match[1]}.lock")
        if lock.acquire(None):
            try:
                if lock.real:
                    files.remove(folder, _RESULT)
            finally:
                lock.release()
