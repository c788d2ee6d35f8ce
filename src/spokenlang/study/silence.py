"""Clips with silence put before, after or into them: what a recording of people has and a five-second clip has not.

    longer = with_silence(clips, "after", 5.0, floor_db=-50.0)

Digital silence is zeros; with a floor, faint noise runs through pause and speech alike, as in any recorded room.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from spokenlang.corpus.store import RATE, ClipStore
from spokenlang.network.models import LanguageModel
from spokenlang.study import intervals
from spokenlang.study.evaluation import predictions
from spokenlang.study.intervals import Interval

PLACES = ("before", "after", "inside")
Kind = tuple[str, float, float]
"""(place, seconds, level of the noise floor beside the speech in dB)"""
_BATCH_SAMPLES = 8 * 5 * RATE  # in one call of the network: few enough for a cache, and memory stays flat


def with_silence(
    clips: NDArray[np.floating], place: str, seconds: float, floor_db: float = -np.inf, seed: int = 0
) -> NDArray[np.float32]:
    """Each clip with a pause of ``seconds``: (clips, time) -> (clips, time + seconds * RATE).

    Args:
        clips: waveforms.
        place: a name of `PLACES`; "inside" is the clip's middle.
        seconds: length of the pause.
        floor_db: level of the noise beside the clip's own RMS, dB; -inf is digital silence.
        seed: of the noise, which has equal power in every octave.
    """
    clips = np.asarray(clips, dtype=np.float32)
    at = {"before": 0, "inside": clips.shape[1] // 2, "after": clips.shape[1]}[place]
    longer = np.insert(clips, at, np.zeros((round(seconds * RATE), 1), np.float32), axis=1)
    if np.isneginf(floor_db):
        return longer
    noise = _pink(longer.shape, zlib.crc32(f"{seed}/{place}/{seconds}/{floor_db}".encode()))
    rms = np.sqrt(np.mean((clips - clips.mean(axis=1, keepdims=True)) ** 2, axis=1, keepdims=True))
    return longer + noise * rms * np.float32(10 ** (floor_db / 20))


def _pink(shape: tuple[int, int], seed: int) -> NDArray[np.float32]:
    """Noise of unit RMS whose power falls by 3 dB an octave above 50 Hz."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(shape, dtype=np.float32))
    hz = np.fft.rfftfreq(shape[1], 1 / RATE).clip(min=50.0)
    noise = np.fft.irfft(spectrum / np.sqrt(hz), n=shape[1])
    return (noise / np.sqrt(np.mean(noise**2, axis=1, keepdims=True))).astype(np.float32)


@torch.no_grad()
def logits_with_silence(
    model: LanguageModel, clips: NDArray[np.floating], place: str, seconds: float, floor_db: float = -np.inf
) -> NDArray[np.float32]:
    """Logits of clips with a pause: (clips, time) -> (clips, classes)."""
    model.eval()
    step = max(1, _BATCH_SAMPLES // (clips.shape[1] + round(seconds * RATE)))
    parts = [
        with_silence(clips[start : start + step], place, seconds, floor_db, seed=start)
        for start in range(0, len(clips), step)
    ]
    return np.concatenate([model(torch.from_numpy(part)).numpy() for part in parts])


@dataclass(frozen=True)
class Effect:
    """What a pause does to accuracy, on the same clips with and without it."""

    place: str
    seconds: float
    floor_db: float
    accuracy: Interval
    difference: Interval  # with the pause minus without
    clips: int
    voices: int

    @property
    def noise(self) -> str:
        """The pause's content in words."""
        return "digital" if np.isneginf(self.floor_db) else f"noise {-self.floor_db:g} dB down"


def effects(
    model: LanguageModel, store: ClipStore, split: str, index: NDArray[np.integer], kinds: Sequence[Kind]
) -> tuple[Interval, list[Effect]]:
    """Accuracy of a model of all languages on clips of a split as they are, and what each kind of pause makes of it.

    Intervals are over voices, and a voice with and without the pause is a pair.
    """
    clips, labels, groups = (part[index] for part in (store.inputs(split), store.targets(split), store.groups(split)))
    plain = intervals.sample([predictions(logits_with_silence(model, clips, "after", 0.0)) == labels], groups)
    found = []
    for place, seconds, floor_db in kinds:
        right = predictions(logits_with_silence(model, clips, place, seconds, floor_db)) == labels
        paused = intervals.sample([right], groups)
        difference = intervals.contrast(paused, plain).difference
        counted = len(labels), len(np.unique(groups))
        found.append(Effect(place, seconds, floor_db, intervals.interval(paused), difference, *counted))
    return intervals.interval(plain), found


def every_kind(seconds: Sequence[float], floors_db: Sequence[float], long_s: float = 5.0) -> list[Kind]:
    """Each length at each place, digital and over each noise floor; longer than ``long_s`` digital, after."""
    short = [
        (place, length, floor)
        for length in seconds
        if length <= long_s
        for place in PLACES
        for floor in (-np.inf, *floors_db)
    ]
    return [*short, *(("after", length, -np.inf) for length in seconds if length > long_s)]
