"""Test clips to listen to, as rows of a clip list: what was spoken, what it was taken for, how surely."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from spokenlang.corpus.store import ClipStore
from spokenlang.languages import CODES
from spokenlang.study import attribution, comparison
from spokenlang.training.runs import TrainedRun

COLUMNS = {"true": "Spoken", "predicted": "Taken for", "confidence": "Confidence", "recording": "Recording"}
"""Headings of the rows' columns."""


def wrong_first_the_surest(run: TrainedRun) -> np.ndarray:
    """Places in the scores of the clips that are wrong, the most confident one first."""
    wrong = np.flatnonzero(~run.scores("test").right)
    return wrong[np.argsort(-run.probabilities("test").max(axis=1)[wrong], kind="stable")]


def right_of_each_language(run: TrainedRun, each: int) -> np.ndarray:
    """Places in the scores of the first clips of each language that are right."""
    scores = run.scores("test")
    right = np.flatnonzero(scores.right)
    return np.concatenate([right[scores.labels[right] == label][:each] for label in np.unique(scores.labels)])


def rows(
    run: TrainedRun, store: ClipStore, places: Iterable[int], *, prefix: str = "", attributed: bool = False
) -> list[dict[str, object]]:
    """A row for each of the test clips at ``places``; ``attributed`` adds what spoke for the decision over time."""
    scores, sure = run.scores("test"), run.probabilities("test").max(axis=1)
    described = comparison.described(store, run, "test")
    found = []
    for at in places:
        index = scores.index[at]
        samples = store.inputs("test")[index].astype(np.float32)
        row = {
            "id": f"{prefix}{index}",
            "samples": samples,
            "true": CODES[scores.labels[at]],
            "predicted": CODES[scores.predictions[at]],
            "confidence": round(float(sure[at]), 3),
            "recording": described[at],
        }
        found.append(row | ({"attribution": attribution.over_time(run.model, samples)} if attributed else {}))
    return found
