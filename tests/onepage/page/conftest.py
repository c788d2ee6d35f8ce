"""A fabricated project: published records in real notebooks, a plan, and a page; no kernel and no training."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from onepage import publish


class Capture:
    """Publishes as a kernel would, and keeps the outputs as a notebook."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, out: Path) -> None:
        self.outputs: list[Any] = []
        out.mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr(publish, "_published", {})
        monkeypatch.setattr(publish, "_shell", lambda: self)
        monkeypatch.setattr("IPython.display.display", self._display)
        monkeypatch.setattr("onepage.context.out", lambda: out, raising=False)

    def _display(self, bundle: dict[str, Any], raw: bool) -> None:
        assert raw
        self.outputs.append(nbformat.v4.new_output("display_data", data=json.loads(json.dumps(bundle))))

    def notebook(self) -> Any:
        """Everything published so far, as one executed cell."""
        cell = nbformat.v4.new_code_cell("...", id="c1", metadata={"name": "findings"}, outputs=self.outputs)
        return nbformat.v4.new_notebook(cells=[cell])


class Project:
    """A project folder with analyses that have run already."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self._monkeypatch = root, monkeypatch
        self.page = root / "reports" / "page"
        self.out = root / "reports" / "toy-full"
        self.plan = root / "build" / "toy-full" / "plan.json"
        self.page.mkdir(parents=True, exist_ok=True)
        self.plan.parent.mkdir(parents=True, exist_ok=True)
        self.targets: list[dict[str, Any]] = []

    def analysis(self, name: str, publishing: Callable[[Path], None], **target: Any) -> None:
        """An analysis whose notebook holds what `publishing` publishes."""
        entry = self.root / "build" / "store" / name[:2] / name
        shutil.rmtree(entry, ignore_errors=True)
        with self._monkeypatch.context() as patch:
            capture = Capture(patch, entry / "files")
            publishing(entry / "files")
        (entry / "notebook.ipynb").write_text(nbformat.writes(capture.notebook()), encoding="utf-8")
        self.target(name, **{"kind": "analysis", "entry": f"build/store/{name[:2]}/{name}", **target})

    def target(self, name: str, **target: Any) -> None:
        """A target of the plan."""
        made = {"id": name, "kind": "analysis", "row": None, "seed": None, "script": f"analysis/{name}.py",
                "title": name, "question": "", "parameters": {}, "key": name * 8, "entry": "", "reads": [],
                "runs": {}, "timeout": 60}  # fmt: skip
        self.targets = [each for each in self.targets if each["id"] != name] + [{**made, **target}]
        self.write_plan()

    def write_plan(self) -> None:
        """Write plan.json as the engine does."""
        plan = {
            "report": "toy-full", "profile": "full", "corpus": {"name": "toy", "key": "c0ffee", "entry": "",
            "folder": ""}, "device": "cpu", "out": "reports/toy-full", "store": "build/store",
            "code": {"commit": None, "dirty": False}, "versions": {"numpy": "2"}, "targets": self.targets,
        }  # fmt: skip
        self.plan.write_text(json.dumps(plan), encoding="utf-8")
