# ---
# jupyter:
#   onepage:
#     title: Two languages
#     question: "2a, 2b, training"
#     reads: [corpus, binary, gap]
#     timeout: 300
# ---

# %% [markdown]
# # Two languages
#
# The first network has one output, the logit of the second of two languages against the first: of Spanish against
# English, or, where a corpus has not both, of the first two languages that it has. It must map 40 000 numbers to one without
# millions of weights, so it first turns the waveform into a short sequence of spectra, and then uses every weight at
# every moment.

# %% tags=["parameters"]
shown_seed: int = 0  # the run whose loss is plotted

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.language_names import describe
from spokenlang.languages import PAIR
from spokenlang.network import diagram
from spokenlang.network.models import layer_table
from spokenlang.study import comparison, evaluation, losses, plots
from spokenlang.training.runs import load_run
from spokenlang.training.techniques import label_of

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
listed = context.runs("binary")
runs = [load_run(run.folder) for run in listed]
shown = next((run for item, run in zip(listed, runs, strict=True) if item.seed == shown_seed), runs[0])
on = comparison.judged(store)
first, second = (describe(code).name for code in shown.languages)

# %% name="binary-languages"
instead = "" if shown.languages == PAIR else " (the first two of a corpus that has not both English and Spanish)"
publish.answer("binary-languages", f"{first} against {second} alone{instead}")

# %% [markdown]
# ## Question 2a: the network
#
# The layers below are read from the module itself, by passing one clip through it.

# %% name="binary-layers"
layers = layer_table(shown.model, store.samples)
publish.table(
    "binary-layers",
    [{"layer": row.label, "shape": " × ".join(map(str, row.shape)), "parameters": row.parameters} for row in layers],
    columns={"layer": "layer", "shape": "output", "parameters": "parameters"},
    align="lrr",
    caption="The binary network, layer by layer; output shape for one clip.",
)

# %% name="binary-parameters"
parameters = shown.metrics["parameters"]
publish.value("binary.parameters", parameters, unit="parameters", about="trainable numbers of the binary network")

# %% name="q2a"
field = diagram.receptive_field_s(shown.model)
hop = shown.config.front_end.hop_ms
frames = next(row.shape[0] for row in layers if row.name == "front_end.spectrum")
publish.answer(
    "q2a",
    f"""A language shows in sounds of 50 to 500 ms and their order, whenever they occur. Log-mel spectra every {hop:g} ms make
{frames} short vectors of {store.samples:,} samples. Convolutions over time share their weights between all moments; a stride and growing
dilation let the last of them see {field:.1f} s, a few syllables; batch normalisation and residual paths keep them
trainable. Mean and deviation over the clip make one vector of any number of frames; after dropout one linear unit gives the
logit of {second}: {parameters:,} parameters in all.""",
)

# %% [markdown]
# It does output a probability. For one clip of each language:

# %%
scores = shown.scores(on)
for name, label in ((first, 0), (second, 1)):
    place = scores.index[(scores.labels == label).argmax()]
    clip = torch.from_numpy(store.inputs(comparison.store_split(on))[place].astype("float32"))
    print(f"{name} clip: probability of {second} {float(shown.model.probabilities(clip)[0, 1].detach()):.3f}")

# %% [markdown]
# ## Question 2b: the loss

# %% name="q2b"
publish.answer(
    "q2b",
    "Binary cross-entropy, computed from the logit: it is the negative log-likelihood of a Bernoulli variable, so its "
    "minimum is the true probability, and its gradient does not vanish for confident mistakes as that of a squared error does.",
)

# %% [markdown]
# ## Training
#
# Adam with a warmed-up, then falling learning rate. The losses are recorded every few steps. The training loss is taken
# on augmented crops with dropout on, so it may lie **above** the validation loss, which sees whole clips.

