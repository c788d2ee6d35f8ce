"""The scikit-learn baselines: they learn what a spectrum tells, and leave a run's folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from spokenlang.corpus.store import ClipStore
from spokenlang.deploy.export import describe_model
from spokenlang.errors import InputError
from spokenlang.training.baselines import BASELINES, mean_log_mel, mfcc_statistics, train_baseline
from spokenlang.training.runs import load_run
from spokenlang.training.settings import TrainConfig


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("task", ["six", "binary"])
def test_a_baseline_is_a_run_like_any_other(name: str, task: str, tiny_store: ClipStore, tmp_path: Path) -> None:
    config = TrainConfig.from_parameters({"task": task, "validation_fraction": 0.25})
    run = train_baseline(name, config, tiny_store, tmp_path / "one")
    train_baseline(name, config, tiny_store, tmp_path / "two")
    assert run.metrics["test"]["accuracy"] > 0.7  # tones of different pitch: the spectrum tells all
    assert run.metrics["parameters"] == (6 if task == "six" else 1) * ((40 if name == "mean_log_mel" else 80) + 1)
    assert (tmp_path / "one/scores.npz").read_bytes() == (tmp_path / "two/scores.npz").read_bytes()
    loaded = load_run(run.folder)
    assert loaded.model is None
    assert loaded.splits == ("validation", "test", "dialects")
    assert loaded.probabilities("test").shape[1] == (6 if task == "six" else 2)
    with pytest.raises(InputError, match="no network to export"):
        describe_model(loaded, "tones", True)


def test_features_are_what_they_are_called() -> None:
    log_mel = torch.randn(3, 50, 40)
    np.testing.assert_allclose(mean_log_mel(log_mel).numpy(), log_mel.numpy().mean(axis=1), atol=1e-6)
    statistics = mfcc_statistics(log_mel)
    assert statistics.shape == (3, 80)
    shifted = mfcc_statistics(log_mel + 1)  # a gain moves the first mean alone
    moved = (shifted - statistics).abs() > 1e-3
    assert moved.any(dim=0).nonzero().flatten().tolist() == [0]


def test_an_unknown_baseline_is_refused(tiny_store: ClipStore, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mean_log_mel or mfcc_statistics"):
        train_baseline("svm", TrainConfig(), tiny_store, tmp_path)
