"""Pages of docs/, followed to the letter: every command of one, in its order, from an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import engine_project as example

DOCS = Path(__file__).resolve().parents[2] / "docs"
PROGRAMS = {"python3": "", "python": "", "pip": "-m pip", "onepage": "-P -m onepage"}


def blocks(page: str) -> list[str]:
    """The commands of a page: its blocks that are marked as a shell's."""
    return re.findall(r"^```sh\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def follow(page: str, folder: Path, stand_ins: Mapping[str, str]) -> tuple[str, Path]:
    """Run all that a page says, in an environment that is active; what it printed, and where it was run.

    `stand_ins` say what is meant where a page names something that everybody has elsewhere.
    """
    programs, place = folder / "bin", folder / "somewhere"
    programs.mkdir()
    place.mkdir()
    for name, words in PROGRAMS.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {words} "$@"\n')
        (programs / name).chmod(0o755)
    commands = "\n".join(blocks(page))
    for said, meant in stand_ins.items():
        assert said in commands
        commands = commands.replace(said, meant)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    environ = example.Project(folder).environ(PATH=path, ONEPAGE_LINGER="5")  # as a reader's makes, and soon gone
    done = subprocess.run(["bash", "-e", "-c", commands], cwd=place, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout, place
