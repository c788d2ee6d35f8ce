# ---
# jupyter:
#   onepage:
#     title: As a report grows
#     question: "2"
# ---

# %% [markdown]
# # As a report grows
#
# How long does `make report` take with one analysis, and with many; how long when nothing has changed, and after the
# small edits of everyday? What does it cost to watch what an analysis reads, and does a build that was killed end in
# the same bytes?

# %%
import json
from pathlib import Path

import matplotlib.pyplot as plt

from onepage import publish

plt.rcParams.update(publish.STYLE)


def read(name: str) -> list[dict]:
    """What was measured by the benchmark, nothing where it has not been run."""
    path = Path("../measured", f"{name}.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


overhead, watched, killed = read("overhead"), read("observer"), read("resume")

# %% name="growth"
grown = sorted((line for line in overhead if "growth" in line), key=lambda line: line["growth"])
if grown:
    counts = [line["growth"] for line in grown]
    figure, axes = plt.subplots(figsize=(publish.COLUMN, 1.4))
    for key, label, mark in (("seconds", "from nothing", "o-"), ("nothing_to_do", "nothing to do", "s--")):
        axes.loglog(counts, [line[key] for line in grown], mark, label=label)
    axes.set(xlabel="analyses", ylabel="seconds", xticks=counts, xticklabels=counts)
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:g}")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    publish.figure(
        "growth",
        figure,
        alt="Seconds of make report against the number of analyses, both on logarithmic axes.",
        caption="`make report` with so many trivial analyses.",
        data=grown,
    )
    first, last = grown[0], grown[-1]
    publish.value("growth.first", first["seconds"], unit="s", about="make report with one analysis, from nothing")
    publish.value("growth.most", last["growth"], about="analyses of the largest project")
    publish.value("growth.last", last["seconds"], unit="s", about="make report of the largest project, from nothing")
    publish.value("growth.idle", last["nothing_to_do"], unit="s", about="the same, with nothing to do")

# %% name="everyday"
rows = [{"what": line["edit"], "found": f"{line['seconds']:.2f} s"} for line in overhead if "edit" in line]
for line in (line for line in watched if "execution" in line):
    spread = f"{line['more']:+.1%} (pairs {line['least']:+.1%} to {line['most']:+.1%})"
    rows.append({"what": f"watching what is read: {line['execution']}", "found": spread})
for line in (line for line in killed if "kills" in line):
    found = "the same bytes" if line["same_bytes"] and not line["left_over"] else "other bytes, or something left over"
    rows.append({"what": f"{line['kills']} builds killed and resumed", "found": found})
if rows:
    publish.table(
        "everyday", rows, columns={"what": "what", "found": "measured"}, align="lr", caption="Everyday edits, and care."
    )
