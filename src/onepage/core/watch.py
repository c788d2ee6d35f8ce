"""Has anything that a plan was made from changed since?

`onepage plan` runs on every `make`, so that what is out of date never hangs on modification times being in order
(`cp -p`, a restored backup, a clock that was set). Like git's index, it remembers size, times and inode of all that it
read, and when they all still agree there is nothing to do: 0.05 s.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any

from onepage.core import files, sealed

TICK = 50_000_000  # ns: a file changed this shortly before it was read may change again without its time moving


class Watch:
    """States of files and folders, each taken just before it is read."""

    def __init__(self) -> None:
        self._started = time.time_ns()
        self._states: dict[str, list[int] | None] = {}
        self._variables: dict[str, str] = {}
        self.fingerprints: dict[str, str] = {}  # state of a file -> hash of its content

    def file(self, path: Path) -> list[int] | None:
        """Remember a file, which need not exist; returns its state."""
        return self._states.setdefault(str(path), state_of(str(path)))

    def variable(self, name: str) -> str:
        """Remember an environment variable; returns a hash of its value, which may be a secret ("": not set)."""
        return self._variables.setdefault(name, _hashed(name))

    def sha256(self, path: Path) -> str:
        """The hash of a file's content, taken again only where its state is another one."""
        mark = hashlib.sha256(f"{path} {self.file(path)}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
        if mark not in self.fingerprints:
            self.fingerprints[mark] = files.digest(path)
        return self.fingerprints[mark]

    def content(self, path: Path) -> str:
        """As much of that hash as keys are made of."""
        return self.sha256(path)[:32]

    folder = file  # a folder's state changes when a name in it comes or goes

    def tree(self, folder: Path) -> None:
        """Remember a folder and those in it."""
        for place, folders, _ in os.walk(folder):
            folders[:] = [name for name in folders if name != "__pycache__"]
            self.folder(Path(place))
        self.folder(folder)

    def save(self, file: Path, request: Any) -> None:
        """Write the record; what is too young to be told apart later is left to be read again."""
        young = any(state and max(state[0], state[1]) > self._started - TICK for state in self._states.values())
        record = {
            "request": request,
            "states": None if young else self._states,
            "variables": self._variables,
            "fingerprints": self.fingerprints,
        }
        sealed.save(file, record)

    def load_fingerprints(self, file: Path) -> None:
        """Take over what an earlier plan knew of the contents of files."""
        self.fingerprints.update((sealed.load(file) or {}).get("fingerprints", {}))


def unchanged(file: Path, request: Any) -> bool:
    """Whether the same request, on files in the same state, has been answered already."""
    record = sealed.load(file) or {}
    states = record.get("states")
    if not states or record["request"] != request:
        return False
    if any(_hashed(name) != value for name, value in record.get("variables", {}).items()):
        return False
    return all(state_of(path) == states[path] for path in states)


def _hashed(name: str) -> str:
    value = os.environ.get(name)
    return "" if value is None else hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def state_of(path: str | Path) -> list[int] | None:
    """What tells a file's later state from this one; None if there is no such file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]
