"""Measures of a classifier: how often it is right, and how sure it should be.

Arrays throughout: `logits` (clips, classes), one column meaning binary; `labels` (clips,) integers;
`probabilities` (clips, classes) with rows that sum to 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, logsumexp, softmax

Array = NDArray[np.float64]


def probabilities(logits: ArrayLike, temperature: float = 1.0) -> Array:
    """Softmax of logits over `temperature`; one logit becomes two columns, (1 - p, p)."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    if scaled.shape[1] == 1:
        positive = expit(scaled[:, 0])
        return np.stack([1 - positive, positive], axis=1)
    return softmax(scaled, axis=1)


def predictions(logits: ArrayLike) -> NDArray[np.int64]:
    """Most probable class of each clip."""
    logits = np.asarray(logits)
    return (logits[:, 0] > 0).astype(np.int64) if logits.shape[1] == 1 else logits.argmax(axis=1)


def accuracy(labels: ArrayLike, predicted: ArrayLike) -> float:
    """Share of clips that are right."""
    return float(np.mean(np.asarray(labels) == np.asarray(predicted)))


# scikit-learn is imported where it is used: classifying a file needs this module, and not the second that it takes.


def confusion(labels: ArrayLike, predicted: ArrayLike, classes: int) -> NDArray[np.int64]:
    """(classes, classes) counts: rows are true, columns predicted."""
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(labels, predicted, labels=range(classes))


def macro_f1(labels: ArrayLike, predicted: ArrayLike) -> float:
    """Mean of the harmonic mean of precision and recall, over the classes that occur among the labels."""
    from sklearn.metrics import f1_score

    return float(f1_score(labels, predicted, labels=np.unique(labels), average="macro", zero_division=0))


def balanced_accuracy(labels: ArrayLike, predicted: ArrayLike) -> float:
    """Mean recall over the classes that occur among the labels."""
    from sklearn.metrics import recall_score

    return float(recall_score(labels, predicted, labels=np.unique(labels), average="macro", zero_division=0))


def nll(labels: ArrayLike, logits: ArrayLike, temperature: float = 1.0) -> float:
    """Mean negative log-likelihood of the true class, in nats."""
    labels, scaled = np.asarray(labels), np.asarray(logits, dtype=np.float64) / temperature
    if scaled.shape[1] == 1:
        scaled = np.concatenate([np.zeros_like(scaled), scaled], axis=1)
    return float(-np.mean(log_softmax(scaled, axis=1)[np.arange(len(labels)), labels]))


def ece(labels: ArrayLike, probability: ArrayLike, bins: int = 15) -> float:
    """Expected calibration error (Guo et al. 2017): mean gap of confidence and accuracy, in equal bins."""
    probability = np.asarray(probability)
    sure, right = probability.max(axis=1), probability.argmax(axis=1) == np.asarray(labels)
    place = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    gap = np.bincount(place, weights=right - sure, minlength=bins)
    return float(np.abs(gap).sum() / len(sure))


def brier(labels: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared distance of the probabilities from the truth (Brier 1950), 0 to 2."""
    return float(np.mean(brier_of_clips(labels, probability)))


def brier_of_clips(labels: ArrayLike, probability: ArrayLike) -> Array:
    """Squared distance of each clip's probabilities from the truth, (clips,)."""
    probability = np.asarray(probability)
    truth = np.eye(probability.shape[1])[np.asarray(labels)]
    return np.square(probability - truth).sum(axis=1)


def fit_temperature(labels: ArrayLike, logits: ArrayLike) -> float:
    """The temperature that makes validation logits most likely (Guo et al. 2017), between 1/20 and 20."""
    found = minimize_scalar(
        lambda log: nll(labels, logits, float(np.exp(log))),
        bounds=(-np.log(20), np.log(20)),
        method="bounded",
    )
    return float(np.exp(found.x))


def _log_likelihood_ratios(logits: ArrayLike) -> Array:
    """Each class against the mean of the others, flat prior: (clips, classes)."""
    logits = np.asarray(logits, dtype=np.float64)
    if logits.shape[1] == 1:
        return np.concatenate([-logits, logits], axis=1)
    classes = logits.shape[1]
    return np.stack(
        [logits[:, k] - logsumexp(np.delete(logits, k, axis=1), axis=1) + np.log(classes - 1) for k in range(classes)],
        axis=1,
    )


def cavg(labels: ArrayLike, logits: ArrayLike, prior: float = 0.5) -> float:
    """Average pair-wise detection cost of NIST's language recognition evaluations, closed set."""
    labels = np.asarray(labels)
    accepted = _log_likelihood_ratios(logits) > np.log((1 - prior) / prior)
    classes = accepted.shape[1]
    costs = []
    for target in range(classes):
        missed = np.mean(~accepted[labels == target, target]) if (labels == target).any() else 0.0
        others = [k for k in range(classes) if k != target and (labels == k).any()]
        alarms = [np.mean(accepted[labels == other, target]) for other in others]
        costs.append(prior * missed + (1 - prior) * (np.mean(alarms) if alarms else 0.0))
    return float(np.mean(costs))


def eer(labels: ArrayLike, logits: ArrayLike) -> float:
    """Equal error rate over all clip-language trials: where misses and false alarms are equally frequent."""
    scores = _log_likelihood_ratios(logits)
    target = np.arange(scores.shape[1]) == np.asarray(labels)[:, None]
    order = np.argsort(scores, axis=None, kind="stable")
    hits = target.ravel()[order]
    missed = np.concatenate([[0], np.cumsum(hits)]) / max(hits.sum(), 1)
    alarms = 1 - np.concatenate([[0], np.cumsum(~hits)]) / max((~hits).sum(), 1)
    at = int(np.argmin(np.abs(missed - alarms)))
    return float((missed[at] + alarms[at]) / 2)


def summary(labels: ArrayLike, logits: ArrayLike, temperature: float = 1.0) -> dict[str, float]:
    """The measures that every run reports for a split."""
    probability = probabilities(logits, temperature)
    predicted = predictions(logits)
    return {
        "clips": len(probability),
        "accuracy": accuracy(labels, predicted),
        "macro_f1": macro_f1(labels, predicted),
        "balanced_accuracy": balanced_accuracy(labels, predicted),
        "nll": nll(labels, logits, temperature),
        "ece": ece(labels, probability),
        "ece_uncalibrated": ece(labels, probabilities(logits)),
        "cavg": cavg(labels, np.asarray(logits) / temperature),
        "eer": eer(labels, np.asarray(logits) / temperature),
        "brier": brier(labels, probability),
    }
