"""Chunks of the synthetic corpus, made by helper processes side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spokenlang.corpus.espeak import chunks
from spokenlang.corpus.espeak.chunks import Clip
from spokenlang.corpus.helpers import Helpers, cores
from spokenlang.errors import InputError


def make_all(
    work: Path, plan: list[list[Clip]], jobs: int | None, progress: Callable[[int, int], None]
) -> list[dict[str, object]]:
    """Make the chunks that are not there yet; the rows of all clips, in the plan's order."""
    total = sum(map(len, plan))
    found = {number: chunks.record(work, number, chunk) for number, chunk in enumerate(plan)}
    rows = {number: done for number, done in found.items() if done is not None}
    missing = [number for number in found if number not in rows]
    done = sum(map(len, rows.values()))
    progress(done, total)
    helpers = Helpers("spokenlang.corpus.espeak.chunks", work, jobs or cores())
    for number, failure in helpers.finished(missing):
        if failure is not None:
            raise InputError(f"{work}: a helper process failed ({helpers.complaint()}); run again to go on from here")
        made = chunks.record(work, number, plan[number])
        if made is None:
            raise InputError(f"{work}: what was written cannot be read back; check the disk, then run again")
        rows[number] = made
        done += len(made)
        progress(done, total)
    helpers.clear()
    return [row for number in sorted(rows) for row in rows[number]]
