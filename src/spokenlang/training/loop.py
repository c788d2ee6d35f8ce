"""The training loop: a configuration and a clip store in, a finished run in a folder out.

    run = train(TrainConfig(task="six", epochs=14), ClipStore.open("corpus"), Path("run"), "cpu")

Features are computed once and stay on the device (where they are many, on the disk: `stored`); every step reads
random views of them (`augment`). Nothing random comes from a running generator: initial weights, order,
augmentation and dropout follow from (seed, epoch, step), so a run that was interrupted continues to the same
bytes. Under `torchrun` several processes share every batch.
"""

from __future__ import annotations

import json
import math
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from spokenlang.corpus.store import ClipStore
from spokenlang.errors import InputError
from spokenlang.network.models import LanguageModel, build_model
from spokenlang.training import checkpoint
from spokenlang.training.augment import Augment, ClipDraws
from spokenlang.training.distributed import Group, current_group, require_divisible, spread
from spokenlang.training.features import ClipSet, clip_set, languages_of, split_train, test_sets
from spokenlang.training.runs import HISTORY, TrainedRun, finish, logits_of
from spokenlang.training.settings import TrainConfig
from spokenlang.training.stored import near, served

RECORDS = 5
"""Of a training so short that `log_every` would leave fewer, so many records of the losses are made."""


