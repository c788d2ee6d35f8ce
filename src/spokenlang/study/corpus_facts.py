"""What can be said of a corpus: its languages, how evenly they are spread, and who speaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spokenlang.corpus.store import ClipStore
from spokenlang.languages import LANGUAGES


@dataclass(frozen=True)
class Counted:
    """Clips of each language in one split, of the languages that occur."""

    least: int
    most: int
    majority: float  # share of the language with the most clips: what always naming it would get right


def counted(store: ClipStore, split: str) -> Counted:
    """How evenly a split's languages are spread."""
    _, clips = np.unique(store.targets(split), return_counts=True)
    return Counted(int(clips.min()), int(clips.max()), float(clips.max() / clips.sum()))


def even(store: ClipStore) -> bool:
    """Whether every language has as many clips as every other, in training and in the test set."""
    return all(found.least == found.most for found in (counted(store, "train"), counted(store, "test")))


def languages(store: ClipStore) -> list[int]:
    """Labels that occur in training or in the test set, sorted."""
    return sorted(set(store.targets("train").tolist()) | set(store.targets("test").tolist()))


def named(labels: list[int]) -> str:
    """ "German, English and Spanish"."""
    *first, last = [LANGUAGES[label].name for label in labels]
    return f"{', '.join(first)} and {last}" if first else last


def speak_all(store: ClipStore) -> bool:
    """Whether every voice of training and test set is heard in every language, so that a voice gives none away."""
    if not store.has_groups:
        return False
    every = set(languages(store))
    for split in ("train", "test"):
        groups, targets = store.groups(split), store.targets(split)
        if any(set(targets[groups == voice].tolist()) != every for voice in np.unique(groups)):
            return False
    return True


def apart(store: ClipStore, held_out: np.ndarray) -> tuple[bool, bool]:
    """Whether no known voice of training is in (the test set, the validation clips), given by their places in train."""
    if not store.has_groups:
        return False, False
    groups = store.groups("train")
    rest = np.delete(groups, held_out)
    return not set(groups) & set(store.groups("test")), not set(groups[held_out]) & set(rest)


def loudness_by_language(levels: np.ndarray, targets: np.ndarray) -> float:
    """How far the languages' median levels lie apart, dB: levels (clips,) dB, targets (clips,)."""
    medians = [float(np.median(levels[targets == label])) for label in np.unique(targets)]
    return max(medians) - min(medians)
