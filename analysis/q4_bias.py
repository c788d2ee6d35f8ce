# ---
# jupyter:
#   onepage:
#     title: Bias
#     question: "4a"
#     reads: [corpus, six, mean_spectrum]
#     timeout: 600
# ---

# %% [markdown]
# # When would it be biased?
#
# The assignment's clips were mined from videos with searches in one language each. Who is found that way, and recorded
# how, is then part of what "a language" means to the model. Each statement below is tied to a number that the corpus at
# hand can give; where it cannot give one, none is made up.

# %% tags=["parameters"]
noises: int = 200  # clips of noise that the model is asked about

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

from onepage import context, publish
from spokenlang.corpus.levels import clip_levels
from spokenlang.corpus.store import ClipStore
from spokenlang.languages import CODES
from spokenlang.study import comparison, plots
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
runs = [load_run(run.folder) for run in context.runs("six")]
overall = comparison.accuracy(runs, store)
findings = []

# %% [markdown]
# ## Who speaks: dialects
#
# A search finds the dialects that are most filmed. What happens to the others?

# %% name="by-dialect"
rows = [
    row
    for split in ("test", "dialects")
    if split in runs[0].splits
    for row in comparison.accuracy_by(runs, store, split, "dialect")
]
if len(rows) > len(CODES):
    publish.figure(
        "by-dialect",
        plots.intervals([row.bar() for row in rows], "accuracy / %"),
        alt="Accuracy with interval for each dialect; the lower rows are dialects that training never heard.",
        caption="Accuracy by dialect, mean over seeds; the last rows were never trained on.",
        data=[row.record("dialect") for row in rows],
    )
    worst = min(rows, key=lambda row: row.accuracy.value)
    publish.value("bias.worst_dialect", worst.accuracy.value, low=worst.accuracy.low, high=worst.accuracy.high, unit="fraction",
                  n=worst.clips, seeds=comparison.seeds(runs), about=f"least well recognised dialect, {worst.label}")  # fmt: skip
    findings.append(f"**dialects** that it was not trained on ({worst.label}: {worst.accuracy.value:.0%} right)")

# %% [markdown]
# ## Whose voice
#
# Each group is a voice (or a video) that training never heard. The spread between groups is what an average hides.

# %% name="by-voice"
if store.has_groups:
    voices = comparison.accuracy_by(runs, store, "test", "group")
    ordered = sorted(voices, key=lambda row: row.accuracy.value)
    publish.table(
        "by-voice",
        [{"voice": row.label, "accuracy": f"{100 * row.accuracy.value:.1f}", "clips": row.clips} for row in ordered],
        columns={"voice": "voice", "accuracy": "accuracy / %", "clips": "clips"},
        align="lrr",
        caption="Accuracy by voice of the test set, worst first, mean over seeds.",
    )
    publish.value(
        "bias.worst_voice",
        ordered[0].accuracy.value,
        unit="fraction",
        n=ordered[0].clips,
        seeds=comparison.seeds(runs),
        about="least well recognised voice of the test set",
    )
    findings.append(
        f"**voices** unlike those of the corpus (test voices range from {ordered[0].accuracy.value:.0%} to {ordered[-1].accuracy.value:.0%})"
    )

# %% [markdown]
# ## How it was recorded
#
# Microphone, room and channel come with the source of a clip. Two measurements: how accuracy depends on the recording,
# and how far one gets with the average spectrum alone, which knows the colour of the sound but no order of sounds.

# %% name="by-condition"
conditions = [
    row
    for name in ("noise", "band", "codec", "room")
    for row in comparison.accuracy_by_presence(runs, store, "test", name)
]
level = clip_levels(store.inputs("test"))[runs[0].scores("test").index]
quiet = level <= np.quantile(level, 0.25)
conditions += [
    comparison.measured("quietest quarter", runs, store, "test", quiet),
    comparison.measured("loudest quarter", runs, store, "test", level >= np.quantile(level, 0.75)),
]
publish.figure(
    "by-condition",
    plots.intervals([row.bar() for row in conditions], "accuracy / %"),
    alt="Accuracy with interval under each recording condition that the corpus knows, and for the quietest and loudest quarter of the clips.",
    caption="Accuracy by recording condition, mean over seeds.",
    data=[row.record("condition") for row in conditions],
)
weakest = min(conditions, key=lambda row: row.accuracy.value)
publish.value("bias.worst_condition", weakest.accuracy.value, low=weakest.accuracy.low, high=weakest.accuracy.high, unit="fraction",
              n=weakest.clips, seeds=comparison.seeds(runs), about=f"least well recognised condition, {weakest.label}")  # fmt: skip
quiet_row, loud_row = conditions[-2:]
fair = comparison.contrast(runs, store, ("test", level >= np.quantile(level, 0.75)), ("test", quiet))
publish.claim(
    "loudness-fair",
    fair.high <= 0.02,
    text="quiet clips are recognised as well as loud ones",
    evidence=f"{quiet_row.accuracy.value:.3f} for the quietest quarter, {loud_row.accuracy.value:.3f} for the loudest",
    test="the quietest quarter is at most two points worse: upper end of the interval over voices",
)
findings.append(f"**recordings** of another kind ({weakest.label}: {weakest.accuracy.value:.0%})")

# %% name="spectrum-alone"
spectrum = [load_run(run.folder) for run in context.runs("mean_spectrum")]
if spectrum:
    alone = comparison.accuracy(spectrum, store)
    publish.claim(
        "spectrum-leaks",
        alone.low > 1 / 6,
        text="part of the language is in the average spectrum alone",
        evidence=f"logistic regression on it is right for {alone.value:.3f} ({alone.low:.3f} to {alone.high:.3f}); chance has 0.167",
    )
    findings.append(
        f"corpora whose **channel** goes with the language: the average spectrum alone gives {alone.value:.0%} here (chance 17%), so a model "
        "can learn microphones in place of languages"
    )

# %% [markdown]
# ## What is not one of the six
#
# A closed-set model answers with one of its six languages whatever it hears. Asked about noise:

# %% name="noise-confidence"
random = np.random.default_rng(0)
noise = torch.from_numpy(random.normal(0, 0.1, (noises, store.samples)).astype(np.float32))
chosen = comparison.best_by_validation(runs)
with torch.no_grad():
    answers = torch.cat([chosen.model.probabilities(part) for part in noise.split(50)]).numpy()
sure = answers.max(axis=1)
favourite = np.bincount(answers.argmax(axis=1), minlength=6)
publish.value(
    "bias.noise_confidence",
    float(sure.mean()),
    unit="fraction",
    n=noises,
    about="mean confidence on clips of white noise",
)
findings.append(
    f"speech in **other languages** or none: it must answer with one of six, and calls {favourite.max() / noises:.0%} of pure noise "
    f"{CODES[int(favourite.argmax())]}, with confidence {sure.mean():.0%}"
)

# %% name="q4a"
publish.answer(
    "q4a",
    "Videos found by searching in a language over-represent who is filmed and how: popular dialects, young and professional voices, good "
    "microphones, music, one topic or channel per language. General use then meets what the search did not find. The model would be biased for "
    + "; ".join(findings)
    + ".",
)
