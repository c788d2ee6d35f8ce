"""docs/reliability.md says what the suites do: its counts are theirs, and each fault has its test."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import tally
from followed import DOCS

TESTS = DOCS.parent / "tests"
TEXT = (DOCS / "reliability.md").read_text(encoding="utf-8")


def test_the_counts_are_as_the_suites_write_them() -> None:
    counted = TEXT.split(tally.MARKS[0])[1].split(tally.MARKS[1])[0]
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([0-9,]+) \|$", counted, re.MULTILINE))
    total = Counter({kind: int(number.replace(",", "")) for kind, number in rows.items() if kind != "together"})
    assert counted == tally.table(total)
    kinds = {re.escape(kind).replace(r"\{how\}", ".+").replace(r"\{sign\.name\}", "SIG[A-Z]+").replace(
        r"\{Path\(name\)\.suffix\[1:\]\}", "[a-z0-9]+") for path in TESTS.rglob("test_*.py")
        for kind in re.findall(r'tally\.count\(f?"([^"]+)"', path.read_text(encoding="utf-8"))}  # fmt: skip
    assert len(kinds) > 10
    assert all(any(re.fullmatch(kind, row) for kind in kinds) for row in total)
    assert len(total) > 8


def test_every_fault_that_is_told_has_a_test() -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))
    named = re.findall(r"^\| [^|]+ \| `(test_\w+)` \|$", TEXT.split("## What was found")[1], re.MULTILINE)
    assert len(named) == len(re.findall(r"^\| (?!found|---)", TEXT.split("## What was found")[1], re.MULTILINE)) > 15
    assert not [name for name in named if f"def {name}(" not in tests]


def test_counting_adds_up(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text('{"a": 2, "b": 1}')
    (tmp_path / "2.json").write_text('{"a": 1000}')
    page = f"before\n{tally.MARKS[0]}old\n{tally.MARKS[1]}after\n"
    made = tally.written(page, tally.summed(tmp_path))
    assert "| a | 1,002 |\n| b | 1 |\n| together | 1,003 |\n" in made
    assert "old" not in made
    assert tally.written(made, tally.summed(tmp_path)) == made
