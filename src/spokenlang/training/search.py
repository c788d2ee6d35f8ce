"""Hyper-parameter search with Optuna: short trainings, judged on validation speakers and nothing else.

    trials = search(TrainConfig(epochs=5), ClipStore.open("corpus"), Path("study"), trials=30)

study.log     the study, a journal that only grows: any number of processes, on one machine or on several that
              share the folder, may join it, and an interrupted search goes on where it was
trials.csv    the finished trials: number, state, the loss on validation, the parameters

The first trial is the configuration as it was given, so the search says what there is to gain. Which point a trial
tries depends on its rank and on the trials before it: one process alone repeats itself exactly. The test set is
never read.
"""

from __future__ import annotations

import csv
import io
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tqdm import tqdm

from spokenlang.corpus.store import ClipStore
from spokenlang.errors import InputError
from spokenlang.network.frontend import FrontEnd
from spokenlang.network.models import LanguageModel, build_model
from spokenlang.study.evaluation import accuracy, nll, predictions
from spokenlang.training.distributed import current_group
from spokenlang.training.features import clip_set, languages_of, split_train
from spokenlang.training.loop import Loop, evaluate
from spokenlang.training.runs import logits_of
from spokenlang.training.settings import TrainConfig

if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True)
class Range:
    """The values that a parameter may take."""

    low: float
    high: float
    log: bool = False  # drawn evenly on a logarithmic scale
    whole: bool = False  # whole numbers only


SPACE: dict[str, Range | tuple[int, ...]] = {
    "learning_rate": Range(5e-4, 1e-2, log=True),
    "batch_size": (16, 32, 64, 128),
    "weight_decay": Range(1e-3, 0.3, log=True),
    "dropout": Range(0.0, 0.5),
    "label_smoothing": Range(0.0, 0.15),
    "crop_min_s": Range(0.8, 2.4),
    "crop_max_s": Range(2.4, 5.0),
    "stretch": Range(0.0, 0.2),
    "mel_warp": Range(0.0, 0.3),
    "spec_masks": Range(0, 3, whole=True),
}
"""What is searched: ranges, or the values to choose from."""

LOGARITHMIC = tuple(name for name, values in SPACE.items() if isinstance(values, Range) and values.log)
"""The parameters whose ratios matter rather than their differences."""

STARTUP = 10  # trials at random points, before the sampler learns from them
PATIENT = 8  # trials that are finished whatever they look like, before bad ones are cut short
PATIENT_EPOCHS = 2  # and how long each of them is let train before it is judged


@dataclass(frozen=True)
class Trial:
    """One finished trial."""

    number: int  # rank among the finished ones, from 0
    state: str  # complete | pruned (cut short, being worse than the median of the earlier trials)
    loss: float  # on validation at the end, in nats
    accuracy: float  # on validation; nan where pruned
    parameters: dict[str, float]  # of SPACE


def search(config: TrainConfig, store: ClipStore, folder: Path | str, trials: int, device: str = "cpu") -> list[Trial]:
    """Add trials to the study in ``folder`` until it has ``trials`` finished ones; returns them all.

    Every trial trains ``config`` (its epochs, its network) with other values of the parameters of `SPACE`.

    Raises:
        InputError: Optuna is not installed, or the study in ``folder`` is of another configuration or corpus.
    """
    folder = Path(folder)
    study = _study(config, store, folder)
    bench = Bench(config, store, device)
    done = len(_finished(study))
    with tqdm(total=trials, initial=done, unit=" trials", disable=not sys.stderr.isatty()) as bar:
        while done < trials:
            study.sampler = _sampler(study)
            _run_trial(study, bench)
            done = len(_finished(study))
            bar.update(done - bar.n)
    found = [
        Trial(
            rank, item.state.name.lower(), float(item.value if item.value is not None else "nan"),
            float(item.user_attrs.get("accuracy", "nan")), {name: item.params[name] for name in SPACE},
        )
        for rank, item in enumerate(_finished(study)[:trials])
    ]  # fmt: skip
    _write(folder / "trials.csv", found)
    return found


def read_trials(folder: Path | str) -> list[Trial]:
    """The trials that `search` left in a folder."""
    path = Path(folder) / "trials.csv"
    try:
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        return [
            Trial(
                int(row["trial"]), row["state"], float(row["loss"]), float(row["accuracy"]),
                {name: float(row[name]) for name in SPACE},
            )
            for row in rows
        ]  # fmt: skip
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
        raise InputError(f"{path}: not the trials of a search ({error}); search again") from None


def best(trials: Sequence[Trial]) -> Trial:
    """The completed trial with the least validation loss."""
    return min((trial for trial in trials if trial.state == "complete"), key=lambda trial: trial.loss)


