# ---
# jupyter:
#   onepage:
#     title: Languages and their families
#     question: "3d"
#     reads: [corpus, six]
#     timeout: 300
# ---

# %% [markdown]
# # Does the output space know the families?
#
# The page on the output space measures how far apart the languages lie. Here each distance gets an interval, the distances are
# drawn as a tree, and they are compared with what is known of the languages' history. The network is never told any of
# that: what it can find of a family is what relatives share in sounds and rhythm.

# %% tags=["parameters"]
shown: int = 21  # the nearest pairs that the figure of distances has room for

# %%
import itertools
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.language_names import describe
from spokenlang.study import comparison, confusions, intervals, plots
from spokenlang.study.output_space import centroid_distances
from spokenlang.study.probes import apart, genealogy
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
runs = [load_run(run.folder) for run in context.runs("six")]
chosen = comparison.best_by_validation(runs)
on = comparison.judged(store)
scores, groups = chosen.scores(on), comparison.groups_of(store, chosen, on)
there = np.unique(scores.labels).tolist()
codes = [chosen.languages[label] for label in there]
seeds = tuple(comparison.seeds(runs))
enough = len(there) > 2
publish.value("families.languages", len(there), about=f"languages that the {on} clips have")
if not enough:
    print("Two languages have one distance: there is no tree, no order of distances and no plane to choose.")

# %% [markdown]
# ## Distances and how sure they are
#
# The distance of two class means depends on which voices happen to be in the set and on the seed of the training. The
# intervals are over both. Even two languages that the network could not tell apart would have a small distance above zero,
# since means of finitely many clips never fall on each other.

# %% name="distances"
pairs = list(itertools.combinations(there, 2))
logits = [run.scores(on).logits for run in runs]
found = {pair: apart.pair_distance(logits, scores.labels, groups, *pair) for pair in pairs if enough}
steps = genealogy.steps(codes)
apart_by = {pair: steps[there.index(pair[0]), there.index(pair[1])] for pair in pairs}
kin = {pair: bool(far <= 2) for pair, far in apart_by.items()}
nearest = sorted(found, key=lambda pair: found[pair].value)
rows = [
    {
        "pair": " and ".join(describe(chosen.languages[at]).name for at in pair),
        "branch": "yes" if kin[pair] else "unknown" if np.isnan(apart_by[pair]) else "no",
        "distance": {"value": found[pair].value, "low": found[pair].low, "high": found[pair].high, "digits": 1},
        "clips": found[pair].n,
    }
    for pair in nearest
]
if enough:
    publish.figure(
        "language-distances",
        plots.pairs(
            [
                (
                    " ".join(chosen.languages[at] for at in pair),
                    found[pair].value,
                    found[pair].low,
                    found[pair].high,
                    kin[pair],
                )
                for pair in nearest[:shown]
            ],
            "distance of class means / logits",
            ("one branch", "others"),
        ),
        alt=f"Dot plot of the distances of the {min(shown, len(pairs))} nearest pairs of languages with intervals, nearest first; pairs of one branch are marked.",
        caption=f"Distance of class means of {on} clips, mean over seeds, with 95 % intervals over {comparison.unit(store)} and seeds.",
        data=rows,
    )
    publish.table(
        "language-distances-table",
        rows[: 3 * shown],
        columns={"pair": "languages", "branch": "one branch", "distance": "distance", "clips": "clips"},
        align="llrr",
        caption="Distances of class means in logits, nearest first, with 95 % intervals.",
    )
    for name, pair in (("nearest", nearest[0]), ("farthest", nearest[-1])):
        publish.value(f"families.{name}_distance", replace(found[pair], seeds=seeds),
                      about=f"distance of the class means of {' and '.join(describe(chosen.languages[at]).name for at in pair)}, logits")  # fmt: skip

# %% [markdown]
# ## A tree of the distances
#
# Average linkage joins the two groups whose languages are nearest on average, again and again. A tree can be drawn of any
# distances; the cophenetic correlation says how well this one repeats them.

