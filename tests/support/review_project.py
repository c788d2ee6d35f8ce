"""A small fabricated project for the tests of what people review: plan, store entries, notebooks, report.

The records are made by the real `publish` calls; only the kernel is left out, so that a project takes milliseconds.
The subject is birds, so that nothing here can lean on the project's own.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from onepage import publish
from onepage.publishing import media, records

RATE = 8000
KINDS = ("wren", "robin", "owl")
NASTY = 'a <script>alert("x")</script> & \'b\' ../../etc "q" \u202eאבג\nnext'

WAVES = """# ---
# jupyter:
#   onepage:
#     title: Waves of three birds
#     question: "1a, 1b"
#     reads: [corpus]
# ---

# %% [markdown]
# # Waves of three birds
#
# Two birds sing in $f = 440\\\\,\\\\mathrm{Hz}$, one does not. See `song.wave`.

# %% tags=["parameters"]
seed: int = 3  # draws the birds
gain: float = 1.5  # of the louder ones

# %% [markdown]
# ## What differs
#
# The loudness does, and it has nothing to do with the bird:
#
# | bird | peak |
# | --- | ---: |
# | wren | 0.9 |

# %% name="waves"
# The figure that the page shows
publish.figure("waves", draw(seed), alt="Three sine waves", caption="Three *birds* on one scale.")

# %%
publish.value("birds.count", 3)
publish.value("birds.loudness", 0.5123, low=0.48, high=0.55, unit="fraction", n=120, seeds=[0, 1, 2],
              about="Share of loud songs")

# %% [markdown]
# ## What follows

# %%
publish.claim("owl-is-lowest", True, text="The owl sings lowest.", evidence="300 Hz against 1200 Hz")
publish.claim("wren-is-loud", False, text="The wren is the loudest.", evidence="0.4 against 0.9", p=0.31)

# %%
publish.answer("q1a", "The *peaks* differ because the **recordings** do.")
publish.table("birds", rows, caption="Birds and their songs.", note="Means over three years.")
for song in songs:
    publish.audio(song.name, song.samples, 8000, label=song.label)
"""

ERRORS = """# ---
# jupyter:
#   onepage:
#     title: Which birds are taken for which
#     question: "2"
#     reads: [corpus, small]
# ---

# %% [markdown]
# # Which birds are taken for which

# %%
publish.matrix("confusion", counts, rows=KINDS, clips="wrong", caption="Songs by bird.")

# %%
publish.clips("wrong", items, rate=8000, columns=COLUMNS, caption="Every song that was misheard.")

# %%
publish.scatter("space", x, y, group=birds, texts=texts, ids=ids, clips="wrong", caption="Songs.", alt="A plane.")

# %%
publish.figure("accuracy", draw(), alt="Accuracy over time", caption="Accuracy.")
publish.file("songs.csv", path)
"""

TRAIN = """# ---
# jupyter:
#   onepage:
#     title: One training run
#     reads: [corpus]
# ---

# %% tags=["parameters"]
seed: int = 0  # of everything
rate: float = 0.1  # step size

# %%
publish.figure("loss", draw(), alt="Falling loss", caption="Loss over steps.")
print("step 100: 0.5")
"""


class Recorder:
    """Collects what `publish` emits instead of displaying it."""

    def __init__(self, files: Path) -> None:
        self.outputs: list[dict[str, Any]] = []
        self._files = files

    def __enter__(self) -> Recorder:
        self._before = records.shell, records.emit, media._folder
        records.shell, records.emit, media._folder = object, self._emit, lambda: self._files
        return self

    def __exit__(self, *error: object) -> None:
        records.shell, records.emit, media._folder = self._before

    def _emit(self, kind: str, name: str, body: Any, bundle: Any) -> None:
        record = {"kind": kind, "name": name, **json.loads(json.dumps(body, default=lambda a: a.tolist()))}
        data = {**json.loads(json.dumps(dict(bundle))), records.MIME: record}
        self.outputs.append({"output_type": "display_data", "metadata": {}, "data": data})


def wave(pitch: float, seconds: float = 1.0, loud: float = 0.6) -> np.ndarray:
    """A song: a tone with a tremolo."""
    t = np.arange(int(RATE * seconds)) / RATE
    return (loud * np.sin(2 * np.pi * pitch * t) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * t))).astype(np.float32)


def drawing(shift: float = 0.0, width: float = 3.46) -> Any:
    """A small matplotlib figure."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with plt.rc_context(publish.STYLE):
        figure, axes = plt.subplots(figsize=(width, 1.5))
        t = np.linspace(0, 6, 60)
        for k in range(3):
            axes.plot(t, np.sin(t + k + shift), label=KINDS[k])
        axes.legend(ncols=3)
        axes.set_xlabel("time / s")
    return figure


