"""Clips with one thing taken out (`changes`), classified again by the networks that were trained on whole ones.

chosen = evenly(groups, labels, 600)
whole, changed = controls(runs, clips[chosen], labels[chosen], groups[chosen], changes_for(samples, [250], [1000], []))
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from spokenlang.corpus.store import RATE
from spokenlang.study import comparison, corpus_facts, intervals
from spokenlang.study.evaluation import predictions
from spokenlang.study.intervals import Interval, Sample, Test
from spokenlang.study.probes import changes
from spokenlang.training.runs import TrainedRun

_BATCH_SAMPLES = 16 * 5 * RATE  # in one call of the network: memory stays flat
LEFT_S = 0.06
"""Seconds of sound that have to be left of a clip for it to be classified."""
FEWEST = 10
"""Of fewer clips nothing is said."""


@dataclass(frozen=True)
class Change:
    """One thing that is done to a clip."""

    key: str  # in the names of values
    label: str
    apply: Callable[[changes.Clips, np.random.Generator], changes.Clips]


@dataclass(frozen=True)
class Control:
    """How changed clips are recognised, beside the same clips unchanged."""

    change: Change
    accuracy: Interval  # mean over seeds
    test: Test  # changed minus unchanged
    majority: float  # share of the commonest language among these clips
    above: Test  # accuracy minus that share
    clips: int
    voices: int
    seconds: float  # of each clip that is not zero, mean over all clips

    def bar(self) -> tuple[str, float, float, float]:
        """As `plots.intervals` draws it."""
        return self.change.label, self.accuracy.value, self.accuracy.low, self.accuracy.high

    def record(self) -> dict[str, object]:
        """As a row of a table and of the figure's data."""
        return {
            "change": self.change.label,
            "accuracy": self.accuracy.cell(),
            "difference": self.test.difference.cell(),
            "majority": {"value": self.majority, "unit": "fraction", "digits": 1},
            "clips": self.clips,
            "voices": self.voices,
        }


def changes_for(
    samples: int, segments_ms: Sequence[float], low_hz: Sequence[float], high_hz: Sequence[float]
) -> list[Change]:
    """What can be done to clips of so many samples: to be shuffled a clip has to hold three segments.

    The shortest segments are joined in their own order too, which shows what the joints alone do.
    """
    found = [Change("reversed", "time reversed", lambda clips, _: changes.reverse(clips))]
    lengths = [(ms, round(ms * RATE / 1000)) for ms in sorted(segments_ms)]
    lengths = [(ms, cut) for ms, cut in lengths if 2 * changes.FADE <= cut <= samples / 3]
    for ms, cut in lengths:
        found.append(Change(f"shuffled_{ms:g}ms", f"{ms:g} ms segments shuffled", partial(_shuffled, cut)))
    for ms, cut in lengths[:1]:
        found.append(Change(f"cut_{ms:g}ms", f"{ms:g} ms segments in order", partial(_in_order, cut)))
    found += [Change(f"low_pass_{hz:g}hz", f"below {hz:g} Hz only", partial(_band, 0.0, hz)) for hz in low_hz]
    found += [Change(f"high_pass_{hz:g}hz", f"above {hz:g} Hz only", partial(_band, hz, np.inf)) for hz in high_hz]
    if samples >= 4 * changes.WINDOW:
        found.append(Change("no_pitch", "noise instead of voice", changes.without_voice))
        found.append(Change("average_spectrum", "average spectrum only", changes.average_spectrum))
    return [
        *found,
        Change("pauses", "pauses only", lambda clips, _: changes.pauses(clips)),
    ]


def _shuffled(cut: int, clips: changes.Clips, random: np.random.Generator) -> changes.Clips:
    return changes.segments(clips, cut, random)


def _in_order(cut: int, clips: changes.Clips, _: np.random.Generator) -> changes.Clips:
    return changes.segments(clips, cut, None)


def _band(low_hz: float, high_hz: float, clips: changes.Clips, _: np.random.Generator) -> changes.Clips:
    return changes.band(clips, low_hz, high_hz)


