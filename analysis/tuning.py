# ---
# jupyter:
#   onepage:
#     title: The search for hyper-parameters
#     question: "3a"
#     reads: [tuning]
#     timeout: 300
# ---

# %% [markdown]
# # The search for hyper-parameters
#
# Are the hyper-parameters of the reported network good ones? A tree-structured Parzen estimator (Optuna) tried others,
# in short trainings judged on the voices held out for validation; it never saw a test clip. Trials that were worse than
# the median of the earlier ones, after two epochs or more, were cut short.

# %% tags=["parameters"]
top: int = 5  # trials in the table

# %%
import matplotlib.pyplot as plt

from onepage import context, publish
from spokenlang import plots
from spokenlang.search import LOGARITHMIC, best, read_trials

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
        caption="Validation loss of every trial; open circles were cut short. The line is the best so far; the first trial is the reported network.",
        data=[{"trial": trial.number, "state": trial.state, "loss": trial.loss} for trial in trials],
    )
    publish.value("tuning.trials", len(trials), about="trials of the search")
    publish.value("tuning.given", trials[0].loss, unit="nats", about="validation loss of the reported settings, short training")
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
        alt="Validation loss of the finished trials against each hyper-parameter in turn; the reported values are marked.",
        caption="Validation loss of the finished trials against each hyper-parameter; the reported network is the filled square.",
        data=[{"loss": trial.loss, **trial.parameters} for trial in complete],
    )

# %% [markdown]
# ## The best trials

# %% name="search-best"
if trials:
    shown = sorted(complete, key=lambda trial: trial.loss)[:top]
    shown += [] if trials[0] in shown else [trials[0]]
    publish.table(
        "search-best",
        [
            {
                "trial": "as reported" if trial.number == 0 else str(trial.number),
                "loss": f"{trial.loss:.3f}",
                "accuracy": f"{100 * trial.accuracy:.1f}",
                **{name: f"{value:.3g}" for name, value in trial.parameters.items()},
                "_strong": trial.number == 0,
            }
            for trial in shown
        ],
        columns={"trial": "trial", "loss": "loss", "accuracy": "accuracy / %"}
        | {name: name.replace("_", " ") for name in winner.parameters},
        align="l" + "r" * (2 + len(winner.parameters)),
        caption="The trials with the least validation loss, and the reported settings at the same short training.",
    )
