"""Kill a build at random moments, with SIGKILL, and see that the build that is resumed ends in the same bytes.

    python benchmarks/bench_resume.py [--kills 30] [--seed 0]

The project is the example under tests/. Half of the kills take everything that `make` started from the terminal, the
others every process of the project at once, the warm parent and its children included.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))
import engine_project as example
import measured


def main() -> None:
    parser = measured.arguments(__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0, help="draws the moments")
    args = measured.parse(parser, kills=3)
    draw = random.Random(args.seed)
    with tempfile.TemporaryDirectory(prefix="onepage-bench-") as place:
        whole = example.copy(Path(place) / "whole")
        start = time.monotonic()
        whole.make("report")
        seconds = time.monotonic() - start
        killed = example.copy(Path(place) / "killed")
        finished = 0
        for number in range(args.kills):
            make = subprocess.Popen(
                killed.command("report"), env=killed.environ(), start_new_session=True, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
            time.sleep(draw.uniform(0, seconds))
            finished += make.poll() is not None
            if number % 2:
                example.kill(killed.root)
            else:
                with contextlib.suppress(ProcessLookupError):  # it had finished by then
                    os.killpg(make.pid, signal.SIGKILL)
            make.wait()
            if not example.gone(killed.root):
                sys.exit(f"after kill {number + 1} these were left: {example.processes(killed.root)}")
            if finished:  # start over, so that every kill finds work in progress
                killed, finished = example.copy(Path(place) / f"killed{number}"), 0
        killed.make("report")
        same = killed.manifest() == whole.manifest() and killed.entries() == whole.entries()
        measured.tell(kills=args.kills, same_bytes=same, left_over=len(killed.leftovers()))
        sys.exit(0 if same and not killed.leftovers() else 1)


if __name__ == "__main__":
    main()
