"""Clips that are the same sound: rescaled, turned upside down, shifted, or under another language.

A fingerprint is taken at the peaks of a clip: which of 64 pairs of samples around a peak rises. It does not depend on
level, polarity or place. Clips that share several at one and the same shift are compared sample by sample. Noise
40 dB below a copy leaves it found; in noise 25 dB below, it is none (tests/spokenlang/test_corpus_copies.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import maximum_filter1d

from spokenlang.corpus.arrays import RATE, inputs_path, targets_path

_REACH = RATE // 20  # a peak is the largest sample within so many on either side
_FRAME = RATE // 200
_AROUND = 64  # samples on either side of a peak that its fingerprint looks at
_AGREE = 3  # peaks that two copies share at least
_SAME = 0.999  # correlation of copies over what they share
_SHARED = 0.25  # of a clip that a copy shares with it at least
_MANY = 200_000  # clips beyond which only a sample of the fingerprints is kept, the same in every clip
_BLOCK = 128


@dataclass(frozen=True)
class Copy:
    """Two clips of the same sound; `shift` is how many samples later it comes in the second."""

    first: tuple[str, int]  # split and index
    second: tuple[str, int]
    shift: int


def find(inputs: dict[str, np.ndarray]) -> Iterator[Copy]:
    """Pairs of copies among the clips of all splits (of many copies of one clip: each with the first)."""
    bounds = np.cumsum([0, *map(len, inputs.values())])
    thin = -(-int(bounds[-1]) // _MANY)
    marks, owner, place = _fingerprints(inputs, thin)
    order = np.argsort(marks, kind="stable")
    marks, owner, place = marks[order], owner[order], place[order]
    starts = np.flatnonzero(np.r_[True, marks[1:] != marks[:-1]]) if len(marks) else np.zeros(0, int)
    first = np.repeat(starts, np.diff(np.r_[starts, len(marks)]))
    every = np.arange(len(marks))
    votes = []
    for partner in (first, np.maximum(every - 1, first)):
        pairs = np.stack([owner[partner], owner, place[every] - place[partner]], axis=1)
        votes.append(pairs[pairs[:, 0] < pairs[:, 1]])
    found, count = np.unique(np.concatenate(votes), axis=0, return_counts=True) if votes else (np.zeros((0, 3)), [])
    seen: set[tuple[int, int]] = set()
    for a, b, shift in found[np.asarray(count) >= (_AGREE if thin == 1 else 1)]:
        one, other = _at(int(a), bounds, inputs), _at(int(b), bounds, inputs)
        if (int(a), int(b)) not in seen and _same(inputs[one[0]][one[1]], inputs[other[0]][other[1]], int(shift)):
            seen.add((int(a), int(b)))
            yield Copy(one, other, int(shift))


def warnings(inputs: dict[str, np.ndarray], labels: dict[str, np.ndarray], languages: tuple[str, ...]) -> list[str]:
    """What is to be said of copies in a store: those across splits, and those under two languages."""
    across: set[tuple[str, int]] = set()
    first_across = torn = None
    many = 0
    for copy in find(inputs):
        (one, a), (other, b) = copy.first, copy.second
        if one == "train" and other != "train" and copy.second not in across:
            across.add(copy.second)
            first_across = first_across or copy
        if one in labels and other in labels and labels[one][a] != labels[other][b]:
            many += 1
            here, there = languages[labels[one][a]], languages[labels[other][b]]
            torn = torn or f"clip {a} of {one} ({here}) is clip {b} of {other} ({there})"
    said = []
    if across and first_across:
        (_, a), (other, b) = first_across.first, first_across.second
        said.append(
            f"{len(across)} clips outside train are copies of training clips, perhaps rescaled or shifted (clip {b} of "
            f"{other} is clip {a} of train); test scores will flatter"
        )
    if torn:
        said.append(f"{many} pairs of clips are the same sound under two languages: {torn}; correct or drop them")
    return said


def in_store(folder: Path, splits: list[str], languages: tuple[str, ...]) -> list[str]:
    """`warnings` of arrays in a folder."""
    inputs = {split: np.load(inputs_path(folder, split), mmap_mode="r") for split in splits}
    labels = {split: np.load(targets_path(folder, split)) for split in splits}
    return warnings(inputs, labels, languages)


def _fingerprints(inputs: dict[str, np.ndarray], thin: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fingerprints of all clips, with the clip (numbered through all splits) and the sample of each."""
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    before = 0
    for array in inputs.values():
        for start in range(0, len(array), _BLOCK):
            block = np.asarray(array[start : start + _BLOCK]).astype(np.float32)
            marks, row, place = _of_block(block)
            kept = marks % thin == 0
            found.append((marks[kept], row[kept] + (before + start), place[kept]))
        before += len(array)
    columns = zip(*found, strict=True) if found else [[np.zeros(0, np.int64)]] * 3
    marks, owner, place = (np.concatenate(list(column)) for column in columns)
    return marks, owner.astype(np.int64), place.astype(np.int64)


_RNG = np.random.default_rng(8000)
_FIRST, _SECOND = _RNG.integers(-_AROUND, _AROUND, (2, 64))
_BITS = np.uint64(1) << np.arange(64, dtype=np.uint64)


def _of_block(block: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # By frames of 5 ms: the largest sample of a frame that no frame around exceeds.
    count = block.shape[1] // _FRAME
    frames = np.abs(block[:, : count * _FRAME]).reshape(len(block), count, _FRAME)
    height = frames.max(axis=2)
    reach = min(_REACH, block.shape[1] // 40) // _FRAME
    peak = (height == maximum_filter1d(height, 2 * reach + 1, axis=1)) & (height > 0)
    # What is below a hundredth of the clip's peak is coarse in float16, and is nobody's landmark.
    peak &= height > 0.01 * height.max(axis=1, keepdims=True)
    row, frame = np.nonzero(peak)
    place = frame * _FRAME + frames[row, frame].argmax(axis=1)
    inside = (place >= _AROUND) & (place < block.shape[1] - _AROUND)
    row, place = row[inside], place[inside]
    upright = np.sign(block[row, place])[:, None]
    rising = (
        block[row[:, None], place[:, None] + _FIRST] * upright > block[row[:, None], place[:, None] + _SECOND] * upright
    )
    marks = (rising * _BITS).sum(axis=1, dtype=np.uint64)
    # Clips without such peaks have their bytes, which count for as many votes as it takes.
    sounding = np.flatnonzero(np.ptp(block, axis=1) > 0)
    exact = [int.from_bytes(hashlib.blake2b(block[at].tobytes(), digest_size=8).digest(), "little") for at in sounding]
    whole = np.repeat(np.array(exact, np.uint64), _AGREE)
    rows = np.concatenate([row, np.repeat(sounding, _AGREE)])
    return np.concatenate([marks, whole]), rows, np.concatenate([place, np.zeros(len(whole), np.int64)])


def _at(number: int, bounds: np.ndarray, inputs: dict[str, np.ndarray]) -> tuple[str, int]:
    split = int(np.searchsorted(bounds, number, side="right")) - 1
    return list(inputs)[split], number - int(bounds[split])


def _same(first: np.ndarray, second: np.ndarray, shift: int) -> bool:
    width = len(first) - abs(shift)
    if width < _SHARED * len(first):
        return False
    one = first[max(0, -shift) :][:width].astype(np.float64)
    other = second[max(0, shift) :][:width].astype(np.float64)
    one, other = one - one.mean(), other - other.mean()
    scale = np.sqrt(np.dot(one, one) * np.dot(other, other))
    return bool(scale > 0 and abs(np.dot(one, other)) >= _SAME * scale)
