"""Which training clips are held out for validation, and which recordings become the test set.

A voice that a network has heard in training flatters its validation score, so clips that belong together (a
speaker, a video) stay on one side. Within that, each language is to give the same share.
"""

from __future__ import annotations

import warnings

import numpy as np

from spokenlang.corpus.store import ClipStore
from spokenlang.errors import InputError


def hold_out(store: ClipStore, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split a store's training clips into (training, validation) indices, both sorted.

    With groups known no group is on both sides, and every language that has two groups or more is on both
    sides. Without groups: a random share of each language's clips. The test set plays no part. The same
    arguments give the same indices on every machine.
    """
    labels, groups = store.targets("train"), store.groups("train")
    held = separate(labels, groups, fraction, seed)
    lacking = sorted(set(labels.tolist()) - set(labels[held].tolist()))
    if held.any() and not lacking:
        return np.flatnonzero(~held), np.flatnonzero(held)
    if not held.any():
        # Every language is one single group: a validation set with known voices is better than none.
        warnings.warn("each language is a single group: validation clips share voices with training", stacklevel=2)
        held = separate(labels, np.arange(len(labels)).astype(str), fraction, seed)
    if not held.any():
        raise InputError(f"{store.folder}: too few training clips to hold any out for validation; add clips")
    return np.flatnonzero(~held), np.flatnonzero(held)


def separate(labels: np.ndarray, groups: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Mask (clips,) of about `fraction` of each label's clips, made of whole groups.

    Greedy over the groups in random order: one is taken when that brings the label counts closer to their
    targets. A label left with nothing then gets its smallest group that leaves it something on the other
    side.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must lie between 0 and 1, not {fraction}")
    names, member = np.unique(groups, return_inverse=True)
    classes, label = np.unique(labels, return_inverse=True)
    counts = np.zeros((len(names), len(classes)), dtype=np.int64)
    np.add.at(counts, (member, label), 1)
    total = counts.sum(axis=0)
    target = total * fraction
    chosen = np.zeros(len(names), dtype=bool)
    have = np.zeros(len(classes), dtype=np.int64)
    # Sorted names make the order of the rows in the file irrelevant, the seed makes it a draw.
    for group in np.random.default_rng(seed).permutation(len(names)):
        after = have + counts[group]
        leaves_some = (after < total)[counts[group] > 0].all()
        if leaves_some and np.abs(target - after).sum() < np.abs(target - have).sum():
            chosen[group], have = True, after
    for lacking in np.flatnonzero(have == 0):
        able = [g for g in np.flatnonzero(counts[:, lacking]) if (have + counts[g] < total)[counts[g] > 0].all()]
        if able and have[lacking] == 0:
            smallest = min(able, key=lambda g: counts[g].sum())
            chosen[smallest], have = True, have + counts[smallest]
    return chosen[member]
