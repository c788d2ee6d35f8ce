"""What can be said of a corpus: its languages, how evenly they are spread, and who speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spokenlang.corpus.store import ClipStore
from spokenlang.language_names import describe


@dataclass(frozen=True)
class Counted:
    """Clips of each language in one split, of the languages that occur."""

    least: int
    most: int
    majority: float  # share of the language with the most clips: what always naming it would get right


def counted(targets: np.ndarray) -> Counted:
    """How evenly the languages of clips are spread: targets (clips,)."""
    _, clips = np.unique(targets, return_counts=True)
    return Counted(int(clips.min()), int(clips.max()), float(clips.max() / clips.sum()))


def even(store: ClipStore) -> bool:
    """Whether every language has as many clips as every other, in training and, where known, in the test set."""
    return all(found.least == found.most for found in map(counted, _targets(store)))


def languages(store: ClipStore) -> list[int]:
    """Labels that occur in training or in the test set, sorted."""
    return sorted(set(np.concatenate(_targets(store)).tolist()))


def _targets(store: ClipStore) -> list[np.ndarray]:
    """Labels of training and, unless it is hidden, of the test set."""
    return [store.targets(split) for split in ("train", "test") if split not in store.hidden]


def named(store: ClipStore, labels: Sequence[int]) -> str:
    """ "German, English and Spanish"."""
    return listed([describe(store.languages[label]).name for label in labels])


def listed(words: Sequence[str], last: str = "and") -> str:
    """Words as a sentence lists them."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def spelled(count: int) -> str:
    """A count as prose has it: `six`; above twelve, digits."""
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    return words[count] if count < len(words) else str(count)


def kinship(codes: Sequence[str]) -> str:
    """ "German and English are Germanic; of Klingon no branch is known." """
    of_branch: dict[str, list[str]] = {}
    for language in map(describe, codes):
        of_branch.setdefault(language.branch, []).append(language.name)
    unknown = of_branch.pop("", [])
    said = [f"{listed(names)} {'is' if len(names) == 1 else 'are'} {branch}" for branch, names in of_branch.items()]
    return "; ".join([*said, *([f"of {listed(unknown)} no branch is known"] if unknown else [])]) + "."


def speak_all(store: ClipStore) -> bool:
    """Whether every voice of training and test set is heard in every language, so that a voice gives none away."""
    if not store.has_groups:
        return False
    every = set(languages(store))
    for split in ("train", "test"):
        if split in store.hidden:
            continue
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
