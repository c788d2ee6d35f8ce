"""The hyper-parameter search: repeats itself, continues, is shared between processes, and never sees a test clip."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from spokenlang.commands.cli import main
from spokenlang.corpus.store import ClipStore
from spokenlang.errors import InputError
from spokenlang.training.search import SPACE, best, read_trials, search
from spokenlang.training.settings import TrainConfig

SMALL = TrainConfig.from_parameters(
    {"epochs": 2, "batch_size": 16, "channels": 8, "embedding": 8, "validation_fraction": 0.25, "log_every": 2}
)


def test_the_first_trial_is_the_configuration_as_given_and_all_are_within_the_space(tiny_store, tmp_path):
    found = search(SMALL, tiny_store, tmp_path, 3)
    assert [trial.number for trial in found] == [0, 1, 2]
    assert found[0].parameters == {name: SMALL.flat()[name] for name in SPACE}
    assert found == read_trials(tmp_path)
    assert best(found).loss == min(trial.loss for trial in found if trial.state == "complete")
    for trial in found:
        for name, values in SPACE.items():
            value = trial.parameters[name]
            assert value in values if isinstance(values, tuple) else values.low <= value <= values.high


def test_a_trial_is_judged_on_its_way_by_what_it_is_judged_by_in_the_end(tiny_store, tmp_path):
    found = search(SMALL, tiny_store, tmp_path, 2)
    study = optuna.load_study(
        study_name="search", storage=JournalStorage(JournalFileBackend(str(tmp_path / "study.log")))
    )
    for trial, finished in zip(found, study.trials, strict=True):
        assert sorted(finished.intermediate_values) == [1, 2]
        assert finished.intermediate_values[2] == pytest.approx(trial.loss, rel=1e-4)


def test_a_search_in_two_goes_is_the_search_in_one(tiny_store, tmp_path):
    search(SMALL, tiny_store, tmp_path / "whole", 4)
    search(SMALL, tiny_store, tmp_path / "parts", 2)
    search(SMALL, tiny_store, tmp_path / "parts", 4)
    whole, parts = ((tmp_path / name / "trials.csv").read_bytes() for name in ("whole", "parts"))
    assert whole == parts


def test_a_trial_whose_process_was_killed_is_tried_again(tiny_store, tmp_path):
    search(SMALL, tiny_store, tmp_path / "whole", 3)
    search(SMALL, tiny_store, tmp_path / "killed", 1)
    killed = (
        "import os, sys; from pathlib import Path; from spokenlang.corpus.store import ClipStore\n"
        "from spokenlang.training import search; from spokenlang.training.settings import TrainConfig\n"
        "search.Bench.trained = lambda *_: os._exit(9)\n"
        "config = TrainConfig.from_parameters(eval(sys.argv[3]))\n"
        "search.search(config, ClipStore.open(sys.argv[1]), Path(sys.argv[2]), 3)"
    )
    arguments = [str(tiny_store.folder), str(tmp_path / "killed"), repr(SMALL.flat())]
    assert subprocess.run([sys.executable, "-c", killed, *arguments], check=False).returncode == 9
    search(SMALL, tiny_store, tmp_path / "killed", 3)
    whole, after = ((tmp_path / name / "trials.csv").read_bytes() for name in ("whole", "killed"))
    assert whole == after


def test_two_processes_share_one_study(tiny_store, tmp_path):
    words = ["--trials", "6", "--device", "cpu", "--set", "epochs=1", "batch_size=16", "channels=8", "embedding=8"]
    command = [sys.executable, "-m", "spokenlang.commands.cli", "search", str(tiny_store.folder), str(tmp_path), *words]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert all("as given: loss" in text and "best of 6" in text for text in said)
    assert 6 <= (tmp_path / "study.log").read_text().count('"worker":') <= 7  # both may begin a last one


def test_the_test_set_is_never_read(tiny_store, tmp_path):
    before = search(SMALL, tiny_store, tmp_path / "study", 2)
    other = tmp_path / "store"
    other.mkdir()
    for path in tiny_store.files():
        (other / path.name).write_bytes(path.read_bytes())
    changed = np.load(other / "inputs_test_fp16.npy") * 0
    np.save(other / "inputs_test_fp16.npy", changed)
    assert search(SMALL, ClipStore.open(other), tmp_path / "again", 2) == before


def test_another_configuration_is_refused(tiny_store, tmp_path):
    search(SMALL, tiny_store, tmp_path, 1)
    with pytest.raises(InputError, match="another configuration"):
        search(TrainConfig.from_parameters({"epochs": 1}), tiny_store, tmp_path, 1)


def test_a_folder_without_a_search_is_named(tmp_path: Path, capsys):
    with pytest.raises(InputError, match=r"trials\.csv: not the trials of a search"):
        read_trials(tmp_path)
    assert main(["search", str(tmp_path / "none"), str(tmp_path / "study")]) == 2
    assert "there is no such corpus folder" in capsys.readouterr().err
