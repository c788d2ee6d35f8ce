"""Losses of a run: as they were recorded in training, and at the end on clips that are alike."""

from __future__ import annotations

import numpy as np

from spokenlang.corpus.store import ClipStore
from spokenlang.study import evaluation
from spokenlang.study.lengths import logits_at
from spokenlang.training.features import split_train, task_clips
from spokenlang.training.runs import TrainedRun


def loss_history(run: TrainedRun) -> dict[str, np.ndarray]:
    """{"step", "train", "validation"}: the losses at the steps at which both were recorded."""
    (steps, train), (other, validation) = run.losses("train"), run.losses("validation")
    both, first, second = np.intersect1d(steps, other, return_indices=True)
    return {"step": both, "train": train[first], "validation": validation[second]}


def spacing(history: dict[str, np.ndarray]) -> int:
    """The most optimiser steps that lie between two records."""
    return int(np.diff(history["step"], prepend=0).max())


def loss_rows(histories: dict[str, dict[str, np.ndarray]]) -> list[dict[str, object]]:
    """Several loss histories as rows of one table, for the figure's data."""
    return [
        {"run": name, **{key: float(column[at]) for key, column in history.items()}}
        for name, history in histories.items()
        for at in range(len(history["step"]))
    ]


def final_losses(run: TrainedRun, store: ClipStore) -> tuple[float, float]:
    """Loss of the finished network on (training, validation) clips, in nats.

    The same weights (those that are kept), whole clips, no dropout, no smoothing, and of each language as many
    training clips as validation has: what remains is whether the speaker was heard in training.
    """
    held_out = run.scores("validation")
    index, labels = task_clips(run.languages, store, "train", split_train(run.config, store)[0])
    chosen = []
    for label in np.unique(held_out.labels):
        of_label = np.flatnonzero(labels == label)
        wanted = min(len(of_label), int((held_out.labels == label).sum()))
        chosen.append(of_label[np.linspace(0, len(of_label) - 1, wanted).astype(int)])
    taken = np.sort(np.concatenate(chosen))
    heard = logits_at(run.model, store.inputs("train")[index[taken]], store.samples) * run.temperature
    return evaluation.nll(labels[taken], heard), evaluation.nll(held_out.labels, held_out.logits)
