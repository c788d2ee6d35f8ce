"""Does accuracy differ between groups of clips more than chance would have it, for everything that a corpus knows?

    for attribute in attributes(store, run, "test"):
        found = audit(attribute, right)  # right (clips,): share of the seeds that were right

What is looked at is the gap between the best and the worst level of an attribute, so that having looked for the worst
is paid for. What chance makes of it is tried by permuting levels among things that could have had another: voices
where the level is the voice's own, clips of one voice where it is the clip's. Languages are kept apart throughout, or a
hard language would count as a hard dialect: what is permuted is permuted among speakers of the same languages, and what
is compared is how right a clip is beyond the mean of its language. So a trait that goes with a language as a whole
cannot be found in this way; for that the network has to be tried on clips in which the two do not go together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spokenlang.corpus.store import ClipStore
from spokenlang.study import comparison
from spokenlang.training.runs import TrainedRun

LEAST = 8
"""Clips that a level must have."""

MOST = 12
"""Levels of an attribute; what has more is a name or a text, and says nothing about kinds of clips."""

DRAWS = 2000
"""Permutations."""

NOT_TRAITS = ("split", "index", "language", "group", "speaker", "clean", "text", "file", "source_repo", "licence",
              "original_file")  # fmt: skip
"""Columns that say which clip it is, or what other columns say."""


@dataclass(frozen=True)
class Attribute:
    """A trait of every judged clip."""

    name: str
    levels: NDArray[np.str_]  # (clips,) "" where it is not known
    units: NDArray[np.int64]  # (clips,) what is permuted: voice, voice and language, or clip
    strata: NDArray[np.int64]  # (clips,) among which it is permuted
    unit: str  # in words


@dataclass(frozen=True)
class Found:
    """What an attribute's levels differ by."""

    attribute: Attribute
    worst: str
    best: str
    gap: float  # accuracy of the best level minus that of the worst, each beyond the means of its languages
    p: float
    least_p: float  # no smaller p-value can come of so few things to permute


def attributes(store: ClipStore, run: TrainedRun, split: str) -> list[Attribute]:
    """Everything that clips.csv tells of the scored clips in a few levels; numbers are cut into thirds."""
    scores = run.scores(split)
    columns = store.clips(comparison.store_split(split))
    voices = comparison.groups_of(store, run, split) if store.has_groups else np.arange(len(scores.labels)).astype(str)
    found = []
    for name in columns:
        if name in NOT_TRAITS:
            continue
        levels = _levels(np.asarray(columns[name])[scores.index].astype(str), name)
        sizes = {level: int((levels == level).sum()) for level in np.unique(levels) if level}
        levels = np.where(np.isin(levels, [level for level, size in sizes.items() if size >= LEAST]), levels, "")
        known = sorted(set(levels.tolist()) - {""})
        shared = any(len(set(voices[levels == level].tolist())) > 1 for level in known)  # else it is the voice's name
        if 2 <= len(known) <= MOST and shared:
            found.append(placed(name, levels, voices, scores.labels))
    return found


def placed(name: str, levels: np.ndarray, voices: np.ndarray, labels: np.ndarray) -> Attribute:
    """An attribute with what may be permuted: levels, voices and labels (clips,) are of the same clips."""
    voice = np.unique(voices, return_inverse=True)[1]
    pair = np.unique(np.stack([voice, labels], axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    spoken = {number: tuple(sorted(set(labels[voice == number].tolist()))) for number in set(voice.tolist())}
    sets = {languages: at for at, languages in enumerate(sorted(set(spoken.values())))}
    if _constant(levels, voice) and len(set(voice.tolist())) < len(voice):
        return Attribute(name, levels, voice, np.array([sets[spoken[number]] for number in voice]), "voices")
    if _constant(levels, pair) and len(set(pair.tolist())) < len(pair):
        return Attribute(name, levels, pair, labels.astype(np.int64), "voices")
    return Attribute(name, levels, np.arange(len(levels)), pair if len(set(pair.tolist())) < len(pair) else labels,
                     "clips")  # fmt: skip


def audit(attribute: Attribute, right: np.ndarray, labels: np.ndarray, draws: int = DRAWS, seed: int = 0) -> Found:
    """The largest gap of an attribute: right (clips,) shares of the seeds, labels (clips,) of the languages."""
    known = attribute.levels != ""
    beyond = right - _means(right, labels)[labels]
    names, level = np.unique(attribute.levels[known], return_inverse=True)
    # Of each thing to permute: its level, its stratum, how many clips, and how much these are right beyond the mean
    _, first, unit = np.unique(attribute.units[known], return_index=True, return_inverse=True)
    of_unit, stratum = level[first], attribute.strata[known][first]
    sizes, sums = np.bincount(unit).astype(float), np.bincount(unit, beyond[known])

    def gaps(orders: np.ndarray) -> np.ndarray:
        """(draws, units) levels -> (draws,) largest minus smallest mean."""
        means = np.stack(
            [((orders == at) @ sums) / np.maximum((orders == at) @ sizes, 1e-12) for at in range(len(names))]
        )
        return means.max(axis=0) - means.min(axis=0)

    own = gaps(of_unit[None])[0]
    random = np.random.default_rng(seed)
    orders = np.tile(of_unit, (draws, 1))
    for each in np.unique(stratum):
        places = np.flatnonzero(stratum == each)
        orders[:, places] = random.permuted(orders[:, places], axis=1)
    p = (1 + int((gaps(orders) >= own - 1e-12).sum())) / (1 + draws)
    means = np.bincount(level, beyond[known]) / np.bincount(level)
    return Found(attribute, str(names[means.argmin()]), str(names[means.argmax()]), float(own), p,
                 max(1 / (1 + draws), _least(of_unit, stratum)))  # fmt: skip


def holm(p: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm 1979), in the same order."""
    corrected, worst = [0.0] * len(p), 0.0
    for rank, at in enumerate(np.argsort(p, kind="stable")):
        worst = max(worst, min(1.0, (len(p) - rank) * p[at]))
        corrected[at] = worst
    return corrected


def _levels(column: np.ndarray, name: str) -> np.ndarray:
    """Text as it is; of numbers the thirds, of which each says its range."""
    given = ~np.isin(column, ("", "nan"))
    try:
        numbers = column[given].astype(np.float64)
    except ValueError:
        return np.where(given, column, "none")
    if len(np.unique(numbers)) <= 3 or not np.isfinite(numbers).all():
        return np.where(given, column, "")
    low, high = np.quantile(numbers, [1 / 3, 2 / 3])
    named = np.full(len(column), "", dtype="<U40")
    texts = (f"{name} up to {low:g}", f"{name} {low:g} to {high:g}", f"{name} over {high:g}")
    named[given] = np.array(texts)[(numbers > low).astype(int) + (numbers > high)]
    return named


def _constant(levels: np.ndarray, units: np.ndarray) -> bool:
    return all(len(set(levels[units == unit].tolist())) == 1 for unit in set(units.tolist()))


def _means(right: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.bincount(labels, right) / np.maximum(np.bincount(labels), 1)


def _least(levels: np.ndarray, strata: np.ndarray) -> float:
    """One in so many ways to give the levels out anew."""
    ways = 0.0
    for stratum in np.unique(strata):
        counts = np.bincount(levels[strata == stratum])
        ways += math.lgamma(counts.sum() + 1) - sum(math.lgamma(count + 1) for count in counts)
    return math.exp(-ways)