def misheard(count: int = 12) -> list[dict[str, Any]]:
    """Clips for the list: every pair of different birds in turn, confidence falling."""
    pairs = [(a, b) for a in KINDS for b in KINDS if a != b]
    drawn = np.random.default_rng(5)
    return [
        {
            "id": 100 + i,
            "samples": wave(300 + 150 * i) + drawn.normal(0, 0.01, RATE).astype(np.float32),
            "true": pairs[i % len(pairs)][0],
            "predicted": pairs[i % len(pairs)][1],
            "confidence": round(0.99 - 0.04 * i, 3),
            "attribution": np.sin(np.linspace(0, 6, 40)),
        }
        for i in range(count)
    ]


def counts(items: list[dict[str, Any]]) -> np.ndarray:
    """The confusion matrix that `items` are the errors of."""
    table = np.diag([40, 35, 30])
    for item in items:
        table[KINDS.index(item["true"]), KINDS.index(item["predicted"])] += 1
    return table


def publish_waves(shift: float = 0.0) -> list[Callable[[], None]]:
    """What each code cell of WAVES does, less its parameters cell."""

    def songs() -> None:
        publish.answer("q1a", "The *peaks* differ because the **recordings** do.")
        rows = [
            {
                "bird": b,
                "songs": 100 * i,
                "pitch": {"value": 300.0 * i, "low": 290.0 * i, "high": 312.0 * i, "unit": "Hz"},
            }
            for i, b in enumerate(KINDS, 1)
        ]
        publish.table(
            "birds",
            rows,
            columns={"bird": "Bird", "songs": "Songs", "pitch": "Pitch"},
            caption="Birds and their songs.",
            note="Means over three years.",
        )
        for i, bird in enumerate(KINDS):
            media.audio(
                f"song-{bird}",
                wave(300 + 200 * i, loud=0.6 if i else 0.002),
                RATE,
                label=f"A {bird}",
                meta={"peak": 0.6},
            )

    def values() -> None:
        publish.value("birds.count", 3)
        publish.value(
            "birds.loudness",
            0.5123,
            low=0.48,
            high=0.55,
            unit="fraction",
            n=120,
            seeds=[0, 1, 2],
            about="Share of loud songs",
        )

    def claims() -> None:
        publish.claim("owl-is-lowest", True, text="The owl sings lowest.", evidence="300 Hz against 1200 Hz")
        publish.claim("wren-is-loud", False, text="The wren is the loudest.", evidence="0.4 against 0.9", p=0.31)

    def figure() -> None:
        publish.figure(
            "waves",
            drawing(shift),
            alt="Three sine waves",
            caption="Three *birds* on one scale.",
            data={"t": [0.0, 1.0], "wren": [0.1, 0.2]},
        )

    return [figure, values, claims, songs]


