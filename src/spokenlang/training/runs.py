"""A finished run's folder: what training writes and everybody else reads.

weights.safetensors   the complete model's state, front end and temperature included
config.json           every field of the configuration under its own name, and the languages in the order of the classes
history.csv           step, epoch, split, loss, accuracy, learning_rate; splits: train and validation every 10
                      steps (train: mean over the augmented batches since the last record, dropout on;
                      validation: a fixed subset of held-out speakers), train_plain once an epoch (training
                      clips as validation sees its own: no augmentation, no dropout)
scores.npz            <split>_logits (clips, classes), uncalibrated; <split>_labels; <split>_index into
                      the store; for validation (a part of train), test and, where there is one, dialects;
                      the labels of a hidden test set are UNKNOWN
metrics.json          parameters, temperature, measures of every split whose labels are known
timing.json           seconds, clips per second, device: the only file that differs between two equal runs
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spokenlang.corpus import array_files
from spokenlang.errors import InputError
from spokenlang.languages import CODES, told_apart
from spokenlang.network.models import LanguageModel, build_model, parameter_count
from spokenlang.study import evaluation
from spokenlang.training.checkpoint import load_tensors, save_tensors
from spokenlang.training.features import UNKNOWN, ClipSet
from spokenlang.training.settings import TrainConfig


@dataclass(frozen=True)
class Scores:
    """Logits of one split, with what is needed to judge them."""

    logits: np.ndarray  # (clips, classes) float32, uncalibrated; one column for the binary task
    labels: np.ndarray  # (clips,) classes of the task; UNKNOWN in a hidden test set
    index: np.ndarray  # (clips,) positions in the store's arrays of the split ("validation": of train)

    @property
    def known(self) -> bool:
        """Whether the clips' languages are known, so that something can be measured."""
        return bool(len(self.labels)) and bool((self.labels != UNKNOWN).all())

    @property
    def predictions(self) -> np.ndarray:
        """Most probable class of each clip."""
        return evaluation.predictions(self.logits)

    @property
    def right(self) -> np.ndarray:
        """(clips,) whether the prediction is right."""
        return self.predictions == self.labels


