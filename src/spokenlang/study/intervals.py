"""How sure one may be of a mean over clips: t intervals and tests over whole groups (voices) and over seeds.

Clips of one voice succeed and fail together, so the unit is the voice: each voice's pull on the mean is taken
together, and the mean's variance is that of these pulls (the cluster-robust variance, Liang and Zeger 1986). The spread
of the seeds is added to it, with Satterthwaite's degrees of freedom. Shares are bounded on the logit scale, since near
100 % they are skewed. A simulation holds that the intervals cover what they say at 5 to 40 voices, where a percentile
bootstrap does not (tests/spokenlang/test_study_intervals.py). Where no groups are known, each clip is a group of its
own; of a single group, the clips are the units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from scipy.stats import t as student

Array = NDArray[np.float64]

LEVEL = 0.95
SEED_DEVIATION = 0.02
"""Standard deviation between seeds that a comparison assumes where every setting has been trained once."""


@dataclass(frozen=True)
class Interval:
    """An estimate with the bounds of its confidence interval."""

    value: float
    low: float
    high: float
    n: int | None = None  # clips behind it
    seeds: tuple[int, ...] | None = None  # runs that it is the mean of

    def points(self) -> str:
        """A difference in percentage points, as evidence says it."""
        return f"{100 * self.value:.1f} points ({100 * self.low:.1f} to {100 * self.high:.1f})"

    def cell(self) -> dict[str, object]:
        """As a cell of a published table."""
        return {"value": self.value, "low": self.low, "high": self.high, "unit": "fraction", "digits": 1}


@dataclass(frozen=True)
class Test:
    """A difference, its interval, and the two-sided p-value that there is none."""

    difference: Interval
    p: float

    __test__ = False  # no test of pytest's


@dataclass(frozen=True)
class Sample:
    """A mean over clips under each seed, and how each group pulls on it."""

    means: Array  # (seeds,)
    pulls: Array  # (seeds, groups), each row sums to 0
    groups: NDArray[np.str_]  # (groups,) names, sorted
    clips: int


def sample(rows: Sequence[ArrayLike], groups: ArrayLike, per: Sequence[ArrayLike] | None = None) -> Sample:
    """The mean of per-clip quantities: rows one array (clips,) a seed, groups (clips,).

    ``per`` (like rows) makes it a ratio of sums: the quantities over ``per``, not over the number of clips.
    """
    table = np.stack([np.asarray(row, dtype=np.float64) for row in rows])
    names, place = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    if len(names) == 1:
        names, place = np.array([f"{names[0]}/{at}" for at in range(len(place))]), np.arange(len(place))
    below = np.ones_like(table) if per is None else np.stack([np.asarray(row, dtype=np.float64) for row in per])
    sums, sizes = (np.stack([np.bincount(place, row, len(names)) for row in each]) for each in (table, below))
    total = np.maximum(sizes.sum(axis=1), 1e-300)
    means = sums.sum(axis=1) / total
    return Sample(means, (sums - means[:, None] * sizes) / total[:, None], names, table.shape[1])


def balanced(right: ArrayLike, labels: ArrayLike, groups: ArrayLike) -> Sample:
    """The mean over classes of the share that is right, of one network: all (clips,)."""
    right, labels = np.asarray(right, dtype=np.float64), np.asarray(labels)
    classes, counts = np.unique(labels, return_counts=True)
    weight = dict(zip(classes.tolist(), len(labels) / len(classes) / counts, strict=True))
    per = np.array([weight[label] for label in labels.tolist()])
    recall = {label: right[labels == label].mean() for label in classes.tolist()}
    pulls = sample([per * (right - np.array([recall[label] for label in labels.tolist()]))], groups)
    return replace(pulls, means=np.array([np.mean(list(recall.values()))]))


def interval(of: Sample, share: bool = True) -> Interval:
    """The mean over seeds with its 95 % interval; ``share`` says that it lies in 0..1."""
    value = float(of.means.mean())
    parts = [_voices(of.pulls.mean(axis=0)), *_seeds(of.means)]
    if not share:
        return replace(_bounds(value, *_total(parts)), n=of.clips)
    variance, freedom = _total(parts)
    inner = (value * of.clips + 0.5) / (of.clips + 1)  # never 0 or 1
    if variance == 0:  # all groups alike, most often all right: what so many clips could hide
        variance = inner * (1 - inner) / of.clips
    reach = student.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(variance) / (inner * (1 - inner))
    centre = logit(inner if value in (0, 1) else value)
    low, high = float(expit(centre - reach)), float(expit(centre + reach))
    return Interval(value, 0.0 if value == 0 else min(low, value), 1.0 if value == 1 else max(high, value), of.clips)


def compare(first: Sample, second: Sample, fixed: tuple[bool, bool] = (False, False)) -> Test:
    """Mean of the first minus mean of the second, which other networks made; groups that both have are pairs.

    ``fixed`` says of each whether it has no seeds (a regression, whose fit is exact). A setting with a single seed is
    taken to vary as the other one does, or by SEED_DEVIATION where neither has more.
    """
    sides = [each for each, exact in zip((first, second), fixed, strict=True) if not exact]
    several = [each for each in sides if len(each.means) > 1]
    if len(several) == len(sides):
        spread = [part for each in sides for part in _seeds(each.means)]
    elif several:
        spread = [
            (sum(1 / len(each.means) for each in sides) * several[0].means.var(ddof=1), len(several[0].means) - 1)
        ]
    else:
        spread = [(len(sides) * SEED_DEVIATION**2, np.inf)]
    parts = [_voices(_difference(first, second)), *spread]
    return _tested(float(first.means.mean() - second.means.mean()), parts, first.clips)


def contrast(first: Sample, second: Sample) -> Test:
    """Mean of one part of the clips minus that of another, by the same networks, so their seeds are pairs too."""
    change = first.means - second.means
    return _tested(float(change.mean()), [_voices(_difference(first, second)), *_seeds(change)], None)


def above(of: Sample, bound: float = 0.0) -> Test:
    """A mean over clips minus a bound that is no estimate."""
    parts = [_voices(of.pulls.mean(axis=0)), *_seeds(of.means)]
    return _tested(float(of.means.mean()) - bound, parts, of.clips)


def _difference(first: Sample, second: Sample) -> Array:
    """Pulls of all groups of both samples on the difference of their means, averaged over seeds."""
    names = np.union1d(first.groups, second.groups)
    found = np.zeros(len(names))
    for each, sign in ((first, 1), (second, -1)):
        found[np.searchsorted(names, each.groups)] += sign * each.pulls.mean(axis=0)
    return found


Part = tuple[float, float]
"""A variance and its degrees of freedom."""


def _voices(pulls: Array) -> Part:
    groups = len(pulls)
    return (groups / (groups - 1) * float((pulls**2).sum()), groups - 1) if groups > 1 else (0.0, 1)


def _seeds(means: Array) -> list[Part]:
    return [(float(means.var(ddof=1)) / len(means), len(means) - 1)] if len(means) > 1 else []


def _total(parts: Sequence[Part]) -> Part:
    """The sum of independent variances, with Satterthwaite's degrees of freedom."""
    variance = sum(part for part, _ in parts)
    below = sum(part**2 / freedom for part, freedom in parts)
    return variance, variance**2 / below if below else float(parts[0][1])


def _bounds(value: float, variance: float, freedom: float) -> Interval:
    reach = float(student.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(variance))
    return Interval(value, value - reach, value + reach)


def _tested(value: float, parts: Sequence[Part], clips: int | None) -> Test:
    variance, freedom = _total(parts)
    if variance < 1e-18:  # nothing varies, so nothing is known of chance: as it stands
        return Test(Interval(value, value, value, clips), 1.0 if abs(value) < 1e-12 else 0.0)
    p = float(2 * student.sf(abs(value) / np.sqrt(variance), freedom))
    return Test(replace(_bounds(value, variance, freedom), n=clips), p)
