# ---
# jupyter:
#   onepage:
#     title: Results
#     question: "report"
#     reads: [corpus, six, ablation, ablation_rest, raw_cnn, mean_spectrum, mfcc_statistics]
#     timeout: 900
# ---

# %% [markdown]
# # Results
#
# Every setting side by side: two baselines without deep learning, a network on the raw waveform, the chosen network, and
# the chosen network with its techniques taken away one by one. All see the same clips for the same number of epochs, and
# are scored on the same test set.

# %% tags=["parameters"]
reference: str = "six"  # the row that the others are compared with, and whose best run is handed in

# %%
import matplotlib.pyplot as plt
import numpy as np

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.deploy.export import describe_model, save_onnx, save_torchscript
from spokenlang.deploy.predict import write_predictions
from spokenlang.study import comparison, plots
from spokenlang.training.runs import load_run
from spokenlang.training.techniques import label_of

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
settings = {"mean spectrum, LR": "mean_spectrum", "MFCC statistics, LR": "mfcc_statistics",
            "raw-waveform CNN": "raw_cnn", "chosen network": reference}  # fmt: skip
groups = {name: [load_run(run.folder) for run in context.runs(row)] for name, row in settings.items()}
chosen = groups["chosen network"]
shown, rest = (comparison.settings(context.runs(row), "without") for row in ("ablation", "ablation_rest"))
without = {label_of(name): runs for name, runs in {**shown, **rest}.items()}
groups |= {f"– {label_of(name)}": runs for name, runs in shown.items()}
groups = {name: runs for name, runs in groups.items() if runs}

# %% [markdown]
# ## The corpus
#
# What the numbers below are measured on.

# %% name="corpus-facts"
publish.value(
    "corpus.train_clips", len(store.targets("train")), unit="clips", about="training clips, validation included"
)
publish.value("corpus.test_clips", len(store.targets("test")), unit="clips", about="test clips")
publish.value("corpus.seconds", store.samples / store.rate, unit="s", about="length of a clip")
publish.value(
    "corpus.validation_clips",
    len(chosen[0].scores("validation").labels),
    unit="clips",
    about="training clips held out for validation",
)
if store.has_groups:
    publish.value(
        "corpus.speakers_train",
        len(np.unique(store.groups("train"))),
        about="groups (voices) in training and validation",
    )
    publish.value("corpus.speakers_test", len(np.unique(store.groups("test"))), about="groups (voices) in the test set")
clean = comparison.is_clean(store, chosen[0], "test")
if clean is not None:
    publish.value(
        "corpus.clean_share", float(clean.mean()), unit="fraction", about="share of test clips left undegraded"
    )
publish.claim(
    "groups-disjoint",
    store.has_groups and not set(store.groups("train")) & set(store.groups("test")),
    text="no voice of the test set occurs in training",
    evidence="the groups of clips.csv do not overlap" if store.has_groups else "the corpus does not say who speaks",
)
publish.claim(
    "synthetic",
    context.corpus_name() == "espeak",
    text="the speech is synthetic",
    evidence=f"the corpus is {context.corpus_name()!r}",
)

# %% [markdown]
# ## Settings and architectures
#
# Accuracy with its 95 % interval from resampling voices and seeds.

# %% name="settings"
degraded = None if clean is None or clean.all() or not clean.any() else ~clean


def cell(runs, split="test", where=None):
    found = comparison.accuracy(runs, store, split, where)
    return {"value": found.value, "low": found.low, "high": found.high, "unit": "fraction", "digits": 1}


def point(runs, split="test", where=None):
    return {"value": comparison.accuracy(runs, store, split, where).value, "unit": "fraction", "digits": 1}


rows = []
for name, runs in groups.items():
    row = {"setting": name, "parameters": runs[0].metrics["parameters"], "all": cell(runs), "seeds": len(runs)}
    if degraded is not None:
        row |= {"clean": point(runs, where=clean), "degraded": point(runs, where=degraded)}
    if "dialects" in runs[0].splits:
        row |= {"dialects": point(runs, "dialects")}
    if name == "chosen network":
        row |= {"_strong": True, "_rule": True}
    rows.append(row)
columns = {
    "setting": "setting",
    "parameters": "weights",
    "all": "all",
    "clean": "clean",
    "degraded": "degr.",
    "dialects": "dial.",
    "seeds": "seeds",
}
publish.table(
    "settings",
    rows,
    columns={key: heading for key, heading in columns.items() if key in rows[-1]},
    align="l" + "r" * (len([key for key in columns if key in rows[-1]]) - 1),
    caption="Test accuracy by setting. LR: logistic regression; rows with – take one technique away.",
)

