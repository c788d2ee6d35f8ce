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
from spokenlang.study import comparison, plots
from spokenlang.study.output_space import branch_contrast, centroid_distances
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
runs = [load_run(run.folder) for run in context.runs("six")]
chosen = comparison.best_by_validation(runs)
scores = chosen.scores("test")
names = {language.code: language.name for language in LANGUAGES}
branches = [language.branch for language in LANGUAGES]

# %% [markdown]
# ## Two components of the outputs
#
# As in the assignment's skeleton: the test clips' outputs, their first two principal components, a scatter plot coloured
# by language.

# %% name="pca"
pca = PCA(n_components=2, svd_solver="full")
points = pca.fit_transform(scores.logits.astype(np.float64))
points *= np.sign(
    pca.components_[np.arange(2), np.abs(pca.components_).argmax(axis=1)]
)  # the sign of a component is arbitrary
explained = pca.explained_variance_ratio_
publish.figure(
    "pca",
    plots.output_space(points, scores.labels, explained),
    alt="Scatter plot of the test clips on the first two principal components of the network's outputs, one cloud per language, class means marked.",
    caption="Test clips in the output space: first two principal components, class means marked.",
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
described = comparison.described(store, chosen, "test")
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
    [
        {"id": str(scores.index[at]), "samples": store.inputs("test")[scores.index[at]].astype(np.float32), "true": CODES[scores.labels[at]],
         "predicted": CODES[scores.predictions[at]], "confidence": round(float(probability[at].max()), 3), "recording": described[at]}
        for at in doubtful
    ],
    rate=store.rate,
    columns={"true": "Spoken", "predicted": "Taken for", "confidence": "Confidence", "recording": "Recording"},
    order="confidence",
    caption="The test clips that the network is least certain of.",
)  # fmt: skip

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
nearest = {CODES[a]: CODES[int(np.where(np.arange(6) == a, np.inf, distance[a]).argmin())] for a in range(6)}
publish.table(
    "nearest-languages",
    [
        {
            "language": names[a],
            "nearest": names[b],
            "branch": "yes" if branches[CODES.index(a)] == branches[CODES.index(b)] else "no",
        }
        for a, b in nearest.items()
    ],
    columns={"language": "language", "nearest": "nearest class mean", "branch": "same branch"},
    caption="Whose class mean is nearest to whose.",
)

# %% name="families"
contrast = branch_contrast(distance, branches)
publish.value("space.within", contrast.within, about="mean distance of class means within a branch, logits")
publish.value("space.across", contrast.across, about="mean distance of class means across branches, logits")
publish.claim(
    "families-closer",
    contrast.within < contrast.across and contrast.p <= 0.1,
    text="languages of one branch lie closer together in the output space",
    evidence=f"mean distance {contrast.within:.2f} within, {contrast.across:.2f} across the branches",
    test="all ten ways of splitting six languages into two threes",
    p=contrast.p,
)

# %% name="q3d"
same = sum(branches[CODES.index(a)] == branches[CODES.index(b)] for a, b in nearest.items())
if contrast.within < contrast.across:
    verdict = (
        f"On average languages of one branch are nearer to each other ({contrast.within:.1f}) than languages of different branches "
        f"({contrast.across:.1f}); with only ten ways to split six languages into two threes, p cannot fall below 0.1, and here it is {contrast.p:.1f}."
    )
else:
    verdict = f"The branches do not show: languages of one branch are on average {contrast.within:.1f} apart, languages of different branches {contrast.across:.1f}."
publish.answer(
    "q3d",
    f"The first two components hold {explained.sum():.0%} of the variance of the outputs, so the picture leaves much out: a network "
    "trained with cross-entropy pushes six classes into six different directions, and two cannot show them all. Clouds that overlap in "
    f"the plane can be well apart in space. In all six dimensions, {same} of 6 languages have their nearest class mean within their own "
    f"branch. {verdict} Nearness here means that the same clip gets high scores for both languages, which is what makes a confusion: pairs "
    "that are near are those of the confusion matrix, and clips between two clouds are its errors. The network knows nothing of "
    "history; where it groups relatives, it does so because they share sounds and rhythm, and where it does not, sound and history disagree.",
)
