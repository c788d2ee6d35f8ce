"""The helper processes that make chunks side by side, and the one that hands them out."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from spokenlang.corpus import chunks
from spokenlang.corpus.chunks import Clip
from spokenlang.errors import InputError

_LOG = "helpers.log"


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
    for number in _finished(work, missing, min(jobs or _cores(), max(len(missing), 1))):
        made = chunks.record(work, number, plan[number])
        if made is None:
            raise InputError(f"{work}: what was written cannot be read back; check the disk, then run again")
        rows[number] = made
        done += len(made)
        progress(done, total)
    (work / _LOG).unlink(missing_ok=True)
    return [row for number in sorted(rows) for row in rows[number]]


def _finished(work: Path, missing: list[int], jobs: int) -> Iterator[int]:
    """Have chunks made by `jobs` helpers; yields their numbers as they are finished."""
    todo: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in missing:
        todo.put(number)
    answers: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    with (work / _LOG).open("w") as log:
        helpers = [_start(work, log) for _ in range(jobs if missing else 0)]
        try:
            for helper in helpers:
                threading.Thread(target=_feed, args=(helper, todo, answers), daemon=True).start()
            for _ in missing:
                number = answers.get()
                if number is None:
                    raise InputError(_complaint(work))
                yield number
        finally:
            for helper in helpers:
                helper.kill()
                helper.wait()


def _feed(helper: subprocess.Popen[str], todo: queue.SimpleQueue[int], answers: queue.SimpleQueue[int | None]) -> None:
    """Give one helper work until none is left; its answers, or None when it fails."""
    assert helper.stdin is not None
    assert helper.stdout is not None
    while True:
        try:
            number = todo.get_nowait()
        except queue.Empty:
            return
        try:
            helper.stdin.write(f"{number}\n")
            helper.stdin.flush()
            answer = helper.stdout.readline()
        except OSError:
            answer = ""
        if answer != f"{number} done\n":
            answers.put(None)
            return
        answers.put(number)


def _start(work: Path, log) -> subprocess.Popen[str]:
    # Nothing of the caller's surroundings may reach what is spoken; one thread each, there is a helper per core.
    source = Path(chunks.__file__).parents[2]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(source), os.environ.get("PYTHONPATH")])),
        **{"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "LC_ALL": "C", "TZ": "UTC"},
        **{"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "spokenlang.corpus.chunks", str(work.absolute())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=environment,
        text=True,
    )


def _complaint(work: Path) -> str:
    lines = (work / _LOG).read_text(errors="replace").strip().splitlines()
    return f"{work}: a helper process failed ({lines[-1] if lines else 'killed'}); run again to go on from here"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
