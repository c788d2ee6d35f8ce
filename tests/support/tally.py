"""How many inputs and faults of each kind the suites have tried, for docs/reliability.md.

With TALLY=FOLDER in the environment every test process leaves its counts there as it ends (see conftest.py).
`python tests/support/tally.py whole|part COMMAND ...` runs the suites so, adds the counts up and, where all ran,
writes them into the page.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
MARKS = ("<!-- counted by `make test-long` -->\n", "<!-- end of the counts -->\n")
_counts: Counter[str] = Counter()


def count(kind: str, number: int = 1) -> None:
    """Another input (or fault) of a kind was tried."""
    _counts[kind] += number


def leave() -> None:
    """Write down what this process has tried."""
    folder = os.environ.get("TALLY")
    if folder and _counts:
        (Path(folder) / f"{os.getpid()}-{time.time_ns()}.json").write_text(json.dumps(_counts))


def summed(folder: Path) -> Counter[str]:
    """What all processes of a run have tried."""
    total: Counter[str] = Counter()
    for path in folder.glob("*.json"):
        total.update(json.loads(path.read_text()))
    return total


def table(total: Counter[str]) -> str:
    """The counts as the page shows them."""
    lines = ["| tried | how many |", "| --- | ---: |", *(f"| {kind} | {total[kind]:,} |" for kind in sorted(total))]
    return "\n".join([*lines, f"| together | {total.total():,} |"]) + "\n"


def written(text: str, total: Counter[str]) -> str:
    """The page with its table replaced."""
    begin, end = map(re.escape, MARKS)
    return re.sub(f"({begin}).*?({end})", lambda found: found[1] + table(total) + found[2], text, flags=re.DOTALL)


def main(extent: str, *command: str) -> int:
    """Run pytest, and count. What a part of the suites has tried is told, not written down."""
    with tempfile.TemporaryDirectory() as folder:
        code = subprocess.run(command, env={**os.environ, "TALLY": folder}, check=False).returncode
        total = summed(Path(folder))
    if extent == "whole" and not code:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), total), encoding="utf-8")
    print(table(total))
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
