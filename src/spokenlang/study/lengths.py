"""Clips cut shorter than a corpus has them."""

from __future__ import annotations

import numpy as np
import torch

from spokenlang.network.models import LanguageModel

_BATCH = 8  # clips in one call of the network: few enough for a cache


@torch.no_grad()
def logits_at(model: LanguageModel, inputs: np.ndarray, samples: int) -> np.ndarray:
    """Logits of the middle of each clip: inputs (clips, time), ``samples`` to keep -> (clips, classes)."""
    model.eval()
    left = (inputs.shape[1] - samples) // 2
    parts = (inputs[start : start + _BATCH, left : left + samples] for start in range(0, len(inputs), _BATCH))
    return np.concatenate([model(torch.from_numpy(part.astype(np.float32))).numpy() for part in parts])
