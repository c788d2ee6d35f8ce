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
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.study import comparison, corpus_facts, evaluation, intervals, plots, strangers
from spokenlang.study.lengths import ece_beyond_chance, logits_at
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
runs = [load_run(run.folder) for run in context.runs("six")]
on = comparison.judged(store)
scores = runs[0].scores(on)
labels, groups = scores.labels, comparison.groups_of(store, runs[0], on)
inputs = store.inputs(comparison.store_split(on))
inputs = inputs if on == "test" else inputs[scores.index]
length = store.samples / store.rate

# %% [markdown]
# ## Accuracy against duration
#
# Shorter clips are the middle of the corpus's own. Nothing is retrained.

# %% name="duration"
curve, samples, cuts = [], [], []
for seconds in (seconds for seconds in durations if seconds <= length):
    cut = [logits_at(run.model, inputs, int(seconds * store.rate)) for run in runs]
    cuts.append(cut)
    samples.append(intervals.sample([logits.argmax(axis=1) == labels for logits in cut], groups))
    measured = intervals.interval(samples[-1])
    ends = {"low": measured.low, "high": measured.high, "clips": len(labels)}
    curve.append({"seconds": seconds, "accuracy": measured.value, **ends})
    if seconds in (1.0, 2.0):
        publish.value(f"duration.accuracy_{seconds:g}s", replace(measured, seeds=comparison.seeds(runs)), unit="fraction",
                      about=f"{corpus_facts.spelled(len(store.languages))} languages, clips cut to {seconds:g} s")  # fmt: skip
columns = [np.array([row[key] for row in curve]) for key in ("seconds", "accuracy", "low", "high")]
publish.figure(
    "duration",
    plots.against_duration({f"{on} clips": tuple(columns)}),
    alt=f"Accuracy on the {on} set against clip length, with its interval.",
    caption="Accuracy against clip length, 95 % interval.",
    data=curve,
)

# %% [markdown]
# ## Confidence against duration
#
# The temperature was fitted on clips of full length. Are the confidences still right where less is heard? A calibration
# error is above zero by chance alone, so what a calibrated network would show on as many clips is subtracted. The last
# column is the share of clips whose largest probability is below the threshold that keeps 95 % of the uncut validation
# clips. All are means over the seeds.

# %% name="duration-confidence"
below = [strangers.Judge.fitted(run, "softmax", on).threshold for run in runs]
rows = []
for at, cut in zip(curve, cuts, strict=True):
    sure = [evaluation.probabilities(logits) for logits in cut]
    measures = [
        [evaluation.nll(labels, logits), evaluation.brier(labels, each), ece_beyond_chance(labels, each),
         float(np.mean(each.max(axis=1) < least))]
        for logits, each, least in zip(cut, sure, below, strict=True)
    ]  # fmt: skip
    nll, brier, ece, unsure = np.mean(measures, axis=0)
    row = {"seconds": f"{at['seconds']:g}", "clips": at["clips"], "nll": f"{nll:.3f}", "brier": f"{brier:.3f}"}
    rows.append(row | {"ece": f"{ece:+.3f}", "unsure": f"{unsure:.1%}"})
headings = {"seconds": "duration, s", "clips": "clips", "nll": "NLL, nats", "brier": "Brier"}
headings |= {"ece": "calibration error beyond chance", "unsure": "below the threshold"}
publish.table(
    "duration-confidence",
    rows,
    columns=headings,
    align="rrrrrr",
    caption="How good the confidences are at each clip length, with the temperature of full length.",
)

# %% name="longer-is-better"
shortest, longest = curve[0], curve[-1]
test = intervals.contrast(samples[-1], samples[0])
publish.claim(
    "longer-is-better",
    test.difference.low > 0,
    text=f"clips of {longest['seconds']:g} s are recognised better than clips of {shortest['seconds']:g} s",
    evidence=f"{longest['accuracy']:.3f} against {shortest['accuracy']:.3f}: {test.difference.points()}",
    test="the same clips cut: interval over voices and seeds above zero",
    p=test.p,
)

# %% name="bonus"
publish.answer(
    "bonus",
    "It works on any length. Its layers are convolutions, which slide over however many frames there are, and the statistics "
    "pooling reduces them to one mean and one deviation per channel, so the last layer always sees a vector of one size. It was "
    "trained on random crops of different lengths. Clips shorter than one window are padded with zeros. "
    f"Accuracy is {shortest['accuracy']:.0%} at {shortest['seconds']:g} s and {longest['accuracy']:.0%} at {longest['seconds']:g} s.",
)
