"""Any set of languages, from the class list beside the arrays through training and exports to what commands print."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tones import SAMPLES, TINY, tone, write_store
from tries import tries

from spokenlang.commands import cli
from spokenlang.corpus.store import ClipStore
from spokenlang.deploy.export import describe_model, load_torchscript, save_onnx, save_torchscript
from spokenlang.deploy.tables import write_predictions
from spokenlang.errors import InputError
from spokenlang.language_names import BRANCHES, describe
from spokenlang.languages import CODES, LANGUAGES, PAIR, told_apart
from spokenlang.study import comparison
from spokenlang.training.baselines import train_baseline
from spokenlang.training.loop import train
from spokenlang.training.runs import TrainedRun, load_run
from spokenlang.training.settings import TrainConfig

SETS = {
    "two": (("it", "pl"), ("it", "pl")),
    "three, the pair the wrong way round, one unknown": (("es", "tlh", "en"), ("en", "es")),
    "ten": ((*CODES, "it", "pl", "sv", "tr"), ("en", "es")),
}
"""A class list, and the two that the binary task takes of it."""
PARAMS = [name if name.startswith("three") else pytest.param(name, marks=pytest.mark.long) for name in SETS]
SHORT = {**TINY, "epochs": 2, "channels": 6, "embedding": 8}


@pytest.fixture(scope="module", params=PARAMS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple]:
    """A corpus of a set of languages, what its binary task is of, and a run of each task."""
    codes, pair = SETS[request.param]
    store = ClipStore.open(write_store(tmp_path_factory.mktemp("any") / "c", {"train": 10, "test": 3}, codes=codes))
    runs = {
        task: train(TrainConfig.from_parameters({**SHORT, "task": task}), store, tmp_path_factory.mktemp("run"))
        for task in ("six", "binary")
    }
    return store, pair, runs


def test_the_class_list_follows_the_corpus_and_comes_back_with_the_run(case: tuple) -> None:
    store, pair, runs = case
    assert store.spoken == store.languages
    for task, wanted, outputs in (("six", store.languages, len(store.languages)), ("binary", pair, 1)):
        run = load_run(runs[task].folder)
        assert run.languages == runs[task].languages == wanted
        assert run.scores("test").logits.shape == (3 * len(wanted), outputs)
        spoken = np.array(store.languages)[store.targets("test")[run.scores("test").index]]
        assert spoken.tolist() == [wanted[label] for label in run.scores("test").labels]


def test_baselines_do_too(case: tuple, tmp_path: Path) -> None:
    store, _, _ = case
    run = train_baseline("mean_log_mel", TrainConfig.from_parameters(SHORT), store, tmp_path)
    assert load_run(tmp_path).languages == run.languages == store.languages


@pytest.fixture(scope="module")
def model(case: tuple, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run, folder = case[2]["six"], tmp_path_factory.mktemp("model")
    save_torchscript(run.model, folder / "model.pt", describe_model(run, "tones", False))
    return folder / "model.pt"


def test_exports_say_their_languages(case: tuple, model: Path, tmp_path: Path) -> None:
    store, _, runs = case
    script, about = load_torchscript(model)
    assert tuple(about["languages"]) == store.languages
    assert script(torch.zeros(1, SAMPLES)).shape == (1, len(store.languages))
    save_onnx(runs["six"].model, tmp_path / "model.onnx", about)
    known = {entry.key: json.loads(entry.value) for entry in onnx.load(tmp_path / "model.onnx").metadata_props}
    assert tuple(known["languages"]) == store.languages


def test_predictions_have_a_column_a_language(case: tuple, model: Path, tmp_path: Path) -> None:
    store, _, runs = case
    run: TrainedRun = runs["six"]
    write_predictions(tmp_path / "own.csv", run.probabilities("test"), run.languages, run.scores("test").index)
    words = [str(store.folder), "--model", str(model), "--out", str(tmp_path / "asked.csv")]
    assert cli.main(["predict", *words]) == 0
    own, asked = (list(csv.DictReader((tmp_path / f"{name}.csv").open())) for name in ("own", "asked"))
    assert list(own[0]) == list(asked[0]) == ["clip", "prediction", *store.languages]
    assert [row["prediction"] for row in own] == [row["prediction"] for row in asked]
    right = [row["prediction"] == store.languages[label] for row, label in zip(own, store.targets("test"), strict=True)]
    assert np.mean(right) == pytest.approx(run.metrics["test"]["accuracy"])


def test_commands_speak_of_them(case: tuple, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, _, runs = case
    soundfile.write(tmp_path / "a.wav", tone(0, np.random.default_rng(0)) / 2, 8000)
    assert cli.main(["classify", str(tmp_path / "a.wav"), "--json", "--model", str(model)]) == 0
    assert tuple(json.loads(capsys.readouterr().out)["probabilities"]) == store.languages
    words = ["classify", str(tmp_path / "a.wav"), "--model", str(model), "--timeline", str(tmp_path / "t")]
    assert cli.main(words) == 0
    assert (tmp_path / "t/a.csv").read_text().splitlines()[0].split(",")[4:] == list(store.languages)
    capsys.readouterr()
    assert cli.main(["score", str(model), str(store.folder)]) == 0
    assert f"{runs['six'].metrics['test']['accuracy']:.4f}" in capsys.readouterr().out


# --- a hidden test set


def test_a_hidden_test_set_is_predicted_and_not_measured(tmp_path: Path) -> None:
    store = ClipStore.open(write_store(tmp_path / "c", {"train": 10, "test": 3}, codes=("it", "pl", "tr"), hidden=True))
    for task, there in (("six", True), ("binary", False)):
        made = train(TrainConfig.from_parameters({**SHORT, "task": task, "epochs": 1}), store, tmp_path / task)
        run = load_run(made.folder)
        assert run.splits == ("validation",)
        assert "test" not in run.metrics
        with np.load(run.folder / "scores.npz") as arrays:
            assert ("test_logits" in arrays) is there, "of two languages alone nobody knows which clips are of them"
    run = load_run(tmp_path / "six")
    assert not run.scores("test").known
    assert run.probabilities("test").shape == (9, 3)
    assert comparison.judged(store) == "validation"
    assert comparison.accuracy([run], store) == comparison.accuracy([run], store, "validation")
    baseline = train_baseline("mean_log_mel", TrainConfig.from_parameters(SHORT), store, tmp_path / "lr")
    assert baseline.splits == ("validation",)


# --- the server, where a model's languages and a corpus's are not the same


class Says(torch.nn.Module):
    """Says of every clip that it is one class."""

    def __init__(self, classes: int, at: int) -> None:
        super().__init__()
        self.register_buffer("answer", torch.eye(classes)[at : at + 1])

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        return self.answer + 0 * waveform.mean()


@pytest.mark.parametrize(
    ("corpus", "record", "outputs", "says", "gets"),
    [
        (("it", "pl", "tr"), None, 3, 1, 1 / 3),  # no record: the corpus's order
        (("it", "pl", "tr"), ["tr", "it", "pl"], 3, 0, 1 / 3),  # by what the record says, not by place
        (("en", "de"), None, 6, 0, 1 / 2),  # no record and six answers: the assignment's order
        (("en", "de"), ["de", "en", "fr"], 3, 2, 0),  # what the corpus has not is wrong
        (("it", "pl"), None, 6, 0, "knows de, en, es, fr, nl, pt, and not it, pl"),
        (("it", "pl"), ["it", "tr"], 2, 0, "knows it, tr, and not pl"),
        (("it", "pl", "tr"), None, 4, 0, r"answers \(1, 4\); the server wants finite \(1, 3\)"),
        (("it", "pl"), ["it", "pl"], 1, 0, r"answers \(1, 1\); the server wants finite \(1, 2\): it, pl"),
    ],
)
def test_a_model_is_scored_by_the_languages_that_it_knows(
    corpus: tuple, record: list | None, outputs: int, says: int, gets: float | str, tmp_path: Path
) -> None:
    from spokenlang.deploy.server import score

    store = ClipStore.open(write_store(tmp_path / "c", {"train": 2, "test": 4}, codes=corpus))
    files = {"about.json": json.dumps({"languages": record})} if record else {}
    torch.jit.save(torch.jit.script(Says(outputs, says)), str(tmp_path / "m.pt"), _extra_files=files)
    if isinstance(gets, str):
        with pytest.raises(InputError, match=gets):
            score(tmp_path / "m.pt", store)
    else:
        assert score(tmp_path / "m.pt", store).accuracy.value == pytest.approx(gets)


# --- which two, and what is known of a language

_CODES = st.sampled_from([*CODES, "it", "pl", "tr", "zh", "ja", "tlh"])


@settings(max_examples=tries(50), deadline=None)
@given(st.lists(_CODES, min_size=2, unique=True), st.data())
def test_the_pair_is_the_assignment_s_or_the_first_two_that_are_spoken(
    languages: list[str], data: st.DataObject
) -> None:
    chosen = data.draw(st.sets(st.sampled_from(languages), min_size=2))
    spoken = [code for code in languages if code in chosen]
    assert told_apart("six", languages, spoken) == tuple(languages)
    pair = told_apart("binary", languages, spoken)
    assert len(set(pair)) == 2
    assert set(pair) <= set(spoken)
    assert pair == PAIR or not set(PAIR) <= set(spoken)


def test_every_language_of_the_table_has_a_name_and_one_branch() -> None:
    codes = [code for codes in BRANCHES.values() for code in codes.split()]
    assert len(codes) == len(set(codes))
    assert all(describe(code).name != code and describe(code).branch for code in codes)
    assert all(language.code in BRANCHES[language.branch].split() for language in LANGUAGES)
