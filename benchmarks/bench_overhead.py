"""What the pipeline costs beside the work itself: many trivial analyses, and the small edits of everyday.

    python benchmarks/bench_overhead.py [--analyses 20] [--ploomber PATH]

Twenty analyses that import torch and matplotlib and draw one line are built by `make report` (everything: pages, PDF,
index), by a shell loop of jupytext, papermill and nbconvert, and by `ploomber build` where there is a ploomber
(`pip install ploomber`, best into an environment of its own that sees this one's packages).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from onepage.execute import warm
from onepage.tools.start import init

SCRIPT = """\
# ---
# jupyter:
#   onepage:
#     title: Line {number}
# ---

# %% [markdown]
# # Line {number}

# %%
import matplotlib.pyplot as plt
import torch

# %% name="line"
figure, axes = plt.subplots(figsize=(3, 2))
axes.plot(torch.arange(10).numpy() * {number})
print(torch.arange(10).sum().item())
"""
PYPROJECT = """\
[tool.onepage]
scripts = "analysis"
page = "reports/page"
warm = ["numpy", "torch", "matplotlib.pyplot"]
"""
# what a make above, as `make bench`, hands on to its children
FROM_MAKE = ("MAKE", "MFLAGS", "ONEPAGE_", "CORPUS", "PROFILE", "DEVICE", "REPORT", "STORE", "LAUNCH", "NAME")
REPORT = "---\ntitle: Lines\nlang: en\n---\n\n# Lines\n\nMany of them.\n"


def project(folder: Path, analyses: int) -> None:
    """What `onepage init` writes, with trivial analyses for its own."""
    for name, text in {
        **{name: text for name, text in init.contents("lines").items() if not name.startswith("analysis/")},
        "pyproject.toml": PYPROJECT,
        "reports/page/report.md": REPORT,
        **{f"analysis/line{number:02}.py": SCRIPT.format(number=number) for number in range(analyses)},
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def make(folder: Path) -> float:
    """Seconds that `make report` takes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FROM_MAKE)}
    command = ["make", "-C", str(folder), "report", f"PYTHON={sys.executable}"]
    start = time.monotonic()
    result = subprocess.run(command, env=kept, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"make report failed:\n{result.stdout}{result.stderr}")
    return time.monotonic() - start


def loop(folder: Path) -> float:
    """Seconds of a shell loop of the plain tools."""
    beside = Path(sys.executable).parent
    lines = [
        f"{beside}/jupytext --quiet --to ipynb $f -o $f.ipynb",
        f"{beside}/papermill --no-progress-bar -k python3 -l python $f.ipynb $f.done.ipynb",
        f"{beside}/jupyter-nbconvert --log-level=ERROR --to html $f.done.ipynb",
    ]
    script = "set -e; for f in analysis/line*.py; do " + "; ".join(lines) + "; done"
    start = time.monotonic()
    subprocess.run(["sh", "-c", script], cwd=folder, check=True, capture_output=True)
    return time.monotonic() - start


def ploomber(folder: Path, program: str) -> float:
    """Seconds of `ploomber build` on the same scripts, in parallel as far as it goes."""
    tasks = [
        {"source": str(path.relative_to(folder)), "product": f"out/{path.stem}.html", "static_analysis": "disable"}
        for path in sorted((folder / "analysis").glob("line*.py"))
    ]
    for path in (folder / "analysis").glob("line*.py"):  # it insists on a parameters cell of its own
        head = '# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n'
        path.write_text(path.read_text().replace("# %%\nimport", head + "# %%\nimport", 1))
    workers = {"dotted_path": "ploomber.executors.Parallel", "processes": os.cpu_count()}
    pipeline = {"tasks": tasks, "executor": workers}
    (folder / "pipeline.yaml").write_text(json.dumps(pipeline))  # JSON is YAML
    start = time.monotonic()
    environ = {**os.environ, "JUPYTER_PATH": f"{sys.prefix}/share/jupyter"}  # this environment's templates
    subprocess.run([program, "build"], cwd=folder, env=environ, check=True, capture_output=True)
    return time.monotonic() - start


def edits(folder: Path) -> dict[str, float]:
    """Seconds from an everyday edit to the finished report, with the warm parent that `make preview` keeps."""
    warm.hold(folder)
    found = {"nothing to do": min(make(folder) for _ in range(3))}
    page, script = folder / "reports/page/report.md", folder / "analysis/line00.py"
    for kind, path, old, new in (
        ("prose of report.md", page, "Many of them", "Quite many of them"),
        ("one plot line of an analysis", script, "axes.plot(", "axes.plot(2 * "),
    ):
        path.write_text(path.read_text().replace(old, new))
        found[kind] = make(folder)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--analyses", type=int, default=20)
    parser.add_argument("--ploomber", default=shutil.which("ploomber"), help="the program, if it is not on the PATH")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="onepage-bench-") as place:
        times = {}
        for name in ("onepage", "loop", "ploomber"):
            folder = Path(place) / name
            project(folder, args.analyses)
            if name == "ploomber" and not args.ploomber:
                print("ploomber: not installed, left out")
                continue
            build = {"onepage": make, "loop": loop, "ploomber": lambda f: ploomber(f, args.ploomber)}[name]
            times[name] = build(folder)
            share = "" if name == "onepage" else f"  (onepage takes {times['onepage'] / times[name]:.0%} of that)"
            print(f"{args.analyses} trivial analyses, {name:8} {times[name]:7.1f} s{share}", flush=True)
        for kind, seconds in edits(Path(place) / "onepage").items():
            print(f"{kind:30} {seconds:5.2f} s")


if __name__ == "__main__":
    main()
