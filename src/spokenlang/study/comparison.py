"""Trained runs side by side: accuracy of a setting over its seeds, and paired differences between settings.

A *setting* is a list of runs that differ in their seed alone. Intervals resample whole groups (speakers) and seeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from scipy.stats import binomtest

from spokenlang.corpus.store import ClipStore
from spokenlang.study import evaluation
from spokenlang.study.evaluation import Interval
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


def accuracy(
    runs: Sequence[TrainedRun], store: ClipStore, split: str = "test", where: np.ndarray | None = None
) -> Interval:
    """Accuracy of a setting, mean over seeds, with its 95 % interval; ``where`` (clips,) bool restricts the clips."""
    groups = groups_of(store, runs[0], split)
    chosen = np.ones(len(groups), dtype=bool) if where is None else where
    return evaluation.bootstrap([run.scores(split).right[chosen] for run in runs], groups[chosen])


def statistic(runs: Sequence[TrainedRun], measure: str, split: str = "test") -> Interval:
    """Mean over seeds of a measure of metrics.json, with the range of the seeds (not a confidence interval)."""
    values = [run.metrics[split][measure] for run in runs]
    return Interval(float(np.mean(values)), min(values), max(values))


def difference(
    first: Sequence[TrainedRun], second: Sequence[TrainedRun], store: ClipStore, split: str = "test"
) -> tuple[Interval, float]:
    """Accuracy of the first setting minus that of the second on the same clips, and its p-value."""
    groups = groups_of(store, first[0], split)
    right = [[run.scores(split).right for run in runs] for runs in (first, second)]
    return evaluation.paired_bootstrap(*right, groups)


Part = tuple[str, np.ndarray | None]
"""A split, and which of its clips (bool), or None for all of them."""


def contrast(
    runs: Sequence[TrainedRun], store: ClipStore, first: Part, second: Part, *, draws: int = 5000, seed: int = 0
) -> Interval:
    """Accuracy on one part of the clips minus that on another, mean over seeds, with its 95 % interval.

    Whole groups are resampled, the same ones in both parts, so a hard voice that is in both does not count as a
    difference between them.
    """
    names = sorted({str(group) for split, _ in (first, second) for group in groups_of(store, runs[0], split)})
    totals = []  # (groups, 2) per part: right clips, clips
    for split, where in (first, second):
        right = np.mean([run.scores(split).right for run in runs], axis=0)
        chosen = np.ones(len(right), dtype=bool) if where is None else where
        rows = np.searchsorted(names, groups_of(store, runs[0], split)[chosen])
        totals.append(np.stack([np.bincount(rows, weights, len(names)) for weights in (right[chosen], None)], axis=1))
    drawn = np.random.default_rng(seed).integers(len(names), size=(draws, len(names)))
    drawn = np.concatenate([np.arange(len(names))[None], drawn])  # the first "draw" is the data as they are
    sums = [total[drawn].sum(axis=1) for total in totals]
    with np.errstate(invalid="ignore"):
        found = sums[0][:, 0] / sums[0][:, 1] - sums[1][:, 0] / sums[1][:, 1]
    low, high = np.nanquantile(found[1:], [0.025, 0.975])
    return Interval(float(found[0]), min(float(low), float(found[0])), max(float(high), float(found[0])))


def best_by_validation(runs: Sequence[TrainedRun]) -> TrainedRun:
    """The run with the smallest validation loss: the one that is handed in."""
    return min(runs, key=lambda run: run.metrics["validation"]["nll"])


def loss_history(run: TrainedRun) -> dict[str, np.ndarray]:
    """{"step", "train", "validation"}: the losses at the steps at which both were recorded."""
    (steps, train), (other, validation) = run.losses("train"), run.losses("validation")
    both, first, second = np.intersect1d(steps, other, return_indices=True)
    return {"step": both, "train": train[first], "validation": validation[second]}


def loss_rows(histories: dict[str, dict[str, np.ndarray]]) -> list[dict[str, object]]:
    """Several loss histories as rows of one table, for the figure's data."""
    return [
        {"run": name, **{key: float(column[at]) for key, column in history.items()}}
        for name, history in histories.items()
        for at in range(len(history["step"]))
    ]


def final_losses(run: TrainedRun) -> tuple[float, float]:
    """Loss on (training, validation) clips at the end, whole clips without dropout or label smoothing, in nats."""
    held_out = run.scores("validation")
    return float(run.losses("train_plain")[1][-1]), evaluation.nll(held_out.labels, held_out.logits)


def confused_pairs(counts: np.ndarray) -> list[tuple[int, int, float]]:
    """(spoken, taken for, share of the spoken language's clips) of every confusion, most frequent first."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    pairs = [(a, b, float(shares[a, b])) for a, b in np.ndindex(counts.shape) if a != b]
    return sorted(pairs, key=lambda pair: -pair[2])


def share_above(hits: int, trials: int, chance: float) -> float:
    """One-sided p-value that ``hits`` of ``trials`` is no more than ``chance`` has it (exact binomial)."""
    return float(binomtest(hits, max(trials, 1), chance, alternative="greater").pvalue)


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


def accuracy_by_presence(runs: Sequence[TrainedRun], store: ClipStore, split: str, name: str) -> list[Row]:
    """One row, labelled with the column's name, for the clips in which a column of clips.csv is not empty."""
    column = attribute(store, runs[0], split, name)
    present = np.array([]) if column is None else ~np.isin(column.astype(str), ("", "nan"))
    return [measured(name, runs, store, split, present)] if present.any() and not present.all() else []
