# ---
# jupyter:
#   onepage:
#     title: The output space
#     question: "3d"
#     reads: [corpus, six]
#     timeout: 300
# ---

# %% [markdown]
# # The output space
#
# The outputs for each clip are a point in as many dimensions as there are languages. Two principal components make a
# picture of them; the distances between the languages are then measured in all dimensions.

# %% tags=["parameters"]
heard: int = 60  # at most so many clips to listen to from the plot

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.language_names import describe
from spokenlang.study import comparison, confusions, corpus_facts, listening, plots
from spokenlang.study.output_space import branch_contrast, centroid_distances, nearest
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
runs = [load_run(run.folder) for run in context.runs("six")]
chosen = comparison.best_by_validation(runs)
on = comparison.judged(store)
scores = chosen.scores(on)
codes = chosen.languages
languages = [describe(code) for code in codes]
branches = [language.branch for language in languages]

# %% [markdown]
# ## Two components of the outputs
#
# As in the assignment's skeleton: the test clips' outputs, their first two principal components, a scatter plot coloured
# by language.

# %% name="pca"
pca = PCA(n_components=2, svd_solver="full")
points = pca.fit_transform(scores.logits.astype(np.float64))
# The sign of a component is arbitrary: its largest weight is made positive.
points *= np.sign(pca.components_[np.arange(2), np.abs(pca.components_).argmax(axis=1)])
explained = pca.explained_variance_ratio_
publish.figure(
    "pca",
    plots.output_space(points, scores.labels, explained, codes),
    alt=f"Scatter plot of the {on} clips on the first two principal components of the network's outputs, one cloud per language, class means marked.",
    caption=f"Outputs for {on} clips: first two principal components and class means.",
    data=[
        {"language": codes[label], "component 1": float(x), "component 2": float(y)}
        for label, (x, y) in zip(scores.labels, points, strict=True)
    ],
)
publish.value(
    "pca.explained", float(explained.sum()), unit="fraction", about="variance of the outputs in two components"
)

# %% [markdown]
# The same plot to explore: a point shows its clip, and the least certain clips can be heard.

# %% name="pca-explore"
probability = chosen.probabilities(on)
doubtful = np.argsort(probability.max(axis=1), kind="stable")[:heard]
publish.scatter(
    "pca-explore",
    points[:, 0],
    points[:, 1],
    group=[codes[label] for label in scores.labels],
    groups=list(codes),
    ids=[str(index) for index in scores.index],
    texts=[
        f"clip {index}: {codes[label]}, taken for {codes[taken]}"
        for index, label, taken in zip(scores.index, scores.labels, scores.predictions, strict=True)
    ],
    clips="doubtful",
    titles=("component 1", "component 2"),
    caption=f"Every {on} clip; ringed points can be heard below.",
    alt="The same scatter plot, with one link per audible clip.",
)
publish.clips(
    "doubtful",
    listening.rows(chosen, store, doubtful),
    rate=store.rate,
    columns=listening.COLUMNS,
    order="confidence",
    caption=f"The {on} clips that the network is least certain of.",
)

# %% [markdown]
# ## Distances between the languages
#
# Two dimensions can deceive, so the distances between class means are taken in all of them, and set against what is
# known of the languages' families (after Glottolog):

# %%
print(corpus_facts.kinship([codes[label] for label in corpus_facts.languages(store)]))

# %% name="centroid-distances"
distance = np.mean([centroid_distances(run.scores(on).logits, run.scores(on).labels) for run in runs], axis=0)
publish.figure(
    "centroid-distances",
    plots.distances(distance, codes),
    alt=f"Distances between the {corpus_facts.spelled(len(codes))} class means in the output space, mean over seeds; dark cells are close pairs.",
    caption="Distance between class means in the output space, mean over seeds.",
)
near = nearest(distance)
kin = {at: bool(branches[at]) and branches[at] == branches[other] for at, other in near.items()}
publish.table(
    "nearest-languages",
    [
        {"language": languages[at].name, "nearest": languages[other].name, "branch": "yes" if kin[at] else "no"}
        for at, other in near.items()
    ],
    columns={"language": "language", "nearest": "nearest class mean", "branch": "same branch"},
    caption="Whose class mean is nearest to whose.",
)

# %% name="families"
contrast = branch_contrast(distance, branches)
verdict = ""
if contrast is not None:
    closer = contrast.within < contrast.across
    every = contrast.ways == contrast.of
    counted = f"all {contrast.ways}" if every else f"{contrast.ways} of the {contrast.of:.2g}"
    publish.value("space.within", contrast.within, about="mean distance of class means within a branch, logits")
    publish.value("space.across", contrast.across, about="mean distance of class means across branches, logits")
    publish.value("space.p", contrast.p, n=contrast.ways, about="share of the regroupings that separate as well")
    publish.claim(
        "families-closer",
        closer,
        text="languages of one branch lie closer on average in the output space than languages of two",
        evidence=f"mean distance {contrast.within:.2f} within, {contrast.across:.2f} across the branches",
        test=f"{counted} ways of grouping the languages so; p cannot be less than {1 / contrast.ways:.2g}",
        p=contrast.p,
    )
    verdict = (
        f"On average languages of one branch are {'nearer' if closer else 'no nearer'} to each other ({contrast.within:.1f}) "
        f"than languages of different branches ({contrast.across:.1f}); of {'the ' if every else ''}{contrast.ways} ways to group the languages "
        f"so{'' if every else ', drawn by chance'}, {contrast.p:.0%} separate them as well. "
    )

# %% [markdown]
# ## Are near languages confused?
#
# Nearness of two class means says that clips of both get high scores for both. Whether that is where the errors are is
# counted: the rank correlation, over pairs of languages, of their distance with how often they are taken for each other.

# %% name="near-confused"
correlation, p, pairs = confusions.nearness(distance, confusions.counts_of(runs, on))
related = ""
if np.isfinite(correlation):
    tells = correlation < 0 and p < 0.05
    about = "Spearman's correlation of the distance of two languages with how often they are confused"
    publish.value("space.rank_correlation", correlation, n=pairs, about=about)
    publish.claim(
        "near-confused",
        tells,
        text="languages that lie near each other are confused more often",
        evidence=f"rank correlation {correlation:.2f} over {pairs} pairs",
        test=f"{'all' if len(codes) <= 7 else confusions.RENAMINGS} ways of renaming the languages (Mantel)",
        p=p,
    )
    related = (
        f"Over {pairs} pairs of languages the rank correlation of distance with confusions is {correlation:.2f} "
        f"(p = {p:.2g}), so nearness {'goes' if tells else 'is not shown to go'} with the confusions of question 3c. "
    )

# %% name="q3d"
same = sum(kin.values())
related_to = [at for at in near if branches[at] and [branches[other] for other in near].count(branches[at]) > 1]
seen = f"The first two components hold {explained.sum():.0%} of the variance of the outputs"
if len(codes) > 2:
    seen += "; in the rest, clouds that overlap in the plane may still be apart. "
else:
    seen += ", which are all that there are. "
if len(codes) > 2 and related_to:
    which = "languages" if len(related_to) == len(near) else "languages with relatives among the others"
    seen += f"In all {corpus_facts.spelled(len(codes))} dimensions, {same} of {len(related_to)} {which} have their nearest class mean within their own branch. "
publish.answer(
    "q3d",
    f"{seen}{verdict}Nearness means that a clip gets high scores for both languages. {related}"
    "The network knows nothing of history; what it can find of a family is what relatives share in sounds and rhythm.",
)
