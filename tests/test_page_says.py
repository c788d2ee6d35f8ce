"""The page prints a sentence only where its claim holds, and its contrary only where it does not, on any corpus."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
import results_made
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from onepage.page.numbers import template

ROOT = Path(__file__).parents[1]
TEXTS = results_made.page(ROOT)
TEXT = "\n".join(TEXTS.values())
CLAIMS = sorted(results_made.names_of(TEXT)["claim"])
BOUND = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])+)\]\{\.claim( \.not)? #([\w-]+)\}")
NUMBERED = {
    "ablation.shown_test": "augmentation-helps",
    "ablation.shown_validation": "augmentation-helps",
    "ablation.shown_dialects": "augmentation-helps-dialects",
}
"""Counts that a sentence may state only beside the claim that they are not zero."""


def said(corpus: str, holds: dict[str, bool]) -> tuple[str, dict]:
    """The page's text on a corpus, and the results that it was filled in with."""
    known = results_made.results(TEXT, corpus, holds)
    for name in results_made.ALWAYS_FALSE[corpus]:
        if name in known["claims"]:
            known["claims"][name]["holds"] = False
    return "\n".join(template.render(text, name, known)[0] for name, text in TEXTS.items()), known


def held(corpus: str, holds: dict[str, bool]) -> None:
    """Every sentence printed is as its claim is, and no claim is spoken of in both senses."""
    text, known = said(corpus, holds)
    printed: dict[str, set[bool]] = {}
    for sentence, contrary, name in BOUND.findall(text):
        assert known["claims"][name]["holds"] is not bool(contrary), f"{corpus}: [{sentence}] with {name} as it is"
        printed.setdefault(name, set()).add(not contrary)
    assert all(len(senses) == 1 for senses in printed.values())
    for value, name in NUMBERED.items():
        if name in known["claims"] and not known["claims"][name]["holds"]:
            assert f'names="{value}"' not in text
    # A claim that a reader needs is spoken of, in one of its senses, wherever it is known.
    assert set(printed) | {"synthetic"} >= {name for name in known["claims"] if name not in UNSAID[corpus]}


UNSAID = {
    "default": set(),
    "bare": {"groups-disjoint", "validation-apart", "voices-speak-all"},
    "monolingual": set(),
    "three-languages": set(),
    "hidden": {"groups-disjoint", "validation-apart", "voices-speak-all"},
}
"""Claims that say nothing where nobody knows who speaks: the page says that instead."""


@pytest.mark.parametrize("corpus", results_made.CORPORA)
@pytest.mark.parametrize("every", [True, False])
def test_the_page_when_all_hold_and_when_none_does(corpus: str, every: bool) -> None:
    held(corpus, dict.fromkeys(CLAIMS, every))


@pytest.mark.parametrize("corpus", results_made.CORPORA)
def test_each_claim_turned_alone_and_each_pair(corpus: str) -> None:
    for names in [*((name,) for name in CLAIMS), *itertools.combinations(CLAIMS, 2)][
        :: 6 if corpus == "default" else 20
    ]:
        held(corpus, dict.fromkeys(names, False))


@settings(max_examples=tries(25), deadline=None)
@given(st.sampled_from(sorted(results_made.CORPORA)), st.sets(st.sampled_from(CLAIMS)))
def test_any_set_of_claims(corpus: str, false: set[str]) -> None:
    held(corpus, dict.fromkeys(false, False))


def paragraphs() -> list[tuple[str, list[str]]]:
    """Paragraphs of the page, and the claims in each."""
    parts = re.split(r"\n\s*\n", TEXT)
    found = [(part, sorted(results_made.names_of(part)["claim"])) for part in parts]
    return [(part, names) for part, names in found if names]


@pytest.mark.parametrize("number", range(len(paragraphs())))
def test_every_combination_within_a_paragraph(number: int) -> None:
    for truths in itertools.product((True, False), repeat=min(8, len(paragraphs()[number][1]))):
        held("default", dict(zip(paragraphs()[number][1], truths, strict=False)))


def test_every_claim_of_the_page_has_its_contrary() -> None:
    senses: dict[str, set[bool]] = {}
    for _, contrary, name in BOUND.findall(TEXT):
        senses.setdefault(name, set()).add(not contrary)
    for name in re.findall(r'finding\("([\w-]+)"\)', TEXT):
        senses.setdefault(name, set()).add(True)
    assert {name for name, both in senses.items() if both != {True, False}} == {"synthetic"}  # silence is its contrary


@pytest.mark.parametrize(
    ("corpus", "holds", "lies"),
    [
        ("monolingual", {}, ["Every voice speaks", "[equally many a language", "human speech, more"]),
        ("bare", {}, ["voices, test clips", "synthetic}", "no voice is in both", "drawn independently"]),
        ("three-languages", {}, ["German, English, Spanish, French", "Next: human speech", "Whose voice"]),
        ("default", {"even-languages": False}, ["[equally many a language"]),
        ("default", {"gap-closed": False}, ["[narrow the gap"]),
        ("default", {"six-beats-baseline": False}, ["The network is right more often than a linear"]),
        ("default", {"loudness-fair": False}, ["finding loudness-fair", "since loudness"]),
        ("default", {"longer-is-better": False}, ["the longer", "surer the network"]),
        ("default", {"augmentation-helps": False}, ["worth most", "the largest loss is"]),
        ("default", {}, ["suffice", "voices cannot tell"]),
        ("hidden", {}, ["% of the test clips", "of the test clips, a", "Test accuracy", "the test set", "No test"]),
        ("bare", {}, ["validation clips, a linear", "is hidden", "Validation accuracy"]),
    ],
)
def test_what_was_once_printed_against_its_numbers_is_gone(corpus: str, holds: dict, lies: list[str]) -> None:
    text = said(corpus, holds)[0].replace("[Not every", "[not every")
    assert [lie for lie in lies if lie in " ".join(text.split())] == []


def test_a_hidden_test_set_is_said_to_be_one() -> None:
    text = " ".join(said("hidden", {})[0].split())
    assert "of the validation clips, a linear" in text
    assert "all results are of these, which also chose the run" in text
    assert 'spanner="Validation accuracy' in text or "Validation accuracy" in text or "{.table" in text


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_no_word_runs_into_the_next(name: str) -> None:
    """A tag at a line's end takes the line's end with it, so text before it would meet that of the next line."""
    meeting = re.compile(r"[^\n]*[^\s%]\}?\{% endif %\}\n(?![ \n,.;:)]|\{%)")
    assert meeting.search("a {% if b %}c,{% endif %}\nd")
    assert meeting.search("a {% if b %}{{ c }}{% endif %}\nd")
    assert not meeting.findall(TEXTS[name])


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_no_count_of_languages_is_typed(name: str) -> None:
    prose = re.sub(r"\{[{%].*?[}%]\}|\{[^{}]*\}", "", TEXTS[name])
    assert not re.findall(r"\b(?:six|five of|two languages|English|Spanish)\b", prose)


@pytest.mark.parametrize(("harder", "told"), [(0, "alone none is."), (1, "is."), (3, "are.")])
def test_dialects_that_are_harder_alone_are_counted(harder: int, told: str) -> None:
    known = results_made.results(TEXT, "default", {})
    known["values"]["dialects.harder"]["value"] = harder
    text = " ".join(template.render(TEXTS["report.md"], "report.md", known)[0].split())
    assert told in text[text.index("#dialects-harder}") :][:120]
