"""The report of a git revision: built once in a work tree of its own, then kept under `build/compare/`.

The work tree shares the result store, so what has not changed since is not computed again.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onepage.core import files, places, repository
from onepage.core.errors import CheckFailed, UserError
from onepage.core.places import BUILD
from onepage.plan.surroundings import store_path
from onepage.tools.reports import Side, load

_TREE = "work tree"  # how the folder of one is marked


def resolve(wanted: str, root: Path, provenance: Mapping[str, Any], report: str | None = None) -> Side:
    """A folder with a results.json, else a git revision of the project at `root`, as one side of a comparison."""
    folder = Path(wanted)
    if (folder / "results.json").is_file():
        return load(folder)
    if folder.is_dir() and any(part in wanted for part in ("/", os.sep)):
        return load(folder)  # says what is missing
    commit = _git(root, "rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}")
    if commit is None:
        raise UserError(
            f"{wanted}: neither a report's folder (there is no {folder / 'results.json'}) nor a git revision"
            + ("" if repository.find(root) else f", since {root.resolve()} is in no git repository")
        )
    name = report or provenance.get("report") or _newest(root)
    places.require_report_name(name)
    kept = root / BUILD / "compare" / commit[:12] / name
    if not (kept / "results.json").is_file():
        _build(root, commit, name, provenance, kept)
    return load(kept, f"{wanted} ({commit[:10]})")


def _git(root: Path, *words: str) -> str | None:
    found = repository.find(root)
    done = found.git(*words) if found else None
    return done.stdout.strip() if done is not None and done.returncode == 0 else None


def _newest(root: Path) -> str:
    found = sorted((root / "reports").glob("*/results.json"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise UserError("reports/: no report has been built; name one with --report NAME")
    return found[-1].parent.name


def _build(root: Path, commit: str, name: str, provenance: Mapping[str, Any], kept: Path) -> None:
    """Build `name` at `commit` and keep the report's folder as `kept`."""
    place = root / BUILD / "compare" / f"tree-{commit[:12]}"
    tree = place / "tree"
    _remove(root, place)
    files.own(place, _TREE)
    if _git(root, "worktree", "add", "--detach", "--quiet", str(tree), commit) is None:
        raise UserError(f"{tree}: git could not check out {commit[:10]}; `git worktree prune` may help")
    found = repository.find(root)
    project = tree / (found.prefix if found else "")  # which may be a subfolder of the repository
    try:
        if not project.is_dir():
            raise UserError(f"{commit[:10]}: there is no {project.relative_to(tree)} in it, so nothing to build")
        if (tree / ".gitmodules").is_file():
            repository.run(tree, "submodule", "update", "--init", "--recursive", "--quiet", top=tree)
        # A folder corpus stays where it is: named from the work tree it would be another folder.
        corpus = (provenance.get("corpus") or {}).get("name")
        corpus = str((root / corpus).resolve()) if corpus and (root / corpus).is_dir() else corpus
        given = {"REPORT": name, "CORPUS": corpus, "PROFILE": provenance.get("profile"),
                 "DEVICE": provenance.get("device"), "STORE": _store(root),
                 "PYTHON": sys.executable}  # fmt: skip
        command = ["make", "--no-print-directory", "report", *(f"{k}={v}" for k, v in given.items() if v)]
        left_out = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", *repository.LOCAL)
        inherited = {k: v for k, v in os.environ.items() if k not in left_out}
        print(f"building {name} at {commit[:10]} ...", file=sys.stderr)
        done = subprocess.run(command, cwd=project, env=inherited, stdout=sys.stderr)
        made = project / "reports" / name
        if done.returncode or not (made / "results.json").is_file():
            raise CheckFailed(f"{commit[:10]}: its `make report` did not succeed (exit {done.returncode}); see above")
        files.remove(kept, places.report_marker(name))
        files.move(made, kept)
    finally:
        _remove(root, place)


def _store(root: Path) -> str:
    """This project's store, named so that it is the same from the work tree."""
    return str((root / store_path(root, os.environ.get("STORE", ""))).resolve())


def _remove(root: Path, place: Path) -> None:
    """Remove our work tree, and what git knows of it; other work trees, which may lie on a disk that is away, stay."""
    if place.exists():
        files.remove(place, _TREE)
        _git(root, "worktree", "remove", "--force", str(place / "tree"))
