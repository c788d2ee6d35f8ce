"""Clips to listen to, as rows of a clip list: what was spoken, what it was taken for, how surely."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from spokenlang.corpus.store import ClipStore
from spokenlang.study import attribution, comparison
from spokenlang.training.runs import TrainedRun

COLUMNS = {"true": "Spoken", "predicted": "Taken for", "confidence": "Confidence", "recording": "Recording"}
"""Headings of the rows' columns."""


def wrong_first_the_surest(run: TrainedRun, split: str) -> np.ndarray:
    """Places in the scores of the clips that are wrong, the most confident one first."""
    wrong = np.flatnonzero(~run.scores(split).right)
    return wrong[np.argsort(-run.probabilities(split).max(axis=1)[wrong], kind="stable")]


def right_of_each_language(run: TrainedRun, split: str, each: int) -> np.ndarray:
    """Places in the scores of the first clips of each language that are right."""
    scores = run.scores(split)
    right = np.flatnonzero(scores.right)
    return np.concatenate([right[scores.labels[right] == label][:each] for label in np.unique(scores.labels)])


def rows(
    run: TrainedRun, store: ClipStore, places: Iterable[int], *, prefix: str = "", attributed: bool = False
) -> list[dict[str, object]]:
    """A row for each of the judged clips at ``places``; ``attributed`` adds what spoke for the decision over time."""
    on = comparison.judged(store)
    scores, sure = run.scores(on), run.probabilities(on).max(axis=1)
    described = comparison.described(store, run, on)
    found = []
    for at in places:
        index = scores.index[at]
        samples = store.inputs(comparison.store_split(on))[index].astype(np.float32)
        row = {
            "id": f"{prefix}{index}",
            "samples": samples,
            "true": run.languages[scores.labels[at]],
            "predicted": run.languages[scores.predictions[at]],
            "confidence": round(float(sure[at]), 3),
            "recording": described[at],
        }
        found.append(row | ({"attribution": attribution.over_time(run.model, samples)} if attributed else {}))
    return found
