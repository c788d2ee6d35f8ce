# ---
# jupyter:
#   onepage:
#     title: One training run
#     question: "2, 3"
#     reads: [corpus, features]
#     timeout: 7200
# ---

# %% [markdown]
# # One training run
#
# The pipeline executes this script once for every row and seed of `experiments.toml`. What it leaves (weights, the
# losses every ten steps, the scores on validation and test clips) is what the analyses read. The defaults below are
# the chosen network, so that a row of the table says only what it does differently.

# %% tags=["parameters"]
task: str = "six"  # all languages of the corpus (six, the assignment's), or "binary": English 0, Spanish 1
model: str = "tdnn"  # a name of spokenlang.network.models.ARCHITECTURES
seed: int = 0  # initial weights, order of the clips, augmentation
epochs: int = 14  # passes over the training clips
batch_size: int = 32  # clips per step
optimizer: str = "adamw"  # Adam with decoupled weight decay, or plain "adam"
learning_rate: float = 8e-3  # peak, after the warm-up
weight_decay: float = 0.02  # pull towards small weights
label_smoothing: float = 0.05  # probability spread over the other classes
dropout: float = 0.3  # share of the pooled values dropped in training
average: str = "ema"  # weights kept: "last", "ema" or "best" on validation
crop: bool = True  # train on random crops instead of whole clips
crop_min_s: float = 1.7  # shortest crop, s
crop_max_s: float = 3.8  # longest crop, s
validation_clips: int = 64  # validation clips whose loss is recorded every ten steps
stretch: float = 0.14  # random change of speed, up to this share
mel_warp: float = 0.25  # random scaling of the frequency axis, as another vocal tract would
spec_masks: int = 1  # SpecAugment masks, in time and in frequency each
pauses: float = 0.0  # share of the clips in which the talker falls silent, with or without noise
utterance_norm: str = "mean"  # per clip and band: "none", "mean" or "standard"
loudness_norm: bool = True  # bring every clip to one loudness first
without: str = "none"  # a technique taken away (spokenlang.training.techniques), or "all" of them
keep: str = "none"  # with without = "all": the one that stays
train_share: float = 1.0  # share of the training clips used

# %%
from onepage import context
from spokenlang.corpus.store import ClipStore
from spokenlang.training.loop import train
from spokenlang.training.settings import TrainConfig
from spokenlang.training.techniques import switched_off

chosen = {name: globals()[name] for name in __annotations__ if name not in ("without", "keep")}
config = TrainConfig.from_parameters(switched_off(chosen, without, keep))
store = ClipStore.open(context.corpus())

# %% [markdown]
# ## Training
#
# Validation clips come from speakers that are held out of training; the test set is scored once, at the end, with
# weights that were chosen without it.

# %%
features = [run.folder for run in context.runs("features")]
run = train(config, store, context.out(), context.device(), features)

# %% [markdown]
# ## What it learned

# %%
import matplotlib.pyplot as plt

figure, axis = plt.subplots(figsize=(5, 2.2), layout="constrained")
for part in ("train", "validation"):
    axis.plot(*run.losses(part), label=part)
axis.set(xlabel="optimiser step", ylabel="loss / nats", title="Loss every ten steps")
axis.legend()
plt.show()

# %%
run.metrics
