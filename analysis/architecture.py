# ---
# jupyter:
#   onepage:
#     title: The architecture
#     question: "report"
#     reads: [corpus, six]
#     timeout: 300
# ---

# %% [markdown]
# # The architecture
#
# Drawn from the trained module itself: one clip is passed through it, and every layer reports its output shape and its
# parameters. If the network changes, so does the picture.

# %% tags=["parameters"]
samples: int = 40000  # length of the clip that is passed through

# %%
import matplotlib.pyplot as plt

from onepage import context, publish
from spokenlang.network import diagram
from spokenlang.network.models import ARCHITECTURES, layer_table, parameter_count
from spokenlang.study import comparison, plots
from spokenlang.study.corpus_facts import spelled
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
run = comparison.best_by_validation([load_run(run.folder) for run in context.runs("six")])
layers = layer_table(run.model, samples)
parameters = parameter_count(run.model)
classes = spelled(len(run.languages))

# %% name="architecture"
publish.figure(
    "architecture",
    plots.architecture(diagram.blocks(layers, samples), f"{parameters:,}"),
    alt=f"The network as a stack of layers from waveform to {classes} logits: "
    + ", ".join(row.label for row in layers)
    + ".",
    caption=f"The {classes}-class network; outputs are channels × frames.",
    data=[
        {"layer": row.label, "output": " × ".join(map(str, row.shape)), "parameters": row.parameters} for row in layers
    ],
)

# %% name="receptive-field"
field = diagram.receptive_field_s(run.model)
publish.value("architecture.receptive_field", field, unit="s", about="speech that one frame before the pooling can see")
publish.value("architecture.layers", len(layers), about="layers in the diagram")

publish.claim(
    "within-budget",
    parameters <= 100_000,
    text="the network keeps within 100 000 parameters",
    evidence=f"{parameters:,} trainable numbers",
)

# %% [markdown]
# Where the design comes from:

# %%
about = ARCHITECTURES[run.config.network.model]
print(about.about)
print(about.source)
