# ---
# jupyter:
#   onepage:
#     title: Bias audit
#     question: "4a"
#     reads: [corpus, six]
#     timeout: 600
# ---

# %% [markdown]
# # Bias audit
#
# For everything that the corpus knows of its clips and voices: does accuracy differ between the groups more than chance
# would have it? An average hides whom a model fails, and where many traits are looked at, some differ by chance.

# %% tags=["parameters"]
level: float = 0.05  # of the corrected tests together

# %%
import matplotlib.pyplot as plt
import numpy as np

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.study import comparison, plots
from spokenlang.study.bias import audit
from spokenlang.study.evaluation import macro_f1
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
runs = [load_run(run.folder) for run in context.runs("six")]
on = comparison.judged(store)
labels = runs[0].scores(on).labels
right = np.mean([run.scores(on).right for run in runs], axis=0)
looked_at = audit.attributes(store, runs[0], on)
if not looked_at:
    print("The corpus says nothing of its clips that could be held against their results.")

# %% [markdown]
# ## Trait by trait
#
# The gap is that of the best and the worst group, each beyond the mean of its languages, so that a hard language is no hard
# dialect. Chance is tried by giving the groups out anew: among voices that speak the same languages where the trait is the
# voice's, among clips of one voice where it is the clip's. The p-values are corrected for as many traits as there are
# (Holm). Where few voices can be permuted no p-value can be small, and the last column says how small it could have been.

# %% name="audit"
every = [audit.audit(attribute, right, labels) for attribute in looked_at]
found = [each for each in every if each.least_p < level]
if len(found) < len(every):
    names = ", ".join(each.attribute.name for each in every if each.least_p >= level)
    print(f"Too few could have another level, so nothing can be said of: {names}.")
corrected = audit.holm([each.p for each in found])
order = sorted(range(len(found)), key=lambda at: (corrected[at], -found[at].gap))
if found:
    publish.table(
        "audit",
        [
            {
                "trait": found[at].attribute.name,
                "worst": found[at].worst,
                "best": found[at].best,
                "gap": f"{100 * found[at].gap:.1f}",
                "unit": found[at].attribute.unit,
                "p": f"{found[at].p:.3g}",
                "corrected": f"{corrected[at]:.3g}",
                "least": f"{found[at].least_p:.2g}",
                "_strong": corrected[at] < level,
            }
            for at in order
        ],
        columns={
            "trait": "trait", "worst": "worst", "best": "best", "gap": "gap, points", "unit": "permuted", "p": "p",
            "corrected": "corrected", "least": "least p",
        },
        align="lllrlrrr",
        caption="Gaps between groups, mean over seeds; in bold those beyond chance after correction.",
    )  # fmt: skip

# %% [markdown]
# ## Group by group
#
# Of the traits with the smallest p-values, every group: its accuracy with interval, and macro-F1.

# %% name="groups"
rows, table = [], []
for at in order[:6]:
    attribute = found[at].attribute
    for name in sorted(set(attribute.levels.tolist()) - {""}):
        where = attribute.levels == name
        shown = name if name.startswith(attribute.name) else f"{attribute.name}: {name}"
        row = comparison.measured(shown, runs, store, on, where)
        f1 = np.mean([macro_f1(labels[where], run.scores(on).predictions[where]) for run in runs])
        rows.append(row)
        table.append({**row.record("group"), "macro_f1": float(f1)})
if rows:
    publish.figure(
        "groups",
        plots.intervals([row.bar() for row in rows], "accuracy / %"),
        alt=f"Accuracy with interval of every group of the {len(order[:6])} traits whose gaps are least like chance.",
        caption=f"Accuracy by group on the {on} clips, mean over seeds; intervals over {comparison.unit(store)} and seeds.",
        data=table,
    )

# %% [markdown]
# ## In a sentence

# %% name="verdict"
if found:
    beyond = [at for at in order if corrected[at] < level]
    first = found[order[0]]
    worst = comparison.accuracy(runs, store, on, first.attribute.levels == first.worst)
    publish.value("audit.traits", len(found), about="traits that were looked at")
    publish.value("audit.beyond", len(beyond), about="of them with a gap beyond chance, corrected")
    publish.value(
        "audit.worst",
        worst,
        unit="fraction",
        about=f"accuracy of {first.worst} ({first.attribute.name}), the worst group",
    )
    publish.claim(
        "no-group-behind",
        not beyond,
        text="no group of clips or voices that the corpus knows of is shown to fall behind",
        evidence=f"{len(beyond)} of {len(found)} traits with a corrected p below {level:g}; the first is "
        f"{first.attribute.name} ({first.worst} {100 * first.gap:.1f} points behind {first.best}, p = {corrected[order[0]]:.3g})",
        test="permutation of levels within languages, corrected after Holm",
        p=corrected[order[0]],
    )
