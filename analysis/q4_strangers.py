# ---
# jupyter:
#   onepage:
#     title: What it makes of strangers
#     question: "4a"
#     reads: [corpus, six, strangers]
#     timeout: 900
# ---

# %% [markdown]
# # What it makes of strangers
#
# A closed-set model answers with one of its languages whatever it hears. How sure is it of languages that it never heard,
# and of what is no speech at all? And would a threshold keep them out, chosen so that 95 % of the validation clips pass?

# %% tags=["parameters"]
clips: int = 100  # of every sound that is no speech
chosen: str = "softmax"  # the score that the page speaks of: the simpler one, chosen before any was tried

# %%
import numpy as np

from onepage import context, publish
from spokenlang.corpus.espeak.strangers import load
from spokenlang.corpus.store import ClipStore
from spokenlang.language_names import describe
from spokenlang.study import comparison, strangers
from spokenlang.study.lengths import logits_at
from spokenlang.training.runs import load_run

store = ClipStore.open(context.corpus())
run = comparison.best_by_validation([load_run(run.folder) for run in context.runs("six")])
on = comparison.judged(store)
folder = context.runs("strangers")[0].folder
foreign = load(folder) if (folder / "clips.csv").exists() else None

# %% [markdown]
# ## Two scores
#
# The largest probability says how sure the network is; the energy says how much evidence it found for anything. Of both, the
# chance that a clip of its own scores higher (AUROC), and the share that passes.

# %%
known = run.scores(on)
kinds = {f"its own languages ({on})": (known.logits / run.temperature, comparison.groups_of(store, run, on))}
if foreign is not None:
    logits = logits_at(run.model, foreign.inputs, store.samples)
    kinds["other languages"] = logits, foreign.groups
    for code in np.unique(foreign.languages):
        of = foreign.languages == code
        kinds[describe(code).name] = logits[of], foreign.groups[of]
for label, sounds in strangers.no_speech(clips, store.samples).items():
    kinds[label] = logits_at(run.model, sounds, store.samples), np.arange(clips)
judges = {score: strangers.Judge.fitted(run, score, on) for score in strangers.SCORES}
heard = {label: {score: judge.hear(label, *kind) for score, judge in judges.items()} for label, kind in kinds.items()}

# %% name="strangers"
rows = []
for label, by_score in heard.items():
    row = {"kind": label, "clips": by_score[chosen].clips, "confidence": by_score[chosen].confidence.cell()}
    for score, found in by_score.items():
        row |= {f"{score}_accepted": found.accepted.cell(), f"{score}_auroc": f"{found.auroc:.3f}"}
    rows.append(row)
headings = {"kind": "what is heard", "clips": "clips", "confidence": "confidence, %"}
for score in judges:
    headings |= {f"{score}_accepted": f"{score}: passes, %", f"{score}_auroc": "AUROC"}
publish.table(
    "strangers",
    rows,
    columns=headings,
    align="l" + "r" * (len(headings) - 1),
    caption=f"What passes a threshold that keeps {strangers.KEPT:.0%} of the validation clips.",
)

# %% [markdown]
# ## In a sentence
#
# A claim holds where the interval of what is let in lies below that of what is kept.

# %% name="strangers-claims"
own = heard[f"its own languages ({on})"][chosen]
publish.value("strangers.kept", own.accepted, unit="fraction", about=f"own clips ({on}) that pass the threshold")
if foreign is not None:
    alien = heard["other languages"][chosen]
    publish.value("strangers.languages", len(np.unique(foreign.languages)), about="languages that it never heard")
    publish.value(
        "strangers.confidence", alien.confidence, unit="fraction", n=alien.clips, about="mean confidence on them"
    )
    publish.value("strangers.accepted", alien.accepted, unit="fraction", n=alien.clips, about="of them that pass")
    publish.value("strangers.auroc", alien.auroc, about=f"own clips above them, by {chosen}")
    publish.claim(
        "strangers-kept-out",
        alien.accepted.high < own.accepted.low,
        text="fewer clips in other languages pass the threshold than clips in its own",
        evidence=f"{alien.accepted.value:.3f} ({alien.accepted.low:.3f} to {alien.accepted.high:.3f}) against "
        f"{own.accepted.value:.3f} ({own.accepted.low:.3f} to {own.accepted.high:.3f})",
        test="intervals over voices that do not meet",
    )
