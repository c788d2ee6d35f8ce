"""The reported network beside two of the kind that public solutions of this assignment use, on the same clips.

    python benchmarks/bench_public.py [CORPUS] [--epochs 10] [--seeds 0] [--threads 2] [--out FOLDER]

All are trained by the same loop on the same arrays, split and epochs, with the weights of the best validation epoch for
the public two (Adam at 1e-3, batches of 64, whole clips, dropout, no augmentation), and the recipe of
`analysis/train.py` for ours. Prints first how fast each trains, measured on a few steps of each in turn, so that a slow
moment of the machine falls on all; then test accuracy, weights, and the paired difference to ours. What is in FOLDER
already is not trained again.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import measured
import torch
from built import chosen, corpus
from torch import Tensor, nn

from spokenlang.corpus.store import ClipStore
from spokenlang.network import models
from spokenlang.network.layers import Network
from spokenlang.study import comparison
from spokenlang.training.loop import Loop, train
from spokenlang.training.runs import TrainedRun, load_run
from spokenlang.training.search import Bench
from spokenlang.training.settings import TrainConfig

PLAIN = {
    "optimizer": "adam", "learning_rate": 1e-3, "weight_decay": 0.0, "schedule": "constant", "warmup": 0.0,
    "batch_size": 64, "label_smoothing": 0.0, "average": "best", "dropout": 0.3, "crop": False, "time_shift": False,
    "stretch": 0.0, "mel_warp": 0.0, "spec_masks": 0,
}  # fmt: skip
CONTENDERS = {
    "ours": chosen(),
    "mfcc_cnn": {**PLAIN, "model": "mfcc_cnn", "representation": "mfcc", "cepstra": 40, "hop_ms": 10.0},
    "raw_tcn": {**PLAIN, "model": "raw_tcn"},
}


class PlaneStack(nn.Module):
    """(batch, frames, cepstra) -> (batch, 64): four 3x3 convolutions with batch norm and pooling, a hidden layer."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for width in (24, 48, 96, 83):
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
            before = width
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, 64), nn.ReLU())

    def forward(self, features: Tensor) -> tuple[Tensor, None]:
        return self.layers(features.transpose(1, 2).unsqueeze(1)), None


class TemporalBlock(nn.Module):
    """Two dilated convolutions and a residual: (batch, channels, time) -> the same (Bai, Kolter and Koltun 2018)."""

    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation)]
            layers += [nn.BatchNorm1d(channels), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.layers(x))


class TemporalStack(nn.Module):
    """(batch, time) -> (batch, 144): a strided convolution, eight blocks of doubling dilation, mean over time."""

    def __init__(self, channels: int = 48, blocks: int = 8, dropout: float = 0.1) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv1d(1, channels, 64, stride=16), nn.BatchNorm1d(channels), nn.ReLU())
        self.blocks = nn.Sequential(*(TemporalBlock(channels, 2**number, dropout) for number in range(blocks)))
        self.hidden = nn.Sequential(nn.Linear(channels, 144), nn.ReLU())

    def forward(self, waveform: Tensor) -> tuple[Tensor, None]:
        return self.hidden(self.blocks(self.first(waveform.unsqueeze(1))).mean(dim=2)), None


class Pooled(nn.Module):
    """What follows a stack that has no frames left to pool, and knows of no pauses."""

    def forward(self, x: Tensor, mask: None) -> Tensor:
        return x


def register() -> None:
    """Make the two networks known to the training loop, for this process."""
    models.ARCHITECTURES |= {
        "mfcc_cnn": models.Architecture(
            "2-D convolutions on MFCC", "public solutions of the assignment", 0, "logmel",
            lambda _inputs, _channels, config, outputs: Network(
                PlaneStack(), Pooled(), 64, outputs, config.dropout
            ),
        ),
        "raw_tcn": models.Architecture(
            "dilated temporal convolutions on the waveform", "public solutions of the assignment", 0, "waveform",
            lambda _inputs, _channels, config, outputs: Network(
                TemporalStack(), Pooled(), 144, outputs, config.dropout
            ),
        ),
    }  # fmt: skip


class Enough(Exception):
    """The stopwatch has seen its steps."""


class Stopwatch(Loop):
    """A training that notes the clips per second of its steps after the first, and ends after a few."""

    def __init__(self, rates: list[float], steps: int, *given: Any) -> None:
        super().__init__(*given)
        self.rates, self.steps = rates, steps

    def _train_step(self, features: Tensor, places: Tensor, rows: Tensor) -> None:
        started = time.perf_counter()
        super()._train_step(features, places, rows)
        if self.step > 1:
            self.rates.append(len(rows) / (time.perf_counter() - started))
        if self.step > self.steps:
            raise Enough


def speeds(store: ClipStore, rounds: int, steps: int) -> dict[str, float]:
    """Median training clips per second of each contender, features at hand."""
    benches = {name: Bench(TrainConfig.from_parameters(given), store) for name, given in CONTENDERS.items()}
    rates: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name, bench in benches.items():
            with suppress(Enough):
                bench.trained({}, partial(Stopwatch, rates[name], steps))
    return {name: statistics.median(found) for name, found in rates.items()}


def trained(name: str, epochs: int, seed: int, store: ClipStore, folder: Path) -> TrainedRun:
    """One contender with one seed, from its folder if it has been trained."""
    config = TrainConfig.from_parameters({**CONTENDERS[name], "epochs": epochs, "seed": seed})
    place = folder / f"{name}-e{epochs}-s{seed}"
    return load_run(place) if (place / "timing.json").exists() else train(config, store, place)


def main() -> None:
    parser = measured.arguments(__doc__)
    parser.add_argument("corpus", type=Path, nargs="?", help="default: that of the full report, once built")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="in which speed is measured, of each in turn")
    parser.add_argument("--steps", type=int, default=6, help="timed in each round, after one that warms up")
    parser.add_argument("--out", type=Path, help="where trained networks are kept (default: nowhere)")
    args = measured.parse(parser, epochs=1, rounds=1, steps=2)
    torch.set_num_threads(args.threads)
    register()
    store = ClipStore.open(corpus(args.corpus))
    rates = speeds(store, args.rounds, args.steps)
    for name, rate in rates.items():
        times = round(rates["ours"] / rate, 1)
        measured.tell(network=name, clips_per_s=round(rate), ours_times_as_fast=times)
    with tempfile.TemporaryDirectory() as place:
        folder = args.out or Path(place)
        ours: list[TrainedRun] = []
        for name in CONTENDERS:
            runs = [trained(name, args.epochs, seed, store, folder) for seed in args.seeds]
            ours = ours or runs
            found = comparison.accuracy(runs, store)
            errors, own = ((1 - comparison.accuracy(of, store).value) for of in (runs, ours))
            test = comparison.difference(ours, runs, store)
            gain, p = test.difference, test.p
            line = {
                "network": name,
                "weights": runs[0].metrics["parameters"],
                "test_accuracy": [round(number, 4) for number in (found.value, found.low, found.high)],
                "validation_accuracy": round(sum(run.metrics["validation"]["accuracy"] for run in runs) / len(runs), 4),
                "seeds": len(runs),
            }
            if name != "ours":
                line |= {
                    "ours_ahead_by": [round(number, 4) for number in (gain.value, gain.low, gain.high)],
                    "p": round(p, 4),
                    "ours_fewer_errors": round(1 - own / errors, 3) if errors else None,
                }
            measured.tell(**line)


if __name__ == "__main__":
    main()
