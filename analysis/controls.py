# ---
# jupyter:
#   onepage:
#     title: Controls
#     question: "3"
#     reads: [corpus, six]
#     timeout: 900
# ---

# %% [markdown]
# # What do the networks go by?
#
# A network that tells languages apart may hear their sounds, the order of the sounds, their melody, or something that
# comes with the recordings. Here one thing at a time is taken out of the clips, and the networks, which were trained on
# whole clips, classify what is left. Nothing is retrained, so a loss says what these networks use; it does not say that
# nothing else could be learned from what is left.

# %% tags=["parameters"]
clips: int = 150  # at most so many of the judged clips, spread evenly over voices and languages
segments_ms: list[float] = [50.0, 100.0, 250.0, 500.0]  # lengths of the segments that are shuffled
low_pass_hz: list[float] = [500.0, 1000.0]  # what lies below is kept
high_pass_hz: list[float] = [1000.0, 2000.0]  # what lies above is kept
order_ms: float = 250.0  # the segments that the claim on order is about, one of the above

# %%
import matplotlib.pyplot as plt

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.study import comparison, corpus_facts, plots
from spokenlang.study.probes.controls import LEFT_S, changes_for, controls, evenly
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
runs = [load_run(run.folder) for run in context.runs("six")]
on = comparison.judged(store)
scores = runs[0].scores(on)
groups = comparison.groups_of(store, runs[0], on)
chosen = evenly(groups, scores.labels, clips)
waveforms = store.inputs(comparison.store_split(on))[scores.index[chosen]]

# %% [markdown]
# ## What is taken out
#
# - *Time reversed*: the same average spectrum, and every transition between sounds the wrong way round.
# - *Segments shuffled*: sounds shorter than a segment stay whole, and their order is lost. Each segment rises and falls
#   over 2 ms, so that a joint is no click; the shortest segments are joined *in order* too, which shows what the joints
#   alone do.
# - *Below* or *above* a frequency only: a filter without delay, whose edge is 100 Hz wide.
# - *Noise instead of voice*: a noise vocoder. White noise gets the smoothed spectral envelope and the power of each window
#   of 32 ms; the vibration of the voice, and with it pitch and melody, is gone.
# - *Average spectrum only*: even noise with the clip's average spectrum, so timbre without any event.
# - *Pauses only*: what the front end sets to zero, 35 dB or more below the clip's loudest speech and at least 40 ms from
#   anything louder, with zeros in the place of the speech. Clips with less than 60 ms of it that is not digital silence
#   are left out.

# %% name="controls"
changes = changes_for(store.samples, segments_ms, low_pass_hz, high_pass_hz)
whole, changed = controls(runs, waveforms, scores.labels[chosen], groups[chosen], changes)
rows = [control.record() for control in (whole, *changed)]
chance = 1 / len(set(scores.labels.tolist()))
publish.figure(
    "controls",
    plots.intervals(
        [control.bar() for control in (whole, *changed)],
        "accuracy / %",
        highlight=whole.change.label,
        marks={"chance": chance, "largest language": whole.majority},
    ),
    alt=f"Dot plot of the accuracy on unchanged {on} clips and on {len(changed)} changes of them, best first; a line marks chance.",
    caption=f"Accuracy on changed {on} clips, mean over seeds, with 95 % intervals over {comparison.unit(store)} and seeds.",
    data=rows,
)
publish.table(
    "controls-table",
    rows,
    columns={"change": "change", "accuracy": "accuracy", "difference": "against the same clips unchanged",
             "majority": "largest language", "clips": "clips", "voices": "voices"},
    align="lrrrrr",
    caption=f"What is left of the accuracy on {on} clips when one thing is taken out of them; 95 % intervals, differences paired.",
)  # fmt: skip
tried = corpus_facts.spelled(len(changed))
print(
    f"Each row has its own interval; with {tried} rows, one in twenty may miss by chance. The claims below were chosen before."
)

# %% name="values"
for control in (whole, *changed):
    publish.value(
        f"controls.{control.change.key}", control.accuracy, unit="fraction",
        about=f"accuracy of the chosen network, {on} clips {control.change.label}",
    )  # fmt: skip

# %% [markdown]
# ## Does the order of the sounds matter?

# %% name="order-matters"
found = {control.change.key: control for control in changed}
shuffled = found.get(f"shuffled_{order_ms:g}ms")
if shuffled is None:
    print(f"The clips are too short to shuffle segments of {order_ms:g} ms.")
else:
    publish.claim(
        "order-matters",
        shuffled.test.difference.high < 0,
        text=f"shuffling segments of {order_ms:g} ms costs accuracy",
        evidence=f"{shuffled.test.difference.points()} on {shuffled.clips} clips of {shuffled.voices} voices",
        test="the same clips shuffled and unchanged: interval over voices and seeds below zero",
        p=shuffled.test.p,
    )

# %% [markdown]
# ## Do the pauses give the language away?
#
# If the background of a recording told its language, so would the parts without speech. They are compared with what always
# naming the largest language would get on the same clips.

# %% name="pauses-say-nothing"
silent = found.get("pauses")
if silent is None:
    print(f"Too few clips have {LEFT_S:g} s of pause that is not digital silence.")
else:
    publish.value(
        "controls.pause_seconds",
        silent.seconds,
        unit="s",
        n=len(chosen),
        about="sound in a clip's pauses, mean over clips",
    )
    publish.claim(
        "pauses-say-nothing",
        silent.above.difference.low <= 0,
        text="the pauses alone are not recognised above the share of the largest language",
        evidence=f"{silent.accuracy.value:.0%} against {silent.majority:.0%}: {silent.above.difference.points()}, {silent.clips} clips, "
        f"{silent.seconds:.2f} s of pause in a clip on average",
        test="interval over voices and seeds does not lie above zero",
    )
