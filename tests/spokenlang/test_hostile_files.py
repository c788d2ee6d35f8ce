"""Whatever a file holds that somebody hands to `spokenlang`: it is read, or refused in one line; see law.py."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import damage
import numpy as np
import pytest
import recordings_made
import soundfile
import tally
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from law import obeyed
from tones import TINY, write_store
from tries import tries

from spokenlang.commands import cli
from spokenlang.corpus import convert
from spokenlang.corpus.ingest import tables
from spokenlang.corpus.ingest.decoding import Decoding
from spokenlang.corpus.store import ClipStore
from spokenlang.deploy import predictions
from spokenlang.deploy.export import load_torchscript
from spokenlang.deploy.scripting import ABOUT
from spokenlang.errors import LONGEST, InputError
from spokenlang.training import runs, search
from spokenlang.training.checkpoint import load_tensors, save_tensors
from spokenlang.training.loop import train
from spokenlang.training.runs import TrainedRun
from spokenlang.training.settings import TrainConfig

fuzz = settings(
    max_examples=tries(15), deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
TABLE = b"path,language,speaker\na.wav,de,1\nb.wav,en,2\n"


def audio(form: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, recordings_made.voice(0.4), 8000, format=form)
    return file.getvalue()


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def npz(pack: Callable = np.savez, **arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    pack(file, **arrays)
    return file.getvalue()


# --- one file alone --------------------------------------------------------------------------------------------------


def decode(path: Path) -> None:
    for _ in Decoding(path):
        pass


def predict(path: Path) -> None:
    source = predictions._source(path)
    for _ in convert.clips_of(source, convert.two_dimensions(source), 8000):
        pass


ALONE: dict[str, tuple[Callable[[], bytes], Callable[[Path], Any]]] = {
    **{f"a.{form.lower()}": (lambda form=form: audio(form), decode)
       for form in ("WAV", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "W64", "RF64", "NIST")},
    "inputs.npy": (lambda: npy(np.zeros((3, 800), np.float32)), predict),
    "inputs.npz": (lambda: npz(inputs=np.zeros((3, 800), np.float32)), predict),
    "packed.npz": (lambda: npz(np.savez_compressed, inputs=np.ones((3, 800), np.int16)), predict),
    "table.csv": (lambda: TABLE, tables.read),
    "table.tsv": (lambda: TABLE.replace(b",", b"\t"), tables.read),
}  # fmt: skip


@pytest.mark.parametrize("name", ALONE)
@fuzz
@given(data=st.data())
def test_a_file_may_hold_anything(tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject) -> None:
    good, read = ALONE[name]
    path = tmp_path_factory.getbasetemp() / f"hostile-{name}"
    path.write_bytes(data.draw(damage.anything(good())))
    tally.count(f"hostile {Path(name).suffix[1:]}")
    obeyed(lambda: read(path), InputError)


# --- a file of a corpus or a run -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_store(tmp_path_factory.mktemp("corpus") / "tones", {"train": 2, "test": 1})
    (folder / "languages.json").write_text(json.dumps(["de", "en", "es", "fr", "nl", "pt"]))
    (folder / "corpus.json").write_text(json.dumps({"corpus": "import", "rate": 8000}))
    return folder


def _may_hold_anything(path: Path, data: st.DataObject, read: Callable[[], object]) -> None:
    """Read with this file damaged in some way; afterwards it is as it was."""
    good = path.read_bytes()
    try:
        path.write_bytes(data.draw(damage.anything(good)))
        obeyed(read, InputError)
    finally:
        path.write_bytes(good)


def check(folder: Path) -> None:
    ClipStore.open(folder).check()


@pytest.mark.parametrize(
    "name", ["inputs_train_fp16.npy", "targets_train_int8.npy", "clips.csv", "languages.json", "corpus.json"]
)
@fuzz
@given(data=st.data())
def test_a_file_of_a_corpus_may_hold_anything(corpus: Path, name: str, data: st.DataObject) -> None:
    tally.count("hostile files of a corpus")
    _may_hold_anything(corpus / name, data, lambda: check(corpus))


@pytest.fixture(scope="module")
def run_folder(tiny_run: TrainedRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "run"
    shutil.copytree(tiny_run.folder, folder)
    row = {"trial": 0, "state": "complete", "loss": 1.0, "accuracy": 0.5, **dict.fromkeys(search.SPACE, 1.0)}
    (folder / "trials.csv").write_text(",".join(row) + "\n" + ",".join(map(str, row.values())) + "\n")
    return folder


def load(folder: Path) -> None:
    """Everything that a run's folder is asked for."""
    run = runs.load_run(folder)
    _ = run.metrics, run.timing, run.history, run.temperature
    for split in run.splits:
        run.probabilities(split)
    search.read_trials(folder)
    load_tensors(folder / "weights.safetensors")


