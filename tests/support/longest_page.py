"""The longest page that a report's text can become: of each claim the longer sentence, typeset for real."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

from onepage.course import additions
from onepage.page.compose import compose
from onepage.page.layout.typeset import Typeset, typeset
from onepage.page.numbers import template

SEEDS = 3
MORE = {"six.seeds": SEEDS, "ablation.seeds": SEEDS, "ablation.shown_test": SEEDS, "ablation.shown_dialects": SEEDS,
        "dialects.harder": SEEDS, "tuning.trials": 40, "tuning.gain": 0.0123}  # fmt: skip
"""Values of the longer sentences of full and thorough reports: what a quick one has once, or has not."""


def results_of(built: dict[str, Any], *, tuned: bool) -> dict[str, Any]:
    """A quick report's results as those of a larger profile would be, with the search or without it."""
    made = copy.deepcopy(built)
    some = next(iter(made["values"].values()))
    for name, value in MORE.items():
        if name in made["values"] or (tuned and name.startswith("tuning.")):
            unit = "fraction" if isinstance(value, float) else None
            made["values"][name] = some | {"value": value, "low": None, "high": None, "unit": unit}
    if tuned:
        made["claims"]["search-helps"] = next(iter(made["claims"].values())) | {"holds": False, "text": "it helps"}
        made["tables"]["search"] = made["tables"]["settings"]  # only asked for, and shown in the appendix
    return made


def longest(text: str, results: dict[str, Any]) -> dict[str, Any]:
    """``results`` with each claim turned to where the text has more letters."""
    made = copy.deepcopy(results)
    for claim in made["claims"].values():
        lengths = {}
        for holds in (True, False):
            claim["holds"] = holds
            lengths[holds] = len(re.sub(r"\{\.[^}]*\}|\s+", "", template.render(text, "report.md", made)[0]))
        claim["holds"] = max(lengths, key=lengths.__getitem__)
    return made


def printed(results: dict[str, Any], root: Path, report: Path, folder: Path) -> Typeset:
    """The page of these results with the figures of a built report, set into ``folder``."""
    page = root / "reports" / "page"
    composed = compose(page, results, root, additions.of(page, root))
    return typeset(composed.document, composed.front, results, report, page, folder)
