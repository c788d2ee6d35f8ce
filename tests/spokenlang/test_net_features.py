"""Features computed once for all runs: read where the front end is theirs, and nowhere else."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from spokenlang.corpus.store import ClipStore
from spokenlang.network.frontend import FrontEnd, FrontEndConfig
from spokenlang.training import features
from spokenlang.training.loop import train
from spokenlang.training.settings import TrainConfig

OTHERS = {
    "representation": "mfcc", "bands": 24, "window_ms": 32.0, "hop_ms": 10.0, "low_hz": 100.0,
    "loudness_norm": False, "utterance_norm": "standard", "corpus_norm": False, "cepstra": 12,
}  # fmt: skip
"""Another value for every setting of a front end."""


def test_there_is_another_value_for_every_setting() -> None:
    assert set(OTHERS) == {field.name for field in fields(FrontEndConfig)}


@pytest.mark.parametrize("representation", ["logmel", "mfcc", "waveform"])
@pytest.mark.parametrize("name", OTHERS)
def test_front_ends_share_features_only_where_these_are_the_same(representation: str, name: str) -> None:
    one = FrontEndConfig(representation=representation)
    other = replace(one, **{name: OTHERS[name]})
    clips = 0.1 * torch.randn(2, 4000, generator=torch.Generator().manual_seed(0))
    clips[:, 1530:2730] *= 1e-4  # a pause
    mine, theirs = (FrontEnd(config).features(clips) for config in (one, other))
    same = mine.shape == theirs.shape and torch.equal(mine, theirs)
    assert (features.fixed_part(one) == features.fixed_part(other)) == same


@pytest.mark.parametrize("task", ["six", "binary"])
def test_a_run_is_the_same_with_the_features_at_hand(
    tiny_store: ClipStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    sizes = {"epochs": 1, "channels": 12, "embedding": 16, "crop_min_s": 0.5, "crop_max_s": 0.75, "batch_size": 16}
    config = TrainConfig.from_parameters({**sizes, "task": task, "validation_fraction": 0.25})
    known = [tmp_path / "quiet", tmp_path / "loud"]
    for folder, loudness_norm in zip(known, (False, True), strict=True):
        folder.mkdir()
        features.write_features(FrontEndConfig(loudness_norm=loudness_norm), tiny_store, folder)
    computed = train(config, tiny_store, tmp_path / "computed")
    monkeypatch.setattr(features, "compute_features", None)  # nothing is computed where it is at hand
    read = train(config, tiny_store, tmp_path / "read", known=known)
    for split in ("validation", "test"):
        mine, other = read.scores(split), computed.scores(split)
        np.testing.assert_array_equal(mine.index, other.index)
        np.testing.assert_allclose(mine.logits, other.logits, atol=1e-4)


def test_features_of_another_front_end_are_not_taken(tiny_store: ClipStore, tmp_path: Path) -> None:
    config = TrainConfig.from_parameters({"validation_fraction": 0.25})
    (tmp_path / "known").mkdir()
    features.write_features(FrontEndConfig(bands=24), tiny_store, tmp_path / "known")
    index = np.arange(4)
    found = features.clip_set(config, tiny_store, "test", index, FrontEnd(config.front_end), [tmp_path / "known"])
    assert found.features.shape[2] == 40
