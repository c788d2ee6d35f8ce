"""Training: the same bytes again, whatever happens to the process; and what a run leaves behind."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F
from tries import tries

from spokenlang.commands import train as command
from spokenlang.corpus.store import ClipStore
from spokenlang.errors import InputError
from spokenlang.study.losses import loss_history, spacing
from spokenlang.training import loop as training
from spokenlang.training.checkpoint import load_tensors
from spokenlang.training.loop import objective, predicted, train
from spokenlang.training.runs import TrainedRun, load_run
from spokenlang.training.settings import TrainConfig

STABLE = ("weights.safetensors", "config.json", "history.csv", "scores.npz", "metrics.json")
Train = Callable[..., TrainedRun]


def tiny(**parameters: object) -> dict[str, object]:
    """The sizes of conftest's tiny network; conftest is not importable by name."""
    sizes = {
        "epochs": 3, "batch_size": 16, "channels": 12, "embedding": 16, "learning_rate": 1e-2,
        "validation_fraction": 0.25, "validation_clips": 24, "crop_min_s": 0.5, "crop_max_s": 0.75,
        "spec_time_s": 0.1, "log_every": 2,
    }  # fmt: skip
    return {**sizes, **parameters}


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in STABLE}


def test_it_learns_and_writes_a_whole_run(tiny_run: TrainedRun, tiny_store: ClipStore) -> None:
    assert sorted(path.name for path in tiny_run.folder.iterdir()) == sorted((*STABLE, "timing.json"))
    assert tiny_run.metrics["test"]["accuracy"] > 0.6
    assert tiny_run.splits == ("validation", "test", "dialects")
    loss = tiny_run.losses("train")[1]
    assert loss[-3:].mean() < 0.7 * loss[:3].mean()
    for split in ("train", "validation"):
        steps, _ = tiny_run.losses(split)
        assert steps.tolist() == list(range(2, int(tiny_run.metrics["steps"]) + 1, 2))
    assert len(tiny_run.losses("train_plain")[0]) == 14


def test_a_loaded_run_scores_waveforms_as_its_scores_say(tiny_run: TrainedRun, tiny_store: ClipStore) -> None:
    loaded = load_run(tiny_run.folder)
    assert loaded.config == tiny_run.config
    waveforms = torch.from_numpy(tiny_store.inputs("test").astype(np.float32))
    with torch.no_grad():
        logits = loaded.model(waveforms) * loaded.temperature
        probability = loaded.model.probabilities(waveforms)
    scores = loaded.scores("test")
    np.testing.assert_allclose(logits.numpy(), scores.logits, atol=1e-4)
    np.testing.assert_allclose(probability.numpy(), loaded.probabilities("test"), atol=1e-4)
    assert scores.labels.tolist() == tiny_store.targets("test").tolist()
    assert scores.right.mean() == pytest.approx(loaded.metrics["test"]["accuracy"])


def test_validation_speakers_are_never_trained_on(tiny_run: TrainedRun, tiny_store: ClipStore) -> None:
    held = set(tiny_store.groups("train")[tiny_run.scores("validation").index])
    clips = tiny_run.metrics["training_clips"] + tiny_run.metrics["validation"]["clips"]
    assert clips == len(tiny_store.targets("train"))
    train_index, _ = training.split_train(tiny_run.config, tiny_store)
    assert held.isdisjoint(tiny_store.groups("train")[train_index])


def test_binary_uses_english_and_spanish_only(trained: Train, tiny_store: ClipStore) -> None:
    run = trained(task="binary", epochs=4)
    scores = run.scores("test")
    targets = tiny_store.targets("test")[scores.index]
    assert set(targets.tolist()) == {1, 2}
    assert scores.labels.tolist() == (targets == 2).astype(int).tolist()
    assert scores.logits.shape == (12, 1)
    assert run.probabilities("test").shape == (12, 2)


@pytest.mark.parametrize(
    "parameters",
    [{}, {"pauses": 0.5, "stretch": 0.0}, {"optimizer": "adam", "average": "best"}],
)
def test_the_same_seed_gives_the_same_bytes(trained: Train, parameters: dict[str, object]) -> None:
    parameters = {"epochs": 2, **parameters}
    first, again = trained(**parameters), trained(**parameters)
    assert contents(first.folder) == contents(again.folder)
    other = trained(**parameters, seed=1)
    assert contents(other.folder)["weights.safetensors"] != contents(first.folder)["weights.safetensors"]


