"""An execution behind LAUNCH: a scheduler (`srun ...`) or another program decides where it runs.

What counts is whether the result is in the store, not a launcher's exit code: srun ends with 0 when a node dies below
it, and with 143 when a job is cancelled. An execution that ended with neither a result nor a code of our own was lost,
not wrong, and is placed again.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from onepage.core import relay
from onepage.core.errors import CheckFailed, UserError
from onepage.plan import planfile, store

TURNS = 3  # how often an execution is placed before it is given up
FAILED = (1, 2, 126, 127)  # the execution failed and said why, or the launcher has: wrong options, nothing to start
SECONDS = 3.0  # how long a network file system may hide what another machine has just written


def place(plan: planfile.Plan, target: dict[str, Any], launch: str) -> int:
    """Execute a target through the launcher; the code of the execution. `CheckFailed` if it was lost every time."""
    entry, name = plan.entry(target), target["id"]
    run = [sys.executable, "-P", "-m", "onepage", "run", "--here", "--plan", str(plan.folder / "plan.json"), name]
    argv = [*_words(launch), *run]
    for turn in range(1, TURNS + 1):
        with _ended_by_signals():
            code = relay.run(argv, plan.root, dict(os.environ))
        if code in FAILED:
            return code
        if _is_there(entry):
            return 0
        lost = f"{name}: the launcher ended (exit code {code}) and left no result: a node died, or the job was ended"
        if turn < TURNS:
            print(f"{lost}; it is placed again", file=sys.stderr, flush=True)
    raise CheckFailed(f"{lost}; given up after {TURNS} times. Run make again (what is finished is kept)")


def _words(launch: str) -> list[str]:
    """LAUNCH as a command; `UserError` if it is none. No shell stands between: a signal reaches the launcher itself."""
    try:
        words = shlex.split(launch)
    except ValueError as error:
        raise UserError(f"LAUNCH={launch}: cannot be read as the words of a command ({error})") from None
    if not words or not shutil.which(words[0]):
        raise UserError(f"LAUNCH={launch}: there is no program {words[0] if words else ''!r} on this machine")
    return words


def _is_there(entry: Path) -> bool:
    """Whether the result is in the store, as seen from here."""
    deadline = time.monotonic() + SECONDS
    while not store.is_done(entry):
        if time.monotonic() > deadline:
            return False
        for folder in (entry.parent, entry):  # to be listed makes a network file system ask anew
            with contextlib.suppress(OSError):
                os.listdir(folder)
        time.sleep(0.1)
    return True


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A make that is ended ends the launcher too, which cancels its job: SIGTERM as Ctrl-C."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
