# ---
# jupyter:
#   onepage:
#     title: One scikit-learn baseline
#     question: "results"
#     reads: [corpus, features]
#     timeout: 1200
# ---

# %% [markdown]
# # One scikit-learn baseline
#
# Logistic regression on statistics of the spectrum over the whole clip: how much of the language is in the colour of
# the sound alone?

# %% tags=["parameters"]
baseline: str = "mean_log_mel"  # a name of spokenlang.training.baselines.BASELINES
task: str = "six"  # "six" (all languages) or "binary"
seed: int = 0  # kept for the record; the fit is deterministic

# %%
from onepage import context
from spokenlang.corpus.store import ClipStore
from spokenlang.training.baselines import train_baseline
from spokenlang.training.settings import TrainConfig

config = TrainConfig.from_parameters({"task": task, "seed": seed})
features = [run.folder for run in context.runs("features")]
run = train_baseline(baseline, config, ClipStore.open(context.corpus()), context.out(), features)

# %%
run.metrics
