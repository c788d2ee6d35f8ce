# ---
# jupyter:
#   onepage:
#     title: Speech in other languages
#     question: "4a"
#     reads: [corpus]
#     timeout: 1800
# ---

# %% [markdown]
# # Speech in other languages
#
# A network that knows six languages is asked about others sooner or later. The default corpus's synthesiser speaks many, so
# clips in some that no network has heard are made here, in the voices of the test set and under the same conditions. Other
# corpora have no such clips, and nothing is made for them.

# %% tags=["parameters"]
synthetic: str = "espeak"  # the corpus whose speech no person has spoken
each: int = 20  # clips of every language
seed: int = 0  # kept for the record; the corpus's own seed decides

# %%
from onepage import context
from spokenlang.corpus.espeak import strangers

if context.corpus_name() == synthetic:
    strangers.make(context.out(), each)
