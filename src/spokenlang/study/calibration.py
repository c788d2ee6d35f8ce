"""Whether a network's confidence can be believed: more than that it is right on average.

Always saying 100 % has a small calibration error where nearly all is right. So three things are asked: a small error of
calibration; a likelihood and a Brier score better than those of one confidence for all clips; and as many errors as the
confidences let expect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spokenlang.corpus.store import ClipStore
from spokenlang.study import comparison, evaluation, intervals
from spokenlang.study.intervals import Interval, Test
from spokenlang.training.runs import TrainedRun

MARGIN = 0.02
"""Largest calibration error that still counts as small."""


@dataclass(frozen=True)
class Calibration:
    """Measures over seeds, and the tests that the verdict rests on."""

    ece: Interval  # with the range of the seeds
    nll: float  # nats
    constant_nll: float  # of the same answers, each with the share that is right as its confidence
    brier: float
    constant_brier: float
    gains: tuple[Test, Test]  # the constant's NLL and Brier score minus the network's
    errors: Test  # share of wrong clips minus what the confidences let expect

    @property
    def holds(self) -> bool:
        """Whether all three hold."""
        better = all(gain.difference.low > 0 for gain in self.gains)
        return self.ece.value <= MARGIN and better and self.errors.difference.low <= 0 <= self.errors.difference.high

    @property
    def evidence(self) -> str:
        """The three in a line."""
        off = self.errors.difference
        return (
            f"calibration error {self.ece.value:.4f} (at most {MARGIN:g}); NLL {self.nll:.3f}, with one confidence for "
            f"all {self.constant_nll:.3f}; Brier {self.brier:.3f}, {self.constant_brier:.3f}; errors beyond what the "
            f"confidences let expect: {off.points()}"
        )


def calibration(runs: Sequence[TrainedRun], store: ClipStore) -> Calibration:
    """Judge the calibrated probabilities of a setting on the test set, or what stands in for it."""
    on = comparison.judged(store)
    groups = comparison.groups_of(store, runs[0], on)
    losses, surplus = {"nll": [], "brier": []}, []
    for run in runs:
        labels, probability = run.scores(on).labels, run.probabilities(on)
        flat = _one_confidence(run.scores(on).predictions, labels, probability.shape[1])
        clips = np.arange(len(labels))
        losses["nll"].append([-np.log(np.maximum(each[clips, labels], 1e-12)) for each in (probability, flat)])
        losses["brier"].append([evaluation.brier_of_clips(labels, each) for each in (probability, flat)])
        surplus.append((probability.argmax(axis=1) != labels) - (1 - probability.max(axis=1)))
    gains = tuple(
        intervals.above(intervals.sample([flat - own for own, flat in of_seeds], groups))
        for of_seeds in losses.values()
    )
    means = {name: np.mean(of_seeds, axis=(0, 2)).tolist() for name, of_seeds in losses.items()}
    return Calibration(
        comparison.statistic(runs, "ece", on), *means["nll"], *means["brier"], gains,
        intervals.above(intervals.sample(surplus, groups)),
    )  # fmt: skip


def _one_confidence(predicted: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """The same predictions, all with the share that is right as their confidence, (clips, classes)."""
    right = float(np.mean(predicted == labels))
    flat = np.full((len(labels), classes), (1 - right) / (classes - 1))
    flat[np.arange(len(labels)), predicted] = right
    return flat
