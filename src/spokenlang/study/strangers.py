"""How a network takes what is in none of its languages: how sure it is, and whether a threshold keeps such clips out.

    judge = Judge.fitted(run, "energy")  # keeps 95 % of the validation clips
    heard = judge.hear("Italian", logits, groups)  # calibrated logits, as the model itself gives them

Two scores are compared, both high where a clip is like those of training: the largest probability (Hendrycks and Gimpel
2017) and the energy, the log of the summed exponentials of the logits (Liu et al. 2020). The threshold is chosen on
validation clips, so neither test clips nor strangers have a say in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from spokenlang.corpus.store import RATE
from spokenlang.study import evaluation, intervals
from spokenlang.study.intervals import Interval
from spokenlang.training.runs import TrainedRun

Array = NDArray[np.float64]
KEPT = 0.95
"""Share of the validation clips that a threshold keeps."""

SCORES: dict[str, Callable[[Array], Array]] = {
    "softmax": lambda logits: evaluation.probabilities(logits).max(axis=1),
    "energy": lambda logits: logsumexp(logits, axis=1),
}
"""Name -> calibrated logits (clips, classes) to one score a clip, (clips,)."""


@dataclass(frozen=True)
class Heard:
    """What a network makes of clips of one kind."""

    label: str
    clips: int
    confidence: Interval  # mean of the largest probability
    accepted: Interval  # share of the clips that pass the threshold
    auroc: float  # chance that one of the test clips scores higher than one of these; 0.5 is no better than a coin


@dataclass(frozen=True)
class Judge:
    """A run, a score, and the threshold below which a clip is none of its languages."""

    score: str  # a name of `SCORES`
    threshold: float
    known: Array  # scores of the test clips

    @classmethod
    def fitted(cls, run: TrainedRun, score: str, on: str = "test") -> Judge:
        """The threshold keeps `KEPT` of the validation clips; `on` is the split of known clips to compare with."""
        held_out, known = (
            SCORES[score](run.scores(split).logits.astype(np.float64) / run.temperature) for split in ("validation", on)
        )
        return cls(score, float(np.quantile(held_out, 1 - KEPT)), known)

    def hear(self, label: str, logits: np.ndarray, groups: np.ndarray) -> Heard:
        """Judge clips by their calibrated logits (clips, classes); `groups` (clips,) are what intervals are over."""
        scores, sure = (SCORES[name](np.asarray(logits, dtype=np.float64)) for name in (self.score, "softmax"))
        confidence = intervals.interval(intervals.sample([sure], groups))
        accepted = intervals.interval(intervals.sample([scores >= self.threshold], groups))
        return Heard(label, len(scores), confidence, accepted, auroc(self.known, scores))


def auroc(known: Array, strange: Array) -> float:
    """Area under the curve of hits against false alarms, (clips,) scores of each."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(np.repeat([1, 0], [len(known), len(strange)]), np.concatenate([known, strange])))


def white_noise(random: np.random.Generator, clips: int, samples: int) -> Array:
    """(clips, samples) Gaussian noise of an RMS of 0.1."""
    return random.normal(0, 0.1, (clips, samples))


def no_speech(clips: int, samples: int, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Sounds that are no speech, (clips, samples) each: noises, tones, chords that change as music does, silence."""
    random = np.random.default_rng(seed)
    time = np.arange(samples) / RATE
    white = white_noise(random, clips, samples)
    hz = random.uniform(100, 2000, (clips, 1))
    beats = np.floor(time / 0.4).astype(int)
    notes = 110 * 2 ** (random.integers(0, 36, (clips, 3, beats[-1] + 1)) / 12)
    phase = 2 * np.pi * np.cumsum(notes[:, :, beats], axis=2) / RATE
    return {
        "white noise": white.astype(np.float32),
        "hum": np.cumsum(white - white.mean(axis=1, keepdims=True), axis=1).astype(np.float32),
        "tones": (0.1 * np.sin(2 * np.pi * hz * time)).astype(np.float32),
        "chords": (0.05 * (np.sin(phase) + 0.5 * np.sin(2 * phase)).sum(axis=1)).astype(np.float32),
        "silence": np.zeros((clips, samples), np.float32),
    }
