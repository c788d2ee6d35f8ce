# ---
# jupyter:
#   onepage:
#     title: Bias
#     question: "4a"
#     reads: [corpus, six, mean_spectrum, strangers]
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
margin: float = 0.02  # difference between loud and quiet clips that still counts as none

# %%
import matplotlib.pyplot as plt
import numpy as np

from onepage import context, publish
from spokenlang.corpus.espeak.strangers import load
from spokenlang.corpus.levels import clip_levels
from spokenlang.corpus.store import ClipStore
from spokenlang.language_names import describe
from spokenlang.study import comparison, corpus_facts, plots, strangers
from spokenlang.study.evaluation import probabilities
from spokenlang.study.lengths import logits_at
from spokenlang.training.runs import load_run

plt.rcParams.update(publish.STYLE)
store = ClipStore.open(context.corpus())
runs = [load_run(run.folder) for run in context.runs("six")]
on = comparison.judged(store)
overall = comparison.accuracy(runs, store)
findings = []

# %% [markdown]
# ## Who speaks: dialects
#
# A search finds the dialects that are most filmed. What happens to the others?

# %% name="by-dialect"
known = comparison.accuracy_by(runs, store, on, "dialect")
unseen = comparison.accuracy_by(runs, store, "dialects", "dialect") if "dialects" in runs[0].splits else []
if unseen:
    publish.figure(
        "by-dialect",
        plots.intervals([row.bar() for row in (*known, *unseen)], "accuracy / %"),
        alt="Accuracy with interval for each dialect; the lower rows are dialects that training never heard.",
        caption=f"Accuracy by dialect, mean over seeds; the last {len(unseen)} were never trained on.",
        data=[row.record("dialect") for row in (*known, *unseen)],
    )
    worst = min(unseen, key=lambda row: row.accuracy.value)
    about = f"least well recognised of the unseen dialects, {worst.label}"
    publish.value("bias.worst_dialect", worst.accuracy, unit="fraction", about=about)
    findings.append(
        f"**dialects** that it was not trained on ({worst.accuracy.value:.0%} right in {worst.label}, the worst of "
        f"{len(unseen)}; {overall.value:.0%} in the {on} set)"
    )

# %% [markdown]
# ## Whose voice
#
# Each group is a voice (or a video) that training never heard. The spread between groups is what an average hides.

# %% name="by-voice"
if store.has_groups:
    voices = comparison.accuracy_by(runs, store, on, "group")
    ordered = sorted(voices, key=lambda row: row.accuracy.value)
    publish.table(
        "by-voice",
        [{"voice": row.label, "accuracy": f"{100 * row.accuracy.value:.1f}", "clips": row.clips} for row in ordered],
        columns={"voice": "voice", "accuracy": "accuracy / %", "clips": "clips"},
        align="lrr",
        caption=f"Accuracy by voice of the {on} set, worst first, mean over seeds.",
    )
    about = f"least well recognised voice of the {on} set"
    publish.value("bias.worst_voice", ordered[0].accuracy, unit="fraction", about=about)
    findings.append(
        f"**voices** unlike those of the corpus (from voice to voice {ordered[0].accuracy.value:.0%} to "
        f"{ordered[-1].accuracy.value:.0%} are right)"
    )

# %% [markdown]
# ## How it was recorded
#
# Microphone, room and channel come with the source of a clip. How does accuracy depend on what is known of the recording?

