"""docs/tutorial.md is followed to the letter: every command in it is run, in its order, from an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import engine_project as example
import pypdf

TEXT = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert len(blocks) == TEXT.count("```") / 2
    programs = tmp_path / "bin"  # an environment that is active
    programs.mkdir()
    for name, words in {"python3": "", "python": "", "onepage": "-P -m onepage"}.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {words} "$@"\n')
        (programs / name).chmod(0o755)
    environ = example.Project(tmp_path).environ(PATH=f"{programs}{os.pathsep}{os.environ['PATH']}")
    place = tmp_path / "somewhere"
    place.mkdir()
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(blocks)], cwd=place, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.count("nothing to mend") == 2
    assert "as it should be" in done.stdout
    assert "claim die-is-loaded: holds -> does not hold" in done.stdout
    texts = {
        name: pypdf.PdfReader(place / "coin" / "reports" / name / "report.pdf").pages for name in ("full", "short")
    }
    assert [len(pages) for pages in texts.values()] == [1, 1]
    assert "The die is loaded" in " ".join(texts["full"][0].extract_text().split())
