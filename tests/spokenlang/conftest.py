"""Tiny corpora and tiny trained runs, made once for all tests of the network."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from spokenlang.corpus.store import ClipStore
from spokenlang.languages import CODES
from spokenlang.training.loop import train
from spokenlang.training.runs import TrainedRun
from spokenlang.training.settings import TrainConfig

SAMPLES = 8000
TINY = {
    "epochs": 3,
    "batch_size": 16,
    "channels": 12,
    "embedding": 16,
    "learning_rate": 1e-2,
    "validation_fraction": 0.25,
    "validation_clips": 24,
    "crop_min_s": 0.5,
    "crop_max_s": 0.75,
    "spec_time_s": 0.1,
    "log_every": 2,
    "mel_warp": 0.05,
}
"""Parameters of a network that trains in a second."""


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def tone(label: int, random: np.random.Generator) -> np.ndarray:
    """One second in which pitch and tremolo give the class away, at a loudness that says nothing."""
    time = np.arange(SAMPLES) / 8000
    sweep = (350 + 400 * label) * (1 + 0.05 * random.random())
    sound = np.sin(2 * np.pi * sweep * time + 6 * random.random()) * (1 + np.sin(2 * np.pi * (2 + label) * time))
    return (sound + 0.2 * random.normal(size=SAMPLES)) * 10 ** (-3 * random.random()) / 4


def write_store(folder: Path, per_language: dict[str, int], groups: int = 4) -> Path:
    """A clip store of tones with speakers and a column `clean`."""
    random = np.random.default_rng(7)
    folder.mkdir(parents=True)
    rows = []
    for split, count in per_language.items():
        labels = random.permutation(np.repeat(np.arange(6), count)).astype(np.int8)
        clips = np.stack([tone(int(label), random) for label in labels]).astype(np.float16)
        np.save(folder / f"inputs_{split}_fp16.npy", clips)
        np.save(folder / f"targets_{split}_int8.npy", labels)
        for index, label in enumerate(labels):
            rows.append([split, index, CODES[label], f"{split}-{random.integers(groups)}", int(index % 2)])
    with (folder / "clips.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["split", "index", "language", "group", "clean"])
        writer.writerows(rows)
    return folder


@pytest.fixture(scope="session")
def tiny_store(tmp_path_factory: pytest.TempPathFactory) -> ClipStore:
    """16 training and 6 test clips a language, with a second test set."""
    folder = tmp_path_factory.mktemp("corpus") / "tones"
    return ClipStore.open(write_store(folder, {"train": 16, "test": 6, "dialects": 2}))


@pytest.fixture(scope="session")
def trained(tiny_store: ClipStore, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., TrainedRun]:
    """Train a tiny network with the given parameters; every call in a folder of its own."""

    def run(**parameters: object) -> TrainedRun:
        config = TrainConfig.from_parameters({**TINY, **parameters})
        return train(config, tiny_store, tmp_path_factory.mktemp("run"))

    return run


@pytest.fixture(scope="session")
def tiny_run(trained: Callable[..., TrainedRun]) -> TrainedRun:
    """A tiny six-class run, shared by tests that only read it."""
    return trained(epochs=14, average_decay=0.9)
