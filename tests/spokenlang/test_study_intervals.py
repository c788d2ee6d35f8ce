"""Intervals cover what they say, and tests find no difference where there is none, at 5 to 40 voices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from tries import tries

from spokenlang.study import intervals

TRIALS = tries(500)
CHANCE = 2.5 * np.sqrt(0.05 * 0.95 / TRIALS)
"""What so many trials of a share of 0.95 leave to chance: a hundredth or two here, next to nothing in a long run."""


def heard(random: np.random.Generator, voices: int, each: int, share: float, spread: float, seeds: int, drift: float):
    """Clips that are right or not, (seeds, clips), by voices that differ: Beta, correlation `spread` within."""
    scale = (1 - spread) / spread
    voice = np.clip(random.beta(share * scale, (1 - share) * scale, voices), 1e-4, 1 - 1e-4)
    chance = expit(logit(np.repeat(voice, each)) + random.normal(0, drift, (seeds, 1)))
    return random.random(chance.shape) < chance, np.repeat(np.arange(voices), each)


@pytest.mark.parametrize("voices", [5, 11, 40])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.97])
@pytest.mark.parametrize("seeds", [1, 3])
def test_an_interval_covers_the_truth_as_often_as_it_says(voices: int, share: float, seeds: int) -> None:
    random = np.random.default_rng(voices)
    drift = 0.1 if seeds > 1 else 0.0
    truth = np.mean([heard(random, 400, 1, share, 0.02, 40, drift)[0].mean() for _ in range(40)])
    covered = 0
    for _ in range(TRIALS):
        found = intervals.interval(intervals.sample(*heard(random, voices, 1200 // voices, share, 0.02, seeds, drift)))
        assert 0 <= found.low <= found.value <= found.high <= 1
        covered += found.low <= truth <= found.high
    assert 0.93 - CHANCE <= covered / TRIALS <= 0.97 + CHANCE


@pytest.mark.parametrize("voices", [5, 11, 40])
@pytest.mark.parametrize(("first", "second"), [(3, 3), (3, 1)])
def test_two_settings_that_are_one_rarely_differ(voices: int, first: int, second: int) -> None:
    """The seeds of a setting may spread by more than its voices do, and then decide."""
    random = np.random.default_rng(voices)
    found = 0
    for _ in range(TRIALS):
        right, groups = heard(random, voices, 1200 // voices, 0.9, 0.02, first + second, 0.25)
        one, other = (intervals.sample(part, groups) for part in (right[:first], right[first:]))
        found += intervals.compare(one, other).p < 0.05
    assert found / TRIALS <= 0.09


def test_a_difference_that_is_there_is_found() -> None:
    random = np.random.default_rng(1)
    right, groups = heard(random, 11, 100, 0.9, 0.02, 3, 0.05)
    worse = right & (random.random(right.shape) < 0.8)
    test = intervals.compare(intervals.sample(right, groups), intervals.sample(worse, groups))
    assert test.p < 0.001
    assert test.difference.low > 0.1
    assert intervals.contrast(intervals.sample(right, groups), intervals.sample(worse, groups)).p < 0.001


def test_a_single_seed_of_each_is_not_taken_for_its_setting() -> None:
    right = np.ones(400, bool)
    other = right.copy()
    other[::30] = False
    groups = np.arange(400)
    one, less = intervals.sample([right], groups), intervals.sample([other], groups)
    assert intervals.compare(one, less, fixed=(True, True)).p < 0.05  # these two networks differ
    assert intervals.compare(one, less).p > 0.05  # whether their settings do, one seed cannot tell


@pytest.mark.parametrize(
    ("right", "groups"),
    [
        ([1] * 30, range(30)),  # all right
        ([0] * 30, range(30)),  # none
        ([1, 0] * 15, [0] * 30),  # one voice
        ([1, 0] * 15, sorted([*range(15)] * 2)),  # all voices alike
        ([1], [0]),
        ([1, 0], [0, 1]),
    ],
)
def test_degenerate_samples_have_an_interval_that_is_no_point(right: list[int], groups) -> None:
    found = intervals.interval(intervals.sample([right], list(groups)))
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high - found.low > 0.01
    assert found.n == len(right)


def test_whole_voices_are_the_unit() -> None:
    right, groups = np.repeat([1, 0, 1, 1, 0, 1], 50), np.repeat(np.arange(6), 50)
    whole, single = (intervals.interval(intervals.sample([right], by)) for by in (groups, np.arange(300)))
    assert whole.high - whole.low > 2 * (single.high - single.low)


def test_balanced_accuracy_weighs_languages_alike() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    right = labels == 0
    of = intervals.balanced(right, labels, np.arange(100) % 10)
    assert of.means == pytest.approx([0.5])
    assert of.pulls.sum() == pytest.approx(0)
    assert intervals.interval(of).n == 100


def test_a_ratio_of_sums() -> None:
    of = intervals.sample([[1, 0, 2, 0]], [0, 0, 1, 1], per=[[2, 1, 3, 0]])
    assert of.means == pytest.approx([0.5])
    assert intervals.above(of, 0.5).p == pytest.approx(1)
