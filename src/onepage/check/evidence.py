"""What a demand is held against, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from onepage.core.places import BUILD
from onepage.page.brief import Brief
from onepage.page.compose import Composed
from onepage.page.layout.typeset import Typeset
from onepage.scripts import code_names


@dataclass(frozen=True)
class Evidence:
    """A report and everything that it was made from."""

    brief: Brief
    composed: Composed
    results: dict[str, Any]
    finished: Callable[[], Typeset]  # waits for Typst, if it is still at work
    report: Path  # the report's folder
    root: Path  # the project

    @cached_property
    def typeset(self) -> Typeset:
        """How the page came out; report.pdf is in the folder by then."""
        return self.finished()

    @cached_property
    def names(self) -> code_names.Memory:
        """What the project's code names."""
        return code_names.Memory(self.root / BUILD / "cache" / "names.json")


@dataclass
class Finding:
    """What came of one demand."""

    found: str = ""  # in a few words
    shortfalls: list[str] = field(default_factory=list)  # where and how it falls short; empty: met
    warnings: list[str] = field(default_factory=list)
    asked: bool = True  # False: not in this profile


def count(number: int, noun: str) -> str:
    """`1 figure`, `2 figures`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