# %% name="dendrogram"
if enough:
    matrix = np.mean([centroid_distances(each, scores.labels) for each in logits], axis=0)[np.ix_(there, there)]
    condensed = squareform(matrix, checks=False)
    fit = float(hierarchy.cophenet(hierarchy.linkage(condensed, "average"), condensed)[0])
    publish.figure(
        "dendrogram",
        plots.dendrogram(matrix, codes),
        alt=f"Dendrogram of the {len(codes)} languages by average linkage; short branches join languages whose class means are near.",
        caption=f"Average linkage of the distances between class means; cophenetic correlation {fit:.2f}.",
    )
    publish.value(
        "families.cophenetic", fit, n=len(pairs), about="correlation of the distances with those in their tree"
    )

# %% [markdown]
# ## History
#
# Languages of one subgroup (Spanish and Portuguese are Ibero-Romance) are one step apart, of one branch two, of one family three,
# of two families four. The rank correlation of these steps with the distances is tested by giving the languages each other's
# names, in all ways where there are few enough.

# %% name="families-near"
known = np.flatnonzero(np.isfinite(np.diag(steps)))
history = steps[np.ix_(known, known)]
least = confusions.mantel(history, history)[1]  # of a space that is the tree itself
if not enough or least >= 0.05:
    print(
        f"With {len(known)} languages of known branch no distances could agree with their history by more than chance (p < 0.05)."
    )
else:
    correlation, p, counted = confusions.mantel(matrix[np.ix_(known, known)], history)
    publish.value("families.rank_correlation", correlation, n=counted,
                  about="Spearman's correlation of the distance of two languages with the steps to their common ancestor")  # fmt: skip
    publish.claim(
        "families-near",
        correlation > 0 and p < 0.05,
        text="related languages' class means are nearer to each other than unrelated ones'",
        evidence=f"rank correlation {correlation:.2f} of distance with steps in the family tree, {counted} pairs of {len(known)} languages",
        test=f"renaming the languages (Mantel), two-sided; p cannot be less than {least:.2g}",
        p=p,
    )

# %% [markdown]
# ## Two ways to choose a plane
#
# Principal components show most of the variance, whatever causes it. Fisher's discriminants show what separates the languages
# best, and would flatter if they were drawn on the clips that chose them. So both planes are chosen by clips of other
# voices than those they show (where no voices are known, by other clips); how much a plane keeps is the share of clips whose nearest class mean in it is their own.

# %% name="planes"
dealt = apart.dealt(store, chosen)
if not (enough and dealt.enough):
    print("There are too few validation clips of three languages to choose a plane by.")
else:
    parts = [apart.dealt(store, run) for run in runs]
    by_seed = [apart.planes(*part.fitted, *part.shown) for part in parts]
    kept = [intervals.sample([planes[at].right for planes in by_seed], dealt.groups) for at in (0, 1)]
    drawn = by_seed[runs.index(chosen)]
    publish.figure(
        "planes",
        plots.planes(
            {"principal components": drawn[0].points, "discriminants": drawn[1].points},
            dealt.shown[1],
            chosen.languages,
        ),
        alt=f"Two scatter plots of the same {on} clips, on principal components and on linear discriminants, one cloud per language.",
        caption=f"{len(dealt.groups)} {on} clips on planes that the {dealt.what} chose: most variance (left), best separation (right).",
    )
    for name, what, sample in (("pca", "principal components", kept[0]), ("lda", "discriminants", kept[1])):
        publish.value(f"families.plane_{name}", replace(intervals.interval(sample), seeds=seeds), unit="fraction",
                      about=f"{on} clips whose nearest class mean on the plane of {what} is their own")  # fmt: skip
    gain = intervals.contrast(kept[1], kept[0]).difference
    publish.value("families.plane_gain", replace(gain, n=len(dealt.groups), seeds=seeds), unit="fraction",
                  about="the same share on discriminants minus on principal components")  # fmt: skip