def publish_errors(files: Path, items: list[dict[str, Any]]) -> list[Callable[[], None]]:
    """What each code cell of ERRORS does."""
    columns = {"true": "Bird", "predicted": "Taken for", "confidence": "Confidence"}

    def space() -> None:
        drawn = np.random.default_rng(1)
        group = [KINDS[i % 3] for i in range(150)]
        ids = [100 + i for i in range(150)]
        points = drawn.normal(0, 1, (150, 2)) + [[3 * (i % 3), (i % 2)] for i in range(150)]
        media.scatter(
            "space",
            points[:, 0],
            points[:, 1],
            group=group,
            groups=KINDS,
            ids=ids,
            clips="wrong",
            texts=[f"{g}, song {i}" for g, i in zip(group, ids, strict=True)],
            titles=("first", "second"),
            caption="Every song in the output's plane.",
            alt="Three clouds of points, one a bird",
        )

    def accuracy() -> None:
        publish.figure("accuracy", drawing(1.0, 7.16), alt="Accuracy over time", caption="Accuracy.")
        (files / "songs.csv").write_text("song,bird\n1,owl\n")
        body = {"path": "songs.csv", "bytes": 16, "sha256": hashlib.sha256(b"song,bird\n1,owl\n").hexdigest()}
        records.emit("file", "songs.csv", body, {"text/plain": "file"})

    return [
        lambda: media.matrix(
            "confusion",
            counts(items),
            rows=KINDS,
            clips="wrong",
            caption="Songs by bird.",
            titles=("Bird", "Taken for"),
        ),
        lambda: media.clips(
            "wrong",
            items,
            rate=RATE,
            columns=columns,
            units={"confidence": "fraction"},
            order="-confidence",
            caption="Every song that was misheard.",
        ),
        space,
        accuracy,
    ]


def publish_training() -> list[Callable[[], None]]:
    """What the code cells of TRAIN do."""
    return [lambda: publish.figure("loss", drawing(2.0), alt="Falling loss", caption="Loss over steps.")]