class Bench:
    """Short trainings on one corpus that share their clips and features, and see no test clip."""

    def __init__(self, config: TrainConfig, store: ClipStore, device: str = "cpu") -> None:
        self.config, self.device = config, device
        self.classes = len(languages_of(config, store))
        front_end = FrontEnd(config.front_end).to(device)
        self.clips, self.validation = (
            clip_set(config, store, "train", index, front_end) for index in split_train(config, store)
        )

    def trained(self, parameters: Mapping[str, Any], loop: Callable[..., Loop] = Loop) -> LanguageModel:
        """A network of the shared configuration but for ``parameters``, trained by a loop of the given kind."""
        config = TrainConfig.from_parameters(self.config.flat() | dict(parameters))
        torch.manual_seed(config.seed)
        model = build_model(config.task, config.network, config.front_end, self.classes).to(self.device)
        model.front_end.fit_corpus(self.clips.in_memory())
        with tempfile.TemporaryDirectory() as place:
            training = loop(config, model, self.clips, self.validation, current_group())
            training.run(Path(place) / "checkpoint.safetensors")
        return model.eval()


def _run_trial(study: optuna.Study, bench: Bench) -> None:
    """One trial more: tried, and told."""
    import optuna

    trial = study.ask(_distributions())
    trial.set_user_attr("worker", _worker())
    try:
        model = bench.trained(trial.params, partial(_TrialLoop, trial))
    except (optuna.TrialPruned, InputError):  # hopeless, or the loss is no longer a number
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        return
    labels, logits = bench.validation.labels.cpu().numpy(), logits_of(model, bench.validation).cpu().numpy()
    trial.set_user_attr("accuracy", accuracy(labels, predictions(logits)))
    study.tell(trial, nll(labels, logits))


class _TrialLoop(Loop):
    """A training that reports its validation loss after every epoch, and stops when that is hopeless.

    What is judged is what the trial would be judged by if it ended there: the averaged weights. Those of the last step
    are so much noisier at a high rate that they would have nearly every trial cut short.
    """

    def __init__(self, trial: optuna.Trial, config: TrainConfig, *rest: Any) -> None:
        super().__init__(config, *rest)
        self.trial = trial

    def _end_epoch(self) -> None:
        import optuna

        super()._end_epoch()
        last = {name: value.clone() for name, value in self._floats().items()}
        self._load_floats(last if self.config.average == "last" else self.averaged)
        loss, _ = evaluate(self.model, self.validation)
        self._load_floats(last)
        self.trial.report(loss, self.epoch)
        if self.epoch < self.config.epochs and self.trial.should_prune():
            raise optuna.TrialPruned


def _study(config: TrainConfig, store: ClipStore, folder: Path) -> optuna.Study:
    """The study in a folder, begun if there is none; trials whose process has died are tried again."""
    try:
        import optuna
    except ImportError:
        raise InputError("the search needs Optuna: pip install -r requirements.lock, or pip install optuna") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(folder / "study.log")))
    pruner = optuna.pruners.MedianPruner(PATIENT, PATIENT_EPOCHS)
    study = optuna.create_study(storage=storage, study_name="search", load_if_exists=True, pruner=pruner)
    about = {"config": config.flat(), "corpus": store.fingerprint}
    if not study.trials:
        study.set_user_attr("about", about)
        study.enqueue_trial({name: about["config"][name] for name in SPACE}, skip_if_exists=True)
    if study.user_attrs["about"] != about:
        raise InputError(f"{folder}: the study there is of another configuration or corpus; name another folder")
    for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        if _died(trial.user_attrs.get("worker", "")):
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
            study.enqueue_trial(trial.params)
    return study


def _sampler(study: optuna.Study) -> optuna.samplers.BaseSampler:
    """Tree-structured Parzen estimator (Bergstra et al. 2011), seeded by the rank of the trial to come."""
    import optuna

    rank = sum(trial.state != optuna.trial.TrialState.FAIL for trial in study.trials)
    return optuna.samplers.TPESampler(n_startup_trials=STARTUP, seed=rank)


def _finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return [trial for trial in study.trials if trial.state.name in ("COMPLETE", "PRUNED")]


def _distributions() -> dict[str, Any]:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    return {
        name: CategoricalDistribution(values)
        if isinstance(values, tuple)
        else IntDistribution(int(values.low), int(values.high))
        if values.whole
        else FloatDistribution(values.low, values.high, log=values.log)
        for name, values in SPACE.items()
    }


def _worker() -> str:
    return f"{os.getpid()}@{socket.gethostname()}"


def _died(worker: str) -> bool:
    """Whether a process of this machine is no more; of other machines nothing is known."""
    number, _, host = worker.partition("@")
    if host != socket.gethostname() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return int(number) == os.getpid()


def _write(path: Path, trials: Sequence[Trial]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", "state", "loss", "accuracy", *SPACE])
    for trial in trials:
        writer.writerow([trial.number, trial.state, trial.loss, trial.accuracy, *trial.parameters.values()])
    beside = path.with_name(path.name + ".partial")
    beside.write_text(text.getvalue(), encoding="utf-8")
    os.replace(beside, path)