# %% name="baseline"
for name, value in (("mean spectrum, LR", "baseline.test_accuracy"), ("MFCC statistics, LR", "mfcc.test_accuracy"),
                    ("raw-waveform CNN", "raw.test_accuracy")):  # fmt: skip
    if name not in groups:
        continue
    found = comparison.accuracy(groups[name], store)
    publish.value(
        value,
        found.value,
        low=found.low,
        high=found.high,
        unit="fraction",
        n=len(store.targets("test")),
        seeds=comparison.seeds(groups[name]),
        about=name,
    )
    gain, p = comparison.difference(chosen, groups[name], store)
    key = value.split(".")[0]
    publish.value(
        f"gain.{key}",
        gain.value,
        low=gain.low,
        high=gain.high,
        unit="fraction",
        seeds=comparison.seeds(chosen),
        about=f"accuracy of the chosen network minus that of: {name}",
    )
    publish.claim(
        f"six-beats-{key}",
        gain.low > 0 and p < 0.05,
        text=f"the chosen network beats the {name}",
        evidence=f"{100 * gain.value:.1f} points ({100 * gain.low:.1f} to {100 * gain.high:.1f}) on the same clips",
        test="paired, signs of whole groups flipped",
        p=p,
    )

# %% [markdown]
# ## What each technique is worth
#
# The difference to the chosen network on the same clips. An interval that includes zero says that this corpus and this
# many seeds cannot tell.

# %% name="ablation"
effects = [(name, *comparison.difference(chosen, runs, store)) for name, runs in without.items()]
effects.sort(key=lambda effect: -effect[1].value)
if effects:
    publish.figure(
        "ablation",
        plots.intervals(
            [(name, loss.value, loss.low, loss.high) for name, loss, _ in effects], "points lost without it"
        ),
        alt="Points of test accuracy lost when each technique is taken away, with intervals; the largest on top.",
        caption="Points of test accuracy lost without each technique, with 95 % interval.",
        data=[
            {
                "technique": name,
                "lost": loss.value,
                "low": loss.low,
                "high": loss.high,
                "p": p,
                "seeds": len(without[name]),
            }
            for name, loss, p in effects
        ],
    )
    # Holm's correction would divide by the number of techniques first; the claim takes the strictest of them.
    name, loss, p = effects[0]
    publish.claim(
        "augmentation-helps",
        loss.low > 0 and p * len(effects) < 0.05,
        text=f"{name} helps most",
        evidence=f"{100 * loss.value:.1f} points are lost without ({100 * loss.low:.1f} to {100 * loss.high:.1f}), {len(effects)} techniques tried",
        test="paired, signs of whole groups flipped, Bonferroni",
        p=min(1.0, p * len(effects)),
    )
    publish.value(
        "ablation.largest",
        loss.value,
        low=loss.low,
        high=loss.high,
        unit="fraction",
        about=f"accuracy lost without {name}",
    )
    publish.value("ablation.seeds", min(map(len, without.values())), about="seeds of each network without one")
    worthless = [name for name, loss, _ in effects if loss.low <= 0]
    publish.value(
        "ablation.undecided", len(worthless), about="techniques whose interval includes zero: " + ", ".join(worthless)
    )

# %% [markdown]
# ## Error analysis
#
# Where do the errors come from? Accuracy by what is known of a clip.

# %% name="errors"
parts = [comparison.measured("all clips", chosen, store, "test", np.ones(len(store.targets("test")), dtype=bool))]
if degraded is not None:
    parts.append(comparison.measured("clean", chosen, store, "test", clean))
for name, label in (
    ("band", "narrow band"),
    ("codec", "codec"),
    ("room", "room"),
    ("noise", "noise"),
    ("eq", "coloured"),
):
    parts += [
        comparison.Row(label, row.accuracy, row.clips)
        for row in comparison.accuracy_by_presence(chosen, store, "test", name)
    ]
if "dialects" in chosen[0].splits:
    parts += comparison.accuracy_by(chosen, store, "dialects", "dialect")
publish.figure(
    "errors",
    plots.intervals([row.bar() for row in parts], "accuracy / %", highlight="all clips", width=plots.HALF),
    alt="Accuracy with interval for all test clips, for clips under each recording condition, and for each dialect never trained on.",
    caption="Accuracy by recording condition and unseen dialect, mean over seeds with 95 % interval.",
    data=[row.record("part") for row in parts],
)

# %% [markdown]
# ## What is handed in
#
# The seed with the least validation loss: its predictions, and the model by the course server's contract (TorchScript,
# raw samples in, six scores out), with ONNX beside it.

# %% name="files"
best = comparison.best_by_validation(chosen)
about = describe_model(best, corpus=context.corpus_name(), synthetic=context.corpus_name() == "espeak")
out = context.out()
write_predictions(out / "predictions.csv", best.probabilities("test"), best.scores("test").index)
save_torchscript(best.model, out / "model.pt", about)
save_onnx(best.model, out / "model.onnx", about)
for name in ("predictions.csv", "model.pt", "model.onnx"):
    publish.file(name, out / name)
publish.value(
    "training.clips", best.metrics["training_clips"], unit="clips", about="clips trained on, validation left out"
)
