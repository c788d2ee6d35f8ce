"""Running a program whose own children may outlive it, and must not keep anybody waiting.

Whoever reads what make prints (a pipe, a log, a test) reads until the last holder of that pipe is gone. So a program
gets our terminal if we have one, but never our pipes: it writes to pipes of its own, which are passed on until it ends.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_BLOCK = 65536


def run(argv: list[str], folder: Path, environment: dict[str, str]) -> int:
    """Run a program to its end, and return its exit code; what it leaves running in the background is let be."""
    pipes = {number: os.pipe() for number in (1, 2) if not os.isatty(number)}
    ended, wake = os.pipe()
    threads = []
    process = None
    try:
        out, err = (pipes[number][1] if number in pipes else None for number in (1, 2))
        with _signals_later():  # one that came in between would leave a program that nobody knows of
            process = subprocess.Popen(argv, cwd=folder, env=environment, stdout=out, stderr=err)
        for number, (reading, writing) in pipes.items():
            os.close(writing)
            threads.append(threading.Thread(target=_pass_on, args=(reading, number, ended), daemon=True))
            threads[-1].start()
        return process.wait()
    except KeyboardInterrupt:
        if process:
            process.send_signal(signal.SIGINT)
            process.wait()
        raise
    finally:
        os.close(wake)
        for thread in threads:
            thread.join()
        for reading, _ in pipes.values():
            os.close(reading)
        os.close(ended)


@contextlib.contextmanager
def _signals_later() -> Iterator[None]:
    """What would end us is taken up when this is over; a signal that is ignored stays so."""
    came: list[int] = []
    before: dict[signal.Signals, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if callable(signal.getsignal(number)):
                    before[number] = signal.signal(number, lambda got, _: came.append(got))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for each in came:
        signal.raise_signal(each)


def _pass_on(reading: int, number: int, ended: int) -> None:
    """Copy until the pipe is closed, or the program has ended and the pipe is empty."""
    while True:
        ready, _, _ = select.select([reading, ended], [], [])
        if reading not in ready:
            return
        block = os.read(reading, _BLOCK)
        if not block:
            return
        with contextlib.suppress(OSError):  # nobody reads what we print any more
            view = memoryview(block)
            while view:
                view = view[os.write(number, view) :]