def test_loader_processes_change_no_byte(trained: Train) -> None:
    runs = [trained(epochs=2, loaders=count) for count in (0, 1, 2)]
    weights = [contents(run.folder)["scores.npz"] for run in runs]
    assert weights[0] == weights[1] == weights[2]
    tensors = [load_tensors(run.folder / "weights.safetensors")[0] for run in runs]
    assert all(torch.equal(tensors[0][name], part[name]) for part in tensors for name in tensors[0])


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 9))
@settings(deadline=None, max_examples=tries(60))
def test_every_language_is_heard_equally_often(counts: list[int], seed: int) -> None:
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    order = training.balanced_order(labels, torch.Generator().manual_seed(seed))
    assert len(order) == len(labels)
    heard = labels[order].bincount(minlength=len(counts))
    assert heard.max() - heard.min() <= 1
    for label, count in enumerate(counts):  # no clip comes again before every clip of its language has come
        times = order[labels[order] == label].bincount(minlength=len(labels))[labels == label]
        assert times.max() - times.min() <= 1, count
    assert torch.equal(order, training.balanced_order(labels, torch.Generator().manual_seed(seed)))


def test_equal_languages_are_only_shuffled() -> None:
    order = training.balanced_order(torch.arange(30) % 3, torch.Generator().manual_seed(4))
    assert torch.equal(order, torch.randperm(30, generator=torch.Generator().manual_seed(4)))


@pytest.mark.parametrize("average", ["ema", "best"])
def test_an_interrupted_run_continues_to_the_same_bytes(
    tiny_store: ClipStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, average: str
) -> None:
    config = TrainConfig.from_parameters(tiny(average=average, patience=3))
    whole = train(config, tiny_store, tmp_path / "whole")
    original = training.Loop._train_step

    def die(loop: training.Loop, *batch: torch.Tensor) -> None:
        if loop.epoch == 2:
            raise KeyboardInterrupt
        original(loop, *batch)

    with monkeypatch.context() as patch:
        patch.setattr(training.Loop, "_train_step", die)
        with pytest.raises(KeyboardInterrupt):
            train(config, tiny_store, tmp_path / "broken")
    assert [path.name for path in (tmp_path / "broken").iterdir()] == ["checkpoint.safetensors"]
    resumed = train(config, tiny_store, tmp_path / "broken")
    assert contents(resumed.folder) == contents(whole.folder)
    # Its speed is that of the one epoch that was left, not of clips whose seconds went by in another process.
    clips = [run.timing["clips_per_second"] * run.timing["training_seconds"] for run in (whole, resumed)]
    assert clips[1] == pytest.approx(clips[0] / 3)


def test_a_checkpoint_of_another_configuration_is_not_continued(tiny_store: ClipStore, tmp_path: Path) -> None:
    config = TrainConfig.from_parameters(tiny(epochs=1))
    model = tmp_path / "run"
    model.mkdir()
    training.checkpoint.save_tensors(
        model / "checkpoint.safetensors", {"x": torch.zeros(1)}, {"config": {}, "clips": []}
    )
    fresh = train(config, tiny_store, tmp_path / "fresh")
    assert contents(train(config, tiny_store, model).folder) == contents(fresh.folder)


def test_a_loss_that_explodes_stops_in_words(tiny_store: ClipStore, tmp_path: Path) -> None:
    config = TrainConfig.from_parameters(tiny(learning_rate=1e30, warmup=0.0))
    with pytest.raises(InputError, match=r"not a finite number between steps .* lower learning_rate"):
        train(config, tiny_store, tmp_path / "run")
    assert not (tmp_path / "run" / "metrics.json").exists()


