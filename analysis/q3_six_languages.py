# ---
# jupyter:
#   onepage:
#     title: Six languages
#     question: "3a, 3b, 3c"
#     reads: [corpus, six, search, binary]
#     timeout: 600
# ---

# %% [markdown]
# # Six languages
#
# The same network with six outputs instead of one. What else has to change, how well does it do, and what does it
# confuse?

# %% tags=["parameters"]
heard: int = 400  # at most so many misclassified clips to listen to
each: int = 5  # correctly recognised clips of each language to listen to

# %%
import matplotlib.pyplot as plt
import numpy as np

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.languages import CODES, LANGUAGES
from spokenlang.study import attribution, comparison, evaluation, plots
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
runs = [load_run(run.folder) for run in context.runs("six")]
chosen = comparison.best_by_validation(runs)
names = {language.code: language.name for language in LANGUAGES}

# %% [markdown]
# ## Question 3a: what changed
#
# The output layer has six units instead of one. Batch size and learning rate were searched on a small grid, each point
# trained briefly and judged on **validation** speakers only.

# %% name="search"
cells = comparison.settings(context.runs("search"), "batch_size", "learning_rate")
sizes, rates = (sorted({at[axis] for at in cells}) for axis in (0, 1))
found = {at: comparison.statistic(seeds, "accuracy", "validation").value for at, seeds in cells.items()}
if found:
    first = next(iter(cells.values()))
    publish.table(
        "search",
        [
            {"size": size, **{f"rate{at}": f"{100 * found[size, rate]:.1f}" for at, rate in enumerate(rates)}}
            for size in sizes
        ],
        columns={"size": "batch size", **{f"rate{at}": f"{rate:g}" for at, rate in enumerate(rates)}},
        align="l" + "r" * len(rates),
        caption=f"Validation accuracy / % by batch size (rows) and learning rate (columns), {first[0].config.epochs} epochs, {'one seed' if len(first) == 1 else f'mean of {len(first)} seeds'}.",
    )

# %% name="six-parameters"
publish.value(
    "six.parameters",
    chosen.metrics["parameters"],
    unit="parameters",
    about="trainable numbers of the six-class network",
)
publish.value("training.epochs", chosen.config.epochs, about="epochs of the six-class runs")
publish.value("training.learning_rate", chosen.config.learning_rate, about="peak learning rate")
publish.value("training.batch_size", chosen.config.batch_size, about="clips per step")
publish.value("six.seeds", len(runs), about="seeds behind the chosen network's numbers")
if found:
    best_size, best_rate = max(found, key=found.get)
    publish.value(
        "search.best", found[best_size, best_rate], unit="fraction", about="best validation accuracy of the search"
    )
    publish.value(
        "search.range",
        max(found.values()) - min(found.values()),
        unit="fraction",
        about="best minus worst of the search",
    )

# %% name="q3a"
searched = (
    f" In the search, batches of {best_size} at {best_rate:g} did best on validation; larger batches want larger rates, since "
    "they take fewer and less noisy steps."
    if found
    else ""
)
publish.answer(
    "q3a",
    f"Only the output layer differs from the binary network: six units instead of one, {chosen.metrics['parameters']:,} "
    f"parameters in all. The width was chosen for six languages in the first place, and is kept for two.{searched}",
)

# %% [markdown]
# ## Question 3b: the loss

# %% name="q3b"
publish.answer(
    "q3b",
    "Categorical cross-entropy on the six logits, with the softmax inside the loss: the negative log-likelihood of the right "
    "language. A softmax layer before it would apply softmax twice and flatten the gradients.",
)

# %% [markdown]
# ## Question 3c: the test set
#
# Every number below is a mean over seeds, its interval from resampling speakers and seeds. The test set was scored once
# per run, after training, and chose nothing.

# %% name="six-test-accuracy"
labels = runs[0].scores("test").labels


def published(name, split="test", where=None, about=""):
    measured = comparison.accuracy(runs, store, split, where)
    clips = len(runs[0].scores(split).labels) if where is None else int(where.sum())
    publish.value(
        name,
        measured.value,
        low=measured.low,
        high=measured.high,
        unit="fraction",
        n=clips,
        seeds=comparison.seeds(runs),
        about=about,
    )
    return measured


