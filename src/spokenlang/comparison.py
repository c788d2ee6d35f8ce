"""Trained runs side by side: accuracy of a setting over its seeds, and paired differences between settings.

A *setting* is a list of runs that differ in their seed alone. Intervals resample whole groups (speakers) and seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from spokenlang import evaluation
from spokenlang.corpus.store import ClipStore
from spokenlang.evaluation import Interval
from spokenlang.runs import TrainedRun

Mask = Callable[[np.ndarray], np.ndarray]
"""Takes positions in the store's arrays of a split and says which of them count."""


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


def accuracy(runs: Sequence[TrainedRun], store: ClipStore, split: str = "test", where: np.ndarray | None = None) -> Interval:
    """Accuracy of a setting, mean over seeds, with its 95 % interval; ``where`` (clips,) bool restricts the clips."""
    groups = groups_of(store, runs[0], split)
    chosen = np.ones(len(groups), dtype=bool) if where is None else where
    return evaluation.bootstrap([run.scores(split).right[chosen] for run in runs], groups[chosen])


def statistic(runs: Sequence[TrainedRun], measure: str, split: str = "test") -> Interval:
    """Mean over seeds of a measure of metrics.json, with the range of the seeds (not a confidence interval)."""
    values = [run.metrics[split][measure] for run in runs]
    return Interval(float(np.mean(values)), min(values), max(values))


def difference(first: Sequence[TrainedRun], second: Sequence[TrainedRun], store: ClipStore, split: str = "test") -> tuple[Interval, float]:
    """Accuracy of the first setting minus that of the second on the same clips, and its p-value."""
    groups = groups_of(store, first[0], split)
    right = [[run.scores(split).right for run in runs] for runs in (first, second)]
    return evaluation.paired_bootstrap(*right, groups)


def best_by_validation(runs: Sequence[TrainedRun]) -> TrainedRun:
    """The run with the smallest validation loss: the one that is handed in."""
    return min(runs, key=lambda run: run.metrics["validation"]["nll"])


def mean_logits(runs: Sequence[TrainedRun], split: str = "test") -> np.ndarray:
    """Mean over seeds of the calibrated logits, (clips, classes)."""
    return np.mean([run.scores(split).logits / run.temperature for run in runs], axis=0)


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
