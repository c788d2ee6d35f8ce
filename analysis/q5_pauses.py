# ---
# jupyter:
#   onepage:
#     title: Pauses
#     question: "bonus"
#     reads: [corpus, six]
#     timeout: 1200
# ---

# %% [markdown]
# # Does silence count as speech?
#
# The corpus's clips are cut to five seconds of speech. People pause, and recordings begin before they speak and end after. A
# network that normalises and pools over everything takes silence for a part of the language. In this one the front end sets
# to zero what lies 35 dB below a clip's own loudest speech, and no layer after it counts such frames.

# %% tags=["parameters"]
clips: int = 80  # test clips, drawn evenly from the test set
seconds: list[float] = [0.3, 1.0, 5.0, 20.0, 60.0]  # lengths of the pause
floors: list[float] = [-60.0, -40.0]  # noise of the room beside the speech, dB; digital silence is tried as well
margin: float = 0.02  # a smaller change of accuracy is called none

# %%
import matplotlib.pyplot as plt
import numpy as np

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.study import comparison, corpus_facts, plots, silence
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
run = load_run(context.runs("six")[0].folder)
on = comparison.judged(store)
index = run.scores(on).index
chosen = index[np.unique(np.linspace(0, len(index) - 1, min(clips, len(index))).round().astype(int))]

# %% [markdown]
# ## Accuracy with a pause
#
# Each clip is judged as it is and with a pause before, after or in the middle of it; long ones are
# digital silence and follow the clip. The noise of a room runs through speech and pause alike. Nothing is retrained.

# %% name="pauses"
plain, effects = silence.effects(
    run.model, store, comparison.store_split(on), chosen, silence.every_kind(seconds, floors)
)
rows = [
    {
        "place": effect.place,
        "seconds": f"{effect.seconds:g}",
        "noise": effect.noise,
        "accuracy": {"value": 100 * effect.accuracy.value, "low": 100 * effect.accuracy.low, "high": 100 * effect.accuracy.high, "digits": 1},
        "difference": {"value": 100 * effect.difference.value, "low": 100 * effect.difference.low, "high": 100 * effect.difference.high, "digits": 1},
        "clips": effect.clips,
    }
    for effect in effects
]  # fmt: skip
publish.table(
    "pauses",
    rows,
    columns={"place": "pause", "seconds": "s", "noise": "what it holds", "accuracy": "accuracy / %",
             "difference": "change / points", "clips": "clips"},
    align="lrlrrr",
    caption=f"{on.capitalize()} accuracy with a pause, and its change against the same clips without one; 95 % intervals over voices.",
)  # fmt: skip

# %% [markdown]
# A line that stays level is what is wanted: the pause after the clip may be twelve times as long as the clip.

# %% name="pauses-by-length"
curves = {}
for floor in (-np.inf, *floors):
    along = [effect for effect in effects if effect.place == "after" and effect.floor_db == floor]
    columns = (np.array([getattr(effect.accuracy, part) for effect in along]) for part in ("value", "low", "high"))
    curves[along[0].noise] = ([effect.seconds for effect in along], *columns)
publish.figure(
    "pauses-by-length",
    plots.against_duration(curves, "silence after the clip / s"),
    alt="Accuracy against the length of the silence after the clip, for digital silence and noise floors; the lines are level if pauses do not count.",
    caption="Accuracy against the length of the silence that follows the clip, with 95 % intervals over voices.",
    data=rows,
)

# %% name="pauses-do-no-harm"
worst = min(effects, key=lambda effect: effect.difference.value)
publish.value("pauses.accuracy_without", plain.value, low=plain.low, high=plain.high, unit="fraction", n=worst.clips,
              seeds=[run.config.seed], about=f"{corpus_facts.spelled(len(store.languages))} languages, clips without an added pause")  # fmt: skip
publish.value("pauses.worst_change", worst.difference.value, low=worst.difference.low, high=worst.difference.high, unit="fraction",
              n=worst.clips, seeds=[run.config.seed],
              about=f"change of accuracy by the pause that harms most: {worst.seconds:g} s {worst.place}, {worst.noise}")  # fmt: skip
publish.value("pauses.longest_s", max(seconds), unit="s", about="longest pause tried")
publish.claim(
    "pauses-do-no-harm",
    all(abs(effect.difference.value) < margin for effect in effects),
    text="silence before, after or in a clip does not count",
    evidence=f"largest loss {-100 * worst.difference.value:.1f} points ({worst.seconds:g} s {worst.place}, {worst.noise}), {len(effects)} kinds of pause",
    test=f"every paired change of accuracy is smaller than {100 * margin:g} points",
)
