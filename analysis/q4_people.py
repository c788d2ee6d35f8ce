# ---
# jupyter:
#   onepage:
#     title: People
#     question: "4a"
#     reads: [corpus, six]
#     timeout: 900
# ---

# %% [markdown]
# # People
#
# How much of what the network reaches on the corpus that it was trained with is left when other people speak, in other
# recordings? A folder of their speech is imported once (`spokenlang corpus import FOLDER --out people`) and named:
# `make report P="people=people"`. Nothing is trained on it, so all of its clips count.

# %% tags=["parameters"]
people: str = ""  # folder of a corpus that no network here was trained on, below the project's; "" for none

# %%
import matplotlib.pyplot as plt
import numpy as np

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.language_names import describe
from spokenlang.study import comparison, intervals, plots
from spokenlang.study.beyond.people import hear
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
on = comparison.judged(store)
run = comparison.best_by_validation([load_run(run.folder) for run in context.runs("six")])
own = run.scores(on)
heard = hear(run, ClipStore.open(context.file(people))) if people else None
if heard is None:
    print('No folder of people\'s speech is named: make report P="people=FOLDER".')

# %% [markdown]
# ## The gap
#
# Every language counts alike, however many clips it has. Clips in languages that the network does not know are left out.

# %% name="people"
if heard is not None:
    known = intervals.balanced(own.right, own.labels, comparison.groups_of(store, run, on))
    there = intervals.balanced(heard.right, heard.labels, heard.groups)
    gap = intervals.contrast(known, there)
    found = intervals.interval(there)
    publish.value("people.accuracy", found, unit="fraction", about="people's clips, mean over the languages")
    publish.value("people.clips", len(heard.labels), about="clips of people")
    publish.value("people.speakers", len(np.unique(heard.groups)), about="groups (speakers) among them")
    publish.value(
        "people.gap", gap.difference, unit="fraction", about=f"accuracy on the {on} clips less that on people"
    )
    publish.claim(
        "people-harder",
        gap.difference.low > 0,
        text="people are understood less well than the voices of the corpus",
        evidence=f"{gap.difference.points()} between {len(own.labels)} {on} clips and {len(heard.labels)} clips of people",
        test="interval over voices and speakers above zero",
        p=gap.p,
    )
    if heard.left_out:
        print(f"{heard.left_out} clips in languages that the network does not know are left out.")

# %% [markdown]
# ## Language by language

# %% name="people-languages"
if heard is not None:
    rows = []
    for label in np.unique(heard.labels):
        of = heard.labels == label
        right = intervals.interval(intervals.sample([heard.right[of]], heard.groups[of]))
        rows.append(comparison.Row(describe(run.languages[label]).name, right, int(of.sum())))
    publish.figure(
        "people-languages",
        plots.intervals([row.bar() for row in rows], "accuracy / %"),
        alt="Accuracy on people's clips, language by language, with intervals over speakers.",
        caption="Accuracy on clips of people, by language.",
        data=[row.record("language") for row in rows],
    )
