"""What the report trains on and what it trains: the corpus of the last `make report`, the settings of train.py."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from onepage.plan import planfile
from onepage.scripts import parameters
from spokenlang.training.techniques import switched_off

ROOT = Path(__file__).resolve().parents[1]


def corpus(named: Path | None) -> Path:
    """The folder that was named, or that of `make bench`'s report, else the full one; without any no benchmark."""
    if named:
        return named
    plan = ROOT / "build" / (os.environ.get("NAME") or "espeak-full") / "plan.json"
    folder = ROOT / planfile.load(plan).data["corpus"]["folder"] if plan.exists() else None
    if folder is None or not folder.exists():
        sys.exit("there is no corpus: run `make report` first, or name a folder")
    return folder


def chosen() -> dict[str, Any]:
    """The settings of the reported network: the parameter cell of analysis/train.py."""
    script = ROOT / "analysis" / "train.py"
    declared = parameters.declared(script.read_text(encoding="utf-8"), script.name)
    values = {parameter.name: parameter.default for parameter in declared}
    return switched_off(values, values.pop("without"), values.pop("keep"))
