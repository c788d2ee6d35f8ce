"""`spokenlang classify FILE --timeline FOLDER`: what is spoken when, for recordings in which the language changes.

Each second is judged by the five seconds around it, which is as long as training clips are. Neighbouring seconds share
most of what they hear, so each counts for its own second alone, and the course of the recording is the likeliest one if
a language lasts LASTING_S on average (Viterbi 1967). Seconds of pause are no evidence, and keep what is around them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from spokenlang.corpus.ingest.decoding import RATE, Decoding
from spokenlang.corpus.ingest.names import shown
from spokenlang.deploy.classifier import FAINT, QUIET, Classifier
from spokenlang.deploy.tables import require_replaceable, write_table
from spokenlang.errors import InputError
from spokenlang.language_names import describe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEP_S = 1
WINDOW_S = 5
LASTING_S = 20.0
BATCH = 16  # windows in one call of the network
HEAD = "start_s,end_s,heard,language,"  # what the header of a timeline's table begins with; then the languages


@dataclass(frozen=True)
class Segment:
    """A stretch of one language, or of nothing to judge."""

    start_s: float
    end_s: float
    language: str  # code; "" where nothing can be heard
    probability: float  # mean over its seconds of the language's probability; NaN where nothing can be heard


@dataclass(frozen=True)
class Timeline:
    """The course of one recording, a row a second."""

    file: str
    languages: tuple[str, ...]
    probabilities: np.ndarray  # (seconds, languages), each row summing to 1
    heard: np.ndarray  # (seconds,) bool: whether there is speech in it
    course: np.ndarray  # (seconds,) index of the language that is taken to be spoken
    duration_s: float
    damage: str = ""  # why the file is taken to be cut short or damaged

    def segments(self) -> list[Segment]:
        """Stretches of one language; pauses of less than WINDOW_S belong to what is around them."""
        spoken = np.where(_without_short_gaps(self.heard), self.course, -1)
        edges = [0, *(np.flatnonzero(np.diff(spoken)) + 1), len(spoken)]
        found = []
        for start, end in itertools.pairwise(edges):
            which = int(spoken[start])
            there = self.heard[start:end]
            sure = float(self.probabilities[start:end, which][there].mean()) if which >= 0 else math.nan
            last = self.duration_s if end == len(spoken) else float(end * STEP_S)
            found.append(Segment(float(start * STEP_S), last, self.languages[which] if which >= 0 else "", sure))
        return found

    def rows(self) -> list[str]:
        """The lines of its CSV file: a second a line."""
        lines = [HEAD + ",".join(self.languages)]
        for at, row in enumerate(self.probabilities):
            end = min((at + 1) * STEP_S, self.duration_s)
            code = self.languages[int(self.course[at])] if self.heard[at] else ""
            chances = ",".join(f"{value:.4f}" for value in row)
            lines.append(f"{at * STEP_S},{end:g},{int(self.heard[at])},{code},{chances}")
        return lines


def trace(classifier: Classifier, path: Path) -> Timeline:
    """Judge a file second by second.

    Raises:
        InputError: the file cannot be read, or holds no samples or samples that are no sound.
    """
    decoding, answers, heard, level, peak, samples = Decoding(path), [], [], [], 0.0, 0
    waiting: list[np.ndarray] = []
    for window, second in around(iter(decoding)):
        waiting.append(window)
        own, loud = classifier.heard(torch.from_numpy(second).unsqueeze(0))
        heard.append(float(own))
        level.append(float(loud))
        peak, samples = max(peak, float(np.abs(second).max())), samples + len(second)
        if len(waiting) == BATCH:
            answers += _answers(classifier, waiting)
            waiting = []
    if not samples:
        raise InputError(f"{path}: holds no sound; leave it out")
    logs = np.stack(answers + _answers(classifier, waiting))
    there = (np.array(heard) > 0) & (np.array(level) >= max(level) * FAINT) & (peak >= QUIET)
    course = likeliest(np.where(there[:, None], logs, 0.0) * STEP_S / WINDOW_S, STEP_S / LASTING_S)
    return Timeline(
        shown(path), classifier.languages, np.exp(logs), there, course, round(samples / RATE, 3), decoding.short
    )


def _answers(classifier: Classifier, waiting: list[np.ndarray]) -> list[np.ndarray]:
    """Log-probabilities of each window, windows of one length together."""
    found: list[np.ndarray] = [np.empty(0)] * len(waiting)
    for length in {len(window) for window in waiting}:
        chosen = [at for at, window in enumerate(waiting) if len(window) == length]
        logs = classifier.answers(torch.from_numpy(np.stack([waiting[at] for at in chosen])))
        for at, row in zip(chosen, logs.numpy().astype(np.float64), strict=True):
            found[at] = row
    return found


def around(blocks: Iterator[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each second (a shorter last one included) with the WINDOW_S around it, cut at the ends: (window, second)."""
    step, side = STEP_S * RATE, (WINDOW_S - STEP_S) * RATE // 2
    held, begin, at = np.empty(0, np.float32), 0, 0  # samples from `begin` on; the second at `at` comes next
    for block in blocks:
        held = np.concatenate([held, block])
        while at + step + side <= begin + len(held):
            yield _cut(held, begin, at, step, side)
            at += step
            drop = max(0, at - side - begin)
            held, begin = held[drop:], begin + drop
    while at < begin + len(held):
        yield _cut(held, begin, at, step, side)
        at += step


