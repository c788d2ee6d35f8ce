"""The six kinds of files that people write, each with what reads it: for the tests that hand them something wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepage.core import config
from onepage.course import group
from onepage.page import brief, preflight
from onepage.page.tree import drafts
from onepage.plan import experiments
from onepage.scripts import percent

PYPROJECT = """\
[tool.onepage]
scripts = "analysis"
code = ["src/dice"]
warm = ["numpy"]

[tool.onepage.corpus]
names = ["dice"]
make = "dice.rolls make {options} --out {out}"
check = "dice.rolls check {folder}"
code = { dice = "dice.rolls" }
"""
EXPERIMENTS = """\
[profiles.full]
[profiles.quick]
corpus = { rolls = 300 }
parameters = { passes = 1 }

[runs.slow]
about = "small steps"
script = "learn"
seeds = { full = [0, 1], quick = [0] }
parameters = { rate = 0.001, "quoted name" = [1, 2] }
parameters_in.quick = { passes = 2 }
grid = { size = [
  1,
  2,
] }
"""
SCRIPT = """\
# ---
# jupyter:
#   onepage:
#     title: Which die is loaded?
#     question: "1"
#     reads: [corpus, slow]
#     timeout: 60
# ---

# %%
x = 1
"""
REPORT = """\
---
title: Dice
subtitle: Fair or not
keywords: [dice, chance]
lang: en
---

# Results

Fair in {{ fair.share | percent }} of cases.
"""
BRIEF = """\
[brief]
title = "Dice"

[numbers]
typed = ["8 kHz", "/macro.F1/"]

[hand-in]
entry = "reports/page/predict.py"
include = ["src/**/*.py"]

[[demand]]
id = "who"
says = "Who did what"
kind = "group"
members = [3, 4]

[[demand]]
id = "code"
says = "Python"
kind = "code"
files = ["src/**/*.py", "analysis/*.py"]
profiles = ["full"]
plain = true
"""
GROUP = """\
[group]
id = "7"
note = "a note"
git = true

[[member]]
name = "Ada"
parts = ["Data: wrote the loader and its tests"]

[[member]]
name = "Bo"
parts = [
  "Network: designed the layer",
]
folders = ["src"]
"""


@dataclass(frozen=True)
class Kind:
    """One kind of file."""

    name: str  # the file's path in the project
    good: str  # one that is right
    read: Callable[[Path], Any]  # from the project's folder


def _script(root: Path) -> Any:
    path = root / "analysis" / "learn.py"
    return percent.header(percent.read_text(path, "learn.py"), "learn.py")


def _experiments(root: Path) -> Any:
    tables = experiments.load(root / "experiments.toml", "experiments.toml")
    chosen = experiments.profile(tables, sorted(tables.data["profiles"])[0], "experiments.toml")
    return experiments.rows(tables, chosen, "experiments.toml")


def _report(root: Path) -> Any:
    preflight.text(root / "report.md", root)
    return drafts.draft(root / "report.md", root)


KINDS = {
    "pyproject": Kind("pyproject.toml", PYPROJECT, lambda root: config.load(config.find_root(root))),
    "experiments": Kind("experiments.toml", EXPERIMENTS, _experiments),
    "script": Kind("analysis/learn.py", SCRIPT, _script),
    "report": Kind("report.md", REPORT, _report),
    "brief": Kind("brief.toml", BRIEF, lambda root: brief.load(root / "brief.toml", "brief.toml")),
    "group": Kind("group.toml", GROUP, lambda root: group.load(root / "group.toml", "group.toml")),
}
TOML = ("pyproject", "experiments", "brief", "group")


def project(root: Path) -> Path:
    """A project with one good file of each kind."""
    (root / "src" / "dice").mkdir(parents=True)
    (root / "analysis").mkdir()
    for kind in KINDS.values():
        (root / kind.name).write_text(kind.good, encoding="utf-8")
    return root
