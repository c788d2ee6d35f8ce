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


LOGITS = st.integers(-12, 12).map(lambda number: number / 4)  # with ties


@st.composite
def trials(draw: st.DrawFn, least: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Labels (clips,), of which some languages may have none, and logits (clips, classes)."""
    classes, clips = draw(st.integers(least, 5)), draw(st.integers(1, 12))
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=clips, max_size=clips))
    logits = draw(st.lists(st.lists(LOGITS, min_size=classes, max_size=classes), min_size=clips, max_size=clips))
    return np.array(labels), np.array(logits)


def ratios(logits: np.ndarray) -> np.ndarray:
    """Each class against the mean likelihood of the others, by the definition."""
    likelihood = np.exp(logits)
    others = (likelihood.sum(axis=1, keepdims=True) - likelihood) / (logits.shape[1] - 1)
    return np.log(likelihood / others)


@given(trials(), st.sampled_from([0.1, 0.3, 0.5, 0.9]))
@settings(deadline=None, max_examples=tries(60))
def test_cavg_by_its_definition(made: tuple[np.ndarray, np.ndarray], prior: float) -> None:
    """A miss where a language is refused, an alarm where another is taken for it; absent languages cost nothing."""
    labels, logits = made
    llr, classes = ratios(logits), logits.shape[1]
    bound = np.log(1 - prior) - np.log(prior)
    if np.abs(llr - bound).min() < 1e-9:
        return  # rounding decides
    total = 0.0
    for target in range(classes):
        own = [row for row, label in zip(llr, labels, strict=True) if label == target]
        if own:
            total += prior * sum(row[target] <= bound for row in own) / len(own)
        rates = []
        for other in set(labels.tolist()) - {target}:
            strange = [row for row, label in zip(llr, labels, strict=True) if label == other]
            rates.append(sum(row[target] > bound for row in strange) / len(strange))
        total += (1 - prior) * sum(rates) / len(rates) if rates else 0.0
    assert evaluation.cavg(labels, logits, prior) == pytest.approx(total / classes)


@given(trials())
@settings(deadline=None, max_examples=tries(60))
def test_eer_lies_where_a_threshold_makes_both_errors_alike(made: tuple[np.ndarray, np.ndarray]) -> None:
    labels, logits = made
    llr = ratios(logits).round(9)
    hits = np.arange(llr.shape[1]) == labels[:, None]
    scores = np.sort(llr.ravel())
    if np.diff(scores).size and np.diff(scores).min() < 1e-6:
        return  # between equal scores no threshold fits
    bounds = [-np.inf, *((scores[1:] + scores[:-1]) / 2), np.inf]
    errors = [((llr <= bound)[hits].mean(), (llr > bound)[~hits].mean()) for bound in bounds]
    missed, alarms = min(errors, key=lambda both: round(abs(both[0] - both[1]), 12))
    nearest = {round(sum(both) / 2, 9) for both in errors if abs(abs(both[0] - both[1]) - abs(missed - alarms)) < 1e-12}
    assert round(evaluation.eer(labels, logits), 9) in nearest


@given(trials(), st.integers(1, 20))
@settings(deadline=None, max_examples=tries(60))
def test_ece_bin_by_bin(made: tuple[np.ndarray, np.ndarray], bins: int) -> None:
    """Bins end with their upper bound: (k/bins, (k+1)/bins]."""
    labels, logits = made
    probability = evaluation.probabilities(logits)
    sure, right = probability.max(axis=1), probability.argmax(axis=1) == labels
    if np.abs(sure * bins - np.round(sure * bins)).min() < 1e-9:
        return  # rounding decides
    total = 0.0
    for place in range(bins):
        inside = (sure > place / bins) & (sure <= (place + 1) / bins)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - sure[inside].mean())
    assert evaluation.ece(labels, probability, bins) == pytest.approx(total)
    assert evaluation.ece(labels, probability) == pytest.approx(evaluation.ece(labels, probability, 15))


def test_ece_where_confidence_is_whole() -> None:
    assert evaluation.ece([0, 1], [[1.0, 0.0], [1.0, 0.0]], 4) == pytest.approx(0.5)
    assert evaluation.ece([0, 0], [[0.5, 0.5], [0.5, 0.5]], 2) == pytest.approx(0.5), "0.5 is in the lower bin of two"
    # two clips of 0.5 and 0.6 are in two bins, where they do not make up for each other
    assert evaluation.ece([1, 0], [[0.5, 0.5], [0.6, 0.4]], 2) == pytest.approx((0.5 + 0.4) / 2)


def test_a_summary_holds_each_measure_under_its_name() -> None:
    random = np.random.default_rng(5)
    labels, logits = random.integers(0, 4, 50), random.normal(0, 2, (50, 4))
    probability, predicted = evaluation.probabilities(logits, 1.7), logits.argmax(axis=1)
    assert evaluation.summary(labels, logits, 1.7) == pytest.approx(
        {
            "clips": 50,
            "accuracy": np.mean(predicted == labels),
            "macro_f1": evaluation.macro_f1(labels, predicted),
            "balanced_accuracy": evaluation.balanced_accuracy(labels, predicted),
            "nll": evaluation.nll(labels, logits, 1.7),
            "ece": evaluation.ece(labels, probability),
            "ece_uncalibrated": evaluation.ece(labels, evaluation.probabilities(logits)),
            "cavg": evaluation.cavg(labels, logits / 1.7),
            "eer": evaluation.eer(labels, logits / 1.7),
            "brier": evaluation.brier(labels, probability),
        }
    )


@pytest.mark.parametrize("true", [1 / 40, 1 / 19, 19.0, 40.0])
def test_a_temperature_stays_between_a_twentieth_and_twenty(true: float) -> None:
    random = np.random.default_rng(1)
    logits = random.normal(0, 1, (4000, 3))
    labels = np.array([random.choice(3, p=row) for row in evaluation.probabilities(logits)])
    found = evaluation.fit_temperature(labels, logits * true)
    assert found == pytest.approx(np.clip(true, 1 / 20, 20), rel=0.15)
    assert 1 / 20 <= found <= 20


def test_single_precision_is_no_reason_for_a_rounder_answer() -> None:
    logits = np.array([[0.1, 0.3, -7.0]], dtype=np.float32)
    for found in (evaluation.probabilities(logits), evaluation.probabilities(logits.astype(np.float64))):
        assert found.dtype == np.float64
        assert found.sum() == pytest.approx(1, abs=1e-15)
    assert evaluation.predictions(np.array([[0.0], [1.0], [-1.0]])).tolist() == [0, 1, 0], "a tie is the first language"
