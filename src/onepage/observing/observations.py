"""From what an execution was seen to read (hook.py) to the inputs that its result hangs on.

An input is a name and a state, relative to the project, so that they mean the same in every clone:

    file:data/n.csv    hash of the content | absent | folder
    list:data          hash of the names in it | absent
    sizes:data         hash of the names and sizes | absent         (listed by os.scandir, which gives out both)
    link:data/latest   hash of where it leads | absent
    code:src/x/y.py    hash of what the module does | absent        (imported, but by no import statement of ours)
    tree:data/many     hash of all content below it | absent        (declared: `context.file` of a folder)

They are kept with the result, in `observed.json`. A plan takes an entry for fresh only while every input is in the
state that its execution saw, as Make takes an object file by its `.d` file (see `Planner._variant` in targets.py).
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onepage.core import files
from onepage.core.errors import CheckFailed, UserError
from onepage.core.places import BUILD
from onepage.observing.folders import files_below, is_passing, names_in
from onepage.observing.states import state_of
from onepage.scripts.behaviour import SourceCache, described, digest
from onepage.scripts.self_reading import DOCSTRINGS

FILE = "observed.json"
ABSENT, FOLDER = "absent", "folder"
_UNKNOWN = "unknown"
_KINDS = {"read": "file", "list": "list", "sizes": "sizes", "link": "link", "module": "code", "tree": "tree"}

Observed = dict[str, str]  # name of an input -> its state


@dataclass
class Log:
    """What the log of an execution says, in order of first occurrence."""

    read: dict[str, list[int] | None] = field(default_factory=dict)  # name of an input -> state of its file then
    who: dict[str, str] = field(default_factory=dict)  # name of an input, or a command -> `file:line` that asked
    written: set[str] = field(default_factory=set)  # absolute paths
    written_first: set[str] = field(default_factory=set)  # of these, those that had not been read before
    made: set[str] = field(default_factory=set)  # folders that had not been there
    runs: list[str] = field(default_factory=list)  # commands of processes that could not be observed
    started: bool = False  # whether any process was observed at all
    ended: bool = False  # whether the script's last cell was reached


def parse(text: str, root: Path) -> Log:
    """Read a log; a last line that a killed process left unfinished is passed over."""
    log = Log()
    for line in text.splitlines():
        try:
            kind, path, state, who = json.loads(line)
        except ValueError:
            continue
        if kind in ("start", "end"):
            log.started, log.ended = True, log.ended or kind == "end"
        elif kind == "run":
            log.runs.append(path)
            log.who.setdefault(path, who)
        elif kind in ("write", "update", "make"):
            log.written.add(path)
            if kind == "make":
                log.made.add(path)
            if kind != "update" and named("file", path, root) not in log.read:
                log.written_first.add(path)
        else:
            name = named(_KINDS[kind], path, root)
            log.read.setdefault(name, state)
            log.who.setdefault(name, who)
    return log


def named(kind: str, path: str, root: Path) -> str:
    """An input's name."""
    return f"{kind}:{Path(os.path.relpath(path, root)).as_posix()}"


