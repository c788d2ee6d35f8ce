"""Tiny corpora and tiny trained runs, made once for all tests of the network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tones import TINY, write_store

from spokenlang.corpus.store import ClipStore
from spokenlang.deploy.export import describe_model, save_onnx, save_torchscript
from spokenlang.training.loop import train
from spokenlang.training.runs import TrainedRun
from spokenlang.training.settings import TrainConfig


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


@pytest.fixture(scope="session")
def exported(tiny_run: TrainedRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with model.pt and model.onnx of `tiny_run`, for tests that only read them."""
    folder = tmp_path_factory.mktemp("exported")
    about = describe_model(tiny_run, "tones", True)
    save_torchscript(tiny_run.model, folder / "model.pt", about)
    save_onnx(tiny_run.model, folder / "model.onnx", about)
    return folder
