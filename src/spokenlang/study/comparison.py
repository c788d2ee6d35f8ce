"""Trained runs side by side: accuracy of a setting over its seeds, and paired differences between settings.

A *setting* is a list of runs that differ in their seed alone. Intervals and tests are over whole groups (speakers) and
over seeds; see `intervals`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from spokenlang.corpus.store import ClipStore
from spokenlang.study import intervals
from spokenlang.study.intervals import Interval, Sample, Test
from spokenlang.training.runs import TrainedRun, load_run


@dataclass(frozen=True)
class Row:
    """Accuracy on some of the clips."""

    label: str  # which
    accuracy: Interval  # mean over seeds
    clips: int  # how many

    def bar(self) -> tuple[str, float, float, float]:
        """As `plots.intervals` draws it."""
        return self.label, self.accuracy.value, self.accuracy.low, self.accuracy.high

    def record(self, kind: str) -> dict[str, object]:
        """As a row of a figure's data; ``kind`` heads the labels."""
        found = self.accuracy
        return {kind: self.label, "accuracy": found.value, "low": found.low, "high": found.high, "clips": self.clips}


class Listed(Protocol):
    """A run as the pipeline lists it: its parameters and its folder."""

    parameters: Mapping[str, Any]
    folder: Path


def settings(listed: Iterable[Listed], *names: str) -> dict[Any, list[TrainedRun]]:
    """The runs of each value of a parameter, in order; of several ``names`` the keys are tuples of values."""
    found: dict[Any, list[TrainedRun]] = {}
    for run in listed:
        values = tuple(run.parameters[name] for name in names)
        found.setdefault(values if len(names) > 1 else values[0], []).append(load_run(run.folder))
    return found


def seeds(runs: Sequence[TrainedRun]) -> list[int]:
    """The seeds behind a setting."""
    return [run.config.seed for run in runs]


def judged(store: ClipStore) -> str:
    """The split that results are of: `test`, or `validation` where nobody tells the languages of the test clips."""
    return "validation" if "test" in store.hidden else "test"


def store_split(split: str) -> str:
    """Where the clips of a scored split lie: validation is a part of train."""
    return "train" if split == "validation" else split


def groups_of(store: ClipStore, run: TrainedRun, split: str) -> np.ndarray:
    """Group of each scored clip, (clips,) text."""
    return store.groups(store_split(split))[run.scores(split).index]


def attribute(store: ClipStore, run: TrainedRun, split: str, name: str) -> np.ndarray | None:
    """A column of clips.csv for each scored clip, or None where the corpus does not know it."""
    columns = store.clips(store_split(split))
    return columns[name][run.scores(split).index] if name in columns else None


def is_clean(store: ClipStore, run: TrainedRun, split: str) -> np.ndarray | None:
    """Whether each scored clip was left undegraded, (clips,) bool, or None where the corpus does not say."""
    column = attribute(store, run, split, "clean")
    return None if column is None else np.isin(column.astype(str), ("1", "True", "true"))


def right_on(runs: Sequence[TrainedRun], store: ClipStore, split: str = "", where: np.ndarray | None = None) -> Sample:
    """Whether the clips ``where`` (clips,) bool of a split (the one that is judged) are right, under every seed."""
    split = split or judged(store)
    groups = groups_of(store, runs[0], split)
    chosen = np.ones(len(groups), dtype=bool) if where is None else where
    return intervals.sample([run.scores(split).right[chosen] for run in runs], groups[chosen])


def accuracy(
    runs: Sequence[TrainedRun], store: ClipStore, split: str = "", where: np.ndarray | None = None
) -> Interval:
    """Accuracy of a setting, mean over seeds, with its 95 % interval; ``where`` (clips,) bool restricts the clips."""
    return replace(intervals.interval(right_on(runs, store, split, where)), seeds=tuple(seeds(runs)))


def statistic(runs: Sequence[TrainedRun], measure: str, split: str) -> Interval:
    """Mean over seeds of a measure of metrics.json, with the range of the seeds (not a confidence interval)."""
    values = [run.metrics[split][measure] for run in runs]
    clips = len(runs[0].scores(split).labels)
    return Interval(float(np.mean(values)), min(values), max(values), clips, tuple(seeds(runs)))


def difference(first: Sequence[TrainedRun], second: Sequence[TrainedRun], store: ClipStore, split: str = "") -> Test:
    """Accuracy of the first setting minus that of the second on the same clips."""
    exact = tuple(runs[0].model is None for runs in (first, second))  # a regression has no seeds
    found = intervals.compare(*(right_on(runs, store, split) for runs in (first, second)), exact)
    return replace(found, difference=replace(found.difference, seeds=tuple(seeds(first))))


Part = tuple[str, np.ndarray | None]
"""A split, and which of its clips (bool), or None for all of them."""


def contrast(runs: Sequence[TrainedRun], store: ClipStore, first: Part, second: Part) -> Test:
    """Accuracy on one part of the clips minus that on another, mean over seeds.

    A group that is in both parts is a pair, so a hard voice does not count as a difference between them.
    """
    return intervals.contrast(*(right_on(runs, store, *part) for part in (first, second)))


def best_by_validation(runs: Sequence[TrainedRun]) -> TrainedRun:
    """The run with the smallest validation loss: the one that is handed in."""
    return min(runs, key=lambda run: run.metrics["validation"]["nll"])


def described(store: ClipStore, run: TrainedRun, split: str) -> list[str]:
    """A few words on each scored clip's recording, from whatever columns clips.csv has; "" where it has none."""
    dialect, clean = attribute(store, run, split, "dialect"), is_clean(store, run, split)
    clips = len(run.scores(split).labels)
    words = [[] for _ in range(clips)]
    for at in range(clips):
        if dialect is not None and dialect[at]:
            words[at].append(str(dialect[at]))
        if clean is not None:
            words[at].append("clean" if clean[at] else "degraded")
    return [", ".join(parts) for parts in words]


def measured(label: str, runs: Sequence[TrainedRun], store: ClipStore, split: str, where: np.ndarray) -> Row:
    """A row for the clips ``where`` (clips,) bool."""
    return Row(label, accuracy(runs, store, split, where), int(where.sum()))


def accuracy_by(runs: Sequence[TrainedRun], store: ClipStore, split: str, name: str) -> list[Row]:
    """A row for each value of a column of clips.csv, sorted by value; none where the corpus does not know it."""
    column = attribute(store, runs[0], split, name)
    if column is None:
        return []
    values = column.astype(str)
    return [measured(str(value), runs, store, split, values == value) for value in np.unique(values) if value]


def accuracy_by_presence(
    runs: Sequence[TrainedRun], store: ClipStore, split: str, name: str, label: str = ""
) -> list[Row]:
    """One row for the clips in which a column of clips.csv is not empty, called ``label`` or as the column."""
    column = attribute(store, runs[0], split, name)
    present = np.array([]) if column is None else ~np.isin(column.astype(str), ("", "nan"))
    return [measured(label or name, runs, store, split, present)] if present.any() and not present.all() else []


def unit(store: ClipStore) -> str:
    """What intervals are over, in words."""
    return "voices" if store.has_groups else "clips, since no voices are known"
