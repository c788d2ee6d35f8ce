"""Features left on the disk: the same clips, read in stretches; mixed well; and the same network whoever reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.corpus.store import ClipStore
from spokenlang.errors import InputError
from spokenlang.training import features, stored
from spokenlang.training.distributed import Group
from spokenlang.training.loop import Loop, balanced_order, train
from spokenlang.training.settings import TrainConfig


def write(folder: Path, clips: int, shard: int, chunk: int = 8) -> np.ndarray:
    """Numbers that tell every clip apart, in shards."""
    values = np.arange(clips * 6, dtype=np.float32).reshape(clips, 3, 2)
    parts = (torch.from_numpy(values[at : at + chunk]) for at in range(0, clips, chunk))
    stored.write(folder, "train", parts, clips, shard)
    return values


@settings(max_examples=tries(40), deadline=None)
@given(data=st.data(), clips=st.integers(1, 60), shard=st.integers(1, 25), chunk=st.integers(1, 20))
def test_what_is_read_is_what_was_written(tmp_path_factory, data, clips, shard, chunk) -> None:
    folder = tmp_path_factory.mktemp("stored")
    values = write(folder, clips, shard, chunk)
    assert len(list(folder.iterdir())) == -(-clips // shard)
    shards = stored.found(folder, "train")
    assert shards.shape == values.shape
    assert shards.nbytes == values.nbytes
    rows = np.array(data.draw(st.lists(st.integers(0, clips - 1), max_size=30)), np.int64)
    if len(rows):
        np.testing.assert_array_equal(shards[rows], values[rows])
        np.testing.assert_array_equal(shards.of(rows)[torch.arange(len(rows))], values[rows])
    np.testing.assert_array_equal(shards[3:7], values[3:7])
    np.testing.assert_array_equal(np.concatenate([np.load(path) for path in sorted(folder.iterdir())]), values)


def test_a_file_that_is_cut_short_is_said(tmp_path: Path) -> None:
    write(tmp_path, 20, 100)
    shards = stored.found(tmp_path, "train")
    (tmp_path / "train-00000.npy").write_bytes((tmp_path / "train-00000.npy").read_bytes()[:-30])
    with pytest.raises(InputError, match="ends too early"):
        shards[10:20]
    with pytest.raises(InputError, match="compute the features again"):
        stored.found(tmp_path, "train")


def order_of(labels: torch.Tensor, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return stored.near(balanced_order(labels, generator), len(labels), generator)


@settings(max_examples=tries(30), deadline=None)
@given(counts=st.lists(st.integers(1, 3000), min_size=1, max_size=5), seed=st.integers(0, 99))
def test_an_epoch_has_the_clips_of_the_drawn_order_window_by_window(counts: list[int], seed: int) -> None:
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    order = order_of(labels, seed)
    drawn = balanced_order(labels, torch.Generator().manual_seed(seed))
    assert torch.equal(order.sort().values, drawn.sort().values)
    assert torch.equal(order, order_of(labels, seed))
    visits = order // stored.BLOCK
    for block in visits.unique():  # a block is read for one window of the epoch, and never again
        places = (visits == block).nonzero()
        assert len(visits[places[0] : places[-1] + 1].unique()) <= stored.POOL


def test_batches_are_mixed_though_the_corpus_is_sorted_by_language() -> None:
    labels = torch.repeat_interleave(torch.arange(6), 20_000)
    shares = torch.stack([(labels[batch] == 0).float().mean() for batch in order_of(labels, 0).split(64)])
    perfect = torch.stack([(labels[batch] == 0).float().mean() for batch in torch.randperm(len(labels)).split(64)])
    assert shares.mean() == pytest.approx(1 / 6, abs=0.01)
    assert shares.std() < 1.6 * perfect.std()


def test_processes_read_every_clip_of_a_batch_once(tmp_path: Path) -> None:
    values = write(tmp_path, 300, 70)
    shards = stored.found(tmp_path, "train")
    batches = order_of(torch.zeros(300), 3).split(60)
    whole = [block[places] for block, places in stored.served(shards, batches, torch.device("cpu"))]
    halves = [
        [block[places] for block, places in stored.served(shards, [Group(rank, 2).share(b) for b in batches], "cpu")]
        for rank in range(2)
    ]
    for batch, one, first, second in zip(batches, whole, *halves, strict=True):
        np.testing.assert_array_equal(one, values[batch])
        np.testing.assert_array_equal(torch.cat([first, second]), one)


def test_a_network_trains_from_the_disk_and_goes_on_where_it_stopped(
    tiny_store: ClipStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TrainConfig.from_parameters({"epochs": 2, "batch_size": 8})
    known = tmp_path / "known"
    known.mkdir()
    features.write_features(config.front_end, tiny_store, known)
    monkeypatch.setattr(features, "RESIDENT", 0)
    whole = train(config, tiny_store, tmp_path / "whole", known=[known])
    step = Loop._train_step

    def stopped(self: Loop, *batch: torch.Tensor) -> None:
        if self.epoch == 1:
            raise KeyboardInterrupt
        step(self, *batch)

    monkeypatch.setattr(Loop, "_train_step", stopped)
    with pytest.raises(KeyboardInterrupt):
        train(config, tiny_store, tmp_path / "again", known=[known])
    monkeypatch.setattr(Loop, "_train_step", step)
    again = train(config, tiny_store, tmp_path / "again", known=[known])
    for name, value in whole.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[name], value), name
    assert np.isfinite(whole.losses("train")[1]).all()
    assert len(whole.scores("test").labels) == len(tiny_store.targets("test"))
