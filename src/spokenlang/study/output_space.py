"""Geometry of a classifier's outputs: how far apart the classes lie, and whether related languages lie closer."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BranchContrast:
    """Distances within against across branches."""

    within: float  # mean distance of two languages of one branch
    across: float  # mean distance of two languages of different branches
    p: float  # share of all regroupings whose contrast is at least as large
    ways: int  # regroupings that were compared: p cannot be less than one of them
    of: int  # regroupings that there are


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
    """Compare distances within and across branches, by a permutation test over regroupings.

    ``distance`` (n, n) symmetric; ``branches`` names each language's branch, "" where none is known. Every way to deal
    the languages into groups of the same sizes counts once, or, where these are more than REGROUPINGS, so many are
    drawn by chance. Languages without clips (NaN) or a branch are left out; None where what remains has no two of one
    branch, or none of another.
    """
    there = [at for at, branch in enumerate(branches) if branch and not np.isnan(distance[at]).all()]
    upper = np.triu_indices(len(there), 1)
    pairs = distance[np.ix_(there, there)][upper]
    _, branch = np.unique([branches[at] for at in there], return_inverse=True)
    if len(there) < 3 or len(set(branch)) in (1, len(there)):
        return None
    observed = _contrast(pairs, branch[upper[0]] == branch[upper[1]])
    found, ways = [], _ways(np.bincount(branch).tolist())
    for dealt in _dealt(branch) if ways <= REGROUPINGS else _drawn(branch):
        within, across = _contrast(pairs, dealt[upper[0]] == dealt[upper[1]])
        found.append(across - within >= observed[1] - observed[0] - 1e-12)
    return BranchContrast(*observed, p=float(np.mean(found)), ways=len(found), of=ways)


REGROUPINGS = 10_000


def _ways(sizes: list[int]) -> int:
    """In how many ways things can be dealt into groups of these sizes."""
    ways = math.factorial(sum(sizes))
    for size, count in Counter(sizes).items():
        ways //= math.factorial(size) ** count * math.factorial(count)
    return ways


def _dealt(branch: np.ndarray) -> Iterator[np.ndarray]:
    """Every way once, as a group's number for each language."""
    sizes = sorted(np.bincount(branch).tolist())

    def deal(left: tuple[int, ...], sizes: list[int]) -> Iterator[list[tuple[int, ...]]]:
        if not left:
            yield []
            return
        first, *others = left
        for size in sorted(set(sizes)):  # the group of the first language that is left
            for rest in itertools.combinations(others, size - 1):
                remaining = tuple(at for at in others if at not in rest)
                fewer = sizes.copy()
                fewer.remove(size)
                yield from ([(first, *rest), *groups] for groups in deal(remaining, fewer))

    for groups in deal(tuple(range(len(branch))), sizes):
        number = np.empty(len(branch), dtype=int)
        for at, group in enumerate(groups):
            number[list(group)] = at
        yield number


def _drawn(branch: np.ndarray) -> Iterator[np.ndarray]:
    """The way it is, then ways by chance."""
    yield branch
    random = np.random.default_rng(0)
    for _ in range(REGROUPINGS - 1):
        yield random.permutation(branch)


def nearest(distance: np.ndarray) -> dict[int, int]:
    """The class whose mean is nearest, for each class that has one."""
    far = np.where(np.eye(len(distance), dtype=bool) | np.isnan(distance), np.inf, distance)
    return {at: int(far[at].argmin()) for at in range(len(far)) if np.isfinite(far[at]).any()}


def _contrast(pairs: np.ndarray, same: np.ndarray) -> tuple[float, float]:
    return float(pairs[same].mean()), float(pairs[~same].mean())
