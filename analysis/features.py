# ---
# jupyter:
#   onepage:
#     title: The features that all runs share
#     question: "1b"
#     reads: [corpus]
#     timeout: 3600
# ---

# %% [markdown]
# # The features that all runs share
#
# The fixed part of the network's front end (pauses out, loudness, log-mel) gives the same numbers in every run on this
# corpus, so they are computed once. A run whose front end differs in a way that no row of `experiments.toml` foresees
# computes its own.

# %% tags=["parameters"]
loudness_norm: bool = True  # bring every clip to one loudness first
seed: int = 0  # kept for the record; nothing is drawn

# %%
from onepage import context
from spokenlang.corpus.store import ClipStore
from spokenlang.network.frontend import FrontEndConfig
from spokenlang.training.features import write_features

config = FrontEndConfig(loudness_norm=loudness_norm)
write_features(config, ClipStore.open(context.corpus()), context.out(), context.device())