def execute(root: Path, target: dict[str, Any], actions: list[Callable[[], None]], streams: str = "") -> Path:
    """Write the store entry of `target` as an execution would: its notebook and its files."""
    entry = root / target["entry"]
    files = entry / "files"
    files.mkdir(parents=True, exist_ok=True)
    text = (root / target["script"]).read_text()
    from onepage.review import cells

    nodes, todo = [], list(actions)
    for number, cell in enumerate(cells.script_cells(text)):
        node: dict[str, Any] = {
            "cell_type": cell.kind,
            "id": f"c{number}",
            "metadata": {"tags": sorted(cell.tags)},
            "source": cell.source,
        }
        if cell.kind == "code":
            node |= {"execution_count": number, "outputs": []}
            if "parameters" not in cell.tags and todo:
                with Recorder(files) as recorder:
                    todo.pop(0)()
                node["outputs"] = recorder.outputs
                if streams:
                    node["outputs"].append({"output_type": "stream", "name": "stdout", "text": streams})
        nodes.append(node)
        if "parameters" in cell.tags:
            nodes.append(
                {
                    "cell_type": "code",
                    "id": "p",
                    "metadata": {"tags": ["injected-parameters"]},
                    "outputs": [],
                    "execution_count": None,
                    "source": "seed = 4",
                }
            )
    notebook = {"cells": nodes, "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}
    (entry / "notebook.ipynb").write_text(json.dumps(notebook, indent=1))
    (entry / "timing.json").write_text(json.dumps({"seconds": 12.5}))
    (entry / "done").write_text("")
    return entry


def make(root: Path, *, shift: float = 0.0, report: str = "birds-full") -> dict[str, Any]:
    """The whole project below `root`; returns its plan."""
    for folder in ("analysis", "build"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name, text in (("q1_waves", WAVES), ("q2_errors", ERRORS), ("train", TRAIN)):
        (root / "analysis" / f"{name}.py").write_text(text.replace("\\\\", "\\"))
    targets = []
    for number, (identity, kind, script, title, question) in enumerate(
        (
            ("small-s0", "run", "train", "One training run", ""),
            ("small-s1", "run", "train", "One training run", ""),
            ("q1_waves", "analysis", "q1_waves", "Waves of three birds", "1a, 1b"),
            ("q2_errors", "analysis", "q2_errors", "Which birds are taken for which", "2"),
        )
    ):
        key = hashlib.sha256(f"{identity}{shift}".encode()).hexdigest()
        run = kind == "run"
        targets.append(
            {
                "id": identity,
                "kind": kind,
                "row": "small" if run else None,
                "seed": number if run else None,
                "script": f"analysis/{script}.py",
                "title": title,
                "question": question,
                "key": key,
                "parameters": {"seed": number, "rate": 0.1} if run else {"seed": 3, "gain": 1.5},
                "entry": f"build/store/{key[:2]}/{key}",
                "reads": ["corpus"],
                "runs": {},
                "timeout": 600,
            }
        )
    plan = {
        "report": report,
        "profile": "full",
        "corpus": {"name": "birds", "key": "c" * 64, "entry": "", "folder": ""},
        "device": "cpu",
        "out": f"reports/{report}",
        "store": "build/store",
        "targets": targets,
        "code": {"commit": "0123456789abcdef", "dirty": True},
        "versions": {"numpy": "2.4.6", "birdlib": "1.0"},
    }
    items = misheard()
    for target in targets:
        files = root / target["entry"] / "files"
        if target["kind"] == "run":
            execute(root, target, publish_training(), "step 100: 0.5\n")
        elif target["id"] == "q1_waves":
            execute(root, target, publish_waves(shift))
        else:
            execute(root, target, publish_errors(files, items))
    (root / "build" / report).mkdir(exist_ok=True)
    (root / "build" / report / "plan.json").write_text(json.dumps(plan, indent=1))
    return plan


def build(root: Path, plan: dict[str, Any]) -> Path:
    """Write the report's folder from the plan: pages, results, assets, index."""
    from onepage.page import results
    from onepage.review import index, render

    out = root / plan["out"]
    collected = results.collect(plan, root)
    for target in plan["targets"]:
        render.render_target(plan, target, root, out)
    for name, content in collected.assets.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)
    for name, path in collected.files.items():
        (out / name).write_bytes(path.read_bytes())
    (out / "results.json").write_text(results.as_json(collected.results))
    (out / "report.pdf").write_bytes(b"%PDF-1.4\n")
    (out / "report.html").write_text("<!doctype html><html lang=en><title>r</title><p>The page")
    (out / "report.png").write_bytes(base64.b64decode(_picture()))
    checks = [
        {"demand": "one content page", "holds": True, "found": "1 page", "where": None},
        {
            "demand": "answer q1a within 2 sentences",
            "holds": False,
            "found": "3 sentences",
            "where": "analysis/q1_waves.py",
        },
    ]
    index.write_index(plan, collected.results, out, checks, collected.results["claims"], root=root)
    return out


def _picture() -> str:
    import io

    buffer = io.BytesIO()
    figure = drawing(0.0, 4.0)
    figure.set_size_inches(4.0, 5.66)
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return base64.b64encode(buffer.getvalue()).decode()


def fail(root: Path, plan: dict[str, Any], name: str) -> Path:
    """What a failed execution of `name` leaves; returns its page."""
    from onepage.execute import failures
    from onepage.review import render

    target = next(t for t in plan["targets"] if t["id"] == name)
    notebook = json.loads((root / target["entry"] / "notebook.ipynb").read_text())
    trace = ["\x1b[31mValueError\x1b[39m: no <b>songs</b>"]
    notebook["cells"][-1]["outputs"] = [
        {"output_type": "error", "ename": "ValueError", "evalue": "no <b>songs</b>", "traceback": trace}
    ]
    place = root / "build" / "failed" / plan["report"] / name
    place.mkdir(parents=True)
    (place / "notebook.ipynb").write_text(json.dumps(notebook))
    (place / "failure.json").write_text(json.dumps({"target": name, "message": "no songs"}))
    message = f"{target['script']}:45: ValueError: no <b>songs</b>"
    return render.render_failed(
        place / "notebook.ipynb", root / target["script"], message, place / failures.PAGE, plan=plan, target=target
    )
