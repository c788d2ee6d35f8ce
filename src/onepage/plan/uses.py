"""Who needs which results: for each clone, report and branch, what its newest plan named.

    <store>/uses/<hash of clone, report and branch>.json   {"root", "report", "branch", "keys"}

A store may serve several clones, so what results are needed for is written down beside them. `onepage gc` reads it.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from onepage.core import files, repository

FOLDER = "uses"  # of the store


@dataclass(frozen=True)
class Use:
    """What one report of one clone needs, as it was last planned on one branch."""

    root: Path  # the clone
    branch: str  # "" outside of git, or where no branch is checked out
    keys: frozenset[str]
    at: float  # when it was planned, seconds since the epoch


def record(store: Path, root: Path, report: str, keys: Iterable[str]) -> None:
    """Write down what a plan names."""
    said = {"root": str(root.resolve()), "report": report, "branch": branch(root)}
    name = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
    files.write(store / FOLDER / f"{name}.json", json.dumps({**said, "keys": sorted(keys)}) + "\n")


def known(store: Path) -> list[Use]:
    """All that is written down; what cannot be read is nobody's."""
    found = []
    for path in sorted((store / FOLDER).glob("*.json")):
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            keys = frozenset(map(str, said["keys"]))
            if b"\0" in os.fsencode(said["root"]):  # no folder can have such a name
                continue
            found.append(Use(Path(said["root"]), str(said["branch"]), keys, path.stat().st_mtime))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
    return found


def needed(uses: Iterable[Use]) -> set[str]:
    """The keys that are named by a clone that is still there, on a branch that it still has."""
    keys: set[str] = set()
    there: dict[Path, set[str]] = {}  # clone -> its branches
    for use in uses:
        if use.branch and use.root not in there:
            there[use.root] = branches(use.root)
        if use.root.is_dir() and (not use.branch or use.branch in there[use.root]):
            keys |= use.keys
    return keys


def last_used(entry: Path, uses: Iterable[Use]) -> float:
    """When a result was made, or last named by a plan; seconds since the epoch."""
    named = [use.at for use in uses if entry.name in use.keys]
    try:
        return max([(entry / "done").stat().st_mtime, *named])
    except OSError:  # removed by another at this moment
        return time.time()


def branch(root: Path) -> str:
    """The branch that is checked out; "" if there is none."""
    found = repository.find(root)
    try:
        said = (found.own / "HEAD").read_text(encoding="utf-8").strip() if found else ""
    except (OSError, UnicodeDecodeError):
        return ""
    return said.removeprefix("ref: refs/heads/") if said.startswith("ref: refs/heads/") else ""


def branches(root: Path) -> set[str]:
    """The branches of the repository that a clone is of."""
    found = repository.find(root)
    said = found.git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads") if found else None
    return set(said.stdout.split()) if said and said.returncode == 0 else set()
