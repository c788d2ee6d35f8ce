"""Geometry of a classifier's outputs: how far apart the classes lie, and whether related languages lie closer."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BranchContrast:
    """Distances within against across branches."""

    within: float  # mean distance of two languages of one branch
    across: float  # mean distance of two languages of different branches
    p: float  # share of all regroupings whose contrast is at least as large
    ways: int  # regroupings: p cannot be less than one of them


def centroid_distances(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Euclidean distances between class means: logits (clips, classes), labels (clips,) -> (classes, classes).

    The mean over classes is taken from each clip's logits first, since softmax does not see it. A class without
    clips gets NaN.
    """
    centred = logits - logits.mean(axis=1, keepdims=True)
    means = np.full((logits.shape[1], logits.shape[1]), np.nan)
    for label in np.unique(labels):
        means[label] = centred[labels == label].mean(axis=0)
    return np.linalg.norm(means[:, None] - means[None], axis=2)


def branch_contrast(distance: np.ndarray, branches: Sequence[str]) -> BranchContrast | None:
    """Compare distances within and across two branches, by an exact permutation test over regroupings.

    ``distance`` (n, n) symmetric; ``branches`` names each language's branch. Every way to deal the languages into
    groups of the same sizes counts once. Languages without clips (NaN) are left out; None where what remains has no
    two of one branch, or none of another.
    """
    there = np.flatnonzero(~np.isnan(distance).all(axis=1))
    distance, branches = distance[np.ix_(there, there)], [branches[at] for at in there]
    first = {i for i, branch in enumerate(branches) if branch == branches[0]}
    if len(branches) < 3 or len(first) == len(branches):
        return None
    observed = _contrast(distance, first)
    groups = {frozenset(g) for g in itertools.combinations(range(len(branches)), len(first))}
    if 2 * len(first) == len(branches):
        # Two groups of one size: a group and its complement are the same regrouping.
        groups = {g for g in groups if 0 in g}
    found = [_contrast(distance, set(g)) for g in groups]
    extreme = [across - within >= observed[1] - observed[0] - 1e-12 for within, across in found]
    return BranchContrast(*observed, p=float(np.mean(extreme)), ways=len(groups))


def nearest(distance: np.ndarray) -> dict[int, int]:
    """The class whose mean is nearest, for each class that has one."""
    far = np.where(np.eye(len(distance), dtype=bool) | np.isnan(distance), np.inf, distance)
    return {at: int(far[at].argmin()) for at in range(len(far)) if np.isfinite(far[at]).any()}


def _contrast(distance: np.ndarray, first: set[int]) -> tuple[float, float]:
    same = [(i in first) == (j in first) for i, j in zip(*np.triu_indices(len(distance), 1), strict=True)]
    pairs = distance[np.triu_indices(len(distance), 1)]
    return float(np.nanmean(pairs[np.array(same)])), float(np.nanmean(pairs[~np.array(same)]))
