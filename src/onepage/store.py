"""The store: results under their content key, each put in place by one rename.

    <store>/<first two of key>/<key>/  done  inputs.json  notebook.ipynb  timing.json  files/

An entry is complete or absent. Several writers of the same key, in one clone or many, are fine: the first one's entry
stays, the others throw theirs away.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_KEEP_SECONDS = 7 * 24 * 3600  # how long an unfinished corpus may wait to be taken up again


def entry_path(store: Path, key: str) -> Path:
    """The entry's folder."""
    return store / key[:2] / key


def is_done(entry: Path) -> bool:
    """Whether the entry is there."""
    return (entry / "done").exists()


def write_text(path: Path, text: str) -> None:
    """Write a file so that it is complete or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(3)}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_if_changed(path: Path, text: str) -> bool:
    """As `write_text`, but leaves a file that says the same alone, with its time, so that Make sees no change."""
    try:
        if path.read_text(encoding="utf-8") == text:
            return False
    except (OSError, UnicodeDecodeError):
        pass
    write_text(path, text)
    return True


@contextlib.contextmanager
def staging(entry: Path) -> Iterator[Path]:
    """A new folder that becomes the entry when the block ends well, and vanishes when it does not."""
    waiting = entry.parent.parent / "tmp"
    waiting.mkdir(parents=True, exist_ok=True)
    _sweep(waiting)
    folder = waiting / f"{entry.name}-{secrets.token_hex(4)}"
    with _locked(folder.with_name(folder.name + ".lock"), wait=False):
        try:
            (folder / "files").mkdir(parents=True)
            yield folder
            _commit(folder, entry)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def resumable(entry: Path) -> Iterator[Path | None]:
    """As `staging`, but what a killed writer left is there again for the next one.

    One writer at a time: others wait, and get None if the entry is there when their turn comes.
    """
    waiting = entry.parent.parent / "tmp"
    waiting.mkdir(parents=True, exist_ok=True)
    _sweep(waiting)
    folder = waiting / f"{entry.name}.partial"
    with _locked(folder.with_name(folder.name + ".lock"), wait=True):
        if is_done(entry):
            yield None
            return
        (folder / "files").mkdir(parents=True, exist_ok=True)
        yield folder
        _commit(folder, entry)


def _commit(folder: Path, entry: Path) -> None:
    (folder / "done").write_text("complete\n", encoding="utf-8")
    entry.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(3):
        try:
            folder.rename(entry)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        if is_done(entry):  # another writer of the same key was first
            return
        # somebody took `done` away to have this made again
        broken = folder.with_name(f"{folder.name}.broken")
        with contextlib.suppress(OSError):
            entry.rename(broken)
        shutil.rmtree(broken, ignore_errors=True)
    raise OSError(errno.EBUSY, "cannot be put in place", str(entry))


@contextlib.contextmanager
def _locked(path: Path, wait: bool) -> Iterator[None]:
    """Hold a lock file; it tells `_sweep`, in any process of this machine, that its writer is alive."""
    with path.open("a", encoding="utf-8") as stream:
        with contextlib.suppress(OSError):  # a network file system without locks: only the sweeping is lost
            fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        try:
            yield
        finally:
            if not wait:  # others may be waiting for this very file
                path.unlink(missing_ok=True)


def _sweep(waiting: Path) -> None:
    """Remove what killed writers left behind."""
    for folder in waiting.iterdir():
        if folder.suffix == ".lock":
            folder = folder.with_suffix("")
        lock = folder.with_name(folder.name + ".lock")
        old = time.time() - _modified(folder) > _KEEP_SECONDS
        if (folder.suffix == ".partial" and not old) or (not lock.exists() and not old):
            continue
        with contextlib.suppress(OSError), lock.open("a", encoding="utf-8") as stream:
            if _try_lock(stream):
                shutil.rmtree(folder, ignore_errors=True)
                lock.unlink(missing_ok=True)


def _try_lock(stream: IO[str]) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return time.time()
