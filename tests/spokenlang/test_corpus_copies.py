"""How many planted copies are found, and how many of what is found was planted, by the kind of the copy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from spokenlang.corpus import copies
from spokenlang.corpus.arrays import RATE

WIDTH, CLIPS, PLANTED = 5 * RATE, 60, 20
RECALL, PRECISION = 0.95, 0.9


@cache
def voiced(count: int, seed: int) -> np.ndarray:
    """(clips, WIDTH): harmonics of a moving pitch in syllables of a few a second, with noise 40 dB below."""
    random, time = np.random.default_rng(seed), np.arange(WIDTH) / RATE
    clips = np.zeros((count, WIDTH))
    for clip in clips:
        knots = np.linspace(0, time[-1], 25)
        pitch = np.interp(time, knots, random.uniform(80, 250) * random.uniform(0.8, 1.25, 25))
        phase = 2 * np.pi * np.cumsum(pitch) / RATE + random.uniform(0, 2 * np.pi)
        for harmonic in range(1, 13):
            strength = np.interp(time, knots, random.uniform(0, 1, 25)) / harmonic
            clip += strength * np.sin(harmonic * phase)
        clip *= np.interp(time, knots, random.uniform(0, 1, 25))
        clip *= random.uniform(0.05, 0.5) / np.abs(clip).max()
        clip += random.normal(0, 0.01 * clip.std(), WIDTH)
    return clips


def later(clip: np.ndarray, samples: int) -> np.ndarray:
    """The clip, `samples` later; what comes before is of another clip."""
    return np.concatenate([voiced(1, 99)[0][:samples], clip[: WIDTH - samples]])


def noisy(clip: np.ndarray, decibels: float) -> np.ndarray:
    """The clip with white noise `decibels` below it."""
    return clip + np.random.default_rng(7).normal(0, clip.std() * 10 ** (-decibels / 20), WIDTH)


KINDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "quieter by 20 dB": lambda clip: clip / 10,
    "later by 0.5 s": lambda clip: later(clip, RATE // 2),
    "16 bits": lambda clip: np.round(clip * 32768) / 32768,
    "8 bits": lambda clip: np.round(clip / np.abs(clip).max() * 127) / 127,
    "noise 50 dB below": lambda clip: noisy(clip, 50),
    "noise 40 dB below": lambda clip: noisy(clip, 40),
    "quieter, later and noisy": lambda clip: later(noisy(clip, 50), RATE // 2) / 3,
}


def planted(how: Callable[[np.ndarray], np.ndarray]) -> tuple[float, float]:
    """Recall and precision for copies between train and test that are made by `how`."""
    train, test = voiced(CLIPS, 0), voiced(CLIPS, 1).copy()
    there = {(at + 5, 2 * at) for at in range(PLANTED)}
    for one, other in there:
        test[other] = how(train[one])
    clips = {"train": train.astype(np.float16), "test": test.astype(np.float16)}
    # Copies that come later have the same half second before them: what is alike within test is not counted.
    found = {(c.first[1], c.second[1]) for c in copies.find(clips) if c.first[0] != c.second[0]}
    return len(found & there) / len(there), len(found & there) / max(1, len(found))


@pytest.mark.parametrize("kind", KINDS)
def test_planted_copies_are_found_and_little_else(kind: str) -> None:
    recall, precision = planted(KINDS[kind])
    assert recall >= RECALL
    assert precision >= PRECISION


def test_copies_in_louder_noise_are_missed_as_is_said() -> None:
    recall, _ = planted(lambda clip: noisy(clip, 25))
    assert recall == 0, "copies finds more than its first lines say: correct them"


def test_clips_of_one_kind_that_are_no_copies_are_quiet() -> None:
    clips = {"train": voiced(CLIPS, 20).astype(np.float16), "test": voiced(CLIPS, 21).astype(np.float16)}
    assert not list(copies.find(clips))