# %% name="by-condition"
conditions = [
    row for name in ("noise", "band", "codec", "room") for row in comparison.accuracy_by_presence(runs, store, on, name)
]
level = clip_levels(store.inputs(comparison.store_split(on)))[runs[0].scores(on).index]
quiet = level <= np.quantile(level, 0.25)
conditions += [
    comparison.measured("quietest quarter", runs, store, on, quiet),
    comparison.measured("loudest quarter", runs, store, on, level >= np.quantile(level, 0.75)),
]
publish.figure(
    "by-condition",
    plots.intervals([row.bar() for row in conditions], "accuracy / %"),
    alt="Accuracy with interval under each recording condition that the corpus knows, and for the quietest and loudest quarter of the clips.",
    caption="Accuracy by recording condition, mean over seeds.",
    data=[row.record("condition") for row in conditions],
)
weakest = min(conditions, key=lambda row: row.accuracy.value)
about = f"least well recognised condition, {weakest.label}"
publish.value("bias.worst_condition", weakest.accuracy, unit="fraction", about=about)
findings.append(f"**recordings** of another kind (here {weakest.label} does worst, {weakest.accuracy.value:.0%})")
fair = comparison.contrast(runs, store, (on, level >= np.quantile(level, 0.75)), (on, quiet))
publish.claim(
    "loudness-fair",
    -margin < fair.difference.low and fair.difference.high < margin,
    text=f"quiet and loud clips are recognised alike, within {100 * margin:g} points",
    evidence=f"{fair.difference.points()} between the loudest and the quietest quarter",
    test="equivalence: the whole interval over voices and seeds lies within the margin",
    p=fair.p,
)

# %% [markdown]
# How far does one get with the average spectrum alone, which knows the colour of the sound but no order of sounds? What it
# gets right may be the languages' own sounds or the recordings' colour; where the two go together it cannot tell them
# apart.

# %% name="spectrum-alone"
spectrum = [load_run(run.folder) for run in context.runs("mean_spectrum")]
if spectrum:
    alone = comparison.accuracy(spectrum, store)
    chance = corpus_facts.counted(runs[0].scores(on).labels).majority
    publish.claim(
        "spectrum-leaks",
        alone.low > chance,
        text="part of the language is in the average spectrum alone",
        evidence=f"logistic regression on it is right for {alone.value:.3f} ({alone.low:.3f} to {alone.high:.3f}); "
        f"always naming the most frequent language for {chance:.3f}",
    )
    findings.append(
        "corpora whose **channel** goes with the language, where a model can learn microphones in place of languages (the "
        f"average spectrum alone, colour and language in one, gives {alone.value:.0%}; the most frequent language {chance:.0%})"
    )

# %% [markdown]
# ## What is none of its languages
#
# A closed-set model answers with one of its languages whatever it hears, noise and other languages too (more of that in
# [q4_strangers](q4_strangers.html)).

# %% name="noise-confidence"
noise = strangers.white_noise(np.random.default_rng(0), noises, store.samples)
chosen = comparison.best_by_validation(runs)
answers = probabilities(logits_at(chosen.model, noise, store.samples))
sure = answers.max(axis=1)
favourite = np.bincount(answers.argmax(axis=1))
codes = chosen.languages
about = "mean confidence on clips of white noise"
publish.value("bias.noise_confidence", float(sure.mean()), unit="fraction", n=noises, about=about)
said = "how surely was not measured"
if (context.runs("strangers")[0].folder / "clips.csv").exists():
    foreign = load(context.runs("strangers")[0].folder)
    logits = logits_at(chosen.model, foreign.inputs, store.samples)
    said = f"with a mean confidence of {probabilities(logits).max(axis=1).mean():.0%}"
findings.append(
    f"speech in **other languages**, which it must call one of the {corpus_facts.spelled(len(codes))} ({said})"
)
findings.append(
    f"**no speech**: it calls {favourite.max() / noises:.0%} of pure noise {describe(codes[int(favourite.argmax())]).name}, with a mean "
    f"confidence of {sure.mean():.0%}"
)

# %% name="q4a"
publish.answer(
    "q4a",
    "Videos found by searching in a language over-represent who is filmed and how: popular dialects, young and professional voices, good "
    "microphones, music, one topic or channel per language. General use then meets what the search did not find. The model could be biased for "
    + "; ".join(findings)
    + ".",
)
