# ---
# jupyter:
#   onepage:
#     title: The search for hyper-parameters
#     question: "3a"
#     reads: [corpus, tuning, six, before_search]
#     timeout: 300
# ---

# %% [markdown]
# # The search for hyper-parameters
#
# The project began with settings taken from the literature and a few trials by hand. Are there better ones? A
# tree-structured Parzen estimator (Optuna) tried others, in short trainings judged on the voices held out for validation;
# it never saw a test clip. Trials that were worse than the median of the earlier ones, after two epochs or more, were cut
# short.

# %% tags=["parameters"]
top: int = 5  # trials in the table

# %%
import matplotlib.pyplot as plt

from onepage import context, publish
from spokenlang.corpus.store import ClipStore
from spokenlang.study import comparison, plots
from spokenlang.training.runs import load_run
from spokenlang.training.search import LOGARITHMIC, best, read_trials

plt.rcParams.update(publish.STYLE)
trials = [trial for run in context.runs("tuning") for trial in read_trials(run.folder)]
if not trials:
    print("The search is part of the thorough profile: make report PROFILE=thorough.")

# %% name="search-history"
if trials:
    winner = best(trials)
    publish.figure(
        "search-history",
        plots.search_history([trial.loss for trial in trials], [trial.state == "complete" for trial in trials]),
        alt="Validation loss of every trial in the order in which they were tried, with the least loss so far as a line.",
        caption="Validation loss of every trial; open circles were cut short. The line is the best so far; the first trial has the settings to begin with.",
        data=[{"trial": trial.number, "state": trial.state, "loss": trial.loss} for trial in trials],
    )
    publish.value("tuning.trials", len(trials), about="trials of the search")
    publish.value(
        "tuning.given",
        trials[0].loss,
        unit="nats",
        about="validation loss of the settings to begin with, short training",
    )
    publish.value("tuning.best", winner.loss, unit="nats", about="least validation loss of the search, short training")

# %% [markdown]
# ## What matters?
#
# Each dot is one finished trial. A parameter matters where the cloud is tilted or bent; where it is flat, any value will do.

# %% name="search-slices"
if trials:
    complete = [trial for trial in trials if trial.state == "complete"]
    publish.figure(
        "search-slices",
        plots.search_slices([trial.parameters for trial in complete], [trial.loss for trial in complete], LOGARITHMIC),
        alt="Validation loss of the finished trials against each hyper-parameter in turn; the values to begin with are marked.",
        caption="Validation loss of the finished trials against each hyper-parameter; the settings to begin with are the filled square.",
        data=[{"loss": trial.loss, **trial.parameters} for trial in complete],
    )

# %% [markdown]
# ## The best trials

# %% name="search-best"
if trials:
    shown = [trials[0], *sorted(complete, key=lambda trial: trial.loss)[:top]]
    rows = {"loss / nats": [f"{trial.loss:.3f}" for trial in shown]}
    rows["accuracy / %"] = [f"{100 * trial.accuracy:.1f}" for trial in shown]
    for name in winner.parameters:
        rows[name.replace("_", " ")] = [f"{trial.parameters[name]:.2g}" for trial in shown]
    heads = ["to begin with", *(f"trial {trial.number}" for trial in shown[1:])]
    publish.table(
        "search-best",
        [{"what": name, **{f"t{at}": text for at, text in enumerate(texts)}} for name, texts in rows.items()],
        columns={"what": "", **{f"t{at}": head for at, head in enumerate(heads)}},
        align="l" + "r" * len(heads),
        caption="The settings to begin with, and the trials with the least validation loss.",
    )

# %% [markdown]
# ## Does it last?
#
# Six epochs favour what learns fast: the best trials have less dropout and no SpecAugment, which a longer training
# needs. So only what does not depend on that was taken over: a higher rate, longer crops, more change of speed and of
# vocal tract; and not the batches of 16, which cost half as much time again. Trained to the end, on the validation voices:

# %% name="search-gain"
after, before = ([load_run(run.folder) for run in context.runs(row)] for row in ("six", "before_search"))
if before:
    store = ClipStore.open(context.corpus())
    rows = [("settings to begin with", before), ("reported settings", after)]
    publish.table(
        "search-gain",
        [
            {
                "settings": name,
                "accuracy": found.cell(),
                "loss": f"{comparison.statistic(runs, 'nll', 'validation').value:.3f}",
                "seeds": len(runs),
            }
            for name, runs in rows
            for found in [comparison.accuracy(runs, store, "validation")]
        ],
        columns={
            "settings": "settings",
            "accuracy": "validation accuracy / %",
            "loss": "loss / nats",
            "seeds": "seeds",
        },
        align="lrrr",
        caption="What the search was worth, trained to the end: validation accuracy with 95 % interval, and loss.",
    )
    test = comparison.difference(after, before, store, "validation")
    about = "validation accuracy with the reported settings minus that with those to begin with"
    publish.value("tuning.gain", test.difference, unit="fraction", about=about)
    publish.claim(
        "search-helps",
        test.difference.low > 0,
        text="the search has made the network better",
        evidence=f"{test.difference.points()} of validation accuracy",
        test="paired: interval over voices and seeds above zero",
        p=test.p,
    )
