# ---
# jupyter:
#   onepage:
#     title: What it confuses
#     question: "3c"
#     reads: [corpus, six]
#     timeout: 600
# ---

# %% [markdown]
# # What it confuses
#
# The confusion matrix of the test set (of the validation clips where its languages are hidden), what its errors have in common, and the clips behind each of its cells.

# %% tags=["parameters"]
heard: int = 400  # at most so many misclassified clips to listen to
each: int = 5  # correctly recognised clips of each language to listen to

# %%
import matplotlib.pyplot as plt
import numpy as np

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.language_names import describe
from spokenlang.study import comparison, confusions, corpus_facts, intervals, listening, plots
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
runs = [load_run(run.folder) for run in context.runs("six")]
chosen = comparison.best_by_validation(runs)
on = comparison.judged(store)
codes = chosen.languages
languages = [describe(code) for code in codes]

# %% [markdown]
# ## Question 3c: the confusion matrix

# %% name="confusion"
counts = confusions.counts_of([chosen], on)
publish.figure(
    "confusion",
    plots.confusion(counts, codes),
    alt=f"Confusion matrix of the languages on the {on} set; rows are the language spoken, columns the prediction "
    f"({plots.describe_languages(codes)}).",
    caption=f"{on.capitalize()} clips by language spoken and predicted, seed best on validation"
    + (", the darker the larger a share." if len(codes) > plots.COUNTED else "."),
    data=[
        {"spoken": code, **dict(zip(codes, map(int, row), strict=True))}
        for code, row in zip(codes, counts, strict=True)
    ],
)

# %% [markdown]
# Summed over the seeds, these are the most frequent confusions; whether the seeds agree on the first is a claim below.

# %% name="confused-pairs"
total = confusions.counts_of(runs, on)
pairs = [pair for pair in confusions.confused_pairs(total) if pair[2] > 0]
errors = int(total.sum() - np.trace(total))
if pairs:
    publish.table(
        "confused-pairs",
        [
            {
                "spoken": languages[a].name,
                "taken": languages[b].name,
                "share": f"{100 * share:.1f}",
                "clips": int(total[a, b]),
            }
            for a, b, share in pairs[:6]
        ],
        columns={"spoken": "spoken", "taken": "taken for", "share": "% of its clips", "clips": "clips, all seeds"},
        align="llrr",
        caption="The most frequent confusions, all seeds together.",
    )
    first, second, share = pairs[0]
    agree, all_agree = confusions.one_top(runs, on)
    about = "share of its language's clips in the most frequent confusion, all seeds together"
    publish.value("errors.top_share", share, unit="fraction", n=int(total[first].sum()), about=about)
    publish.claim(
        "most-confused",
        all_agree,
        text=f"{languages[first].name} is most often taken for {languages[second].name}",
        evidence=f"{share:.1%} of its clips; the one most frequent confusion in {agree} of {len(runs)} seeds",
    )

# %% [markdown]
# Do errors go to relatives? By chance an error goes to each other language of the corpus alike, so how often to a relative
# depends on the language that errs: of the assignment's six, two of the five others are its relatives. This asks for
# languages of one branch and of others; a language of which no branch is known is left out. Clips of one voice, and the same clip
# under three seeds, are not independent, so the test is over voices.

# %% name="within-branch"
branches = [languages[label].branch for label in corpus_facts.languages(store) if languages[label].branch]
shared = [branch for branch in dict.fromkeys(branches) if branches.count(branch) > 1]
excess, expected, among = confusions.within_branch(runs, store, [language.branch for language in languages])
if among and shared and len(set(branches)) > 1:
    test = intervals.above(excess)
    within = expected + test.difference.value
    publish.value("errors.within_branch", within, unit="fraction", n=among, about="share of errors within a branch")
    publish.value("errors.within_chance", expected, unit="fraction", about="the same by chance, as each language errs")
    publish.claim(
        "within-branch",
        test.difference.low > 0,
        text="errors stay within a branch more often than chance has it",
        evidence=f"{within:.1%} of {among} errors lie within a branch, by chance {expected:.1%}: {test.difference.points()}",
        test="interval over voices above zero",
        p=test.p,
    )

# %% name="q3c"
recall = confusions.recall(total)
worst, best = min(recall, key=recall.get), max(recall, key=recall.get)
told = f"{np.trace(total) / total.sum():.1%} of the {on} clips are right. "
if recall[best] > recall[worst]:
    told += f"{languages[best].name} is recognised best ({recall[best]:.1%}), {languages[worst].name} worst ({recall[worst]:.1%}). "
if errors:
    told += f"The most frequent confusion over all seeds takes {languages[first].name} for {languages[second].name} ({share:.1%} of its clips). "
if among and shared and len(set(branches)) > 1:
    more = "more than" if test.difference.low > 0 else "which is not shown to be more than"
    told += (
        f"{within:.0%} of the errors stay within {corpus_facts.listed([f'the {branch}' for branch in shared], 'or')} branch, "
        f"{more} chance would have ({expected:.0%}). "
    )
publish.answer(
    "q3c", told + "The network is given sounds and their order, no words and no grammar to tell relatives by."
)

# %% [markdown]
# ## Listening to the errors
#
# A cell of this matrix leads to its clips. Under each spectrogram is what spoke for the decision, moment by moment
# (gradient times input).

# %% name="errors-heard"
publish.matrix(
    "confusion-cells",
    counts,
    rows=codes,
    caption="Clips by language spoken and predicted; an error's cell leads to its clips.",
    clips="misclassified",
)
publish.clips(
    "misclassified",
    listening.rows(chosen, store, listening.wrong_first_the_surest(chosen, on), attributed=True),
    rate=store.rate,
    columns=listening.COLUMNS,
    order="-confidence",
    most=heard,
    caption=f"Every misclassified {on} clip.",
)

# %% [markdown]
# And some clips of each language that it got right, for comparison.

# %% name="right-heard"
publish.clips(
    "right",
    listening.rows(chosen, store, listening.right_of_each_language(chosen, on, each), prefix="right-"),
    rate=store.rate,
    columns={key: text for key, text in listening.COLUMNS.items() if key != "predicted"},
    group=["true"],
    caption=f"The first {each} correctly recognised {on} clips of each language.",
)
