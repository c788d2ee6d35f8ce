"""What a benchmark measures: lines of JSON on the terminal, and in page/measured/, which the page is made from."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "page" / "measured"
"""NAME.jsonl for every bench_NAME.py: one line about the machine, then what was measured, in order."""


def arguments(doc: str | None) -> argparse.ArgumentParser:
    """A parser whose help is the benchmark's first lines, and which knows of a short run."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="little of everything: to see that it runs, not to quote")
    return parser


def parse(parser: argparse.ArgumentParser, **short: Any) -> argparse.Namespace:
    """The command line; `short` are the defaults of a short run. What an earlier run of this benchmark told is gone."""
    if parser.parse_known_args()[0].short:
        parser.set_defaults(**short)
    args = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    _file().write_text("")
    machine = {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()}
    _keep({"machine": {**machine, "short": args.short}})
    return args


def tell(**line: Any) -> None:
    """One thing that was measured."""
    print(json.dumps(line), flush=True)
    _keep(line)


def _file() -> Path:
    return FOLDER / f"{Path(sys.argv[0]).stem.removeprefix('bench_')}.jsonl"


def _keep(line: dict[str, Any]) -> None:
    with _file().open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