def train(
    config: TrainConfig, store: ClipStore, out: Path | str, device: str = "cpu", known: Sequence[Path] = ()
) -> TrainedRun:
    """Train one model and write its folder (see `runs`).

    A `checkpoint.safetensors` left in `out` by an interrupted run of the same configuration is continued. Folders
    `known` hold features of this corpus (`write_features`), which are read where the front end is theirs.

    Raises:
        InputError: the configuration does not fit the corpus, or the loss is no longer a number.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    group = current_group()
    require_divisible(config.batch_size, group)
    torch.backends.cudnn.deterministic = True
    torch.manual_seed(config.seed)
    languages = languages_of(config, store)
    model = build_model(config.task, config.network, config.front_end, len(languages)).to(device)
    train_index, validation_index = split_train(config, store)
    clips = clip_set(config, store, "train", train_index, model.front_end, known)
    validation = clip_set(config, store, "train", validation_index, model.front_end, known)
    if not len(clips) or not len(validation):
        raise InputError(f"{store.folder}: no clips of the languages of task {config.task!r} to train or validate on")
    model.front_end.fit_corpus(clips.in_memory())
    loop = Loop(config, model, clips, validation, group)
    loop.run(out / "checkpoint.safetensors")
    tests = test_sets(config, store, model.front_end, known)
    timing = {
        "seconds": time.perf_counter() - started,
        "training_seconds": loop.seconds,
        "clips_per_second": loop.seen / loop.seconds if loop.seconds else math.nan,
        "device": torch.cuda.get_device_name() if "cuda" in device else "cpu",
        "threads": torch.get_num_threads(),
    }
    scores = {name: (logits_of(model, part), part) for name, part in {"validation": validation, **tests}.items()}
    if group.rank == 0:
        finish(config, languages, model, scores, loop.history, timing, len(clips), loop.step, out)
        (out / "checkpoint.safetensors").unlink(missing_ok=True)
    return TrainedRun(out, config, model.eval(), languages)


class Loop:
    """The state of a run between two steps, and what a step does."""

    def __init__(
        self, config: TrainConfig, model: LanguageModel, clips: ClipSet, validation: ClipSet, group: Group
    ) -> None:
        self.config, self.model, self.clips, self.validation = config, model, clips, validation
        self.group = group
        self.device = clips.labels.device
        self.augment = Augment(config.augment, model.front_end, config.seed, clips.features.shape[1])
        self.batch = min(config.batch_size, len(clips) - len(clips) % group.size)
        self.steps_per_epoch = max(1, len(clips) // self.batch)
        self.total = self.steps_per_epoch * config.epochs
        self.every = max(1, min(config.log_every, self.total // RECORDS))  # steps between records of the losses
        # The front end's statistics are saved with the network.
        self.trained = nn.ModuleDict({"front_end": model.front_end, "network": model.network})
        self.forward = spread(_Trained(model), group)
        self.optimizer = self._optimizer()
        self.averaged = {name: value.clone() for name, value in self._floats().items()}
        self.history: list[dict[str, float | int | str]] = []
        self.sums = torch.zeros(3, device=self.device)  # loss, correct, clips since the last record
        self.epoch = self.step = 0
        self.seen, self.seconds = 0, 0.0  # clips trained on, and how long that took, since this process began
        self.best, self.waited = math.inf, 0
        self.probe = self._subset(validation, config.validation_clips)
        self.mirror = self._subset(clips, config.validation_clips)

    def run(self, path: Path) -> None:
        """Train from the checkpoint at `path`, or the start; the model then holds the kept weights."""
        self._resume(path)
        bar = tqdm(
            total=self.total * self.batch,
            initial=self.step * self.batch,
            unit=" clips",
            unit_scale=True,
            disable=self.group.rank > 0 or not sys.stderr.isatty(),
            desc=self.config.network.model,
        )
        with bar:
            while self.epoch < self.config.epochs and not self._patience_is_over():
                started = time.perf_counter()
                for features, places, rows in self._batches():
                    self._train_step(features, places, rows)
                    if self.step % self.every == 0:
                        self._record()
                        bar.update(self.every * self.batch)
                self.epoch += 1
                self._end_epoch()
                self.seconds += time.perf_counter() - started
                if self.group.rank == 0:
                    self._save(path)
        if self.config.average != "last":
            self._load_floats(self.averaged)
        if not all(bool(value.isfinite().all()) for value in self._floats().values()):
            raise self._not_a_number()

    def _batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """This process's clips of every batch of the epoch: features that hold them, their places in these, and their
        rows. The incomplete last batch is left out."""
        seed = zlib.crc32(f"{self.config.seed}/order/{self.epoch}".encode())
        generator, features = torch.Generator().manual_seed(seed), self.clips.features
        order = balanced_order(self.clips.labels.cpu(), generator)
        order = (order if isinstance(features, Tensor) else near(order, len(order), generator)).to(self.device)
        self.draws = ClipDraws(len(self.clips), self.config.seed, self.epoch, self.device)
        steps = [self.group.share(order[at * self.batch : (at + 1) * self.batch]) for at in range(self.steps_per_epoch)]
        for rows, (block, places) in zip(steps, served(features, steps, self.device), strict=True):
            yield block, places, rows

    def _train_step(self, features: Tensor, places: Tensor, rows: Tensor) -> None:
        """Forward, backward, Adam."""
        self._set_rate()
        view = self.augment.view(features, places, rows, self.draws, self.step)
        labels = self.clips.labels[rows]
        torch.manual_seed(zlib.crc32(f"{self.config.seed}/step/{self.step}".encode()))  # dropout
        self.trained.train()
        with self._precision():
            logits = self.forward(view, lambda x: self.augment.mask(x, rows, self.draws))
        logits = logits.float()
        loss = objective(logits, labels, self.config.label_smoothing)
        self.optimizer.zero_grad(set_to_none=True)
        loss.mean().backward()
        if self.config.clip_norm:
            nn.utils.clip_grad_norm_(self.trained.parameters(), self.config.clip_norm)
        self.optimizer.step()
        with torch.no_grad():
            plain, right = objective(logits, labels, 0.0), predicted(logits) == labels
            self.sums += torch.stack([plain.sum(), right.sum(), torch.full_like(plain.sum(), len(rows))])
            self._average()
        self.step += 1
        self.seen += self.batch

    def _set_rate(self) -> None:
        """Linear warm-up, then half a cosine (Loshchilov and Hutter 2017) or a constant."""
        warm = max(1.0, self.config.warmup * self.total)
        rate = min(1.0, (self.step + 1) / warm)
        if self.config.schedule == "cosine" and self.step >= warm:
            rate = 0.5 * (1 + math.cos(math.pi * (self.step - warm) / max(1.0, self.total - warm)))
        for part in self.optimizer.param_groups:
            part["lr"] = self.config.learning_rate * rate

    def _record(self) -> None:
        """Append the training loss since the last record, and the validation loss now."""
        total, right, clips = self._summed().tolist()
        if not math.isfinite(total):
            raise self._not_a_number()
        self._append("train", total / clips, right / clips)
        self._append("validation", *evaluate(self.model, self.probe))
        self.sums.zero_()

    def _end_epoch(self) -> None:
        """Record the loss without augmentation; keep the best epoch's weights where those are wanted."""
        self._append("train_plain", *evaluate(self.model, self.mirror))
        if self.config.average == "best" or self.config.patience:
            loss, _ = evaluate(self.model, self.validation)
            self.waited = 0 if loss < self.best else self.waited + 1
            if loss < self.best:
                self.best = loss
                if self.config.average == "best":
                    self.averaged = {name: value.clone() for name, value in self._floats().items()}

    def _average(self) -> None:
        """Exponential average of weights and batch statistics, with a shorter memory at the start."""
        if self.config.average == "ema":
            decay = min(self.config.average_decay, (1 + self.step) / (10 + self.step))
            torch._foreach_lerp_(list(self.averaged.values()), list(self._floats().values()), 1 - decay)

    def _append(self, split: str, loss: float, accuracy: float) -> None:
        rate = self.optimizer.param_groups[0]["lr"]
        epoch = round(self.step / self.steps_per_epoch, 4)
        values = (self.step, epoch, split, loss, accuracy, rate)
        self.history.append(dict(zip(HISTORY, values, strict=True)))

    def _summed(self) -> Tensor:
        sums = self.sums.clone()
        if self.group.size > 1:
            torch.distributed.all_reduce(sums)
        return sums

    def _patience_is_over(self) -> bool:
        return bool(self.config.patience) and self.waited >= self.config.patience

    def _precision(self):
        if self.config.precision == "bf16":
            return torch.autocast(self.device.type, torch.bfloat16)
        return nullcontext()

    def _optimizer(self) -> torch.optim.Optimizer:
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[self.config.optimizer]
        parameters = [parameter for parameter in self.trained.parameters() if parameter.requires_grad]
        return kind(parameters, lr=self.config.learning_rate, weight_decay=self.config.weight_decay, fused=True)

    def _floats(self) -> dict[str, Tensor]:
        """Every number that training changes: parameters and running batch statistics, without counters."""
        state = self.trained.state_dict()
        return {name: value for name, value in state.items() if value.is_floating_point() and value.numel()}

    def _load_floats(self, values: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, value in self._floats().items():
                value.copy_(values[name])

    def _subset(self, clips: ClipSet, count: int) -> ClipSet:
        """A fixed random sample of clips, cheap enough for every 10 steps."""
        chosen = np.sort(np.random.default_rng(self.config.split_seed).permutation(len(clips))[:count])
        rows = torch.from_numpy(chosen).to(self.device)
        return ClipSet(clips.features[rows].to(self.device), clips.labels[rows], clips.index[chosen])

    def _not_a_number(self) -> InputError:
        first = max(1, self.step - self.every + 1)
        return InputError(
            f"training stopped: the loss is not a finite number between steps {first} and {self.step} "
            f"(learning_rate {self.config.learning_rate}); lower learning_rate or set clip_norm = 1.0"
        )

    def _about(self) -> dict[str, Any]:
        return {
            "config": self.config.flat(), "clips": self.clips.index.tolist(), "history": self.history,
            "epoch": self.epoch, "step": self.step, "best": self.best, "waited": self.waited,
        }  # fmt: skip

    def _save(self, path: Path) -> None:
        tensors = {f"trained/{name}": value for name, value in self.trained.state_dict().items()}
        tensors |= {f"averaged/{name}": value for name, value in self.averaged.items()}
        tensors |= checkpoint.pack_optimizer(self.optimizer) | {"sums": self.sums}
        checkpoint.save_tensors(path, tensors, self._about())

    def _resume(self, path: Path) -> None:
        """Continue a run of the same configuration on the same clips; otherwise start afresh."""
        if not path.exists():
            return
        try:
            tensors, about = checkpoint.load_tensors(path)
        except InputError:
            print(f"warning: {path}: came to harm; the training begins afresh", file=sys.stderr)
            return
        mine = json.loads(json.dumps(self._about()))
        if about["config"] != mine["config"] or about["clips"] != mine["clips"]:
            return
        self.history = about["history"]
        self.epoch, self.step = about["epoch"], about["step"]
        self.best, self.waited = about["best"], about["waited"]
        self.sums = tensors["sums"].to(self.device)
        self.trained.load_state_dict(_under("trained/", tensors))
        averaged = _under("averaged/", tensors)
        for name, value in self.averaged.items():
            value.copy_(averaged[name])
        checkpoint.unpack_optimizer(self.optimizer, tensors)


class _Trained(nn.Module):
    """What a step runs: the end of the front end, masks, the network. One module, for DDP's sake."""

    def __init__(self, model: LanguageModel) -> None:
        super().__init__()
        self.front_end, self.network = model.front_end, model.network

    def forward(self, features: Tensor, mask: Callable[[Tensor], Tensor]) -> Tensor:
        return self.network(mask(self.front_end.normalise(features)))


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def balanced_order(labels: Tensor, generator: torch.Generator) -> Tensor:
    """As many rows as there are labels, in random order, every class that occurs equally often (but for a remainder).

    Classes of equal sizes are simply shuffled. Otherwise rows of the rarer ones come again, each once before any
    comes twice, and of the larger ones some have to wait for another epoch.
    """
    classes, counts = labels.unique(return_counts=True)
    if len(counts.unique()) <= 1:
        return torch.randperm(len(labels), generator=generator)
    quota, rest = divmod(len(labels), len(classes))
    one_more = torch.randperm(len(classes), generator=generator)[:rest].tolist()
    parts = []
    for number, label in enumerate(classes.tolist()):
        rows = (labels == label).nonzero().squeeze(1)
        wanted = quota + (number in one_more)
        rounds = [rows[torch.randperm(len(rows), generator=generator)] for _ in range(-(-wanted // len(rows)))]
        parts.append(torch.cat(rounds)[:wanted])
    order = torch.cat(parts)
    return order[torch.randperm(len(order), generator=generator)]


def objective(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Loss of each clip, (batch, classes) -> (batch,): binary on one logit, else cross-entropy."""
    if logits.shape[1] == 1:
        wanted = labels.to(logits.dtype) * (1 - smoothing) + smoothing / 2
        return F.binary_cross_entropy_with_logits(logits.squeeze(1), wanted, reduction="none")
    return F.cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing)


def predicted(logits: Tensor) -> Tensor:
    """Class of each clip: (batch, classes) -> (batch,)."""
    return (logits.squeeze(1) > 0).long() if logits.shape[1] == 1 else logits.argmax(dim=1)


def evaluate(model: LanguageModel, clips: ClipSet) -> tuple[float, float]:
    """Mean loss and accuracy in evaluation mode, without augmentation and label smoothing."""
    logits = logits_of(model, clips)
    return float(objective(logits, clips.labels, 0.0).mean()), float((predicted(logits) == clips.labels).float().mean())