class States:
    """Says what state an input is in now; one object for many questions, so that nothing is hashed twice."""

    def __init__(self, root: Path, sources: SourceCache, hashed: Callable[[Path], str] | None = None) -> None:
        self.root, self._sources = root, sources
        self._hashed = hashed or (lambda path: files.digest(path)[:32])
        self._known: Observed = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._known:
            try:
                self._known[name] = self._state(name)
            except OSError:
                self._known[name] = _UNKNOWN
        return self._known[name]

    def of(self, names: Iterable[str]) -> Observed:
        """The present state of each."""
        return {name: self[name] for name in sorted(names)}

    def path(self, name: str) -> Path:
        return Path(os.path.normpath(self.root / name.partition(":")[2]))

    def _state(self, name: str) -> str:
        kind, path = name.partition(":")[0], self.path(name)
        if not os.path.lexists(path):
            return ABSENT
        if kind == "link":
            return digest(os.readlink(path)) if path.is_symlink() else ABSENT
        if kind in ("list", "sizes"):
            return self._listing(path, kind == "sizes") if path.is_dir() else ABSENT
        if kind == "tree" and path.is_dir():
            return digest([[below.relative_to(path).as_posix(), self._hashed(below)] for below in files_below(path)])
        if path.is_dir():
            return FOLDER
        if not path.is_file():  # a pipe, a socket: not to be opened
            return ABSENT
        if kind == "code":
            with contextlib.suppress(UserError):  # source that is not UTF-8, or compiled: Python could read it
                return digest(described(self._sources.module(path), (DOCSTRINGS,)))
        return self._hashed(path)

    def _listing(self, folder: Path, sizes: bool) -> str:
        """The names in a folder, with a mark at those of folders."""
        left_out = (BUILD, ".git", ".venv") if folder == self.root else ()
        found: list[Any] = []
        for name in names_in(folder):
            if name not in left_out:
                path = folder / name
                found.append(f"{name}/" if path.is_dir() else [name, path.lstat().st_size] if sizes else name)
        return digest(found)


def contents(folder: Path, hashed: Callable[[Path], str]) -> dict[str, str]:
    """All files below a folder, as a corpus is keyed: name -> hash of the content."""
    return {path.relative_to(folder).as_posix(): hashed(path) for path in files_below(folder)}


def inputs(log: Log, states: States, known: set[str], generated: Callable[[Path], str | None], script: str) -> Observed:
    """What the result hangs on, beyond `known` names; refuses what cannot be an input.

    What the execution wrote itself is none, and neither is what it brought into being, or what came into a folder that
    it made. `generated` says of a
    path that make writes how to declare it instead ("" if it may be read, None if make does not write it).
    """
    found: Observed = {}
    for name, before in log.read.items():
        path = states.path(name)
        if name in known or str(path) in log.written_first or log.made.intersection(map(str, path.parents)):
            continue
        kind, after = name.partition(":")[0], state_of(str(path))
        refusal, listed = generated(path), kind in ("list", "sizes")
        if refusal is not None and (listed or kind == "link" or before is None or path.is_dir()):
            continue  # passed through, as by a recursive glob
        if listed and any(is_passing(part) for part in path.relative_to(path.anchor).parts):
            continue
        if refusal:
            raise CheckFailed(f"{_place(log, name, script)} reads {os.path.relpath(path, states.root)}, {refusal}")
        if kind == "code" and f"file:{name[5:]}" in log.read:
            continue  # its text counts already
        if listed or kind in ("link", "tree") or before == after or (before and after and path.is_dir()):
            found[name] = states[name]
        elif before is None or str(path) in log.written:
            continue  # made, or written anew, by the execution itself
        else:
            raise CheckFailed(
                f"{script}: {os.path.relpath(path, states.root)} changed while it was being read, so the result would"
                " be of neither state; run make again"
            )
    return found


def require_declared(log: Log, programs: set[str], script: str, how: str) -> None:
    """Refuse processes that could not be observed and are not declared."""
    for command in log.runs:
        program = os.path.basename(command.split()[0]) if command.split() else command
        if program not in programs:
            raise CheckFailed(
                f"{_place(log, command, script)} starts `{command[:60]}`, and what {program} reads cannot be seen;"
                f" declare it, and the files that it reads, in {how}: reads: ['program:{program}', 'file:...']"
            )


def _place(log: Log, name: str, script: str) -> str:
    who = log.who.get(name, "")
    return who if who.startswith(script) else f"{script} ({who})" if who else script


def load(entry: Path) -> Observed | None:
    """What an entry's execution was seen to read; None if the entry is not there or not whole."""
    try:
        found = json.loads((entry / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def dump(observed: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(observed.items())), indent=1) + "\n"
