"""Paths and states of files, asked of the system itself, whatever is wrapped around `os` later."""

from __future__ import annotations

import os
import sys
from typing import Any

_stat, _readlink = os.stat, os.readlink


def state_of(path: str) -> list[int] | None:
    """What tells a later state of the file from this one; None if there is no such file."""
    return of_status(status_of(path))


def of_status(status: os.stat_result | None) -> list[int] | None:
    return None if status is None else [status.st_mtime_ns, status.st_size, status.st_ino]


def status_of(path: str) -> os.stat_result | None:
    try:
        return _stat(path)
    except (OSError, ValueError):
        return None


def path_of(descriptor: int) -> str:
    """The path of an open folder."""
    if sys.platform == "darwin":
        import fcntl

        return os.fsdecode(fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0"))
    return _readlink(f"/proc/self/fd/{descriptor}")


def located(path: Any, folder: int | None) -> Any:
    """A path that is relative to an open folder (None or -1: to the working folder)."""
    if folder is None or folder < 0:
        return path
    return os.path.join(path_of(folder), os.fsdecode(path))
