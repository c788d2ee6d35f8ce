"""The pipeline's types hold, as `mypy` sees them (settings in pyproject.toml)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_types_hold() -> None:
    words = [sys.executable, "-m", "mypy"]  # what it has found out about torch, and what has not changed, it keeps
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "MYPYPATH": "src"})
    assert done.returncode == 0, done.stdout + done.stderr
