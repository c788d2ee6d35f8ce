# ---
# jupyter:
#   onepage:
#     title: Five waveforms
#     question: "1a, 1b"
#     reads: [corpus]
#     timeout: 300
# ---

# %% [markdown]
# # Five waveforms, and what to do about them
#
# A clip is five seconds of air pressure, 8000 numbers a second. Before any network sees one, it pays to look at a
# few: what differs between clips that has nothing to do with the language?

# %% tags=["parameters"]
seed: int = 3  # which clips are drawn
clips: int = 5  # how many

# %%
import matplotlib.pyplot as plt
import numpy as np

from onepage import context, publish
from spokenlang.corpus.levels import clip_levels
from spokenlang.corpus.store import ClipStore
from spokenlang.network.frontend import CorpusNorm, FrontEnd, FrontEndConfig, LoudnessNorm
from spokenlang.network.pauses import is_sound
from spokenlang.study import plots
from spokenlang.study.corpus_facts import loudness_by_language

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
targets = store.targets("train")

# %% [markdown]
# ## Question 1a: five clips on one scale
#
# The clips are drawn at random from the training set. All five axes have the same limits, so that the eye can
# compare them.

# %%
drawn = np.sort(np.random.default_rng(seed).choice(len(targets), clips, replace=False))
waves = store.inputs("train")[drawn].astype(np.float32)
labels = [store.languages[target] for target in targets[drawn]]

# %% name="waveforms"
publish.figure(
    "waveforms",
    plots.waveforms(waves, store.rate, labels, store.languages),
    alt=f"Waveforms of {clips} training clips, one above the other, on one amplitude scale.",
    caption=f"{clips} randomly drawn training clips on one amplitude scale.",
)

# %% [markdown]
# Besides the number and pattern of peaks, what may differ is the **loudness**, which is how far a clip fills the axis.
# Over the whole training set, and between the languages:

# %%
levels = clip_levels(store.inputs("train"))
quiet, loud = np.percentile(levels, [5, 95])
between = loudness_by_language(levels, targets)

# %% name="loudness-range"
publish.value(
    "corpus.loudness_range",
    float(loud - quiet),
    unit="dB",
    n=len(levels),
    about="5th to 95th percentile of the clips' RMS level",
)

# %% name="q1a-difference"
publish.value("corpus.loudness_between", between, unit="dB", about="between the languages' median levels")
own = between < (loud - quiet) / 4
whose = "so it tells more of the recording than of the language" if own else "so here it tells of the language too"
publish.answer(
    "q1a-difference",
    f"The clips differ in loudness: from the 5th to the 95th percentile of the training set by {loud - quiet:.0f} dB, "
    f"between the languages' medians by {between:.1f} dB, {whose}.",
)

# %% name="q1a-normalisation"
publish.answer(
    "q1a-normalisation",
    "Subtract each clip's mean and divide by its root-mean-square level, so that every clip arrives equally loud; a small "
    "floor under the divisor keeps silence silent.",
)

# %% [markdown]
# Here are the five, to listen to. They are as the corpus has them, quiet ones included.

# %% name="five-clips"
publish.clips(
    "five-clips",
    [
        {"id": str(index), "samples": wave, "language": label, "level": round(float(level), 1)}
        for index, wave, label, level in zip(drawn, waves, labels, levels[drawn], strict=True)
    ],
    rate=store.rate,
    columns={"language": "Language", "level": "Level"},
    units={"level": "dB"},
    order="-level",
    group=["language"],
    caption="The five clips. A quiet one is played louder, and its line says by how much.",
)

# %% [markdown]
# ## Question 1b: two normalisations, as layers
#
# The course's server calls the model on raw samples, so both normalisations are layers of the network, run without
# gradient: first every clip to one loudness, then, on the spectrum, each mel band to zero mean and unit deviation with
# the **training** clips' statistics, kept in the model as buffers.

# %%
import torch

waveforms = torch.from_numpy(waves)
normalised = LoudnessNorm()(waveforms).numpy()

# %% name="waveforms-normalised"
publish.figure(
    "waveforms-normalised",
    plots.waveforms(normalised, store.rate, labels, store.languages),
    alt="The same clips after loudness normalisation, on one amplitude scale.",
    caption="The same clips after the first layer: equal loudness, same shape.",
)

# %%
front_end = FrontEnd(FrontEndConfig(utterance_norm="none", corpus_norm=False))
sample = np.random.default_rng(seed).choice(len(targets), min(600, len(targets)), replace=False)
features = front_end(torch.from_numpy(store.inputs("train")[np.sort(sample)].astype(np.float32)))
features = features[is_sound(features) > 0].unsqueeze(0)  # pauses count nowhere
corpus_norm = CorpusNorm(features.shape[-1])
corpus_norm.fit(features)

# %% name="band-statistics"
publish.figure(
    "band-statistics",
    plots.before_and_after(features.numpy(), corpus_norm(features).numpy()),
    alt="Mean and spread of each mel band over training clips, before corpus normalisation and after it (zero and one).",
    caption="Mean and one standard deviation of each log-mel band over training clips, before and after the data-set normalisation.",
)
