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
# Six outputs for each test clip are points in six dimensions. Two principal components make a picture of them; the
# distances between the languages are then measured in all six.

# %% tags=["parameters"]
heard: int = 60  # at most so many clips to listen to from the plot

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.languages import CODES, LANGUAGES
from spokenlang.study import comparison, confusions, listening, plots
from spokenlang.study.output_space import branch_contrast, centroid_distances, nearest
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
runs = [load_run(run.folder) for run in context.runs("six")]
chosen = comparison.best_by_validation(runs)
scores = chosen.scores("test")
name_of = [language.name for language in LANGUAGES]
branches = [language.branch for language in LANGUAGES]

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
    plots.output_space(points, scores.labels, explained),
    alt="Scatter plot of the test clips on the first two principal components of the network's outputs, one cloud per language, class means marked.",
    caption="Outputs for test clips: first two principal components and class means.",
    data=[
        {"language": CODES[label], "component 1": float(x), "component 2": float(y)}
        for label, (x, y) in zip(scores.labels, points, strict=True)
    ],
)
publish.value(
    "pca.explained", float(explained.sum()), unit="fraction", about="variance of the outputs in two components"
)

# %% [markdown]
# The same plot to explore: a point shows its clip, and the least certain clips can be heard.

# %% name="pca-explore"
probability = chosen.probabilities("test")
doubtful = np.argsort(probability.max(axis=1), kind="stable")[:heard]
publish.scatter(
    "pca-explore",
    points[:, 0],
    points[:, 1],
    group=[CODES[label] for label in scores.labels],
    groups=list(CODES),
    ids=[str(index) for index in scores.index],
    texts=[
        f"clip {index}: {CODES[label]}, taken for {CODES[taken]}"
        for index, label, taken in zip(scores.index, scores.labels, scores.predictions, strict=True)
    ],
    clips="doubtful",
    titles=("component 1", "component 2"),
    caption="Every test clip; ringed points can be heard below.",
    alt="The same scatter plot, with one link per audible clip.",
)
publish.clips(
    "doubtful",
    listening.rows(chosen, store, doubtful),
    rate=store.rate,
    columns=listening.COLUMNS,
    order="confidence",
    caption="The test clips that the network is least certain of.",
)

# %% [markdown]
# ## Distances between the languages
#
# Two dimensions can deceive, so the distances between class means are taken in all six, and set against the languages'
# families: German, English and Dutch are Germanic; Spanish, French and Portuguese are Romance.

# %% name="centroid-distances"
distance = np.mean([centroid_distances(run.scores("test").logits, run.scores("test").labels) for run in runs], axis=0)
publish.figure(
    "centroid-distances",
    plots.distances(distance),
    alt="Distances between the six class means in the output space, mean over seeds; dark cells are close pairs.",
    caption="Distance between class means in the output space, mean over seeds.",
)
near = nearest(distance)
kin = {at: branches[at] == branches[other] for at, other in near.items()}
publish.table(
    "nearest-languages",
    [
        {"language": name_of[at], "nearest": name_of[other], "branch": "yes" if kin[at] else "no"}
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
    publish.value("space.within", contrast.within, about="mean distance of class means within a branch, logits")
    publish.value("space.across", contrast.across, about="mean distance of class means across branches, logits")
    publish.value("space.p", contrast.p, n=contrast.ways, about="share of the regroupings that separate as well")
    publish.claim(
        "families-closer",
        closer,
        text="languages of one branch lie closer on average in the output space than languages of two",
        evidence=f"mean distance {contrast.within:.2f} within, {contrast.across:.2f} across the branches",
        test=f"all {contrast.ways} ways of grouping the languages so; p cannot be less than {1 / contrast.ways:.2g}",
        p=contrast.p,
    )
    verdict = (
        f"On average languages of one branch are {'nearer' if closer else 'no nearer'} to each other ({contrast.within:.1f}) "
        f"than languages of different branches ({contrast.across:.1f}); of the {contrast.ways} ways to group the languages "
        f"so, {contrast.p:.0%} separate them as well. "
    )

# %% [markdown]
# ## Are near languages confused?
#
# Nearness of two class means says that clips of both get high scores for both. Whether that is where the errors are is
# counted: the rank correlation, over pairs of languages, of their distance with how often they are taken for each other.

# %% name="near-confused"
correlation, p, pairs = confusions.nearness(distance, confusions.counts_of(runs, len(CODES)))
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
        test="all ways of renaming the languages (Mantel)",
        p=p,
    )
    related = (
        f"Over {pairs} pairs of languages the rank correlation of distance with confusions is {correlation:.2f} "
        f"(p = {p:.2g}), so nearness {'goes' if tells else 'is not shown to go'} with the confusions of question 3c. "
    )

# %% name="q3d"
same = sum(kin.values())
publish.answer(
    "q3d",
    f"The first two components hold {explained.sum():.0%} of the variance of the outputs; in the rest, clouds that overlap "
    f"in the plane may still be apart. In all six dimensions, {same} of {len(near)} languages have their nearest class "
    f"mean within their own branch. {verdict}Nearness means that a clip gets high scores for both languages. {related}"
    "The network knows nothing of history; what it can find of a family is what relatives share in sounds and rhythm.",
)
