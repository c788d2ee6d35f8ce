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
# the chosen network with its normalisations and techniques taken away one by one. All learn from the same clips, the
# networks for the same number of epochs, and are scored on the same test set, or, where nobody tells its languages, on the
# clips held out for validation.

# %% tags=["parameters"]
reference: str = "six"  # the row that the others are compared with, and whose best run is handed in
shown_languages: int = 10  # in the plot of errors, where it is by language

# %%
import matplotlib.pyplot as plt
import numpy as np

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.deploy.export import describe_model, save_onnx, save_torchscript
from spokenlang.deploy.tables import write_predictions
from spokenlang.study import comparison, effects, plots
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
# ## Settings and architectures
#
# Accuracy with its 95 % interval over voices (where none are known, over clips) and seeds.

# %% name="settings"
on = comparison.judged(store)
clean = comparison.is_clean(store, chosen[0], on)
degraded = None if clean is None or clean.all() or not clean.any() else ~clean

rows = []
for name, runs in groups.items():
    row = {"setting": name, "parameters": runs[0].metrics["parameters"], "seeds": len(runs)}
    row["all"] = comparison.accuracy(runs, store).cell()
    parts = {"clean": (on, clean), "degraded": (on, degraded)} if degraded is not None else {}
    if "dialects" in runs[0].splits:
        parts["dialects"] = ("dialects", None)
    for key, part in parts.items():
        row[key] = {**comparison.accuracy(runs, store, *part).cell(), "low": None, "high": None}
    rows.append(row | ({"_strong": True, "_rule": True} if runs is chosen else {}))
columns = {"setting": "setting", "parameters": "weights", "all": "all", "clean": "clean", "degraded": "degr.",
           "dialects": "dial.", "seeds": "seeds"}  # fmt: skip
columns = {key: heading for key, heading in columns.items() if key in rows[-1]}
publish.table(
    "settings",
    rows,
    columns=columns,
    align="l" + "r" * (len(columns) - 1),
    caption=f"{on.capitalize()} accuracy. LR: logistic regression; –: without. Intervals over "
    f"{comparison.unit(store)}{' and seeds' if len(chosen) > 1 else ''}.",
)

# %% name="baseline"
for name, key in (("mean spectrum, LR", "baseline"), ("MFCC statistics, LR", "mfcc"), ("raw-waveform CNN", "raw")):
    if name in groups:
        publish.value(f"{key}.{on}_accuracy", comparison.accuracy(groups[name], store), unit="fraction", about=name)
        test = comparison.difference(chosen, groups[name], store)
        publish.value(f"gain.{key}", test.difference, unit="fraction", about=f"chosen network minus {name}")
        publish.claim(
            f"six-beats-{key}",
            test.difference.low > 0,
            text=f"the chosen network is right more often than the {name}",
            evidence=f"{test.difference.points()} on the same clips",
            test="paired: interval over voices and seeds above zero",
            p=test.p,
        )

# %% [markdown]
# ## What each technique is worth
#
# The difference to the chosen network on the same clips, those of the test set and of dialects that training never heard.
# Seeds count too: where a setting has one alone, it is taken to vary as the chosen network does. An interval that
# includes zero says that this corpus and this many seeds cannot tell.

# %% name="ablation"
losses = {}
if without:
    losses = {
        split: effects.lost_without(chosen, without, store, split)
        for split in (on, "dialects")
        if split in chosen[0].splits
    }
    publish.figure(
        "ablation",
        plots.intervals([effect.bar() for effect in losses[on]], "points lost without it"),
        alt=f"Points of {on} accuracy lost when each technique is taken away, with intervals; the largest on top.",
        caption=f"Points of {on} accuracy lost without each technique, with 95 % interval.",
        data=[effect.record(split) for split, of_split in losses.items() for effect in of_split],
    )
    publish.value("ablation.seeds", min(map(len, without.values())), about="seeds of each network without one")
    publish.value("ablation.tried", len(without), about="techniques taken away, one at a time")
for split, of_split in losses.items():
    first, shown_effects = of_split[0], [effect.name for effect in of_split if effect.shown]
    about = f"accuracy on {split} lost without {first.name}"
    publish.value(f"ablation.largest_{split}", first.test.difference, unit="fraction", about=about)
    publish.value(f"ablation.shown_{split}", len(shown_effects), about="worth something: " + ", ".join(shown_effects))
    publish.claim(
        "augmentation-helps" if split == on else "augmentation-helps-dialects",
        first.shown,
        text=f"{first.name} is worth most",
        evidence=first.evidence,
        test="paired: interval over voices and seeds above zero, p after Bonferroni",
        p=first.p,
    )

# %% [markdown]
# ## Error analysis
#
# Where do the errors come from? Accuracy by what is known of a clip.

# %% name="errors"
labels = chosen[0].scores(on).labels
parts = [comparison.measured("all clips", chosen, store, on, np.ones(len(labels), dtype=bool))]
if degraded is not None:
    parts.append(comparison.measured("clean", chosen, store, on, clean))
for column, label in {
    "band": "narrow band",
    "codec": "codec",
    "room": "room",
    "noise": "noise",
    "eq": "coloured",
}.items():
    parts += comparison.accuracy_by_presence(chosen, store, on, column, label)
known = ["recording condition"]
if len(parts) == 1:  # a corpus that knows nothing else of its clips knows their languages
    known = ["language"]
    by_language = [
        comparison.measured(code, chosen, store, on, labels == label)
        for label, code in enumerate(chosen[0].languages)
        if label in labels
    ]
    if len(by_language) > shown_languages:
        known = [f"language, the {shown_languages} recognised least"]
        by_language = sorted(by_language, key=lambda row: row.accuracy.value)[:shown_languages]
    parts += by_language
if "dialects" in chosen[0].splits:
    parts += comparison.accuracy_by(chosen, store, "dialects", "dialect")
    known.append("unseen dialect")
publish.figure(
    "errors",
    plots.intervals([row.bar() for row in parts], "accuracy / %", highlight="all clips", width=plots.HALF),
    alt=f"Accuracy with interval for all {on} clips, and for each part of them that the corpus tells apart.",
    caption=f"Accuracy by {' and '.join(known)}, 95 % interval.",
    data=[row.record("part") for row in parts],
)

# %% [markdown]
# ## What is handed in
#
# The seed with the least validation loss: its predictions, and the model by the course server's contract (TorchScript,
# raw samples in, a score for each language out), with ONNX beside it. A hidden test set is predicted like any other.

# %% name="files"
best = comparison.best_by_validation(chosen)
about = describe_model(best, corpus=context.corpus_name(), synthetic=context.corpus_name() == "espeak")
out = context.out()
write_predictions(out / "predictions.csv", best.probabilities("test"), best.languages, best.scores("test").index)
save_torchscript(best.model, out / "model.pt", about)
save_onnx(best.model, out / "model.onnx", about)
for name in ("predictions.csv", "model.pt", "model.onnx"):
    publish.file(name, out / name)
publish.value("training.clips", best.metrics["training_clips"], unit="clips", about="trained on, validation left out")
