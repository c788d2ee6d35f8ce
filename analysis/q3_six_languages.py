# ---
# jupyter:
#   onepage:
#     title: All languages
#     question: "3a, 3b"
#     reads: [corpus, six, search, binary]
#     timeout: 600
# ---

# %% [markdown]
# # All languages
#
# The same network with an output for each language of the corpus instead of one. What else has to change, how well does it do, and can it be
# believed? What it confuses is told on the next page.

# %% tags=["parameters"]
bins: int = 10  # groups of clips in the plot of reliability

# %%
import matplotlib.pyplot as plt

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.study import calibration, comparison, effects, plots
from spokenlang.study.corpus_facts import spelled
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
runs = [load_run(run.folder) for run in context.runs("six")]
chosen = comparison.best_by_validation(runs)
on = comparison.judged(store)
scores = chosen.scores(on)
classes = spelled(len(chosen.languages))

# %% [markdown]
# ## Question 3a: what changed
#
# The output layer has a unit for each language instead of one. Batch size and learning rate were searched on a small grid, each point
# trained briefly and judged on **validation** speakers only.

# %% name="search"
cells = comparison.settings(context.runs("search"), "batch_size", "learning_rate")
sizes, rates = (sorted({at[axis] for at in cells}) for axis in (0, 1))
found = {at: comparison.statistic(seeds, "accuracy", "validation").value for at, seeds in cells.items()}
if found:
    first = next(iter(cells.values()))
    over = "one seed" if len(first) == 1 else f"mean of {len(first)} seeds"
    rows = [
        {"size": size, **{f"rate{at}": f"{100 * found[size, rate]:.1f}" for at, rate in enumerate(rates)}}
        for size in sizes
    ]
    publish.table(
        "search",
        rows,
        columns={"size": "batch size", **{f"rate{at}": f"{rate:g}" for at, rate in enumerate(rates)}},
        align="l" + "r" * len(rates),
        caption="Validation accuracy / % by batch size (rows) and learning rate (columns), "
        f"{first[0].config.epochs} epochs, {over}.",
    )

# %% name="six-parameters"
parameters = chosen.metrics["parameters"]
publish.value(
    "six.parameters", parameters, unit="parameters", about=f"trainable numbers of the {classes}-class network"
)
publish.value("training.epochs", chosen.config.epochs, about=f"epochs of the {classes}-class runs")
publish.value("training.learning_rate", chosen.config.learning_rate, about="peak learning rate")
publish.value("training.batch_size", chosen.config.batch_size, about="clips per step")
publish.value("six.seeds", len(runs), about="seeds behind the chosen network's numbers")
searched = ""
if found:
    size, rate = max(found, key=found.get)
    spread = max(found.values()) - min(found.values())
    publish.value("search.best", found[size, rate], unit="fraction", about="best validation accuracy of the search")
    publish.value("search.range", spread, unit="fraction", about="best minus worst of the search")
    searched = (
        f" On a small grid, batches of {size} at a rate of {rate:g} did best on validation, {100 * spread:.1f} points "
        "above the worst; larger batches take fewer and less noisy steps, so the two are searched together."
    )

# %% name="q3a"
kept = "two" if classes in ("six", "two") else f"{classes} and two"
publish.answer(
    "q3a",
    f"Only the output layer differs from the binary network: {classes} units instead of one, {parameters:,} parameters in "
    f"all. The width was chosen for six languages in the first place, and is kept for {kept}.{searched}",
)

# %% [markdown]
# ## Question 3b: the loss

# %% name="q3b"
publish.answer(
    "q3b",
    f"Categorical cross-entropy on the {classes} logits, with the softmax inside the loss: the negative log-likelihood of the right "
    "language. A softmax layer before it would apply softmax twice and flatten the gradients.",
)

# %% [markdown]
# ## How well it does on clips that it has not seen
#
# Every number below is a mean over seeds, its interval over voices (where none are known, over clips) and seeds. The
# test set was scored once per run, after training, and chose nothing. Where nobody tells its languages, the validation
# clips stand in for it, which chose the seed that is handed in and fitted the temperature.

