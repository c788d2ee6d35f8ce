# ---
# jupyter:
#   onepage:
#     title: How large a step?
#     question: "2"
#     reads: [slow, search]
# ---

# %% [markdown]
# # How large a step?
#
# Small steps learn slowly, and large ones forget.

# %%
import json

import numpy as np

from dicegame.faces import fair_share
from onepage import context, publish

# %%
runs = [*context.runs("slow"), *context.runs("search")]
found = {run.id: json.loads((run.folder / "die.json").read_text())["surprise"] for run in runs}
for name, surprise in found.items():
    print(f"{name}: {surprise:.3f}")

# %% name="steps"
rows = [{"run": run.id, "rate": run.parameters["rate"], "surprise": round(found[run.id], 3)} for run in runs]
publish.table("steps", rows, columns={"run": "run", "rate": "step", "surprise": "surprise"}, caption="Steps compared.")
publish.value("fair.surprise", float(-np.log(fair_share())))
