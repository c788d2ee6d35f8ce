"""Measures against their definitions, written out, and against scikit-learn where it is not what computes them."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.study import evaluation


def draw(seed: int, clips: int = 120, classes: int = 6, skill: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and logits that know something about them."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, clips)
    logits = random.normal(size=(clips, classes))
    logits[np.arange(clips), labels] += skill
    return labels, logits


@settings(max_examples=tries(25), deadline=None)
@given(seed=st.integers(0, 500), clips=st.integers(12, 200))
def test_measures_agree_with_scikit_learn(seed: int, clips: int) -> None:
    labels, logits = draw(seed, clips)
    predicted = evaluation.predictions(logits)
    assert evaluation.accuracy(labels, predicted) == pytest.approx(sklearn.metrics.accuracy_score(labels, predicted))
    assert evaluation.nll(labels, logits) == pytest.approx(
        sklearn.metrics.log_loss(labels, evaluation.probabilities(logits), labels=range(6))
    )


@settings(max_examples=tries(50), deadline=None)
@given(seed=st.integers(0, 500), clips=st.integers(1, 60), spoken=st.integers(1, 6))
def test_confusion_recall_and_f1_by_counting(seed: int, clips: int, spoken: int) -> None:
    """Languages that nobody speaks count nowhere, whatever is taken for them."""
    random = np.random.default_rng(seed)
    labels, predicted = random.integers(0, spoken, clips), random.integers(0, 6, clips)
    counts = evaluation.confusion(labels, predicted, 6)
    assert all(counts[a, b] == sum((labels == a) & (predicted == b)) for a in range(6) for b in range(6))
    there = [label for label in range(6) if label in labels]
    recall = [np.mean(predicted[labels == label] == label) for label in there]
    assert evaluation.balanced_accuracy(labels, predicted) == pytest.approx(np.mean(recall))
    f1 = [2 * counts[at, at] / (counts[at].sum() + counts[:, at].sum()) for at in there]
    assert evaluation.macro_f1(labels, predicted) == pytest.approx(np.mean(f1))


@settings(max_examples=tries(25), deadline=None)
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


@settings(max_examples=tries(20), deadline=None)
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


def test_eer_of_a_summary_uses_the_temperature_as_cavg_does() -> None:
    labels, logits = draw(5, 400)
    found, scaled = evaluation.summary(labels, logits, 0.5), evaluation.summary(labels, logits * 2)
    assert (found["eer"], found["cavg"]) == pytest.approx((scaled["eer"], scaled["cavg"]))
    assert found["brier"] == pytest.approx(scaled["brier"])
