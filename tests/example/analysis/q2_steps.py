# ---
# jupyter:
#   onepage:
#     title: How large a step?
#     question: "2"
#     reads: [slow, search]
# ---

# %% [markdown]
# # How large a step?

# %%
import json

from onepage import context

# %%
runs = [*context.runs("slow"), *context.runs("search")]
found = {run.id: json.loads((run.folder / "die.json").read_text())["surprise"] for run in runs}

# %% name="surprise"
for name, surprise in found.items():
    print(f"{name}: {surprise:.3f}")