overall = published("six.test_accuracy", about="six languages, whole test set")
ece, raw = (comparison.statistic(runs, measure) for measure in ("ece", "ece_uncalibrated"))
for name, measured, ends, about in (
    ("six.test_macro_f1", comparison.statistic(runs, "macro_f1"), True, "macro-F1, mean over seeds, with their range"),
    ("six.test_ece", ece, True, "expected calibration error, mean over seeds, with their range"),
    ("six.test_ece_uncalibrated", raw, False, "expected calibration error before temperature scaling"),
    ("six.test_cavg", comparison.statistic(runs, "cavg"), False, "average detection cost"),
):
    low, high = (measured.low, measured.high) if ends else (None, None)
    publish.value(
        name,
        measured.value,
        low=low,
        high=high,
        unit="fraction",
        n=len(labels),
        seeds=comparison.seeds(runs),
        about=about,
    )

# %% [markdown]
# Where the corpus knows more about its clips, the number is split: clean against degraded recordings, and dialects that
# training never heard.

# %% name="six-clean-degraded"
clean = comparison.is_clean(store, runs[0], "test")
if clean is not None and clean.any() and not clean.all():
    easy = published("six.test_accuracy_clean", where=clean, about="undegraded test clips")
    hard = published("six.test_accuracy_degraded", where=~clean, about="degraded test clips")
    gap = comparison.contrast(runs, store, ("test", clean), ("test", ~clean))
    publish.claim(
        "degraded-harder",
        gap.low > 0,
        text="degraded recordings are harder than clean ones",
        evidence=f"{100 * gap.value:.1f} points ({100 * gap.low:.1f} to {100 * gap.high:.1f}) between clean and degraded clips of the same voices",
        test="interval over voices excludes zero",
    )
if "dialects" in runs[0].splits:
    away = published("six.dialects_accuracy", "dialects", about="dialects never trained on")
    gap = comparison.contrast(runs, store, ("test", None), ("dialects", None))
    publish.claim(
        "dialects-harder",
        gap.low > 0,
        text="dialects that training never heard are harder",
        evidence=f"{100 * gap.value:.1f} points ({100 * gap.low:.1f} to {100 * gap.high:.1f}) between known and unknown dialects",
        test="interval over voices excludes zero",
    )

# %% name="confusion"
counts = evaluation.confusion(labels, chosen.scores("test").predictions, 6)
publish.figure(
    "confusion",
    plots.confusion(counts),
    alt="Confusion matrix of the six languages on the test set; rows are the language spoken, columns the prediction.",
    caption=f"Test clips by language spoken (rows) and predicted, network with the least validation loss ({plots.describe_languages()}).",
    data=[{"spoken": CODES[row], **dict(zip(CODES, map(int, counts[row]), strict=True))} for row in range(6)],
)

# %% [markdown]
# Summed over the seeds, these are the most frequent confusions; whether the seeds agree on the first is a claim below.

# %% name="confused-pairs"
total = sum(evaluation.confusion(labels, run.scores("test").predictions, 6) for run in runs)
pairs = comparison.confused_pairs(total)
publish.table(
    "confused-pairs",
    [
        {"spoken": names[CODES[a]], "taken": names[CODES[b]], "share": f"{100 * share:.1f}", "clips": int(total[a, b])}
        for a, b, share in pairs[:6]
    ],
    columns={"spoken": "spoken", "taken": "taken for", "share": "% of its clips", "clips": "clips, all seeds"},
    align="llrr",
    caption="The most frequent confusions, all seeds together.",
)
(first, second, share) = pairs[0]
families = {language.code: language.branch for language in LANGUAGES}
within = sum(total[a, b] for a, b, _ in pairs if families[CODES[a]] == families[CODES[b]])
errors = int(total.sum() - np.trace(total))
# Of the 30 ordered pairs of different languages, 12 stay within a branch of three.
publish.claim(
    "within-branch",
    errors > 0 and comparison.share_above(int(within), errors, 12 / 30) < 0.05,
    text="confusions stay within a branch more often than chance has it",
    evidence=f"{within} of {errors} errors lie within Germanic or Romance; chance has 12 of 30",
    test="one-sided binomial",
    p=comparison.share_above(int(within), errors, 12 / 30) if errors else 1.0,
)
publish.value(
    "errors.within_branch", within / max(errors, 1), unit="fraction", n=errors, about="share of errors within a branch"
)
publish.value(
    "errors.top_share", share, unit="fraction", about="share of its language's clips in the most frequent confusion"
)
tops = [
    comparison.confused_pairs(evaluation.confusion(labels, run.scores("test").predictions, 6))[0][:2] for run in runs
]
publish.claim(
    "most-confused",
    errors > 0 and all(top == (first, second) for top in tops),
    text=f"{names[CODES[first]]} is most often taken for {names[CODES[second]]}",
    evidence=f"{share:.1%} of its clips; the most frequent confusion in {sum(top == (first, second) for top in tops)} of {len(runs)} seeds",
)

