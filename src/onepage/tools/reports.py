"""A built report, loaded: the one way in which commands look at what `make report` wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepage.core import files, places
from onepage.core.errors import UserError
from onepage.page.results import load_results


@dataclass(frozen=True)
class Side:
    """One of the two reports."""

    label: str  # as it was asked for
    folder: Path  # its report folder
    results: dict[str, Any]  # its results.json

    def section(self, name: str) -> dict[str, Any]:
        return self.results.get(name) or {}

    @property
    def provenance(self) -> dict[str, Any]:
        return self.section("provenance")


def load(folder: str | Path, label: str | None = None) -> Side:
    """A report's folder as one side."""
    folder = Path(folder)
    found = load_results(folder)
    if places.manifest(folder).get("results.json", sha := files.digest(folder / "results.json")) != sha:
        raise UserError(f"{folder}/results.json: no longer as it was written, by manifest.json; run `make report`")
    return Side(label or folder.name, folder, found)
