"""Measures against scikit-learn and against their definitions; intervals and tests against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from spokenlang.study import evaluation


def draw(seed: int, clips: int = 120, classes: int = 6, skill: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and logits that know something about them."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, clips)
    logits = random.normal(size=(clips, classes))
    logits[np.arange(clips), labels] += skill
    return labels, logits


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 500), clips=st.integers(12, 200))
def test_measures_agree_with_scikit_learn(seed: int, clips: int) -> None:
    labels, logits = draw(seed, clips)
    labels[:6] = np.arange(6)
    predicted = evaluation.predictions(logits)
    assert evaluation.accuracy(labels, predicted) == pytest.approx(sklearn.metrics.accuracy_score(labels, predicted))
    assert evaluation.macro_f1(labels, predicted, 6) == pytest.approx(
        sklearn.metrics.f1_score(labels, predicted, average="macro", labels=range(6), zero_division=0)
    )
    assert evaluation.balanced_accuracy(labels, predicted, 6) == pytest.approx(
        sklearn.metrics.balanced_accuracy_score(labels, predicted)
    )
    assert (evaluation.confusion(labels, predicted, 6) == sklearn.metrics.confusion_matrix(labels, predicted)).all()
    assert evaluation.nll(labels, logits) == pytest.approx(
        sklearn.metrics.log_loss(labels, evaluation.probabilities(logits), labels=range(6))
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 500), temperature=st.floats(0.1, 10))
def test_one_logit_and_two_say_the_same(seed: int, temperature: float) -> None:
    labels, logits = draw(seed, classes=2)
    one = (logits[:, 1] - logits[:, 0])[:, None]
    np.testing.assert_allclose(
        evaluation.probabilities(one, temperature), evaluation.probabilities(logits, temperature), atol=1e-12
    )
    assert evaluation.nll(labels, one, temperature) == pytest.approx(evaluation.nll(labels, logits, temperature))
    assert (evaluation.predictions(one) == evaluation.predictions(logits)).all()
    assert evaluation.cavg(labels, one) == pytest.approx(evaluation.cavg(labels, logits))
    assert evaluation.eer(labels, one) == pytest.approx(evaluation.eer(labels, logits))


def test_ece_by_hand() -> None:
    probability = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]])
    labels = np.array([0, 1, 0, 1])
    # Two clips at 0.9, half of them right; two at 0.6, both right.
    assert evaluation.ece(labels, probability, bins=10) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 200), scale=st.floats(0.2, 5))
def test_temperature_undoes_a_scale_and_lowers_the_loss(seed: int, scale: float) -> None:
    labels, logits = draw(seed, 400, skill=1.5)
    fitted, of_scaled = (evaluation.fit_temperature(labels, logits * k) for k in (1.0, scale))
    assert of_scaled == pytest.approx(fitted * scale, rel=0.02)
    assert evaluation.nll(labels, logits, fitted) <= evaluation.nll(labels, logits) + 1e-9


def test_calibrated_logits_need_no_temperature() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(20000, 6)) * 2
    probability = evaluation.probabilities(logits)
    labels = (probability.cumsum(axis=1) > random.random((20000, 1))).argmax(axis=1)
    assert evaluation.fit_temperature(labels, logits) == pytest.approx(1, abs=0.03)
    assert evaluation.ece(labels, probability) < 0.012


def test_detection_costs_at_their_ends() -> None:
    labels = np.arange(60) % 6
    perfect = np.eye(6)[labels] * 50
    assert evaluation.cavg(labels, perfect) == 0
    assert evaluation.eer(labels, perfect) == 0
    blind = np.random.default_rng(0).normal(size=(6000, 6))
    assert evaluation.eer(np.arange(6000) % 6, blind) == pytest.approx(0.5, abs=0.02)
    assert evaluation.cavg(labels, np.zeros((60, 6))) == pytest.approx(0.5)


def test_eer_agrees_with_the_roc_curve() -> None:
    labels, logits = draw(3, 600, classes=2, skill=1.0)
    scores = logits[:, 1] - logits[:, 0]
    alarms, hits, _ = sklearn.metrics.roc_curve(
        np.concatenate([labels == 1, labels == 0]), np.concatenate([scores, -scores])
    )
    crossing = np.argmin(np.abs(1 - hits - alarms))
    assert evaluation.eer(labels, logits) == pytest.approx((1 - hits[crossing] + alarms[crossing]) / 2, abs=0.005)


def test_accuracy_by_attribute() -> None:
    found = evaluation.accuracy_by([0, 1, 2, 3], [0, 1, 0, 3], ["a", "b", "b", "b"])
    assert found == {"a": (1.0, 1), "b": (pytest.approx(2 / 3), 3)}


def test_bootstrap_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    covered = 0
    for trial in range(40):
        speakers = np.repeat(np.arange(30), 10)
        chance = np.clip(random.normal(0.8, 0.1, 30), 0, 1)
        right = random.random(300) < chance[speakers]
        interval = evaluation.bootstrap([right], speakers, draws=200, seed=trial)
        assert interval.low <= interval.value <= interval.high
        covered += interval.low <= 0.8 <= interval.high
    assert 32 <= covered <= 40


def test_bootstrap_over_speakers_is_wider_than_over_clips() -> None:
    right = np.repeat([1, 0, 1, 1, 0, 1], 50)
    speakers = np.repeat(np.arange(6), 50)
    whole = evaluation.bootstrap([right, right], speakers)
    single = evaluation.bootstrap([right, right], np.arange(300))
    assert whole.high - whole.low > 2 * (single.high - single.low)
    assert evaluation.bootstrap([right], speakers) == evaluation.bootstrap([right], speakers)


def test_a_real_difference_is_found_and_none_is_not_invented() -> None:
    random = np.random.default_rng(1)
    speakers = np.repeat(np.arange(40), 10)
    better, worse, same = (random.random(400) < share for share in (0.95, 0.75, 0.75))
    interval, p = evaluation.paired_bootstrap([better], [worse], speakers)
    assert p < 0.001
    assert interval.low > 0.1
    interval, p = evaluation.paired_bootstrap([same], [worse], speakers)
    assert p > 0.05
    assert interval.low < 0 < interval.high
    assert evaluation.permutation_test(np.zeros(400), speakers) == 1.0


def test_mcnemar_is_the_exact_binomial_test() -> None:
    first = np.array([1] * 12 + [0] * 3 + [1] * 20, bool)
    second = np.array([0] * 12 + [1] * 3 + [1] * 20, bool)
    assert evaluation.mcnemar(first, second) == pytest.approx(binomtest(12, 15).pvalue)
    assert evaluation.mcnemar(first, first) == 1.0
