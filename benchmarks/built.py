"""The corpus of the report that `make report` built last, for benchmarks that train on it."""

from __future__ import annotations

import sys
from pathlib import Path

from onepage import planfile

ROOT = Path(__file__).resolve().parents[1]


def corpus(named: Path | None) -> Path:
    """The folder that was named, or that of the full report in this checkout; without either there is no benchmark."""
    if named:
        return named
    plan = ROOT / "build" / "espeak-full" / "plan.json"
    folder = ROOT / planfile.load(plan).data["corpus"]["folder"] if plan.exists() else None
    if folder is None or not folder.exists():
        sys.exit("there is no corpus: run `make report` first, or name a folder")
    return folder
