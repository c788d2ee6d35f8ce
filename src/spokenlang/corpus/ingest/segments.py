"""Which stretches of a recording become clips.

Speech is told from pauses by energy with hangover: frames of 20 ms, a threshold that follows the recording's own noise
floor and speech level, and 0.2 s before and 0.3 s after what lies above. That is enough to leave out what nobody
wants in a clip (minutes of silence, the gap before a speaker begins), it has no weights of its own that have heard
other languages than ours, and it gives the same cuts on every machine. Music and steady noise it takes for speech.

A recording is gone through once, ten minutes at a time, so its length does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

RATE = 8000
FRAME = RATE // 50
STRETCH = 600 * RATE
"""Samples gone through at a time."""
PAUSE = RATE
"""A pause as long as this is left out before a clip or after the last one; shorter ones belong to speech."""
LEAD = RATE // 10
"""Kept of a pause before the speech that follows it."""
SHORTEST = RATE
"""Samples below which a recording, or what is left of it, makes no clip."""
SILENT = 1e-6
"""Peak-to-peak range of what holds no sound at all."""


@dataclass(frozen=True)
class Cutting:
    """How clips are cut."""

    samples: int = 5 * RATE  # of a clip
    speech: float = 0.3  # least share of a clip that is speech


@dataclass
class Account:
    """What became of a recording's samples: total = used + pauses + rest."""

    total: int = 0
    used: int = 0  # in clips, each sample counted once
    pauses: int = 0  # without speech, or with too little of it
    rest: int = 0  # what was left over at the end


@dataclass(frozen=True)
class Clip:
    """One clip and where it comes from."""

    samples: np.ndarray  # (samples,) float32
    start: int  # sample of the recording, at 8 kHz
    heard: int  # samples of the recording in it; fewer than its own where a short recording was repeated
    speech: float = 1.0  # share taken for speech


@dataclass
class Cutter:
    """Cuts one recording; `account` is complete when the iteration has ended."""

    cutting: Cutting = field(default_factory=Cutting)
    account: Account = field(default_factory=Account)
    _last: int = 0  # where the last clip ended, in samples of the recording

    def cut(self, blocks: Iterable[np.ndarray]) -> Iterator[Clip]:
        """Clips of a recording that comes in blocks of any size."""
        waiting, held, began, fresh = [], 0, 0, 0
        for block in blocks:
            waiting.append(block)
            held += len(block)
            self.account.total += len(block)
            if held - fresh >= STRETCH:
                samples = np.concatenate(waiting)
                taken = yield from self._whole(samples, fresh, began)
                kept = max(0, taken - self.cutting.samples)  # what the last clip may reach back to
                waiting, held, began, fresh = [samples[kept:]], len(samples) - kept, began + kept, taken - kept
        samples = np.concatenate(waiting) if waiting else np.zeros(0, np.float32)
        taken = yield from self._whole(samples, fresh, began)
        yield from self._end(samples, taken, began)

    def _whole(self, samples: np.ndarray, taken: int, began: int) -> Iterator[Clip]:
        """Clips that lie wholly in `samples[taken:]`; returns how far they go."""
        frames = active(samples)
        self._frames = frames
        account, size = self.account, self.cutting.samples
        while True:
            start = _onset(frames, taken, len(samples))
            if start + size > len(samples):
                return taken
            share = _share(frames, start, start + size)
            if share >= self.cutting.speech:
                account.pauses += start - taken
                account.used += size
                yield Clip(samples[start : start + size], began + start, size, share)
                taken = start + size
                self._last = began + taken
            else:
                # The speech that begins here is too sparse for a clip: go on behind it.
                end = _offset(frames, start + LEAD + FRAME, len(samples))
                account.pauses += end - taken
                taken = end

    def _end(self, samples: np.ndarray, taken: int, began: int) -> Iterator[Clip]:
        """What is left when no whole clip fits any more."""
        account, size = self.account, self.cutting.samples
        start = _onset(self._frames, taken, len(samples))
        end = max(start, _last(self._frames, len(samples)))
        account.pauses += start - taken + len(samples) - end
        left = end - start
        share = _share(self._frames, start, end) if left else 0.0
        if not account.used:
            if left < SHORTEST or share < self.cutting.speech or np.ptp(samples[start:end]) < SILENT:
                account.rest += left
                return
            account.used += left
            # Repeated, not padded: silence would count as speech.
            yield Clip(np.resize(samples[start:end], size), began + start, left, share)
            return
        # At least half of a clip must be new; the rest reaches back into the clip before.
        if 2 * left < size or end < size or share < self.cutting.speech:
            account.rest += left
            return
        # Reaching back, the clip takes in some of the pause that was passed over.
        new = began + end - max(self._last, began + end - size)
        account.used += new
        account.pauses -= new - left
        yield Clip(samples[end - size : end], began + end - size, size, _share(self._frames, end - size, end))


def active(samples: np.ndarray) -> np.ndarray:
    """Which frames of 20 ms hold speech: (ceil(samples / 160),) bool."""
    count = -(-len(samples) // FRAME)
    padded = np.zeros(count * FRAME, np.float32)
    padded[: len(samples)] = samples
    frames = padded.reshape(count, FRAME)
    power = np.einsum("ij,ij->i", frames, frames) / FRAME
    loud = power > (SILENT / 2) ** 2
    if not loud.any():
        return loud
    level = 10 * np.log10(np.maximum(power, 1e-20))
    floor, high = np.percentile(level[loud], [5, 95])
    # Where speech and pauses are less than 9 dB apart they cannot be told apart: all of it counts.
    if high - floor >= 9:
        loud &= level > max(high - 35, floor + 0.35 * (high - floor))
    return _hung(loud, before=10, after=15)


def _hung(frames: np.ndarray, before: int, after: int) -> np.ndarray:
    """Frames within so many of one that is set."""
    edges = np.zeros(len(frames) + 1, np.int32)
    where = np.flatnonzero(frames)
    np.add.at(edges, np.maximum(where - before, 0), 1)
    np.add.at(edges, np.minimum(where + after + 1, len(frames)), -1)
    return np.cumsum(edges[:-1]) > 0


def _share(frames: np.ndarray, start: int, end: int) -> float:
    return float(frames[start // FRAME : -(-end // FRAME)].mean())


def _onset(frames: np.ndarray, at: int, end: int) -> int:
    """Where a clip may begin: here, unless a long pause follows."""
    rest = frames[at // FRAME :]
    if not rest.any():
        return end
    onset = (at // FRAME + int(np.argmax(rest))) * FRAME
    return max(at, onset - LEAD) if onset - at >= PAUSE else at


def _offset(frames: np.ndarray, at: int, end: int) -> int:
    """End of the run of speech at a sample."""
    rest = frames[at // FRAME :]
    return min(end, (at // FRAME + int(np.argmin(rest))) * FRAME) if len(rest) and not rest.all() else end


def _last(frames: np.ndarray, end: int) -> int:
    """Where the speech ends, if a long pause follows."""
    where = np.flatnonzero(frames)
    last = (int(where[-1]) + 1) * FRAME if len(where) else 0
    return last + LEAD if end - last >= PAUSE else end
