# ---
# jupyter:
#   onepage:
#     title: The corpus
#     question: "report"
#     reads: [corpus, six]
#     timeout: 300
# ---

# %% [markdown]
# # The corpus
#
# What the numbers of the report are measured on, and what its page may say of it: how many clips of which languages, who
# speaks, and whether the voices of training, validation and test set are apart.

# %% tags=["parameters"]
synthetic: str = "espeak"  # the corpus whose speech no person has spoken

# %%
import numpy as np

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.study import comparison, corpus_facts
from spokenlang.training.runs import load_run

store = ClipStore.open(context.corpus())
run = load_run(context.runs("six")[0].folder)

# %% [markdown]
# ## Clips, languages, voices

# %% name="corpus-facts"
held_out = run.scores("validation").index
on = comparison.judged(store)
tested = corpus_facts.counted(run.scores(on).labels)
publish.value(
    "corpus.train_clips", len(store.targets("train")), unit="clips", about="training clips, validation included"
)
publish.value("corpus.test_clips", len(store.inputs("test")), unit="clips", about="test clips")
publish.value("corpus.validation_clips", len(held_out), unit="clips", about="training clips held out for validation")
publish.value(f"corpus.{on}_least", tested.least, unit="clips", about=f"{on} clips of the language with the fewest")
publish.value(f"corpus.{on}_most", tested.most, unit="clips", about=f"{on} clips of the language with the most")
publish.value("corpus.majority", tested.majority, unit="fraction", about="right by always naming that language")
publish.value("corpus.languages", len(corpus_facts.languages(store)), about="languages that occur")
publish.value("corpus.classes", len(store.languages), about="languages that the network can answer")
publish.value("corpus.seconds", store.samples / store.rate, unit="s", about="length of a clip")
publish.value("corpus.rate", store.rate, unit="Hz", about="sampling rate")
publish.answer("corpus-languages", corpus_facts.named(store, corpus_facts.languages(store)))
if store.has_groups:
    for split in ("train", "test"):
        voices = len(np.unique(store.groups(split)))
        publish.value(f"corpus.speakers_{split}", voices, about=f"groups (voices) of {split}, validation included")
clean = comparison.is_clean(store, run, on)
if clean is not None:
    publish.value("corpus.clean_share", float(clean.mean()), unit="fraction", about=f"{on} clips left undegraded")

# %% [markdown]
# ## What may be said of it

# %% name="corpus-claims"
from_test, from_validation = corpus_facts.apart(store, held_out)
said = "the groups of clips.csv" if store.has_groups else "the corpus does not say who speaks"
for name, holds, text, evidence in (
    (
        "even-languages",
        corpus_facts.even(store),
        "every language has as many clips",
        f"{tested.least} to {tested.most}",
    ),
    ("groups-disjoint", from_test, "no voice of the test set occurs in training", said),
    ("validation-apart", from_validation, "no voice of the validation clips occurs in the rest of training", said),
    ("voices-speak-all", corpus_facts.speak_all(store), "every voice speaks every language", said),
    ("synthetic", context.corpus_name() == synthetic, "the speech is synthetic", f"corpus {context.corpus_name()!r}"),
):
    publish.claim(name, holds, text=text, evidence=evidence)