@dataclass(frozen=True)
class TrainedRun:
    """A run in its folder; the model is on the CPU or on the device of training, in evaluation mode."""

    folder: Path
    config: TrainConfig
    model: LanguageModel | None  # None for scikit-learn baselines
    languages: tuple[str, ...]  # codes, in the order of the classes

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """metrics.json."""
        return _record(self.folder / "metrics.json")

    @cached_property
    def timing(self) -> dict[str, Any]:
        """timing.json."""
        return _record(self.folder / "timing.json")

    @property
    def temperature(self) -> float:
        """What logits are divided by to be calibrated; fitted on validation."""
        found = self.metrics.get("temperature")
        if not isinstance(found, int | float) or not 0 < found < math.inf:
            raise InputError(f"{self.folder / 'metrics.json'}: states no temperature; train the run again")
        return found

    @cached_property
    def history(self) -> dict[str, np.ndarray]:
        """Columns of history.csv."""
        path = self.folder / "history.csv"
        try:
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            return {name: np.array([r[name] if name == "split" else float(r[name]) for r in rows]) for name in HISTORY}
        except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
            raise InputError(f"{path}: is no history of a training ({error}); train the run again") from None

    def losses(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Steps and losses of one split of the history."""
        of_split = self.history["split"] == split
        return self.history["step"][of_split], self.history["loss"][of_split]

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """Splits on which something can be measured: validation, test unless it is hidden, and perhaps dialects."""
        there = [name.removesuffix("_logits") for name in self._scores if name.endswith("_logits")]
        return tuple(split for split in there if self.scores(split).known)

    def scores(self, split: str) -> Scores:
        """Scores of one split."""
        path, parts = self.folder / "scores.npz", [f"{split}_{part}" for part in ("logits", "labels", "index")]
        if lacking := [part for part in parts if part not in self._scores]:
            raise InputError(f"{path}: there is no {lacking[0]}; train the run again")
        found = Scores(*(self._scores[part] for part in parts))
        if found.logits.ndim != 2 or not found.labels.shape == found.index.shape == found.logits.shape[:1]:
            raise InputError(f"{path}: the scores of {split} do not fit together; train the run again")
        return found

    @cached_property
    def _scores(self) -> dict[str, np.ndarray]:
        return dict(array_files.arrays(self.folder / "scores.npz", "train the run again"))

    def probabilities(self, split: str) -> np.ndarray:
        """Calibrated probabilities of one split, (clips, classes)."""
        return evaluation.probabilities(self.scores(split).logits, self.temperature)


HISTORY = ("step", "epoch", "split", "loss", "accuracy", "learning_rate")


@torch.no_grad()
def logits_of(model: LanguageModel, clips: ClipSet, batch: int = 64) -> Tensor:
    """Uncalibrated logits (clips, classes) of clips whose fixed features are known, in evaluation mode."""
    training = model.training
    model.eval()
    parts = [
        model.network(model.front_end.normalise(clips.features[start : start + batch].to(clips.labels.device)))
        for start in range(0, len(clips), batch)
    ]
    model.train(training)
    return torch.cat(parts).float() if parts else torch.empty(0, 1)


def finish(
    config: TrainConfig,
    languages: tuple[str, ...],
    model: LanguageModel,
    scores: dict[str, tuple[Tensor, ClipSet]],
    history: list[dict[str, Any]],
    timing: dict[str, Any],
    training_clips: int,
    steps: int,
    out: Path,
) -> None:
    """Calibrate the model on validation and write the folder of a run."""
    found = {
        name: Scores(logits.cpu().numpy(), clips.labels.cpu().numpy(), clips.index)
        for name, (logits, clips) in scores.items()
    }
    temperature = write_scores(found, out, {
        "model": config.network.model, "task": config.task, "parameters": parameter_count(model),
        "steps": steps, "training_clips": training_clips,
    })  # fmt: skip
    model.temperature.fill_(temperature)
    save_tensors(out / "weights.safetensors", model.state_dict(), {"config": config.flat()})
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, HISTORY, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    _write(out / "history.csv", text.getvalue())
    write_config(out, config, languages)
    write_json(out / "timing.json", timing)


def write_scores(scores: dict[str, Scores], out: Path, about: dict[str, Any]) -> float:
    """Write scores.npz and metrics.json; returns the temperature, fitted on the split "validation"."""
    held_out = scores["validation"]
    temperature = evaluation.fit_temperature(held_out.labels, held_out.logits)
    measures = {
        name: evaluation.summary(part.labels, part.logits, temperature) for name, part in scores.items() if part.known
    }
    arrays = {
        f"{name}_{field}": getattr(part, field)
        for name, part in scores.items()
        for field in ("logits", "labels", "index")
        if len(part.labels)
    }
    beside = out / "scores.partial.npz"
    np.savez(beside, **arrays)
    os.replace(beside, out / "scores.npz")
    write_json(out / "metrics.json", {**about, "temperature": temperature, **measures})
    return temperature


def load_run(folder: Path | str, device: str = "cpu") -> TrainedRun:
    """Read a run back. `InputError` for a folder that holds none."""
    folder = Path(folder)
    config, languages = read_config(folder)
    if not (folder / "weights.safetensors").exists():
        return TrainedRun(folder, config, None, languages)
    tensors, _ = load_tensors(folder / "weights.safetensors")
    model = build_model(config.task, config.network, config.front_end, len(languages))
    try:
        model.load_state_dict(tensors)
    except RuntimeError:  # which lists every tensor
        raise InputError(
            f"{folder}: weights.safetensors is of another network than config.json; train it again"
        ) from None
    return TrainedRun(folder, config, model.to(device).eval(), languages)


def write_config(out: Path, config: TrainConfig, languages: tuple[str, ...]) -> None:
    """config.json."""
    write_json(out / "config.json", {**config.flat(), "languages": list(languages)})


def read_config(folder: Path) -> tuple[TrainConfig, tuple[str, ...]]:
    """The configuration of a run, and the languages of its classes. `InputError` for a folder that holds none."""
    try:
        known = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        # Runs of before this was written are of the assignment's languages.
        languages = known.pop("languages", None) or told_apart(known["task"], CODES, CODES)
        return TrainConfig.from_parameters(known), tuple(languages)
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError, InputError) as error:
        raise InputError(f"{folder}: not the folder of a finished run ({error}); train it again") from None


def _record(path: Path) -> dict[str, Any]:
    """A JSON file of a run. `InputError` for what is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read ({error}); train the run again") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: is no record of a run; train the run again")
    return found


def write_json(path: Path, content: Any) -> None:
    """Sorted keys, one trailing newline; the file is complete or absent."""
    _write(path, json.dumps(content, indent=1, sort_keys=True) + "\n")


def _write(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".partial")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)
