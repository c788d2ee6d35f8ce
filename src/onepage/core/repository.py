"""The git repository that a project lies in, which may begin above it, and git asked about it.

The repository is found from the project's place, not from variables that a hook or another tool has set; where there
is no `.git` above, those variables are followed (a bare repository with a work tree elsewhere).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What `git rev-parse --local-env-vars` lists: they tie git to one repository.
LOCAL = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE",
    "GIT_IMPLICIT_WORK_TREE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_INTERNAL_SUPER_PREFIX",
)  # fmt: skip


@dataclass(frozen=True)
class Repository:
    """Where git keeps what it knows of a project."""

    root: Path  # the project
    top: Path  # of the work tree
    own: Path  # git's folder for this work tree
    common: Path  # git's folder for all of them

    @property
    def prefix(self) -> Path:
        """The project's place in the repository."""
        return self.root.resolve().relative_to(self.top)

    def git(self, *words: str) -> subprocess.CompletedProcess[str]:
        """git in the project's folder; whose the repository is does not matter, since its code is run anyway."""
        return run(self.root, *words, top=self.top)


def run(folder: Path, *words: str, top: Path | None = None) -> subprocess.CompletedProcess[str]:
    """git in `folder`: no variable of another repository, no locks, no monitor that a repository's settings start."""
    environ = {name: value for name, value in os.environ.items() if not (top and name in LOCAL)}
    environ |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    settings = ["-c", "core.fsmonitor=false", *(["-c", f"safe.directory={top}"] if top else [])]
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *settings, *words], capture_output=True, text=True, errors="replace",
            env=environ, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        return subprocess.CompletedProcess(words, 127, "", f"git: {error}")


def candidates(root: Path) -> list[Path]:
    """Where a `.git` is looked for, the nearest first."""
    place = root.resolve()
    return [folder / ".git" for folder in (place, *place.parents)]


def find(root: Path) -> Repository | None:
    """The repository that `root` lies in, or None."""
    for found in candidates(root):
        own = _own(found)
        if own is not None:
            return Repository(root, found.parent, own, _common(own))
    if os.environ.get("GIT_DIR") and shutil.which("git"):
        said = run(root, "rev-parse", "--show-toplevel", "--absolute-git-dir")
        if said.returncode == 0:
            top, own = map(Path, said.stdout.splitlines()[:2])
            if root.resolve().is_relative_to(top):
                return _ByVariables(root, top, own, own)
    return None


class _ByVariables(Repository):
    """One that GIT_DIR names."""

    def git(self, *words: str) -> subprocess.CompletedProcess[str]:
        return run(self.root, *words)


def _own(found: Path) -> Path | None:
    """git's folder behind a `.git`: itself, or where the file of a work tree or submodule points."""
    try:
        if found.is_file():
            words = found.read_text(encoding="utf-8", errors="replace").partition("gitdir:")[2].strip()
            found = (found.parent / words).resolve() if words else found
        return found if (found / "HEAD").is_file() else None
    except (OSError, ValueError):
        return None


def _common(own: Path) -> Path:
    """git's folder for all work trees of a repository."""
    try:
        said = (own / "commondir").read_text(encoding="utf-8").strip()
        return (own / said).resolve()
    except (OSError, ValueError):  # there is no such file, or it names nothing
        return own


def watched(root: Path) -> list[Path]:
    """The files whose change may change what `state` says."""
    repository = find(root)
    if repository is None:
        return candidates(root)
    own, common = repository.own, repository.common
    nearer = [place for place in candidates(root) if place.parent != repository.top and
              place.parent.is_relative_to(repository.top)]  # fmt: skip
    found = [*nearer, own / "HEAD", own / "index", own / "logs" / "HEAD", common / "packed-refs"]
    try:
        head = (own / "HEAD").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return found
    return [*found, common / head.removeprefix("ref: ")] if head.startswith("ref: ") else found


def state(root: Path, made_of: Iterable[str]) -> dict[str, Any]:
    """`{"commit", "dirty"}`: the commit, and whether `made_of` (paths below `root`) differs from it.

    Without a commit, `why` says what is in the way, unless the project is simply not under version control.
    """
    repository = find(root)
    if repository is None or _ignored(repository):
        return {"commit": None, "dirty": False}
    if not shutil.which("git"):
        return {"commit": None, "dirty": False, "why": "not known: git is not installed"}
    inside = [path for path in made_of if (root / path).resolve().is_relative_to(repository.top)]
    said = repository.git(
        "--literal-pathspecs", "status", "--porcelain=v2", "--branch", "--untracked-files=normal",
        "--ignore-submodules=none", "--",
        *(inside or ["."]),
    )  # fmt: skip
    if said.returncode:
        first = next(iter(said.stderr.strip().splitlines()), f"exit {said.returncode}")
        return {"commit": None, "dirty": False, "why": f"not known: {first}"}
    lines = said.stdout.splitlines()
    commit = next((line.split()[2] for line in lines if line.startswith("# branch.oid ")), "(initial)")
    dirty = any(not line.startswith("#") for line in lines)
    if commit == "(initial)":
        return {"commit": None, "dirty": True, "why": "nothing is committed yet"}
    return {"commit": commit, "dirty": dirty}


def tracked(root: Path) -> set[str] | None:
    """The project's files that git tracks, as paths below `root`; None where git keeps nothing of it."""
    repository = find(root)
    if repository is None or not shutil.which("git"):
        return None
    said = repository.git("ls-files", "-z", "--cached", "--recurse-submodules")
    names = {name for name in said.stdout.split("\0") if name} if said.returncode == 0 else set()
    return names or None


def _ignored(repository: Repository) -> bool:
    """Whether a repository above has nothing to do with the project: it ignores its folder."""
    if repository.prefix == Path() or not shutil.which("git"):
        return False
    top, name = repository.top, repository.prefix.as_posix()
    return run(top, "check-ignore", "-q", name, top=top).returncode == 0
