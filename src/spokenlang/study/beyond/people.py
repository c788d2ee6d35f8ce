"""A network on another corpus than its own: recordings of people, for one that was trained on synthetic speech."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spokenlang.corpus.store import ClipStore
from spokenlang.errors import InputError
from spokenlang.study.lengths import logits_at
from spokenlang.training.runs import TrainedRun


@dataclass(frozen=True)
class Heard:
    """What a network made of all clips whose language it knows; labels are places in its own languages."""

    labels: NDArray[np.int64]  # (clips,)
    predicted: NDArray[np.int64]  # (clips,)
    groups: NDArray[np.str_]  # (clips,)
    left_out: int  # clips in languages that it does not know

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each clip was right, (clips,)."""
        return self.labels == self.predicted


def hear(run: TrainedRun, store: ClipStore) -> Heard:
    """Every clip of the store with a known language, whatever its split: nothing of it was trained on.

    Raises:
        InputError: the network knows none of the languages.
    """
    labels, predicted, groups, left_out = [], [], [], 0
    for split in (split for split in store.names if split not in store.hidden):
        codes = np.array(store.languages)[store.targets(split)]
        known = np.isin(codes, run.languages)
        left_out += int((~known).sum())
        places = np.flatnonzero(known)
        if not len(places):
            continue
        labels.append(np.array([run.languages.index(code) for code in codes[places]]))
        predicted.append(logits_at(run.model, store.inputs(split)[places], store.samples).argmax(axis=1))
        # A name that two splits share may be two people: only a corpus with speakers says that it is one.
        named = store.groups(split)[places].astype(str)
        groups.append(named if store.has_groups else np.char.add(f"{split}/", named))
    if not labels:
        raise InputError(
            f"{store.folder}: has clips in {', '.join(store.languages)}; the network knows {', '.join(run.languages)}"
        )
    return Heard(np.concatenate(labels), np.concatenate(predicted), np.concatenate(groups), left_out)
