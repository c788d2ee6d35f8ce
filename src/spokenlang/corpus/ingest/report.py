"""Seconds in, seconds out, and why the rest is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spokenlang.corpus.ingest.dealing import Dealt
from spokenlang.corpus.ingest.names import shown
from spokenlang.corpus.ingest.parts import Outcome
from spokenlang.corpus.ingest.recordings import Found
from spokenlang.corpus.ingest.segments import RATE
from spokenlang.corpus.ingest.writer import seconds_out

LISTED = 20
"""Bad files that are named on the screen; `import.csv` names them all."""


@dataclass(frozen=True)
class Balance:
    """Where the seconds of a folder went: in = out + the sum of `gone`, to rounding."""

    seconds_in: float
    seconds_out: float
    gone: dict[str, float]  # why -> seconds
    skipped: int  # files that are no use
    unknown: int  # of these, those whose length is not known

    def lines(self) -> list[str]:
        """What is printed."""
        rest = ", ".join(f"{seconds:.1f} s {why}" for why, seconds in self.gone.items() if seconds >= 0.05)
        unknown = f" (and {self.unknown} files of unknown length)" if self.unknown else ""
        return [
            f"seconds in {self.seconds_in:.1f}{unknown}, seconds out {self.seconds_out:.1f}; "
            f"the rest: {rest or 'nothing'}"
        ]


def balance(found: Found, outcomes: Sequence[Outcome], dealt: Dealt) -> Balance:
    """Account for every second."""
    out = seconds_out(outcomes, dealt)
    new = np.array([samples for outcome in outcomes for samples in outcome.new], float) / RATE
    kept = np.array([not outcome.reason for outcome in outcomes], bool)
    lost = np.array([outcome.seconds for outcome in outcomes])
    copies = np.array([outcome.reason.startswith("is the same file") for outcome in outcomes], bool)
    gone = {
        "in files that were skipped": float(lost[~kept & ~copies].sum()),
        "in copies": float(lost[copies].sum()),
        "of pauses": sum(outcome.pauses for outcome in outcomes if not outcome.reason),
        "too short for a clip at the ends": sum(outcome.rest for outcome in outcomes if not outcome.reason),
        "in clips beyond what was asked for": float(new[dealt.over].sum()) if len(new) else 0.0,
    }
    unknown = sum(1 for outcome in outcomes if outcome.reason and not outcome.seconds) + len(found.bad)
    return Balance(float(lost.sum()), float(out.sum()), gone, int((~kept).sum()) + len(found.bad), unknown)


def bad_files(found: Found, outcomes: Iterable[Outcome]) -> list[tuple[Path, str]]:
    """The files that are no use, and why."""
    read = zip(found.recordings, outcomes, strict=True)
    return [*found.bad, *((recording.path, outcome.reason) for recording, outcome in read if outcome.reason)]


def named(bad: Sequence[tuple[Path, str]]) -> list[str]:
    """One line for each bad file, and one for those too many to name."""
    lines = [f"skipped {shown(path.as_posix())}: {reason}" for path, reason in bad[:LISTED]]
    return [*lines, f"... and {len(bad) - LISTED} more; import.csv names them all"] if len(bad) > LISTED else lines


def kinds(bad: Sequence[tuple[Path, str]]) -> str:
    """How many files there are of each reason, in brief."""
    counts = Counter(reason.split(":")[0].split(" (")[0].split(" as ")[0] for _, reason in bad)
    return ", ".join(f"{count} {reason}" for reason, count in counts.most_common(4))


def notes(found: Found, outcomes: Iterable[Outcome]) -> list[str]:
    """What is odd about files that were used."""
    odd = [(r.path, o.note) for r, o in zip(found.recordings, outcomes, strict=True) if o.note and not o.reason]
    return (
        [f"{len(odd)} files have the wrong extension ({shown(odd[0][0])} {odd[0][1]}); they were read"] if odd else []
    )
