"""Clips in other languages, and what a network makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.corpus.espeak import strangers as made
from spokenlang.languages import CODES
from spokenlang.study import strangers
from spokenlang.training.runs import TrainedRun


@pytest.mark.long  # the machinery is the corpus's own, which the gate tries
def test_clips_in_other_languages_are_the_same_every_time(tmp_path: Path) -> None:
    for name, workers in (("one", 1), ("two", 2)):
        (tmp_path / name).mkdir()
        made.make(tmp_path / name, 1, workers)
    one, two = (made.load(tmp_path / name) for name in ("one", "two"))
    np.testing.assert_array_equal(one.inputs, two.inputs)
    assert (tmp_path / "one/clips.csv").read_bytes() == (tmp_path / "two/clips.csv").read_bytes()
    assert set(one.languages) == set(made.LANGUAGES)
    assert not set(made.LANGUAGES) & set(CODES)
    assert np.abs(one.inputs.astype(np.float32)).max(axis=1).min() > 0


@pytest.mark.parametrize("score", strangers.SCORES)
def test_a_threshold_keeps_what_it_says_and_judges_calibrated_logits(tiny_run: TrainedRun, score: str) -> None:
    judge = strangers.Judge.fitted(tiny_run, score)
    held_out = tiny_run.scores("validation")
    heard = judge.hear("validation", held_out.logits / tiny_run.temperature, np.arange(len(held_out.labels)))
    assert heard.accepted.value == pytest.approx(strangers.KEPT, abs=1 / len(held_out.labels))
    probability = tiny_run.probabilities("validation").max(axis=1)
    assert heard.confidence.value == pytest.approx(float(probability.mean()))
    known = tiny_run.scores("test").logits.astype(np.float64) / tiny_run.temperature
    assert judge.hear("the same", known, np.arange(len(known))).auroc == pytest.approx(0.5)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12), st.lists(st.floats(-5, 5), min_size=1, max_size=12))
@settings(deadline=None, max_examples=tries(40))
def test_auroc_is_the_chance_that_a_known_clip_scores_higher(known: list[float], strange: list[float]) -> None:
    wins = np.mean([(a > b) + 0.5 * (a == b) for a in known for b in strange])
    assert strangers.auroc(np.array(known), np.array(strange)) == pytest.approx(float(wins))


def test_sounds_that_are_no_speech_are_finite_and_differ() -> None:
    sounds = strangers.no_speech(3, 8000)
    assert all(each.shape == (3, 8000) and np.isfinite(each).all() for each in sounds.values())
    assert not sounds["silence"].any()
    for name, each in sounds.items():
        assert name == "silence" or (np.ptp(each, axis=1) > 0.01).all()
        assert name == "silence" or not np.array_equal(each[0], each[1])