# %% name="six-test-accuracy"
overall = comparison.accuracy(runs, store)
publish.value(f"six.{on}_accuracy", overall, unit="fraction", about=f"{classes} languages, whole {on} set")
for measure, about in (
    ("macro_f1", "macro-F1, mean over seeds, with their range"),
    ("balanced_accuracy", "mean over languages of the share that is right, with the seeds' range"),
    ("ece", "expected calibration error, mean over seeds, with their range"),
    ("ece_uncalibrated", "expected calibration error before temperature scaling"),
    ("cavg", "average detection cost"),
    ("eer", "equal error rate"),
):
    publish.value(f"six.{on}_{measure}", comparison.statistic(runs, measure, on), unit="fraction", about=about)

# %% [markdown]
# Where the corpus knows more about its clips, the number is split: clean against degraded recordings, and dialects that
# training never heard, each against the judged clips of the same languages.

# %% name="six-clean-degraded"
clean = comparison.is_clean(store, chosen, on)
if clean is not None and clean.any() and not clean.all():
    for name, where, about in (("clean", clean, "undegraded"), ("degraded", ~clean, "degraded")):
        measured = comparison.accuracy(runs, store, on, where)
        publish.value(f"six.{on}_accuracy_{name}", measured, unit="fraction", about=f"{about} {on} clips")
    gap = comparison.contrast(runs, store, (on, clean), (on, ~clean))
    publish.claim(
        "degraded-harder",
        gap.difference.low > 0,
        text="degraded recordings are recognised less well than clean ones",
        evidence=f"{gap.difference.points()} between clean and degraded clips of the same voices",
        test="interval over voices and seeds above zero",
        p=gap.p,
    )

# %% name="six-dialects"
if "dialects" in chosen.splits:
    away = comparison.accuracy(runs, store, "dialects")
    publish.value("six.dialects_accuracy", away, unit="fraction", about="dialects never trained on")
    every, each_dialect = effects.dialects(runs, store)
    harder = [effect.name for effect in each_dialect if effect.shown]
    publish.value("dialects.count", len(each_dialect), about="dialects never trained on")
    publish.value("dialects.harder", len(harder), about="of them harder than known ones: " + ", ".join(harder))
    publish.claim(
        "dialects-harder",
        every.difference.low > 0,
        text="dialects that training never heard are, taken together, recognised less well",
        evidence=f"{every.difference.points()}; alone: {', '.join(harder) or 'none'} of {len(each_dialect)}",
        test="interval over voices and seeds above zero; each dialect after Bonferroni",
        p=every.p,
    )

# %% [markdown]
# ## Can its confidence be believed?
#
# The temperature was fitted on validation clips. Confidence and share right should then agree. A small calibration error
# alone proves little: always saying 100 % has one too, where nearly all is right. So the probabilities must also beat
# one confidence for all clips, in likelihood and Brier score, and foretell how many errors there are.

# %% name="reliability"
publish.figure(
    "reliability",
    plots.reliability(chosen.probabilities(on).max(axis=1), scores.right, bins),
    alt="Share of right clips against mean confidence in groups of equal size; on the diagonal the two agree.",
    caption=f"Share right against confidence, {on} set, {bins} groups of equal size.",
)
judged = calibration.calibration(runs, store)
for name, measured in (("nll", judged.nll), ("brier", judged.brier)):
    publish.value(f"six.{on}_{name}", measured, n=len(scores.labels), about=f"{name} of the calibrated probabilities")
for name, measured in (("nll", judged.constant_nll), ("brier", judged.constant_brier)):
    publish.value(f"constant.{on}_{name}", measured, n=len(scores.labels), about=f"{name} with one confidence for all")
publish.claim(
    "calibrated",
    judged.holds,
    text="its probabilities are calibrated: they say how often it is right",
    evidence=judged.evidence,
    test="a small calibration error; intervals of the gains in NLL and Brier score above zero, that of the errors around it",
)
