# ---
# jupyter:
#   onepage:
#     title: Cards of the model and of the data
#     question: "report"
#     reads: [corpus, six]
#     timeout: 600
# ---

# %% [markdown]
# # Cards of the model and of the data
#
# Whoever is given `model.pt` should know what it was trained on, how well it does for whom, and what it is not for. Both
# cards are in the form that model hubs read, and lie beside the model.

# %% tags=["parameters"]
synthetic: str = "espeak"  # the corpus whose speech no person has spoken

# %%
from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.deploy.cards import data_card, model_card
from spokenlang.study import comparison
from spokenlang.training.runs import load_run

store, corpus = ClipStore.open(context.corpus()), context.corpus_name()
runs = [load_run(run.folder) for run in context.runs("six")]
best = comparison.best_by_validation(runs)

# %% name="cards"
cards = {
    "model-card.md": model_card(runs, best, store, corpus, corpus == synthetic),
    "data-card.md": data_card(store, corpus, corpus == synthetic),
}
for name, text in cards.items():
    (context.out() / name).write_text(text, encoding="utf-8")
    publish.file(name, context.out() / name)
print(cards["model-card.md"])
