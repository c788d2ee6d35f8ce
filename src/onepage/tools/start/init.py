"""`onepage init`: a project that works at once, in a folder of its own, over nothing that is there.

What it writes are the files of `project/` beside this module, under the names that they have in a project.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from onepage.core import files, places
from onepage.core.errors import UserError
from onepage.version import VERSION

TEMPLATES = Path(__file__).parent / "project"
PROJECT = {
    "pyproject.toml": "pyproject.toml.in",
    "Makefile": "Makefile.in",
    ".gitignore": "gitignore.in",
    ".github/workflows/report.yml": "report.yml.in",
    "analysis/q1_coin.py": "q1_coin.py.in",
    "reports/page/report.md": "report.md.in",
}
COURSE = {"reports/page/brief.toml": "brief.toml.in", "reports/page/group.toml": "group.toml.in"}
LOCAL = "local.mk"  # what is true of this machine alone; git ignores it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `onepage init`."""
    parser.add_argument("folder", nargs="?", default=".", metavar="FOLDER", help="where (default: here)")
    parser.add_argument("--course", action="store_true", help="with a brief and a group, to hand it in")


def main(args: argparse.Namespace) -> int:
    """Write the project, or nothing of it."""
    folder = Path(args.folder).expanduser()
    places.require_project(folder)
    texts = contents(folder.resolve().name, course=args.course)
    _require_free(folder, texts)
    for name, text in texts.items():
        files.create(folder / name, text)
        print(f"  {name}")
    here = "" if folder.resolve() == Path.cwd().resolve() else f" -C {shlex.quote(args.folder)}"
    print(f"`make{here} report` builds the report, `make{here} preview` shows it while you write")
    return 0


def contents(name: str, *, course: bool = False) -> dict[str, str]:
    """Path in the project -> what stands there; `name` is its folder's."""
    words = {
        "@NAME@": re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower() or "report",
        "@VERSION@": VERSION,
        "@AUTHOR@": "" if course else "author: Your name\n",
    }
    found = {}
    for path, template in (PROJECT | (COURSE if course else {})).items():
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        for word, said in words.items():
            text = text.replace(word, said)
        found[path] = text
    return {**found, **_local()}


def _local() -> dict[str, str]:
    """A word for Make on where onepage is, if the usual `python3` does not have it."""
    usual = shutil.which("python3")
    if usual and Path(usual).parent.resolve() == Path(sys.executable).parent.resolve():
        return {}
    python = shlex.quote(sys.executable).replace("$", "$$").replace("#", r"\#")
    return {LOCAL: f"# The Python that has onepage, on this machine.\nPYTHON ?= {python}\n"}


def _require_free(folder: Path, names: dict[str, str]) -> None:
    """`UserError` for the first file that is there, before any is written."""
    for name in names:
        path = folder / name
        if os.path.lexists(path):
            raise UserError(f"{path}: is there already, so nothing was written; move it away, or name another folder")
        inside = next(parent for parent in path.parents if os.path.lexists(parent) or parent == folder)
        if os.path.lexists(inside) and not inside.is_dir():
            raise UserError(f"{inside}: is no folder, so nothing was written; move it away, or name another folder")
        if not inside.resolve().is_relative_to(folder.resolve()):
            raise UserError(f"{inside}: leads out of {folder}, so nothing was written; name another folder")
