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
from pathlib import Path

_BLOCK = 65536


def run(argv: list[str], folder: Path, environment: dict[str, str]) -> int:
    """Run a program to its end, and return its exit code; what it leaves running in the background is let be."""
    pipes = {number: os.pipe() for number in (1, 2) if not os.isatty(number)}
    ended, wake = os.pipe()
    threads = []
    try:
        out, err = (pipes[number][1] if number in pipes else None for number in (1, 2))
        process = subprocess.Popen(argv, cwd=folder, env=environment, stdout=out, stderr=err)
        for number, (reading, writing) in pipes.items():
            os.close(writing)
            threads.append(threading.Thread(target=_pass_on, args=(reading, number, ended), daemon=True))
            threads[-1].start()
        try:
            return process.wait()
        except KeyboardInterrupt:
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
