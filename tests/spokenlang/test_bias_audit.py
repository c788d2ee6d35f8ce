"""The audit finds what is there, at the unit that it is there at, and stays quiet where nothing is."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.study.bias import audit

VOICES, LANGUAGES, EACH = 20, 4, 5


def clips(speak_all: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """(voices, labels) of clips: every voice speaks all languages, or one."""
    voice = np.repeat(np.arange(VOICES), LANGUAGES * EACH)
    label = np.tile(np.repeat(np.arange(LANGUAGES), EACH), VOICES) if speak_all else voice % LANGUAGES
    return voice.astype(str), label


def trait(kind: str, random: np.random.Generator, voices: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """True for about half of the voices, of the voices' languages, or of the clips."""
    if kind == "voice":
        return np.isin(voices, random.permutation(np.unique(voices))[: VOICES // 2])
    if kind == "voice and language":
        cells = {cell: bool(random.integers(2)) for cell in sorted(set(zip(voices, labels, strict=True)))}
        return np.array([cells[cell] for cell in zip(voices, labels, strict=True)])
    return random.random(len(voices)) < 0.5


def p_of(kind: str, cost: float, seed: int, speak_all: bool = True) -> tuple[audit.Attribute, float]:
    """The audit's p where a trait takes so much off the chance of being right; voices and languages differ too."""
    random = np.random.default_rng(seed)
    voices, labels = clips(speak_all)
    marked = trait(kind, random, voices, labels)
    ease = random.uniform(-0.1, 0.1, VOICES)[voices.astype(int)] + np.array([0.8, 0.5, 0.7, 0.6])[labels]
    right = (random.random(len(voices)) < ease - cost * marked).astype(float)
    attribute = audit.placed("trait", np.where(marked, "yes", "no"), voices, labels)
    return attribute, audit.audit(attribute, right, labels, draws=199, seed=seed).p


@pytest.mark.parametrize(
    ("kind", "speak_all", "unit"),
    [("voice", True, "voices"), ("voice", False, "voices"), ("voice and language", True, "voices"),
     ("clip", True, "clips"), ("clip", False, "clips")],
)  # fmt: skip
def test_what_is_there_is_found_and_what_is_not_is_found_as_often_as_it_says(kind: str, speak_all: bool, unit: str):
    planted = [p_of(kind, 0.4, seed, speak_all) for seed in range(tries(20))]
    assert {attribute.unit for attribute, _ in planted} == {unit}
    assert np.mean([p <= 0.05 for _, p in planted]) >= 0.9
    quiet = [p_of(kind, 0.0, seed, speak_all)[1] for seed in range(tries(60))]
    assert np.mean([p <= 0.05 for p in quiet]) <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / len(quiet))


def test_a_hard_language_is_no_hard_dialect() -> None:
    """Dialects lie within languages: that one language is harder must not count against its dialects."""
    voices, labels = clips(speak_all=False)
    dialect = np.array([f"{label}-{int(voice) // 4 % 2}" for voice, label in zip(voices, labels, strict=True)])
    right = (np.random.default_rng(0).random(len(labels)) < np.array([0.9, 0.2, 0.9, 0.9])[labels]).astype(float)
    found = audit.audit(audit.placed("dialect", dialect, voices, labels), right, labels)
    assert found.p > 0.05
    assert found.gap < 0.5


def test_few_voices_cannot_show_much_and_it_is_said() -> None:
    voices, labels = np.repeat(["a", "b", "c", "d"], 10), np.tile([0, 1], 20)
    found = audit.audit(
        audit.placed("t", np.where(voices == "a", "x", "y"), voices, labels), (voices != "a") * 1.0, labels
    )
    assert found.least_p == pytest.approx(1 / 4)
    assert found.p >= 0.2
    assert (found.worst, found.best, found.gap) == ("x", "y", pytest.approx(1.0))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
@settings(deadline=None, max_examples=tries(50))
def test_holm_by_its_definition(p: list[float]) -> None:
    """Hypotheses are rejected in the order of their p-values until one is not, each at the level over those left."""
    corrected = audit.holm(p)
    for level in (0.01, 0.05, 0.3, 0.9):
        rejected, left = set(), sorted(range(len(p)), key=lambda at: p[at])
        for rank, at in enumerate(left):
            if p[at] * (len(p) - rank) > level:
                break
            rejected.add(at)
        assert {at for at in range(len(p)) if corrected[at] <= level} == rejected
    assert all(each >= own for each, own in zip(corrected, p, strict=True))


@pytest.mark.parametrize(
    ("column", "levels"),
    [
        (["a", "", "b", "a"], ["a", "none", "b", "a"]),
        (["1", "2", "", "1"], ["1", "2", "", "1"]),
        (["", "nan", "", ""], ["", "", "", ""]),
        (
            [str(n) for n in range(9)],
            [*["n up to 2.66667"] * 3, *["n 2.66667 to 5.33333"] * 3, *["n over 5.33333"] * 3],
        ),
    ],
)
def test_levels_of_a_column(column: list[str], levels: list[str]) -> None:
    assert audit._levels(np.array(column), "n").tolist() == levels


def test_what_is_a_trait_and_what_only_a_name() -> None:
    """Every column of a corpus in a few levels that voices share; names, texts and rare levels are none."""
    voices, labels = clips()
    random = np.random.default_rng(0)
    order = random.permutation(len(labels))  # scores are in an order of their own
    columns = {
        "language": labels, "group": voices, "speaker": voices, "text": random.random(len(labels)),
        "variant": np.char.add("v", np.where(voices.astype(int) < 6, voices, "")),
        "pitch": voices.astype(int) % 7 + 40.0,
        "band": np.where(random.random(len(labels)) < 0.3, "telephone", ""), "rare": np.where(order < 3, "x", "y"),
        "eq": np.char.add("curve ", order.astype(str)), "one": np.full(len(labels), "same"),
    }  # fmt: skip
    store = SimpleNamespace(has_groups=True, clips=lambda split: columns, groups=lambda split: voices)
    run = SimpleNamespace(scores=lambda split: SimpleNamespace(labels=labels[order], index=order))
    found = {each.name: each for each in audit.attributes(store, run, "test")}
    assert set(found) == {"variant", "pitch", "band"}, "a variant that several voices share is a trait"
    assert set(found["band"].levels) == {"telephone", "none"}
    assert (found["pitch"].unit, found["band"].unit) == ("voices", "clips")
    np.testing.assert_array_equal(found["band"].levels == "none", columns["band"][order] == "")
    columns["variant"] = np.char.add("v", voices)
    assert "variant" not in {each.name for each in audit.attributes(store, run, "test")}
