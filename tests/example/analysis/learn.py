# ---
# jupyter:
#   onepage:
#     title: Learning a die
#     reads: [corpus]
#     timeout: 120
# ---

# %% [markdown]
# Learns the shares of the green die's faces from its rolls, in random order.

# %%
import json

import numpy as np

from dicegame import models, rolls
from onepage import context

# %% tags=["parameters"]
rate: float = 0.01  # size of a step
passes: int = 2  # passes over the rolls
seed: int = 0  # order of the rolls

# %%
faces = rolls.read(context.corpus())["green"]
die = models.Die()
order = np.random.default_rng(seed)
for _ in range(passes):
    die.learn(order.permutation(faces), rate)

# %% name="leave"
result = {"shares": die.shares.tolist(), "surprise": models.surprise(die.shares, faces)}
(context.out() / "die.json").write_text(json.dumps(result))
result["surprise"]
