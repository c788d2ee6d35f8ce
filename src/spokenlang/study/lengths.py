"""Clips cut shorter than a corpus has them, and whether the confidences at a length can be believed."""

from __future__ import annotations

import numpy as np
import torch

from spokenlang.network.models import LanguageModel
from spokenlang.study import evaluation

_BATCH = 8  # clips in one call of the network: few enough for a cache
_DRAWS = 200  # of the answers of a calibrated network


@torch.no_grad()
def logits_at(model: LanguageModel, inputs: np.ndarray, samples: int) -> np.ndarray:
    """Logits of the middle of each clip: inputs (clips, time), ``samples`` to keep -> (clips, classes)."""
    model.eval()
    left = (inputs.shape[1] - samples) // 2
    parts = (inputs[start : start + _BATCH, left : left + samples] for start in range(0, len(inputs), _BATCH))
    return np.concatenate([model(torch.from_numpy(part.astype(np.float32))).numpy() for part in parts])


def ece_beyond_chance(labels: np.ndarray, probability: np.ndarray, seed: int = 0) -> float:
    """Calibration error of (clips, classes) minus what a calibrated network would show on as many clips.

    A binned error is above zero even for a calibrated network, the more so the fewer the clips. Its expectation is
    found by drawing which clips are right from the confidences themselves (Broecker and Smith 2007), and is subtracted,
    so the answer is about zero, on either side, where the confidences hold.
    """
    sure, best = probability.max(axis=1), probability.argmax(axis=1)
    other = (best + 1) % probability.shape[1]
    hits = np.random.default_rng(seed).random((_DRAWS, len(sure))) < sure
    expected = np.mean([evaluation.ece(np.where(hit, best, other), probability) for hit in hits])
    return evaluation.ece(labels, probability) - float(expected)
