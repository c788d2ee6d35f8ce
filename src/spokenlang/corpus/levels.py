"""How loud clips are."""

from __future__ import annotations

import numpy as np

_BLOCK = 512  # clips at a time, so that a memory-mapped array is never held whole
_FLOOR = 1e-8  # below the smallest float16: silence has a level too


def clip_levels(inputs: np.ndarray) -> np.ndarray:
    """Root-mean-square level of each clip in dB re full scale: (clips, samples) -> (clips,)."""
    blocks = (inputs[start : start + _BLOCK].astype(np.float32) for start in range(0, len(inputs), _BLOCK))
    rms = np.concatenate([np.sqrt(np.square(block).mean(axis=1)) for block in blocks])
    return 20 * np.log10(np.maximum(rms, _FLOOR))
