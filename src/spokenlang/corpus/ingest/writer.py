"""The arrays and tables of an imported store, written clip by clip."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from spokenlang.corpus import metadata
from spokenlang.corpus.ingest import parts
from spokenlang.corpus.ingest.dealing import Dealt
from spokenlang.corpus.ingest.names import shown
from spokenlang.corpus.ingest.parts import Outcome, Plan
from spokenlang.corpus.ingest.recordings import Found, Recording
from spokenlang.corpus.ingest.segments import RATE
from spokenlang.corpus.store import LANGUAGES, inputs_path, targets_path

FIRST = (
    "split", "index", "language", "group", "file", "start_s", "heard_s", "speech",
    "rate_hz", "level_db", "estimated_snr_db", "bandwidth_hz",
)  # fmt: skip
"""Columns of `clips.csv` that every import has; what is known of the recordings follows.

heard_s: seconds of the recording in the clip (fewer than its own: repeated). speech: share taken for speech.
rate_hz: of the recording. For the others see `measures.measure`.
"""
SPLITS = ("train", "test")
IMPORT = "import.csv"
_IMPORT_COLUMNS = (
    "file", "status", "reason", "language", "group", "seconds_in", "seconds_out", "clips", "train", "test", "rate_hz",
)  # fmt: skip


def write_arrays(work: Path, plan: Plan, dealt: Dealt) -> dict[str, int]:
    """Inputs, targets and the class list; clips in each split."""
    counts = {}
    arrays = []
    for side, split in enumerate(SPLITS):
        labels = dealt.label[dealt.side == side].astype(np.int8)
        np.save(targets_path(work, split), labels, allow_pickle=False)
        shape = (len(labels), int(plan.cutting["samples"]))
        arrays.append(np.lib.format.open_memmap(inputs_path(work, split), "w+", np.float16, shape))
        counts[split] = len(labels)
    filled = [0, 0]
    for side, clip in zip(dealt.side, parts.clips(work, plan), strict=True):
        if side >= 0:
            arrays[side][filled[side]] = clip
            filled[side] += 1
    for array in arrays:
        array.flush()
    (work / LANGUAGES).write_text(json.dumps(list(dealt.languages)) + "\n", encoding="utf-8")
    return counts


def write_clips(work: Path, plan: Plan, found: Found, dealt: Dealt) -> None:
    """`clips.csv`, one split after the other."""
    further = dict.fromkeys(name for recording in found.recordings for name in recording.about if name not in FIRST)
    rows = (row for side in range(2) for row in _rows(work, plan, found, dealt, side))
    metadata.write(work / metadata.NAME, (*FIRST, *further), rows)


def _rows(work: Path, plan: Plan, found: Found, dealt: Dealt, side: int) -> Iterator[dict[str, object]]:
    at = index = 0
    group_of = found.group_of
    for recording, outcome in zip(found.recordings, parts.outcomes(work, plan), strict=True):
        for clip in outcome.clips:
            if dealt.side[at] == side:
                place = {
                    "split": SPLITS[side],
                    "index": index,
                    "language": recording.language,
                    "group": group_of[recording.path],
                    "file": shown(recording.path.as_posix()),
                    "start_s": round(clip["start"] / RATE, 4),
                    "heard_s": round(clip["heard"] / RATE, 4),
                    "rate_hz": outcome.rate,
                }
                yield {**recording.about, **clip, **place}
                index += 1
            at += 1


def write_import(work: Path, found: Found, outcomes: Sequence[Outcome], dealt: Dealt) -> None:
    """`import.csv`: every file that was found, what became of it and why."""
    clips = [np.bincount(dealt.recording[dealt.side == side], minlength=len(outcomes)) for side in range(2)]
    new = seconds_out(outcomes, dealt)
    group_of = found.group_of
    with (work / IMPORT).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _IMPORT_COLUMNS, lineterminator="\n")
        writer.writeheader()
        for at, (recording, outcome) in enumerate(zip(found.recordings, outcomes, strict=True)):
            train, test = int(clips[0][at]), int(clips[1][at])
            writer.writerow({
                **_about(recording, outcome, train + test),
                "group": group_of[recording.path],
                "seconds_out": f"{new[at]:.3f}",
                "clips": train + test,
                "train": train,
                "test": test,
            })  # fmt: skip
        for status, listed in (("skipped", found.bad), ("left out", found.aside)):
            for path, reason in listed:
                writer.writerow({"file": shown(path.as_posix()), "status": status, "reason": reason})


def _about(recording: Recording, outcome: Outcome, used: int) -> dict[str, object]:
    status = "skipped" if outcome.reason else "kept" if used else "left out"
    reason = outcome.reason or ("" if used else "enough clips without it") or outcome.note
    return {
        "file": shown(recording.path.as_posix()),
        "status": status,
        "reason": reason or outcome.note,
        "language": recording.language,
        "seconds_in": f"{outcome.seconds:.3f}",
        "rate_hz": outcome.rate or "",
    }


def seconds_out(outcomes: Sequence[Outcome], dealt: Dealt) -> np.ndarray:
    """Seconds of each recording that are in a clip, each second once."""
    new = np.array([samples for outcome in outcomes for samples in outcome.new], float)
    kept = np.where(dealt.side >= 0, new, 0.0)
    return np.bincount(dealt.recording, kept, minlength=len(outcomes)) / RATE if len(new) else np.zeros(len(outcomes))
