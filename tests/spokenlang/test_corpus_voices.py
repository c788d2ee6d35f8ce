"""Who speaks in the default corpus follows from settings and sound alone."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.corpus.espeak import speakers, voices
from spokenlang.corpus.espeak.voices import Voice


def voice(name: str, level: float, **other: object) -> Voice:
    """A voice whose average spectra lie `level` dB from those of level 0."""
    plain = Voice(name, np.full((6, 40), level), periodicity=0.8, pitch=100.0, echo=0, own_rhythm=False)
    return replace(plain, **other)


USUAL = [voice(f"usual{number}", level) for number, level in enumerate(np.linspace(-9, 9, 13))]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"own_rhythm": True}, "rhythm of its own"),
        ({"echo": 40}, "echo of 40 %"),
        ({"periodicity": 0.4}, r"whispers \(periodicity 0.40\)"),
        ({"pitch": 333.0}, "speaks at 333 Hz"),
        ({"spectra": np.full((6, 40), 60.0)}, r"\d dB from the middle voice"),
    ],
)
def test_what_is_no_persons_voice_is_left_out_with_its_reason(other: dict[str, object], reason: str) -> None:
    found = voices.left_out([*USUAL, voice("strange", 0.0, **other)])
    assert list(found) == ["strange"]
    assert re.search(reason, found["strange"])


@given(st.lists(st.integers(-40, 40), min_size=4, max_size=20, unique=True))
@settings(deadline=None, max_examples=tries(30))
def test_no_two_families_come_closer_than_one_voice_may_to_itself(levels: list[int]) -> None:
    found = voices.families([voice(str(level), float(level)) for level in levels])
    assert sorted(int(each.name) for family in found for each in family) == sorted(levels)
    for one, other in itertools.combinations(found, 2):
        assert min(voices.distance(a.spectra, b.spectra) for a in one for b in other) >= voices.SAME_DB
    for family in found:
        heard = sorted(int(each.name) for each in family)
        assert all(b - a < voices.SAME_DB for a, b in itertools.pairwise(heard))


@pytest.mark.long
def test_the_cast_is_what_the_measurement_gives() -> None:
    measured = voices.survey(voices.variants())
    assert voices.cast(measured) == (speakers.TRAIN_FAMILIES, speakers.TEST_FAMILIES)


def test_a_voice_is_of_one_side_and_measured_alike_every_time() -> None:
    """A short look at what the long test measures in full."""
    sides = [
        {name for family in side.values() for name in family}
        for side in (speakers.TRAIN_FAMILIES, speakers.TEST_FAMILIES)
    ]
    assert not sides[0] & sides[1]
    assert sides[0] | sides[1] <= set(voices.variants())
    heard = ("grandpa", "Mike", "Annie", "whisper")
    same, near, far, whisper = voices.survey(heard)
    assert voices.distance(same.spectra, near.spectra) < voices.SAME_DB < voices.distance(same.spectra, far.spectra)
    assert whisper.periodicity < voices.PERIODIC < far.periodicity
    assert far.pitch > 1.8 * same.pitch
