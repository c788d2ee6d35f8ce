# ---
# jupyter:
#   onepage:
#     title: One search for hyper-parameters
#     question: "3a"
#     reads: [corpus]
#     timeout: 14400
# ---

# %% [markdown]
# # One search for hyper-parameters
#
# Many short trainings of the chosen network, each with other hyper-parameters, judged on validation speakers alone.
# The first trial has the library's own settings, which the project began with. An interrupted search goes on where it
# was.

# %% tags=["parameters"]
seed: int = 0  # of every training
trials: int = 40  # trainings in all
trial_epochs: int = 6  # passes over the training clips in each

# %%
from onepage import context
from spokenlang.corpus.store import ClipStore
from spokenlang.training.search import best, search
from spokenlang.training.settings import TrainConfig

config = TrainConfig.from_parameters({"seed": seed, "epochs": trial_epochs})
found = search(config, ClipStore.open(context.corpus()), context.out(), trials, context.device())

# %%
best(found)
