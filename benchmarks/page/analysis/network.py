# ---
# jupyter:
#   onepage:
#     title: The network
#     question: "3"
# ---

# %% [markdown]
# # The network
#
# How fast do the architectures train and answer; what do networks of the kind that public solutions use reach on the
# same clips in as many epochs, and how fast; and what does a corpus cost that is larger than memory?

# %%
import json
from pathlib import Path

from onepage import publish


def read(name: str) -> list[dict]:
    """What was measured by the benchmark, nothing where it has not been run."""
    path = Path("../measured", f"{name}.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


# %% name="architectures"
models = [line for line in read("training") if "model" in line]
if models:
    publish.table(
        "architectures",
        models,
        columns={
            "model": "architecture",
            "parameters": "weights",
            "training_clips_per_s": "training, clips/s",
            "features_clips_per_s": "features, clips/s",
            "answer_ms": "an answer, ms",
        },
        align="lrrrr",
        caption=f"Speeds of the architectures, {models[0]['threads']} threads; an answer on one.",
    )

# %% name="public"
lines = [line for line in read("public") if "network" in line]
public: dict[str, dict] = {}
for line in lines:
    public.setdefault(line["network"], {}).update(line)
rows = []
for name, line in public.items():
    if "test_accuracy" in line:
        value, low, high = (100 * number for number in line["test_accuracy"])
        rows.append(
            {
                "network": name,
                "weights": line["weights"],
                "accuracy": f"{value:.1f} ({low:.1f} to {high:.1f})",
                "speed": line["clips_per_s"],
                "times": f"{line['ours_times_as_fast']:g}",
            }
        )
if rows:
    publish.table(
        "public",
        rows,
        columns={
            "network": "network",
            "weights": "weights",
            "accuracy": "test accuracy, %",
            "speed": "training, clips/s",
            "times": "ours is so many times as fast",
        },
        align="lrrrr",
        caption="Networks of the kind of public solutions, trained on the same synthetic clips for as many epochs.",
    )
    ours, *others = [line for line in public.values() if "test_accuracy" in line]
    best = max(others, key=lambda line: line["test_accuracy"][0])
    publish.claim(
        "ahead-of-public",
        best["ours_ahead_by"][1] > 0,
        text="the reported network is ahead of both",
        evidence=f"by {100 * best['ours_ahead_by'][0]:.1f} points of the better one, p = {best['p']}",
        test="paired: interval over voices above zero",
        p=best["p"],
    )

# %% name="scale"
scale = [line for line in read("scale") if "clips_per_s" in line]
if scale:
    publish.table(
        "scale",
        scale,
        columns={"what": "what", "clips_per_s": "clips/s", "anonymous_mb": "memory of its own, MB"},
        align="lrr",
        caption=f"Features of {max(line.get('gigabytes', 0) for line in scale):g} GB on the disk.",
    )