def test_early_stop(trained: Train) -> None:
    run = trained(patience=1, learning_rate=0.0, epochs=6)
    assert run.metrics["steps"] < 6 * (run.metrics["training_clips"] // 16)


def test_a_share_of_the_training_clips(trained: Train) -> None:
    share, whole = (trained(train_share=part, epochs=1).metrics["training_clips"] for part in (0.5, 1.0))
    assert share == round(whole / 2)


@pytest.mark.parametrize("model", ["tdnn_attentive", "raw_cnn", "cnn2d", "crnn"])
def test_every_architecture_trains(trained: Train, model: str) -> None:
    run = trained(model=model, epochs=1)
    assert load_run(run.folder).metrics["test"]["nll"] < 3
    assert run.config.front_end.representation == ("waveform" if model == "raw_cnn" else "logmel")


def forked(words: list[str]) -> None:
    """The command in two processes that find each other as torchrun would have them, but have torch already."""

    def member(rank: int) -> None:
        os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        command.main(parser.parse_args(words))

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    members = [multiprocessing.get_context("fork").Process(target=member, args=(rank,)) for rank in range(2)]
    for process in members:
        process.start()
    for process in members:
        process.join(120)
    assert [process.exitcode for process in members] == [0, 0]


def launched(words: list[str]) -> None:
    """The command by torchrun itself."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run([*torchrun, "-m", "spokenlang.commands.train", *words], capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("pair", [forked, pytest.param(launched, marks=pytest.mark.long)])  # the same two processes
def test_two_processes_give_what_one_gives(
    tiny_store: ClipStore, tmp_path: Path, pair: Callable[[list[str]], None]
) -> None:
    sizes = tiny(epochs=2)
    alone = train(TrainConfig.from_parameters(sizes), tiny_store, tmp_path / "alone")
    words = [f"{name}={value}" for name, value in sizes.items()]
    pair([str(tiny_store.folder), str(tmp_path / "pair"), "--device", "cpu", "--set", *words])
    both = load_run(tmp_path / "pair")
    np.testing.assert_allclose(both.losses("train")[1], alone.losses("train")[1], rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(both.scores("test").logits, alone.scores("test").logits, rtol=0.02, atol=0.02)


@settings(max_examples=tries(30), deadline=None)
@given(seed=st.integers(0, 99), smoothing=st.floats(0, 0.5))
def test_objectives_are_the_textbook_ones(seed: int, smoothing: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    one, six = torch.randn(9, 1, generator=generator), torch.randn(9, 6, generator=generator)
    labels = torch.randint(0, 2, (9,), generator=generator)
    two = torch.cat([torch.zeros_like(one), one], dim=1)
    torch.testing.assert_close(
        objective(one, labels, smoothing), F.cross_entropy(two, labels, reduction="none", label_smoothing=smoothing)
    )
    assert torch.equal(predicted(one), two.argmax(dim=1))
    torch.testing.assert_close(objective(six, labels, 0.0), -six.log_softmax(1)[torch.arange(9), labels])


def test_settings_round_trip_and_are_strict() -> None:
    config = TrainConfig.from_parameters({"epochs": 3, "pauses": 1, "channels": 8, "model": "raw_cnn"})
    assert TrainConfig.from_parameters(json.loads(json.dumps(config.flat()))) == config
    assert config.front_end.representation == "waveform"
    for parameters, message in (
        ({"epoch": 3}, "did you mean 'epochs'"),
        ({"epochs": 2.5}, "of type int"),
        ({"epochs": True}, "of type int"),
        ({"crop": 1}, "of type bool"),
        ({"optimizer": "sgd"}, "adam, adamw"),
        ({"epochs": 0}, "at least 1"),
        ({"train_share": 0.0}, "train_share"),
    ):
        with pytest.raises(InputError, match=message):
            TrainConfig.from_parameters(parameters)


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not the folder of a finished run"):
        load_run(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(TrainConfig().flat()))
    (tmp_path / "weights.safetensors").write_bytes(b"nonsense")
    with pytest.raises(InputError, match="cannot be read as saved weights"):
        load_run(tmp_path)


def test_the_shortest_training_has_its_losses(trained: Train, tiny_store: ClipStore) -> None:
    run = trained(epochs=1, batch_size=32, log_every=50)
    history = loss_history(run)
    assert history["step"].tolist() == list(range(1, len(history["step"]) + 1)) != []
    assert spacing(history) == 1
    assert spacing(loss_history(trained(epochs=3, log_every=2))) == 2  # long enough to be recorded as asked
    assert all(np.isfinite(history[name]).all() for name in ("train", "validation"))