# %% name="q3c"
recall = np.diag(total) / total.sum(axis=1)
worst, surest = int(recall.argmin()), int(recall.argmax())
branch = (
    "more than chance would have"
    if comparison.share_above(int(within), max(errors, 1), 0.4) < 0.05
    else "not more than chance would have"
)
publish.answer(
    "q3c",
    f"{overall.value:.1%} of the test clips are right. {names[CODES[surest]]} is recognised best ({recall[surest]:.1%}), "
    f"{names[CODES[worst]]} worst ({recall[worst]:.1%}). The most frequent confusion takes {names[CODES[first]]} for "
    f"{names[CODES[second]]} ({share:.1%} of its clips). {within} of {errors} errors over all seeds stay within the Germanic or "
    f"the Romance branch, {branch} (12 of 30 pairs). The network hears sounds and their order, not words, so languages that share "
    "their sounds are what it mixes up.",
)

# %% [markdown]
# ## Listening to the errors
#
# A cell of this matrix leads to its clips. Under each spectrogram is what spoke for the decision, moment by moment
# (gradient times input).

# %% name="errors-heard"
scores = chosen.scores("test")
probability = chosen.probabilities("test")
wrong = np.flatnonzero(~scores.right)
sure = probability.max(axis=1)
wrong = wrong[np.argsort(-sure[wrong], kind="stable")]
attributes = comparison.described(store, runs[0], "test")
publish.matrix(
    "confusion-cells", counts, rows=CODES, caption="Clips by language spoken and predicted; an error's cell leads to its clips.", clips="misclassified",
)  # fmt: skip
publish.clips(
    "misclassified",
    [
        {
            "id": str(scores.index[at]),
            "samples": store.inputs("test")[scores.index[at]].astype(np.float32),
            "true": CODES[labels[at]],
            "predicted": CODES[scores.predictions[at]],
            "confidence": round(float(sure[at]), 3),
            "recording": attributes[at],
            "attribution": attribution.over_time(chosen.model, store.inputs("test")[scores.index[at]]),
        }
        for at in wrong
    ],
    rate=store.rate,
    columns={"true": "Spoken", "predicted": "Taken for", "confidence": "Confidence", "recording": "Recording"},
    order="-confidence",
    most=heard,
    caption="Every misclassified test clip.",
)

# %% [markdown]
# And some clips of each language that it got right, for comparison.

# %% name="right-heard"
right = np.flatnonzero(scores.right)
publish.clips(
    "right",
    [
        {"id": f"right-{scores.index[at]}", "samples": store.inputs("test")[scores.index[at]].astype(np.float32), "true": code,
         "confidence": round(float(sure[at]), 3), "recording": attributes[at]}
        for label, code in enumerate(CODES)
        for at in right[labels[right] == label][:each]
    ],
    rate=store.rate,
    columns={"true": "Spoken", "confidence": "Confidence", "recording": "Recording"},
    group=["true"],
    caption=f"The first {each} correctly recognised test clips of each language.",
)  # fmt: skip

# %% [markdown]
# ## Can its confidence be believed?
#
# The temperature was fitted on validation clips. Confidence and share right should then agree.

# %% name="reliability"
publish.figure(
    "reliability",
    plots.reliability(sure, scores.right),
    alt="Share of right clips against mean confidence in ten groups of equal size; the points follow the diagonal if the network is calibrated.",
    caption="Share right against confidence, test set, ten groups of equal size.",
)
publish.claim(
    "calibrated",
    ece.value <= 0.02,
    text="after temperature scaling on validation clips its confidence can be believed",
    evidence=f"expected calibration error {ece.value:.4f} (seeds {ece.low:.4f} to {ece.high:.4f}), {raw.value:.4f} before",
)
