# ---
# jupyter:
#   onepage:
#     title: The design, compared
#     question: "report"
#     reads: [corpus, six, raw_cnn, architectures, less_data]
#     timeout: 600
# ---

# %% [markdown]
# # The design, compared
#
# Other architectures with the same budget of weights and epochs, and the chosen one with less data. Most of these runs
# exist in the thorough profile alone (`make report PROFILE=thorough`); what the profile at hand lacks is left out here.

# %% tags=["parameters"]
reference: str = "six"  # the row that the others are compared with

# %%
import matplotlib.pyplot as plt
import numpy as np

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.network.models import ARCHITECTURES
from spokenlang.study import comparison, plots
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
chosen = [load_run(run.folder) for run in context.runs("six")]
on = comparison.judged(store)
model = chosen[0].config.network.model
others = [run for row in ("raw_cnn", "architectures") for run in context.runs(row) if run.parameters["model"] != model]
designs = {model: chosen, **comparison.settings(others, "model")}

# %% [markdown]
# ## Architectures

# %% name="architectures"
rows = []
for model, runs in designs.items():
    found = comparison.accuracy(runs, store)
    test = comparison.difference(chosen, runs, store)
    behind = test.difference
    rows.append(
        {
            "model": model,
            "about": ARCHITECTURES[model].about,
            "weights": runs[0].metrics["parameters"],
            "accuracy": found.cell(),
            "behind": None
            if runs is chosen
            else f"{100 * behind.value:.1f} ({100 * behind.low:.1f} to {100 * behind.high:.1f})",
            "p": None if runs is chosen else f"{test.p:.3g}",
            "seeds": len(runs),
            "_strong": runs is chosen,
        }
    )
publish.table(
    "architectures",
    rows,
    columns={"model": "model", "about": "what it is", "weights": "weights", "accuracy": f"{on} accuracy / %",
             "behind": "points behind", "p": "p", "seeds": "seeds"},
    align="llrrrrr",
    caption=f"Architectures at one budget of weights and epochs: {on} accuracy with 95 % interval, and the paired difference to the chosen one.",
)  # fmt: skip

# %% [markdown]
# Accuracy against the number of weights: a good design lies to the upper left.

# %% name="accuracy-by-size"
publish.figure(
    "accuracy-by-size",
    plots.against_cost({row["model"]: (row["weights"] / 1000, row["accuracy"]) for row in rows}, "weights / 1000"),
    alt=f"{on.capitalize()} accuracy with interval against the number of weights, one point per architecture.",
    caption=f"{on.capitalize()} accuracy against the number of weights.",
    data=[{"model": row["model"], "weights": row["weights"], "accuracy": row["accuracy"]["value"]} for row in rows],
)

# %% [markdown]
# Accuracy against speed, where all designs were trained: the upper right is best. Speeds are measured while the runs
# train, one thread each, so this figure alone differs between two builds from nothing.

# %% name="accuracy-by-speed"
if context.runs("architectures"):
    speed = {
        model: float(np.median([run.timing["clips_per_second"] for run in runs])) for model, runs in designs.items()
    }
    publish.figure(
        "accuracy-by-speed",
        plots.against_cost(
            {row["model"]: (speed[row["model"]], row["accuracy"]) for row in rows}, "training clips per second"
        ),
        alt=f"{on.capitalize()} accuracy with interval against training clips per second, one point per architecture.",
        caption=f"{on.capitalize()} accuracy against training clips per second on one thread, median over seeds.",
        data=[
            {"model": row["model"], "clips_per_second": speed[row["model"]], "accuracy": row["accuracy"]["value"]}
            for row in rows
        ],
    )

# %% [markdown]
# ## How much data does it need?

# %% name="learning-curve"
shares = {**comparison.settings(context.runs("less_data"), "train_share"), 1.0: chosen}
curve = {}
for _, runs in sorted(shares.items()):
    curve[runs[0].metrics["training_clips"]] = comparison.accuracy(runs, store)
if len(curve) > 1:
    publish.figure(
        "learning-curve",
        plots.learning_curve(curve),
        alt=f"{on.capitalize()} accuracy with interval against the number of training clips, on a logarithmic scale.",
        caption=f"{on.capitalize()} accuracy against the number of training clips, the same epochs.",
        data=[
            {"clips": clips, "accuracy": found.value, "low": found.low, "high": found.high}
            for clips, found in curve.items()
        ],
    )
else:
    print("The learning curve is part of the thorough profile.")