@pytest.mark.parametrize(
    "name",
    ["config.json", "weights.safetensors", "metrics.json", "timing.json", "history.csv", "scores.npz", "trials.csv"],
)
@fuzz
@given(data=st.data())
def test_a_file_of_a_run_may_hold_anything(run_folder: Path, name: str, data: st.DataObject) -> None:
    tally.count("hostile files of a run")
    _may_hold_anything(run_folder / name, data, lambda: load(run_folder))


# --- models ----------------------------------------------------------------------------------------------------------


class Half(torch.nn.Module):
    """The smallest model: half of what it is given."""

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        return waveform / 2


@pytest.fixture(scope="module")
def model() -> bytes:
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(Half()), file, _extra_files={ABOUT: json.dumps({"languages": ["de", "en"]})})
    return file.getvalue()


@fuzz
@given(data=st.data())
def test_a_model_may_hold_anything(model: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.pt"
    path.write_bytes(data.draw(damage.anything(model)))
    tally.count("hostile models")
    obeyed(lambda: load_torchscript(path), InputError)


def test_a_whole_model_is_loaded_and_a_pickle_is_not(model: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(model)
    assert load_torchscript(path)[1] == {"languages": ["de", "en"]}
    at = model.rindex(b"\x80\x02") + 2  # in the last pickle of the archive, which TorchScript reads itself
    path.write_bytes(model[:at] + bytes([model[at] ^ 1]) + model[at + 1 :])
    with pytest.raises(InputError, match="no longer as it was written"):
        load_torchscript(path)
    torch.save({"weights": torch.zeros(2)}, path)
    with pytest.raises(InputError, match="it is a pickle"):
        load_torchscript(path)


@pytest.mark.parametrize("at", [0.05, 0.3, 0.6, 0.999])
def test_weights_with_a_flipped_bit_are_refused(tmp_path: Path, at: float) -> None:
    path = tmp_path / "weights.safetensors"
    save_tensors(path, {"a": torch.arange(64.0), "b": torch.ones(3, dtype=torch.int64)}, {"epoch": 3})
    content = bytearray(path.read_bytes())
    assert load_tensors(path)[1] == {"epoch": 3}
    content[round(at * (len(content) - 1))] ^= 4
    path.write_bytes(content)
    with pytest.raises(InputError, match="train the run again"):
        load_tensors(path)


def test_a_checkpoint_that_came_to_harm_is_told_of_and_begun_afresh(
    tiny_store: ClipStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = TrainConfig.from_parameters({**TINY, "epochs": 1})
    runs_ = [train(config, tiny_store, tmp_path / name) for name in ("whole",)]
    (tmp_path / "harmed").mkdir()
    (tmp_path / "harmed" / "checkpoint.safetensors").write_bytes(b"no weights")
    runs_.append(train(config, tiny_store, tmp_path / "harmed"))
    assert "came to harm; the training begins afresh" in capsys.readouterr().err
    weights = [(run.folder / "weights.safetensors").read_bytes() for run in runs_]
    assert weights[0] == weights[1]


# --- the rest --------------------------------------------------------------------------------------------------------


def test_bombs_are_refused(tmp_path: Path) -> None:
    """A few kilobytes that unpack to half a gigabyte."""
    (tmp_path / "bomb.npz").write_bytes(npz(np.savez_compressed, inputs=np.zeros((40, 1 << 23), np.uint8)))
    assert "unpack to" in (obeyed(lambda: predict(tmp_path / "bomb.npz"), InputError) or "")
    with zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("m/constants.pkl", "m/code/__torch__.py"):
            archive.writestr(name, bytes(1 << 28))
    assert "unpack to" in (obeyed(lambda: load_torchscript(tmp_path / "bomb.pt"), InputError) or "")


@settings(fuzz, max_examples=tries(60))
@given(text=st.text(max_size=3000))
def test_a_message_is_one_short_printable_line(text: str) -> None:
    tally.count("messages")
    message = str(InputError(f"{text}: is wrong"))
    assert message.isprintable() or all(sign.isprintable() or sign.isspace() for sign in message)
    assert "\n" not in message
    assert len(message) <= LONGEST + 3


def test_what_the_system_refuses_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def full(*words: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / "out"))

    monkeypatch.setattr("spokenlang.corpus.convert.convert", full)
    assert cli.main(["corpus", "convert", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == f"spokenlang corpus: {tmp_path / 'out'}: No space left on device\n"
