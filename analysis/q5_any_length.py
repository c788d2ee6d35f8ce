# ---
# jupyter:
#   onepage:
#     title: Any length
#     question: "bonus"
#     reads: [corpus, six]
#     timeout: 600
# ---

# %% [markdown]
# # Any length
#
# Must a clip be cut to five seconds first? No: this network takes any length. How well, depends on how much it hears.

# %% tags=["parameters"]
durations: list[float] = [0.5, 1.0, 2.0, 3.0, 4.0, 5.0]  # clip lengths tried, s

# %%
import matplotlib.pyplot as plt
import numpy as np

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.study import comparison, plots
from spokenlang.study.evaluation import bootstrap
from spokenlang.study.lengths import logits_at
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
runs = [load_run(run.folder) for run in context.runs("six")]
labels = store.targets("test")
groups = store.groups("test")
length = store.samples / store.rate

# %% [markdown]
# ## Accuracy against duration
#
# Shorter clips are the middle of the corpus's own. Nothing is retrained.

# %% name="duration"
curve = []
for seconds in (seconds for seconds in durations if seconds <= length):
    cut = [logits_at(run.model, store.inputs("test"), int(seconds * store.rate)) for run in runs]
    measured = bootstrap([logits.argmax(axis=1) == labels for logits in cut], groups)
    curve.append(
        {
            "seconds": seconds,
            "accuracy": measured.value,
            "low": measured.low,
            "high": measured.high,
            "clips": len(labels),
        }
    )
columns = [np.array([row[key] for row in curve]) for key in ("seconds", "accuracy", "low", "high")]
publish.figure(
    "duration",
    plots.against_duration({"test clips": tuple(columns)}),
    alt="Accuracy on the test set against clip length, with its interval; it rises steeply up to two seconds and slowly after.",
    caption="Accuracy against clip length, mean over seeds with 95 % interval.",
    data=curve,
)

# %% name="longer-is-better"
shortest, longest = curve[0], curve[-1]
at = {row["seconds"]: row for row in curve}
for seconds in (1.0, 2.0):
    if seconds in at:
        publish.value(f"duration.accuracy_{seconds:g}s", at[seconds]["accuracy"], low=at[seconds]["low"], high=at[seconds]["high"],
                      unit="fraction", n=at[seconds]["clips"], seeds=comparison.seeds(runs), about=f"six languages, clips cut to {seconds:g} s")  # fmt: skip
publish.claim(
    "longer-is-better",
    shortest["high"] < longest["low"],
    text="the longer it listens, the better it is",
    evidence=f"{shortest['accuracy']:.3f} at {shortest['seconds']:g} s, {longest['accuracy']:.3f} at {longest['seconds']:g} s",
    test="intervals do not overlap",
)

# %% name="bonus"
publish.answer(
    "bonus",
    "It works on any length. Its layers are convolutions, which slide over however many frames there are, and the statistics "
    "pooling reduces them to one mean and one deviation per channel, so the last layer always sees a vector of one size. Training "
    "on random crops makes it used to different lengths. Clips shorter than one window are padded with zeros. "
    f"Accuracy is {shortest['accuracy']:.0%} at {shortest['seconds']:g} s and {longest['accuracy']:.0%} at {longest['seconds']:g} s.",
)
