"""A clone of this tree, and make in it as a user calls it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
VALUES = [
    "binary.test_accuracy",
    "binary.parameters",
    "six.test_accuracy",
    "six.test_macro_f1",
    "six.test_ece",
    "six.parameters",
    "baseline.test_accuracy",
]
"""Published in every report, whatever the corpus."""


class Clone:
    """A clone of the working tree with calls of make in it; the interpreter of the tests is its environment.

    `variables` go with every make that does not say otherwise.
    """

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder, self.variables = folder, variables
        tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        for name in filter(None, tracked.decode().split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]
        for call in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "clone"]):
            subprocess.run([*git, *call], cwd=folder, check=True)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text that must be there."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text, f"{name}: {old!r}"
        (self.folder / name).write_text(text.replace(old, new), encoding="utf-8")

    def make(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`make words...`; the result carries both streams."""
        settings = [
            f"{key}={value}" for key, value in {"PYTHON": sys.executable, **self.variables, **variables}.items()
        ]
        return self.run("make", *words, *settings)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command in the clone, as from a fresh shell."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS", "ONEPAGE"))}
        clean |= {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}",
            "PYTHONPATH": str(self.folder / "src"),
            "ONEPAGE_LINGER": "0",
        }
        return subprocess.run(words, cwd=self.folder, capture_output=True, text=True, env=clean, check=False)
