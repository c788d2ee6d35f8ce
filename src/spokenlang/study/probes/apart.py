"""Where a network's outputs put the languages: how far apart and how surely, and what a plane shows of it.

Points are logits without their mean over classes, which softmax does not see: classes - 1 dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import helmert
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from spokenlang.corpus.store import ClipStore
from spokenlang.study import comparison, intervals
from spokenlang.study.intervals import Interval
from spokenlang.training.runs import TrainedRun


def points(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logits (clips, classes) in an orthonormal basis of what softmax sees of them, (clips, classes - 1)."""
    return logits.astype(np.float64) @ helmert(logits.shape[1]).T


def pair_distance(
    seeds: Sequence[NDArray[np.floating]], labels: NDArray[np.integer], groups: NDArray[np.str_], a: int, b: int
) -> Interval:
    """Distance of two class means, mean over seeds, with its interval over groups and seeds.

    ``seeds`` logits (clips, classes) of each network; ``labels``, ``groups`` (clips,). A distance is no mean over
    clips, but to first order moves as one does: by each clip's deviation from its own class mean, along the line
    between the two means. `intervals.sample` takes these.
    """
    either = np.isin(labels, (a, b))
    of_a = labels[either] == a
    rows = []
    for logits in seeds:
        at = points(logits[either])
        means = [at[of_a].mean(axis=0), at[~of_a].mean(axis=0)]
        apart = float(np.linalg.norm(means[0] - means[1]))
        along = (means[0] - means[1]) / max(apart, 1e-12)
        moved = np.where(of_a, (at - means[0]) @ along / of_a.mean(), -((at - means[1]) @ along) / (~of_a).mean())
        rows.append(apart + moved)
    return intervals.interval(intervals.sample(rows, groups[either]), share=False)


@dataclass(frozen=True)
class Plane:
    """Clips on a plane that other clips chose."""

    points: NDArray[np.float64]  # (clips, 2)
    right: NDArray[np.bool_]  # (clips,) whether the nearest class mean of those other clips is the clip's own


def planes(
    fitted: NDArray[np.floating], of: NDArray[np.integer], shown: NDArray[np.floating], labels: NDArray[np.integer]
) -> tuple[Plane, Plane]:
    """The plane of the most variance (PCA) and the one that separates the languages best (Fisher's discriminants).

    Both are fitted to the logits ``fitted`` of clips with the labels ``of``, three classes of them at least, and show
    others. Axes point where their largest weight is positive.
    """
    before, after = points(fitted), points(shown)
    components = PCA(n_components=2, svd_solver="full").fit(before)
    discriminants = LinearDiscriminantAnalysis(n_components=2).fit(before, of)
    return (
        _plane(components.transform(before), of, components.transform(after), labels, components.components_),
        _plane(discriminants.transform(before), of, discriminants.transform(after), labels, discriminants.scalings_.T),
    )


def _plane(
    before: NDArray[np.float64],
    of: NDArray[np.integer],
    after: NDArray[np.float64],
    labels: NDArray[np.integer],
    weights: NDArray[np.float64],
) -> Plane:
    sign = np.sign(weights[np.arange(2), np.abs(weights[:2]).argmax(axis=1)])
    known = np.unique(of)
    means = np.stack([before[of == label].mean(axis=0) for label in known])
    near = np.linalg.norm(after[:, None] - means[None], axis=2).argmin(axis=1)
    return Plane(after * sign, known[near] == labels)


@dataclass(frozen=True)
class Dealt:
    """Clips that a plane is fitted to, and clips that it shows; no voice is in both."""

    fitted: tuple[NDArray[np.floating], NDArray[np.integer]]  # logits, labels
    shown: tuple[NDArray[np.floating], NDArray[np.integer]]
    groups: NDArray[np.str_]  # of those that are shown
    what: str  # the first in words

    @property
    def enough(self) -> bool:
        """Whether the first have two clips each of three languages, and there are any of the second."""
        return bool((np.unique(self.fitted[1], return_counts=True)[1] > 1).sum() > 2 and len(self.groups))


def dealt(store: ClipStore, run: TrainedRun) -> Dealt:
    """Validation clips to fit, judged clips to show; where validation is what is judged, every second voice of it."""
    on = comparison.judged(store)
    held_out, scores = run.scores("validation"), run.scores(on)
    groups = comparison.groups_of(store, run, on)
    if on != "validation":
        fitted = held_out.logits, held_out.labels
        return Dealt(fitted, (scores.logits, scores.labels), groups, "validation clips")
    _, voice = np.unique(groups, return_inverse=True)
    odd = voice % 2 == 1
    first, second = ((scores.logits[part], scores.labels[part]) for part in (odd, ~odd))
    return Dealt(first, second, groups[~odd], "every second voice of validation")