# %% name="loss-binary"
publish.value("training.epochs_binary", shown.config.epochs, about="epochs of the binary runs")
history = {"chosen network": losses.loss_history(shown)}
every = losses.spacing(history["chosen network"])
publish.value("training.log_every", every, about="optimiser steps between two records of the losses")
if plain := [load_run(run.folder) for run in context.runs("gap") if run.parameters["keep"] == "none"]:
    history["no technique"] = losses.loss_history(plain[0])
publish.figure(
    "loss-binary",
    plots.loss_curves(history),
    alt="Training and validation loss against optimiser steps, for the chosen binary network and for the same without any "
    "technique against overfitting.",
    caption=f"{first} or {second}: loss every {every} steps, running mean of five.",
    data=losses.loss_rows(history),
)

# %% [markdown]
# ## The gap, and what closes it
#
# The same network, first with every technique off, then with one of them on at a time, and at last with all of them.
# Both losses are those of the finished weights on whole clips without dropout, as many of each language, so they differ
# only in whether the speaker was seen in training.

# %%
alone = {label_of(keep): of for keep, of in comparison.settings(context.runs("gap"), "keep").items()}
tried = [run.config.seed for run in next(iter(alone.values()))]
alone["all of them"] = [run for run in runs if run.config.seed in tried]
gaps = {name: np.mean([losses.final_losses(run, store) for run in of], axis=0) for name, of in alone.items()}

# %% name="gap"
publish.figure(
    "gap",
    plots.gap(gaps),
    alt="For each technique alone and for all of them: final loss on training clips and on validation clips, joined by a line.",
    caption="Final training (open) and validation loss, each technique alone"
    + (f", mean of {len(tried)} seeds." if len(tried) > 1 else ", one seed."),
    data=[
        {"technique": name, "training": float(train), "validation": float(held_out), "seeds": len(tried)}
        for name, (train, held_out) in gaps.items()
    ],
)

# %% name="gap-closed"
none, every = gaps["none"], gaps["all of them"]
gap_none, gap_all = float(none[1] - none[0]), float(every[1] - every[0])
publish.value("gap.none", gap_none, unit="nats", about="validation minus training loss without techniques")
publish.value("gap.all", gap_all, unit="nats", about="validation minus training loss with all techniques")
narrower, lower = gap_all < gap_none, bool(every[1] < none[1])
of_seeds = "one seed" if len(tried) == 1 else f"mean of {len(tried)} seeds"
publish.claim(
    "gap-closed",
    narrower,
    text="the techniques together narrow the gap between validation and training loss",
    evidence=f"{gap_none:.3f} to {gap_all:.3f} nats, {of_seeds}",
)
publish.claim(
    "validation-lowered",
    lower,
    text="the techniques together lower the validation loss",
    evidence=f"{none[1]:.3f} to {every[1]:.3f} nats, {of_seeds}",
)

# %% name="q2-gap"
single = {name: loss for name, (_, loss) in gaps.items() if name not in ("none", "all of them")}
best = min(single, key=single.get)
alone_best = (
    f"of the techniques alone, {best} lowers the validation loss most ({none[1]:.3f} to {single[best]:.3f})"
    if single[best] < none[1]
    else f"none of the techniques alone lowers the validation loss ({none[1]:.3f})"
)
publish.answer(
    "q2-gap",
    f"Without any technique the validation loss lies {gap_none:.3f} nats above the training loss; {alone_best}. All of them "
    f"together end at {every[1]:.3f}, which {'narrows' if narrower else 'does not narrow'} the gap to the training loss "
    f"({gap_all:.3f} nats).",
)

# %% [markdown]
# ## How well it does

# %% name="binary-test-accuracy"
measured = comparison.accuracy(runs, store)
publish.value(f"binary.{on}_accuracy", measured, unit="fraction", about=f"{first} or {second}, whole {on} set")
publish.claim(
    "binary-on-track",
    measured.low > 0.8,
    text="the binary network is above the 80 % that the assignment asks for",
    evidence=f"95 % interval {measured.low:.3f} to {measured.high:.3f}",
)

# %%
print(evaluation.confusion(runs[0].scores(on).labels, runs[0].scores(on).predictions, 2))
