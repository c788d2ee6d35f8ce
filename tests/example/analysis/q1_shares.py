# ---
# jupyter:
#   onepage:
#     title: Which die is loaded?
#     question: "1"
#     reads: [corpus]
# ---

# %% [markdown]
# # Which die is loaded?
#
# A fair die shows each face as often as any other.

# %%
import numpy as np

from dicegame.faces import FACES
from dicegame.plots import bars
from dicegame.rolls import read
from onepage import context

# %% tags=["parameters"]
first: int = 0  # rolls to leave out at the start

# %%
rolls = {die: faces[first:] for die, faces in read(context.corpus()).items()}
shares = {die: np.bincount(faces, minlength=FACES + 1)[1:] / len(faces) for die, faces in rolls.items()}
print({die: len(faces) for die, faces in rolls.items()})

# %% name="shares"
figure = bars(shares);

# %%
max(shares, key=lambda die: shares[die].max())
