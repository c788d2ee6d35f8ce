"""What the pipeline costs beside the work itself: many trivial analyses, and the small edits of everyday.

    python benchmarks/bench_overhead.py [--analyses 20] [--peers loop snakemake ...]

Analyses that import torch and matplotlib and draw one line are built by `make report` (everything: pages, PDF, index)
and by other tools (peers.py: pages alone); then 1 to 1000 of them by `make report`, and with nothing to do.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measured
import peers

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
        **{f"analysis/line{number:03}.py": SCRIPT.format(number=number) for number in range(analyses)},
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


def other(peer: peers.Peer, folder: Path, analyses: int) -> float | None:
    """Seconds that another tool takes for the same analyses; None where it is not to be had."""
    programs = peer.programs()
    if programs is None:
        return None
    project(folder, analyses)
    command, environ = peer.command(folder, programs)
    start = time.monotonic()
    result = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
    seconds = time.monotonic() - start
    names = [path.stem for path in (folder / "analysis").glob("line*.py")]
    if result.returncode or not all((folder / peer.pages.format(name=name)).exists() for name in names):
        sys.exit(f"{peer.name} failed:\n{result.stdout}{result.stderr}")
    return seconds


def edits(folder: Path) -> dict[str, float]:
    """Seconds from an everyday edit to the finished report, with the warm parent that `make preview` keeps."""
    warm.hold(folder)
    found = {"nothing to do": min(make(folder) for _ in range(3))}
    page, script = folder / "reports/page/report.md", folder / "analysis/line000.py"
    for kind, path, old, new in (
        ("prose of report.md", page, "Many of them", "Quite many of them"),
        ("one plot line of an analysis", script, "axes.plot(", "axes.plot(2 * "),
    ):
        path.write_text(path.read_text().replace(old, new))
        found[kind] = make(folder)
    return found


def beside_others(place: Path, analyses: int, repeats: int, tools: list[str]) -> None:
    """The same analyses by each tool, in turn, so many times."""
    for name in ["onepage", *(peer.name for peer in peers.PEERS if peer.name in tools)]:
        found = []
        for repeat in range(repeats):
            folder = place / f"{name}-{repeat}"
            if name == "onepage":
                project(folder, analyses)
                found.append(make(folder))
            else:
                seconds = other(next(peer for peer in peers.PEERS if peer.name == name), folder, analyses)
                found += [] if seconds is None else [seconds]
        if found:
            measured.tell(tool=name, analyses=analyses, seconds=[round(seconds, 2) for seconds in found])
        else:
            print(f"{name}: pip could not install it, left out", file=sys.stderr)


def main() -> None:
    parser = measured.arguments(__doc__)
    parser.add_argument("--analyses", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--growth", type=int, nargs="*", default=[1, 10, 100, 1000], help="numbers of analyses")
    known = [peer.name for peer in peers.PEERS]
    parser.add_argument("--peers", nargs="*", choices=known, default=known, help="of %(choices)s")
    args = measured.parse(parser, analyses=2, repeats=1, growth=[1, 4], peers=["loop"])
    with tempfile.TemporaryDirectory(prefix="onepage-bench-") as name:
        place = Path(name)
        beside_others(place, args.analyses, args.repeats, args.peers)
        for analyses in args.growth:
            folder = place / f"growth-{analyses}"
            project(folder, analyses)
            seconds = make(folder)
            measured.tell(growth=analyses, seconds=round(seconds, 2), nothing_to_do=round(make(folder), 2))
        for kind, seconds in edits(place / "onepage-0").items():
            measured.tell(edit=kind, seconds=round(seconds, 2))


if __name__ == "__main__":
    main()
