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
from onepage.publishing import records


class Capture:
    """Publishes as a kernel would, and keeps the outputs as a notebook."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, out: Path) -> None:
        self.outputs: list[Any] = []
        out.mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr(records, "_published", {})
        monkeypatch.setattr(records, "shell", lambda: self)
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


REPORT = """---
title: How heavy are the pebbles?
subtitle: A toy
keywords: pebbles, scales
---

::: abstract
The network weighs pebbles right in {{ net.accuracy | interval }} of {{ data.pebbles | count }} cases.
:::

# Data loading and processing

{{ data.pebbles | count }} pebbles were weighed on an 8 kHz scale, half of them wet, and split by the beach that they
come from [@lovelace1843]. {{ answer("q1") }}

# Architecture design

{{ figure("architecture") }}

The net of {{ ref("architecture") }} has {{ net.parameters | count }} weights in one layer, which is enough for a stone.

# Experiments

It is trained with Adam at a learning rate that a small search on held-out beaches chose, as {{ ref("loss") }} shows.

{{ figure("loss", "errors") }}

# Results

{{ table("settings", intervals=["accuracy"]) }}

**Error analysis.** [The net beats the guess]{.claim #net-beats-guess} ({{ ref("settings") }}).
{% if claim("wet-harder") %}
[Wet pebbles are harder]{.claim #wet-harder} ({{ ref("errors") }}).
{% else %}
[Wet pebbles are no harder]{.claim .not #wet-harder} ({{ ref("errors") }}).
{% endif %}

# Discussion and conclusions

- It works, in {{ training.seconds | duration }}, to within {{ net.error | digits(2) }}.
- It gains {{ (net.accuracy - guess.accuracy) | points }} over a guess.
- It would not work on {{ data.beaches | spelled }} other beaches.
"""
APPENDIX = """# Appendix

More pebbles.

## References

::: {#refs}
:::
"""
GROUP = """[group]
id = "7"

[[member]]
name = "Ada, Countess of *Lovelace*"
parts = ["Data: collected the pebbles and wrote the loader", "Report: wrote the analysis of errors"]

[[member]]
name = "Žofie <b>Nováková</b>"
parts = ["Network: designed the layer and trained it"]
student = "s1 \\"x\\""

[[member]]
name = "Li #1 [Wei]"
parts = ["Baselines: measured what a guess is worth"]
"""
BIB = """@article{lovelace1843,
  author = {Lovelace, Ada}, title = {Notes}, journal = {Scientific Memoirs}, volume = {3}, year = {1843},
}
"""
BRIEF = """[brief]
title = "Pebbles"

[numbers]
typed = ["8 kHz"]

[hand-in]
entry = "reports/page/predict.py"
include = ["analysis/*.py", "reports/page/*.md"]

[[demand]]
id = "pages"
says = "One page of content, one of work distribution, at most one of appendix"
kind = "pages"
content = 1
distribution = 1
appendix = 1

[[demand]]
id = "layout"
says = "A readable page"
kind = "layout"
body = 8.5

[[demand]]
id = "sections"
says = "Five sections"
kind = "sections"
titles = ["Data loading and processing", "Architecture design", "Experiments", "Results", "Discussion and conclusions"]
words = 10

[[demand]]
id = "diagram"
says = "A diagram of the architecture"
kind = "figure"
section = "Architecture design"
names = ["architecture"]

[[demand]]
id = "table"
says = "A table that compares settings"
kind = "table"
section = "Results"
names = ["settings"]
rows = 2

[[demand]]
id = "errors"
says = "An error analysis"
kind = "discussion"
section = "Results"
about = ["error analysis"]

[[demand]]
id = "bullets"
says = "Conclusions in bullet points"
kind = "bullets"
section = "Discussion and conclusions"
least = 3

[[demand]]
id = "group"
says = "Who did what"
kind = "group"
members = [3, 4]

[[demand]]
id = "numbers"
says = "No typed numbers"
kind = "numbers"

[[demand]]
id = "claims"
says = "Claims hold"
kind = "claims"
least = 2

[[demand]]
id = "q1"
says = "One sentence of at most twelve words"
kind = "answer"
name = "q1"
sentences = 1
words = 12

[[demand]]
id = "q2"
says = "At most twenty words"
kind = "answer"
name = "q2"
words = 20

[[demand]]
id = "epochs"
says = "5 to 20 epochs"
kind = "parameter"
rows = ["net"]
name = "epochs"
between = [5, 20]

[[demand]]
id = "size"
says = "At most 100 weights"
kind = "value"
name = "net.parameters"
at_most = 100

[[demand]]
id = "steps"
says = "Loss every 10 steps"
kind = "spacing"
figure = "loss"
column = "step"
every = 10

[[demand]]
id = "adam"
says = "Use Adam"
kind = "code"
files = ["analysis/*.py"]
uses = ["Adam"]
never = ["torch.hub"]
plain = true

[[demand]]
id = "file"
says = "predictions.csv"
kind = "file"
name = "predictions.csv"
columns = ["clip", "prediction"]

[[demand]]
id = "zip"
says = "group_7.zip"
kind = "hand-in"
name = "group_{id}.zip"
"""


def publish_pebbles(out: Path) -> None:
    """Everything that the toy page cites."""
    from matplotlib.figure import Figure

    for name, width in (("architecture", 3.4), ("loss", 1.6), ("errors", 1.6)):
        figure = Figure(figsize=(width, 1.2))
        figure.subplots().plot([1, 3, 2], label=name)
        figure.axes[0].set_xlabel(f"Axis of {name}")
        data = {"step": [10, 20, 30, 36], "loss": [3.0, 2.0, 1.0, 0.5]} if name == "loss" else None
        publish.figure(name, figure, alt=f"What {name} shows.", caption=f"The *{name}* figure.", data=data)
    publish.value("net.accuracy", 0.9541, low=0.9477, high=0.9604, unit="fraction", n=1200, seeds=[0, 1])
    publish.value("guess.accuracy", 0.251, unit="fraction")
    publish.value("net.parameters", 97, unit="parameters")
    publish.value("net.error", 0.02149)
    publish.value("data.pebbles", 12345, unit="items")
    publish.value("data.beaches", 3)
    publish.value("training.seconds", 143.2, unit="s")
    publish.claim("net-beats-guess", True, text="The net beats the guess", evidence="95.4% against 25.1%", p=1e-9)
    publish.claim("wet-harder", True, text="Wet pebbles are harder", evidence="5 points", test="McNemar", p=0.01)
    publish.answer("q1", "Pebbles differ in weight, e.g. wet ones don't weigh the same.")
    publish.answer("q2", "One layer is enough because a *stone* has one weight.")
    value = {"value": 0.9541, "low": 0.9477, "high": 0.9604, "unit": "fraction"}
    rows = [
        {"setting": "guess & <hope>", "accuracy": {**value, "value": 0.251, "low": 0.24, "high": 0.262}},
        {"setting": "net", "accuracy": value, "_strong": True, "_rule": True},
    ]
    publish.table(
        "settings", rows, caption="Accuracy over settings.", columns={"setting": "Setting", "accuracy": "All"}
    )
    (out / "predictions.csv").write_text("clip,prediction\n0,heavy\n", encoding="utf-8")
    publish.file("predictions.csv", out / "predictions.csv")


def write_page(project: Project) -> None:
    """The toy page's own files, and scripts to go with the targets."""
    texts = {"report.md": REPORT, "appendix.md": APPENDIX, "group.toml": GROUP, "references.bib": BIB}
    for name, text in {**texts, "brief.toml": BRIEF, "predict.py": "print('0,heavy')\n"}.items():
        (project.page / name).write_text(text, encoding="utf-8")
    (project.root / "analysis").mkdir(exist_ok=True)
    for name in ("weights", "train"):
        script = '# %% [markdown]\n# # Pebbles\n\n# %% name="findings"\nfrom torch.optim import Adam\n'
        (project.root / "analysis" / f"{name}.py").write_text(script, encoding="utf-8")
    (project.root / "pyproject.toml").write_text('[tool.onepage]\npage = "reports/page"\n', encoding="utf-8")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy project, its report built; copy it before changing it."""
    from onepage.plan import planfile
    from onepage.tools import page

    with pytest.MonkeyPatch.context() as patch:
        project = Project(tmp_path_factory.mktemp("pebbles") / "project", patch)
        project.analysis("weights", publish_pebbles)
        for seed in (0, 1):
            project.analysis(
                f"net-s{seed}", lambda out: None, kind="run", row="net", seed=seed, script="analysis/train.py",
                parameters={"epochs": 14},
            )  # fmt: skip
        write_page(project)
        page.build(planfile.load(project.plan))
    return project.root


@pytest.fixture
def project(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of the built toy project."""
    root = tmp_path / "project"
    shutil.copytree(built, root)
    made = Project(root, monkeypatch)
    made.targets = json.loads(made.plan.read_text(encoding="utf-8"))["targets"]
    return made
