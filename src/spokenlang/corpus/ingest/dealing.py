"""Which clips are kept, and which of them become the test set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from spokenlang.corpus import splits
from spokenlang.corpus.ingest.names import shown
from spokenlang.corpus.ingest.parts import Outcome
from spokenlang.corpus.ingest.recordings import Found, Recording
from spokenlang.errors import InputError


@dataclass(frozen=True)
class Limits:
    """How much of whom is wanted."""

    per_speaker: int = 0  # clips; 0: all
    per_language: int = 0  # clips; 0: all
    test: float | None = None  # share of each language's clips; None: the publisher's test set, else a fifth
    seed: int = 0  # of every draw


SHARE = 0.2
"""Of the clips that go to the test set where nobody says otherwise."""


@dataclass
class Dealt:
    """One entry a clip, in the plan's order."""

    recording: np.ndarray  # which recording it is of
    label: np.ndarray
    side: np.ndarray  # 0 training, 1 test, -1 left out
    languages: tuple[str, ...]
    over: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))  # left out since there are enough
    warnings: list[str] = field(default_factory=list)


def copies(recordings: Sequence[Recording], outcomes: list[Outcome]) -> None:
    """Mark recordings that are byte for byte the same: one is kept, none if they are said to be different languages."""
    same: dict[str, list[int]] = defaultdict(list)
    for at, outcome in enumerate(outcomes):
        if outcome.digest and not outcome.reason:
            same[outcome.digest].append(at)
    for places in same.values():
        spoken = sorted({recordings[at].language for at in places})
        for at in places if len(spoken) > 1 else places[1:]:
            other = shown(recordings[next(place for place in places if place != at)].path)
            outcomes[at].reason = f"is the same file as {other}"
            if len(spoken) > 1:
                outcomes[at].reason += f", under two languages ({', '.join(spoken)})"


def deal(found: Found, outcomes: list[Outcome], languages: tuple[str, ...], limits: Limits) -> Dealt:
    """Decide for every clip."""
    owner = np.repeat(np.arange(len(outcomes)), [len(outcome.new) for outcome in outcomes])
    number = {code: label for label, code in enumerate(languages)}
    of_file = np.array([number.get(recording.language, -1) for recording in found.recordings], np.int64)
    group_of = found.group_of
    groups = np.array([group_of[recording.path] for recording in found.recordings], dtype=object)
    _, group = np.unique(groups.astype(str), return_inverse=True) if len(groups) else (None, np.zeros(0, int))
    kept = np.array([not outcomes[at].reason for at in owner], bool)
    dealt = Dealt(owner, of_file[owner], np.full(len(owner), -1), languages)
    chosen = _limited(kept, of_file[owner], group[owner], limits)
    dealt.over = kept & ~chosen
    stated = np.array([{"train": 0, "test": 1}.get(r.split, -1) for r in found.recordings])[owner]
    if not _published(dealt, chosen, stated, group[owner], limits):
        _draw(found.recordings, dealt, chosen, group[owner], limits)
    _odd(dealt, group[owner], limits)
    return dealt


def _limited(kept: np.ndarray, label: np.ndarray, group: np.ndarray, limits: Limits) -> np.ndarray:
    """Clips within the limits: spread evenly over what a speaker said, and over a language's speakers."""
    chosen = kept.copy()
    if limits.per_speaker:
        for own in _members(group, chosen):
            spread = np.linspace(0, len(own) - 1, min(limits.per_speaker, len(own))).round().astype(int)
            chosen[np.delete(own, spread)] = False
    if limits.per_language:
        rng = np.random.default_rng(limits.seed)
        turn = np.zeros(len(kept), np.int64)  # how many clips of the same speaker come before, in random order
        for own in _members(group, chosen):
            turn[rng.permutation(own)] = np.arange(len(own))
        for own in _members(label, chosen):
            order = own[np.lexsort((rng.permutation(len(own)), turn[own]))]
            chosen[order[limits.per_language :]] = False
    return chosen


def _members(of: np.ndarray, where: np.ndarray) -> list[np.ndarray]:
    places = np.flatnonzero(where)
    order = places[np.argsort(of[places], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(of[order])) + 1) if len(order) else []


def _published(dealt: Dealt, chosen: np.ndarray, stated: np.ndarray, group: np.ndarray, limits: Limits) -> bool:
    """Take the publisher's own test set where every language has one; whether that was done."""
    if limits.test is not None or not (chosen & (stated == 1)).any():
        return False
    lacking = [
        code
        for label, code in enumerate(dealt.languages)
        if not all((chosen & (dealt.label == label) & (stated == side)).any() for side in (0, 1))
    ]
    torn = np.intersect1d(group[chosen & (stated == 1)], group[chosen & (stated == 0)])
    if lacking or len(torn):
        why = f"{', '.join(lacking)} is on one side only" if lacking else f"{len(torn)} speakers are on both sides"
        dealt.warnings.append(f"the test set as it is stated is not used, since {why}; a fifth is drawn by speaker")
        return False
    # What is on no side follows its speaker's side, but a published test set does not grow.
    testing = np.isin(group, group[chosen & (stated == 1)])
    dealt.side[chosen & (stated == 1)] = 1
    dealt.side[chosen & (stated != 1) & ~testing] = 0
    if aside := int((chosen & (stated != 1) & testing).sum()):
        dealt.over |= chosen & (stated != 1) & testing
        dealt.warnings.append(f"{aside} clips of test speakers are not in the publisher's test set and were left out")
    return True


def _draw(recordings: Sequence[Recording], dealt: Dealt, chosen: np.ndarray, group: np.ndarray, limits: Limits) -> None:
    """Draw a test set of whole speakers."""
    places = np.flatnonzero(chosen)
    if not len(places):
        return
    names = np.array([recordings[at].group or shown(recordings[at].path) for at in dealt.recording[places]], str)
    share = SHARE if limits.test is None else limits.test
    testing = splits.separate(dealt.label[places], names, share, limits.seed)
    if not testing.any():
        found = f"{len(np.unique(names))} speakers in {len(places)} clips"
        raise InputError(f"{found} give no test set of other speakers; add recordings, or name their speakers")
    dealt.side[places] = testing
    for label, code in enumerate(dealt.languages):
        own = dealt.label[places] == label
        if own.any() and not testing[own].any():
            dealt.warnings.append(f"{code} has one speaker only: none of it in the test set")


def _odd(dealt: Dealt, group: np.ndarray, limits: Limits) -> None:
    """A split far from what was wanted is said, with whom it is due to."""
    share = SHARE if limits.test is None else limits.test
    for label, code in enumerate(dealt.languages):
        own = (dealt.label == label) & (dealt.side >= 0)
        total, tested = int(own.sum()), int((own & (dealt.side == 1)).sum())
        if not tested or total < 10:
            continue
        largest = int(np.bincount(group[own]).max())
        if not share / 2 <= tested / total <= 2 * share and largest > total / 3:
            dealt.warnings.append(
                f"{code}: {total - tested} training and {tested} test clips, since one speaker or file has {largest} "
                f"of the {total}; --per-speaker {max(1, total // 20)} would even that out"
            )