def _cut(held: np.ndarray, begin: int, at: int, step: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    place = at - begin
    return held[max(0, place - side) : place + step + side].copy(), held[place : place + step].copy()


def likeliest(evidence: np.ndarray, change: float) -> np.ndarray:
    """The likeliest course: evidence (steps, classes) in nats, chance of a change at each step -> (steps,) classes."""
    steps, classes = evidence.shape
    if classes == 1:
        return np.zeros(steps, dtype=int)
    stay, go = math.log1p(-change), math.log(change / (classes - 1))
    score, back = evidence[0].copy(), np.zeros((steps, classes), dtype=int)
    moves = np.where(np.eye(classes, dtype=bool), stay, go)
    for at in range(1, steps):
        ways = score[:, None] + moves
        back[at] = ways.argmax(axis=0)
        score = ways.max(axis=0) + evidence[at]
    course = np.empty(steps, dtype=int)
    course[-1] = int(score.argmax())
    for at in range(steps - 1, 0, -1):
        course[at - 1] = back[at, course[at]]
    return course


def _without_short_gaps(heard: np.ndarray) -> np.ndarray:
    """The same, with gaps between speech that are shorter than WINDOW_S filled."""
    filled, places = heard.copy(), np.flatnonzero(heard)
    for before, after in itertools.pairwise(places):
        if after - before - 1 < WINDOW_S / STEP_S:
            filled[before:after] = True
    return filled


def outputs(folder: Path, files: list[Path]) -> dict[Path, Path]:
    """Where each file's timeline goes, without its suffix; `InputError` if two would be one, or something is there."""
    found: dict[str, Path] = {}
    for file in files:
        if (other := found.setdefault(file.stem, file)) != file:
            raise InputError(f"{file}: its timeline would replace that of {other}; classify them one after the other")
        if (folder / f"{file.stem}.svg").exists() and not (folder / f"{file.stem}.csv").exists():
            raise InputError(f"{folder / file.stem}.svg: is there already and is no timeline; choose another folder")
        require_replaceable(folder / f"{file.stem}.csv", HEAD)
    return {file: folder / stem for stem, file in found.items()}


def write(found: Timeline, place: Path) -> None:
    """`<place>.csv` and `<place>.svg`."""
    import matplotlib

    place.parent.mkdir(parents=True, exist_ok=True)
    write_table(place.with_name(place.name + ".csv"), found.rows(), HEAD)
    with matplotlib.rc_context({"svg.hashsalt": "timeline"}):  # the same file in, the same bytes out
        draw(found).savefig(place.with_name(place.name + ".svg"), metadata={"Date": None})


def draw(found: Timeline) -> Figure:
    """Probabilities over time, one above the other, and the course as a strip above them."""
    from spokenlang.study import plots

    figure, _ = plots.new_figure(2.0, 6.9, nrows=2, sharex=True, height_ratios=[1, 6])
    strip, axis = figure.axes
    colours = list(plots.colours(found.languages).values())
    legend = {"fontsize": 7, "frameon": False, "ncols": -(-len(colours) // 12)}
    edges = np.append(np.arange(len(found.course)) * STEP_S, found.duration_s)
    shares = np.where(found.heard[:, None], found.probabilities, 0.0)
    top = np.zeros(len(edges))
    for share, colour, code in zip(shares.T, colours, found.languages, strict=True):
        above = top + np.append(share, share[-1])
        axis.fill_between(edges, top, above, step="post", color=colour, linewidth=0, label=describe(code).name)
        top = above
    for each in found.segments():
        colour = colours[found.languages.index(each.language)] if each.language else "white"
        strip.axvspan(each.start_s, each.end_s, color=colour, linewidth=0)
        if each.end_s - each.start_s > found.duration_s / 30:
            strip.text((each.start_s + each.end_s) / 2, 0.5, each.language or "–", ha="center", va="center", fontsize=7)
    strip.set(yticks=[], ylim=(0, 1))
    axis.set(xlabel="time / s", ylabel="probability", xlim=(0, found.duration_s), ylim=(0, 1))
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), **legend)
    return figure


def lines(found: Timeline) -> Iterator[str]:
    """What is printed: a stretch a line."""
    for each in found.segments():
        said = f"{describe(each.language).name} {each.probability:.0%}" if each.language else "nothing to judge"
        yield f"{found.file}: {_clock(each.start_s)} to {_clock(each.end_s)}  {said}"


def as_dict(found: Timeline) -> dict[str, object]:
    """The object of `--json`."""
    told = [
        {"start_s": each.start_s, "end_s": each.end_s, "language": each.language or None,
         "probability": round(each.probability, 4) if each.language else None}
        for each in found.segments()
    ]  # fmt: skip
    return {"file": found.file, "duration_s": found.duration_s, "truncated": bool(found.damage), "segments": told}


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}"
