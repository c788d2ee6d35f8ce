"""The rules for Make keep to what GNU Make 3.81 (macOS) knows: where that cannot be had, they can be read."""

from __future__ import annotations

import re

import pytest

from onepage.core.places import PACKAGE
from onepage.tools import plan

PLAN = {
    "report": "r", "out": "reports/r", "corpus": {"name": "dice", "key": "c0ffee", "entry": "store/c0/c0ffee"},
    "targets": [
        {"id": "six-s0", "kind": "run", "entry": "store/aa/aa", "reads": ["corpus"], "runs": {}, "timeout": None},
        {"id": "q1", "kind": "analysis", "entry": "store/bb", "reads": [], "runs": {"six": ["six-s0"]}, "timeout": 9},
    ],
}  # fmt: skip
RULES = {
    "the project's": (PACKAGE.parents[1] / "Makefile").read_text("utf-8"),
    "onepage's": (PACKAGE / "onepage.mk").read_text("utf-8"),
    "a new project's": (PACKAGE / "tools" / "start" / "project" / "Makefile.in").read_text("utf-8"),
    "a plan's": plan.rules(PLAN),
}

# what came after 3.81 -> what it looks like, and an example of it
LATER = {
    "assignment from a command (4.0)": (r"^[^\t#:=?]*!=", "JOBS != nproc"),
    "POSIX's assignments (4.0, 4.4)": (r"^[^\t#]*:::?=", "A ::= b"),
    "special targets and variables (3.82 and later)": (
        r"\.(?:ONESHELL|RECIPEPREFIX|SHELLSTATUS|SHELLFLAGS|EXTRA_PREREQS|LOADED|WAIT|NOTINTERMEDIATE|POSIX)\b",
        "ok: ; @exit $(.SHELLSTATUS)",
    ),
    "private and undefine (3.82)": (r"^\s*(?:override\s+)?(?:private|undefine)\s|:\s*private\s", "a: private B = c"),
    "define with an operator (3.82)": (r"^\s*(?:override\s+)?define\s+\S+\s*[:+?]*=", "define A ="),
    "grouped targets (4.3)": (r"^[^\t#]*&::?(?:\s|$)", "a b &: c"),
    "load (4.0)": (r"^-?load\s", "load x.so"),
    "long options (3.82 and later)": (
        r"(?:MAKE\)|MAKEFLAGS|\bmake)\s.*--(?:eval|output-sync|trace|shuffle|jobserver-style)\b", "\t$(MAKE) --trace x",
    ),
    "short options (3.82, 4.0)": (r"(?:MAKE\)|MAKEFLAGS|\bmake)\s.*\s-[EO]", "MAKEFLAGS += -Otarget"),
}  # fmt: skip
FUNCTIONS = """
    subst patsubst strip findstring filter filter-out sort word wordlist words firstword lastword dir notdir suffix
    basename addsuffix addprefix join wildcard realpath abspath if or and foreach call value eval origin flavor shell
    error warning info
"""


def code(text: str) -> str:
    """Rules without their comments; lines that go on are one."""
    joined = re.sub(r"\\\n", " ", text)
    return "\n".join(line for line in joined.splitlines() if not line.startswith("#"))


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("feature", LATER)
def test_the_rules_use_nothing_that_came_after_make_3_81(feature: str, name: str) -> None:
    looks, example = LATER[feature]
    assert re.search(looks, code(example), re.MULTILINE)
    assert not re.findall(looks, code(RULES[name]), re.MULTILINE)


@pytest.mark.parametrize("name", RULES)
def test_every_function_that_the_rules_call_is_known_to_make_3_81(name: str) -> None:
    """`$(file ...)`, `$(let ...)` and `$(intcmp ...)` would be variables that nothing sets, and give nothing."""
    called = set(re.findall(r"(?<!\$)\$[({]([a-z-]+)[ \t]", code(RULES[name])))
    assert called or name == "a plan's"
    assert called <= set(FUNCTIONS.split())
