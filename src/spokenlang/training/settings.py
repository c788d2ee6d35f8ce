"""Everything that decides a training run, in one frozen record."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from spokenlang.errors import InputError
from spokenlang.languages import TASKS
from spokenlang.network.frontend import FrontEndConfig
from spokenlang.network.models import ARCHITECTURES, ModelConfig
from spokenlang.training.augment import AugmentConfig


@dataclass(frozen=True)
class TrainConfig:
    """One training run. No two fields of the parts share a name, so a flat mapping names them all."""

    task: str = "six"  # six (all languages of the corpus) | binary (two of them: English 0, Spanish 1)
    seed: int = 0  # initial weights, order of clips, augmentation
    epochs: int = 14  # passes over the training clips
    batch_size: int = 32  # clips per step, over all processes together
    optimizer: str = "adamw"  # adam | adamw (Adam with decoupled weight decay)
    learning_rate: float = 3e-3  # peak of the schedule
    weight_decay: float = 0.02  # L2 for adam, decoupled for adamw
    warmup: float = 0.1  # share of the steps over which the rate rises from zero
    schedule: str = "cosine"  # after the warm-up: cosine (to zero) | constant
    label_smoothing: float = 0.05  # probability spread over the other classes
    clip_norm: float = 0.0  # largest norm of the gradient; 0 = no limit
    average: str = "ema"  # weights kept: last | ema (exponential average) | best (epoch of least validation loss)
    average_decay: float = 0.99  # of the exponential average, per step
    patience: int = 0  # stop after so many epochs without a better validation loss; 0 = never
    validation_fraction: float = 0.15  # of the training clips, by whole speakers
    split_seed: int = 0  # which speakers are held out; the same for every seed, so that runs compare
    validation_clips: int = 64  # validation clips whose loss is recorded every `log_every` steps
    log_every: int = 10  # steps between two records of the losses; fewer where training is short
    train_share: float = 1.0  # share of the training clips used, for learning curves
    precision: str = "float32"  # float32 | bf16 (autocast; for GPUs, several times slower on most CPUs)
    loaders: int = 0  # processes that prepare features; any number gives the same result
    network: ModelConfig = field(default_factory=ModelConfig)  # which network
    front_end: FrontEndConfig = field(default_factory=FrontEndConfig)  # waveform to features
    augment: AugmentConfig = field(default_factory=AugmentConfig)  # random views of the training clips

    def __post_init__(self) -> None:
        _one_of("task", self.task, TASKS)
        _one_of("model", self.network.model, ARCHITECTURES)
        _one_of("optimizer", self.optimizer, ("adam", "adamw"))
        _one_of("schedule", self.schedule, ("cosine", "constant"))
        _one_of("average", self.average, ("last", "ema", "best"))
        _one_of("precision", self.precision, ("float32", "bf16"))
        for name in ("epochs", "batch_size", "log_every", "validation_clips"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 < self.train_share <= 1:
            raise InputError(f"train_share must lie in (0, 1], not {self.train_share}")

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> TrainConfig:
        """From flat names, as a script's parameters have them: {"epochs": 12, "channels": 64, "noise": 0.5}.

        A network that reads waveforms gets the waveform front end unless `representation` says otherwise.
        """
        known = {name: part for part, config in _PARTS.items() for name in _names(config)}
        unknown = [name for name in parameters if name not in known]
        if unknown:
            near = difflib.get_close_matches(unknown[0], known, 1)
            raise InputError(f"unknown parameter {unknown[0]!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        chosen = dict(parameters)
        architecture = ARCHITECTURES.get(chosen.get("model", ModelConfig.model))
        if architecture and architecture.needs == "waveform":
            chosen.setdefault("representation", "waveform")
        split: dict[str, dict[str, Any]] = {part: {} for part in _PARTS}
        for name, value in chosen.items():
            part = known[name]
            split[part][name] = _converted(_PARTS[part], name, value)
        own = split.pop("")
        return cls(**own, **{part: _PARTS[part](**values) for part, values in split.items()})

    def flat(self) -> dict[str, Any]:
        """The inverse of `from_parameters`: every field of every part under its own name."""
        values = {name: getattr(self, name) for name in _names(TrainConfig)}
        for part in ("network", "front_end", "augment"):
            values |= dataclasses.asdict(getattr(self, part))
        return values


_PARTS: dict[str, type] = {
    "": TrainConfig,
    "network": ModelConfig,
    "front_end": FrontEndConfig,
    "augment": AugmentConfig,
}


def _names(config: type) -> list[str]:
    return [item.name for item in fields(config) if item.name not in ("network", "front_end", "augment")]


def _one_of(name: str, value: str, choices: Any) -> None:
    if value not in choices:
        raise InputError(f"{name} is {value!r}; use one of {', '.join(choices)}")


def _converted(config: type, name: str, value: Any) -> Any:
    """A whole number is fine where a fraction is asked for; nothing else is bent."""
    wanted = next(item.type for item in fields(config) if item.name == name)
    if wanted == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value).__name__ != wanted:
        raise InputError(f"parameter {name} is {value!r}; it must be of type {wanted}")
    return value