def evenly(groups: NDArray[np.str_], labels: NDArray[np.integer], at_most: int) -> NDArray[np.intp]:
    """Places of so many clips, sorted: one of each voice in each language, then a second, and so on.

    Of the round that does not fit any more, every so manyth clip is taken.
    """
    pairs = np.array([f"{label}/{group}" for group, label in zip(groups, labels, strict=True)])
    _, pair = np.unique(pairs, return_inverse=True)
    order = np.argsort(pair, kind="stable")
    first = np.searchsorted(pair[order], pair[order])
    turn = np.empty(len(pair), dtype=int)
    turn[order] = np.arange(len(pair)) - first
    chosen = np.lexsort((pair, turn))
    if len(chosen) <= at_most:
        return np.arange(len(chosen))
    last = turn[chosen[at_most]]
    fit, rest = chosen[turn[chosen] < last], chosen[turn[chosen] == last]
    spread = np.linspace(0, len(rest), at_most - len(fit), endpoint=False).astype(int)
    return np.sort(np.concatenate([fit, rest[spread]]))


def controls(
    runs: Sequence[TrainedRun],
    clips: NDArray[np.floating],
    labels: NDArray[np.integer],
    groups: NDArray[np.str_],
    done: Sequence[Change],
) -> tuple[Control, list[Control]]:
    """Clips as they are, and each change of them, the best recognised first: clips (clips, time), the rest (clips,).

    Intervals are over voices and seeds; a clip is its own pair. Changes that leave `LEFT_S` of sound in fewer than
    `FEWEST` clips are left out.
    """
    whole = Change("unchanged", "unchanged", lambda clips, _: clips)
    as_is, every, length = _classified(runs, clips, labels, whole)
    found = [_control(runs, whole, [intervals.sample(as_is, groups)] * 2, labels, groups, length)]
    for change in done:
        right, enough, seconds = _classified(runs, clips, labels, change)
        if enough.sum() >= min(FEWEST, every.sum()):
            samples = [intervals.sample(each[:, enough], groups[enough]) for each in (right, as_is)]
            found.append(_control(runs, change, samples, labels[enough], groups[enough], seconds))
    return found[0], sorted(found[1:], key=lambda control: -control.accuracy.value)


def _control(
    runs: Sequence[TrainedRun],
    change: Change,
    samples: Sequence[Sample],
    labels: NDArray[np.integer],
    groups: NDArray[np.str_],
    seconds: float,
) -> Control:
    changed, as_is = samples
    seeds = tuple(comparison.seeds(runs))
    test = intervals.contrast(changed, as_is)
    test = replace(test, difference=replace(test.difference, n=len(labels), seeds=seeds))
    majority = corpus_facts.counted(labels).majority
    accuracy = replace(intervals.interval(changed), seeds=seeds)
    above = intervals.above(changed, majority)
    return Control(change, accuracy, test, majority, above, len(labels), len(np.unique(groups)), seconds)


@torch.no_grad()
def _classified(
    runs: Sequence[TrainedRun], clips: NDArray[np.floating], labels: NDArray[np.integer], change: Change
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], float]:
    """Which clips are right, (seeds, clips); which have sound enough left, (clips,); how many seconds on average."""
    models = [run.model.eval() for run in runs]
    step = max(1, _BATCH_SAMPLES // clips.shape[1])
    logits, left = [], []
    for start in range(0, len(clips), step):
        random = np.random.default_rng(zlib.crc32(f"{change.key}/{start}".encode()))
        altered = change.apply(np.asarray(clips[start : start + step], dtype=np.float32), random)
        # Seeds have one front end, whose fixed part is the larger half of the work.
        features = models[0].front_end.features(torch.from_numpy(altered))
        logits.append([model.network(model.front_end.normalise(features)).numpy() for model in models])
        left.append((altered != 0).sum(axis=1) / RATE)
    seconds = np.concatenate(left)
    right = np.stack([predictions(np.concatenate(each)) == labels for each in zip(*logits, strict=True)])
    return right, seconds >= min(LEFT_S, clips.shape[1] / RATE / 2), float(seconds.mean())
