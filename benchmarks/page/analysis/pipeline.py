# ---
# jupyter:
#   onepage:
#     title: Beside other tools
#     question: "1"
# ---

# %% [markdown]
# # Beside other tools
#
# What does a report cost beside the work that its analyses do? Analyses that draw one line each are built by
# `make report` (pages, index, PDF), and the same ones by other tools (pages alone; `benchmarks/peers.py` lists them).

# %%
import json
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt

from onepage import publish

plt.rcParams.update(publish.STYLE)
kept = Path("../measured/overhead.jsonl")
lines = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
tools = {line["tool"]: line["seconds"] for line in lines if "tool" in line}
if not tools:
    print("Nothing was measured: make bench, or python benchmarks/bench_overhead.py at the top.")

# %% name="tools"
if tools:
    analyses = next(line["analyses"] for line in lines if "tool" in line)
    ours = tools["onepage"]
    order = sorted(tools, key=lambda tool: -median(tools[tool]))
    figure, axes = plt.subplots(figsize=(publish.COLUMN, 0.5 + 0.19 * len(order)))
    for place, tool in enumerate(order):
        color = "#1f5a86" if tool == "onepage" else "#9aa5b1"
        axes.barh(place, median(tools[tool]), color=color, height=0.7)
        axes.plot(tools[tool], [place] * len(tools[tool]), "k|", markersize=5)
    axes.set(yticks=range(len(order)), yticklabels=order, xlabel="seconds; each repeat is a mark")
    publish.figure(
        "tools",
        figure,
        alt=f"Bars of the seconds that each tool takes for {analyses} trivial analyses.",
        caption=f"{analyses} trivial analyses from nothing to pages: median, and every repeat.",
        data=[{"tool": tool, "seconds": one} for tool in order for one in tools[tool]],
    )
    publish.table(
        "shares",
        [
            {
                "tool": tool,
                "seconds": f"{median(tools[tool]):.1f}",
                "range": " ".join(f"{seconds:.1f}" for seconds in sorted(tools[tool])),
                "share": ""
                if tool == "onepage"
                else f"{median(ours) / median(tools[tool]):.0%} "
                f"({min(ours) / max(tools[tool]):.0%} to {max(ours) / min(tools[tool]):.0%})",
                "_strong": tool == "onepage",
            }
            for tool in reversed(order)
        ],
        columns={"tool": "tool", "seconds": "seconds", "range": "repeats", "share": "onepage takes of that"},
        align="lrrr",
        caption=f"{analyses} trivial analyses; the share is of medians, and of the repeats furthest apart.",
    )
    publish.value("tools.analyses", analyses, about="trivial analyses that were built")
    publish.value("tools.repeats", len(ours), about="repeats of each tool")

# %% name="machine"
machines = [json.loads(path.read_text().splitlines()[0])["machine"] for path in sorted(kept.parent.glob("*.jsonl"))]
if machines:
    machine = machines[0]
    publish.answer(
        "machine", f"{machine['cores']} cores of one machine ({machine['system']}, Python {machine['python']})"
    )
    publish.claim(
        "long-run",
        not any(machine["short"] for machine in machines),
        text="These are long runs",
        evidence=f"{sum(machine['short'] for machine in machines)} of {len(machines)} benchmarks were run with --short",
    )

# %% [markdown]
# ## In a sentence
#
# A tool is quicker than another where the slowest of its repeats is quicker than the quickest of the other's.

# %% name="quicker"
if len(tools) > 1:
    others = {tool: found for tool, found in tools.items() if tool != "onepage"}
    nearest = min(others, key=lambda tool: median(others[tool]))
    ratio = median(ours) / median(others[nearest])
    publish.value(
        "tools.nearest", ratio, unit="fraction", about=f"of the time of {nearest}, the quickest of the others"
    )
    publish.answer("nearest-tool", nearest)
    publish.claim(
        "quicker-than-others",
        max(ours) < min(others[nearest]),
        text="onepage is quicker than every other tool that was tried",
        evidence=f"{max(ours):.1f} s at most, {min(others[nearest]):.1f} s at least for {nearest}",
    )
