"""Clips of other lengths than a corpus has: their middle for shorter ones, two joined for longer ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from spokenlang.models import LanguageModel

_BATCH = 64


def pairs_of_one_voice(labels: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Pair each clip with another of the same language and group.

    Returns the positions of the clips that have such a partner, and [these, their partners].
    """
    first, second = [], []
    for key in sorted(set(zip(groups.tolist(), labels.tolist(), strict=True))):
        members = np.flatnonzero((groups == key[0]) & (labels == key[1]))
        if len(members) > 1:
            first.append(members)
            second.append(np.roll(members, -1))
    rows = np.concatenate(first) if first else np.array([], dtype=np.int64)
    partners = np.concatenate(second) if second else rows
    return rows, [rows, partners]


@torch.no_grad()
def logits_at(model: LanguageModel, inputs: np.ndarray, clips: Sequence[np.ndarray], samples: int) -> np.ndarray:
    """Logits of clips cut to ``samples``: inputs (n, time), ``clips`` positions to join -> (rows, classes)."""
    model.eval()
    found = []
    for start in range(0, len(clips[0]), _BATCH):
        joined = np.concatenate([_levelled(inputs[part[start : start + _BATCH]]) for part in clips], axis=1)
        left = (joined.shape[1] - samples) // 2
        found.append(model(torch.from_numpy(joined[:, left : left + samples])).numpy())
    return np.concatenate(found)


def _levelled(waves: np.ndarray) -> np.ndarray:
    """Equal loudness, so that of two joined clips neither drowns the other."""
    waves = waves.astype(np.float32)
    return waves / np.maximum(np.sqrt(np.square(waves).mean(axis=1, keepdims=True)), 1e-6)
