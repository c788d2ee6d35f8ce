"""Helper processes side by side: each is given numbers, one a line, and answers `<number> done`.

They are told by their standard input, so they end with the process that started them, however that ends. A launcher,
such as `srun`, that hands on standard input and output may place them on other machines that see the same folder.
"""

from __future__ import annotations

import os
import queue
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from spokenlang.errors import InputError

_LOG = "helpers.log"
_CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)
SECONDS = 10.0  # how long a helper may take to end that has closed its output


class Helpers:
    """`jobs` processes that run `<launch> python -m <module> <work>`; a helper that dies is replaced."""

    def __init__(self, module: str, work: Path, jobs: int, launch: str = "") -> None:
        self._module, self._work, self._jobs, self._launch = module, work, jobs, shlex.split(launch)
        self._running: list[subprocess.Popen[str]] = []
        self._lock, self._stopped = threading.Lock(), False

    def finished(self, numbers: list[int]) -> Iterator[tuple[int, int | None]]:
        """Have work done; yields each number as it is done, with None, or the exit status of the helper that failed."""
        todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        answers: queue.SimpleQueue[tuple[int, int | None]] = queue.SimpleQueue()
        for number in numbers:
            todo.put(number)
        with (self._work / _LOG).open("w") as log:
            try:
                for _ in range(min(self._jobs, len(numbers))):
                    threading.Thread(target=self._feed, args=(todo, answers, log), daemon=True).start()
                for _ in numbers:
                    yield answers.get()
            finally:
                with self._lock:
                    self._stopped = True
                    for helper in self._running:
                        helper.terminate()  # which a launcher passes on
                for helper in self._running:
                    _ended(helper)

    def complaint(self) -> str:
        """The last line that a helper wrote."""
        lines = (self._work / _LOG).read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "killed"

    def clear(self) -> None:
        """Remove the helpers' log."""
        (self._work / _LOG).unlink(missing_ok=True)

    def _feed(self, todo: queue.SimpleQueue, answers: queue.SimpleQueue, log) -> None:
        """Give one helper work until none is left."""
        helper = None
        while True:
            try:
                number = todo.get_nowait()
            except queue.Empty:
                return
            with self._lock:
                if self._stopped:
                    return
                if helper is None:
                    helper = self._start(log)
                    self._running.append(helper)
            if _ask(helper, number):
                answers.put((number, None))
                continue
            answers.put((number, _ended(helper)))
            helper = None

    def _start(self, log) -> subprocess.Popen[str]:
        # Nothing of the caller's surroundings may reach what is made; one thread each, there is a helper per core.
        source = Path(__file__).parents[2]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(source), os.environ.get("PYTHONPATH")])),
            **{"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "LC_ALL": "C", "TZ": "UTC"},
            **{"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        }
        return subprocess.Popen(
            [*self._launch, sys.executable, "-P", "-m", self._module, str(self._work.absolute())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            text=True,
        )


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def require_launcher(launch: str) -> None:
    """`InputError` unless these words start with a program that is there (or there are none)."""
    try:
        words = shlex.split(launch)
    except ValueError as error:
        raise InputError(f"--launch {launch}: cannot be read as words of a command ({error})") from None
    if words and not shutil.which(words[0]):
        raise InputError(f"--launch {launch}: there is no program {words[0]} here")


def crashed(status: int) -> bool:
    """Whether this is how a process ends that its own code crashed, told by the system or by a launcher."""
    return -status in _CRASHES or status - 128 in _CRASHES


def _ended(helper: subprocess.Popen[str]) -> int:
    """The exit status of a helper that answers no more; one that does not end by itself is killed."""
    try:
        return helper.wait(SECONDS)  # a launcher needs a moment to tell how its process ended
    except subprocess.TimeoutExpired:
        helper.kill()
        return helper.wait()


def _ask(helper: subprocess.Popen[str], number: int) -> bool:
    assert helper.stdin is not None
    assert helper.stdout is not None
    try:
        helper.stdin.write(f"{number}\n")
        helper.stdin.flush()
        return helper.stdout.readline() == f"{number} done\n"
    except OSError:
        return False
