"""Results as five corpora would give them, for tests of what the page says; no training, made-up numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

FRACTION = ("accuracy", "f1", "share", "within", "largest", "confidence", "majority", "gain", "ece")
PROBABILITY = ("space.p",)
ONLY_WITH = {
    "voices": ("corpus.speakers_train", "corpus.speakers_test"),
    "conditions": ("corpus.clean_share", "six.test_accuracy_clean", "six.test_accuracy_degraded", "degraded-harder",
                   "six.validation_accuracy_clean", "six.validation_accuracy_degraded"),
    "dialects": ("six.dialects_accuracy", "dialects-harder", "dialects.count", "dialects.harder",
                 "augmentation-helps-dialects", "ablation.largest_dialects", "ablation.shown_dialects"),
    "tuning": ("tuning.trials", "tuning.gain", "search-helps"),
    "people": ("people-harder", "people.accuracy", "people.clips", "people.gap"),
    "branches": ("within-branch", "errors.within_branch", "errors.within_chance", "families-closer", "near-confused",
                 "space.p", "space.rank_correlation"),
}  # fmt: skip
JUDGED = ("test", "validation")
"""The split that results are of; the second where the test set's labels are hidden."""
CORPORA: dict[str, tuple[str, ...]] = {
    "default": ("voices", "conditions", "dialects", "branches"),
    "bare": ("branches",),
    "monolingual": ("voices", "branches", "people"),
    "three-languages": ("voices", "tuning"),
    "hidden": ("branches",),
}
"""What each of them knows of its clips."""

ALWAYS_FALSE = {
    "default": (),
    "bare": ("groups-disjoint", "validation-apart", "voices-speak-all", "synthetic"),
    "monolingual": ("voices-speak-all", "even-languages", "synthetic"),
    "three-languages": ("synthetic",),
    "hidden": ("groups-disjoint", "validation-apart", "voices-speak-all", "synthetic"),
}
"""Claims that cannot hold on a corpus, whatever a network does."""


def names_of(text: str) -> dict[str, set[str]]:
    """What a page asks for, by kind: read off its own text, so that a new name is made here at once."""
    calls = ["claim", "finding", "figure", "table", "ref", "answer", "has"]
    found = {call: set() for call in calls}
    for call, inside in re.findall(rf"\b({'|'.join(calls)})\(([^()]*)\)", text):
        found[call] |= set(re.findall(r'"([^"]+)"', re.sub(r"\w+=(\[[^\]]*\]|\"[^\"]*\")", "", inside)))
    found["claim"] |= set(re.findall(r"\.claim[^}]*#([\w-]+)", text)) | found.pop("finding")
    found["value"] = set(re.findall(r"\b([a-z]+\.[a-z][a-z0-9_]*)\b(?=[^\n]*?(?:\||[=<>}%)]))", text))
    found["value"] = {name for name in found["value"] if not name.startswith("provenance")}
    for group, before, after in re.findall(r'\b([a-z]+)\[(?:"(\w+)" ~ )?on(?: ~ "(\w+)")?\]', text):
        found["value"] |= {f"{group}.{before}{split}{after}" for split in JUDGED}
    return found


def results(text: str, corpus: str, holds: dict[str, bool]) -> dict[str, Any]:
    """results.json of one of CORPORA for a page's text, with each claim as ``holds`` says (default: it holds)."""
    asked = names_of(text)
    gone = {name for part, names in ONLY_WITH.items() if part not in CORPORA[corpus] for name in names}
    other = JUDGED[0 if corpus == "hidden" else 1]
    gone |= {name for name in asked["value"] if re.search(rf"[._]{other}(_|$)", name)} - {"corpus.validation_clips"}
    gone -= {"corpus.test_clips"}
    values = {name: _value(name) for name in asked["value"] | (asked["has"] & {"x.y"}) if name not in gone}
    claims = {
        name: {"holds": holds.get(name, True), "text": f"finding {name}", "evidence": "made", "test": None, "p": None,
               "source": _SOURCE}
        for name in asked["claim"]
        if name not in gone
    }  # fmt: skip
    figures = {name: {"caption": name, "alt": name, "source": _SOURCE} for name in asked["figure"] | asked["ref"]}
    columns = [{"key": "all", "heading": "all", "align": "right"}]
    tables = {name: {"caption": name, "columns": columns, "rows": [], "source": _SOURCE} for name in asked["table"]}
    answers = {name: {"text": f"Answer {name}.", "source": _SOURCE} for name in asked["answer"]}
    name = "espeak" if corpus == "default" else corpus
    return {"values": values, "claims": claims, "figures": figures, "tables": tables, "answers": answers, "files": {},
            "provenance": {"corpus": {"name": name, "key": "0"}, "profile": "full", "targets": {}}}  # fmt: skip


_SOURCE = {"script": "analysis/made.py", "key": "0", "cell": "made", "target": "made"}


def _value(name: str) -> dict[str, Any]:
    probability = name in PROBABILITY
    share = not probability and any(part in name for part in FRACTION)
    number = 0.25 if share or probability else 3
    ends = (0.2, 0.3) if share else (None, None)
    return {"value": number, "low": ends[0], "high": ends[1], "unit": "fraction" if share else None, "n": None,
            "seeds": None, "about": name, "source": _SOURCE}  # fmt: skip


def page(root: Path) -> dict[str, str]:
    """The texts of the page, by file name, less their headers."""
    folder = root / "reports" / "page"
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in ("report.md", "appendix.md")}
    texts["report.md"] = texts["report.md"].split("---\n", 2)[2]
    return texts
