"""Exported files: the course's contract, equal to PyTorch at any length, the same bytes from any checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import spokenlang
from spokenlang.commands import cli
from spokenlang.deploy.export import describe_model, load_torchscript, save_torchscript
from spokenlang.errors import InputError
from spokenlang.network.frontend import FrontEndConfig
from spokenlang.network.models import ModelConfig, build_model
from spokenlang.training.runs import TrainedRun

SECONDS = (0.3, 0.77, 5.0, 13.1, 60.0)


def test_the_course_server_gets_six_numbers_for_one_clip(exported: Path, tiny_run: TrainedRun) -> None:
    server = torch.jit.load(str(exported / "model.pt"), map_location="cpu").eval()
    clip = torch.randn(1, 40000)
    with torch.no_grad():
        answer = server(clip)
    assert answer.shape == (1, 6)
    assert answer.dtype == torch.float32
    assert int(answer.argmax(dim=1)) in range(6)


@pytest.mark.parametrize("seconds", SECONDS)
def test_both_files_equal_pytorch(exported: Path, tiny_run: TrainedRun, seconds: float) -> None:
    clip = torch.randn(1, int(seconds * 8000), generator=torch.Generator().manual_seed(0)) * 0.01
    script, _ = load_torchscript(exported / "model.pt")
    session = onnxruntime.InferenceSession(exported / "model.onnx", providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = tiny_run.model(clip)
        torch.testing.assert_close(script(clip), expected, atol=1e-4, rtol=0)
        torch.testing.assert_close(script(clip[:, None]), expected, atol=1e-4, rtol=0)
    onnx = session.run(None, {"waveform": clip.numpy()})[0]
    np.testing.assert_allclose(onnx, expected.numpy(), atol=1e-4)


def test_onnx_takes_batches_and_silence(exported: Path, tiny_run: TrainedRun) -> None:
    clips = torch.cat([torch.randn(2, 9000), torch.zeros(1, 9000), torch.full((1, 9000), 1e-7)])
    session = onnxruntime.InferenceSession(exported / "model.onnx", providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = tiny_run.model(clips).numpy()
    np.testing.assert_allclose(session.run(["logits"], {"waveform": clips.numpy()})[0], expected, atol=1e-4)


def test_the_record_travels_and_the_model_is_calibrated(exported: Path, tiny_run: TrainedRun) -> None:
    model, about = load_torchscript(exported / "model.pt")
    assert about["synthetic"] is True
    assert about["corpus"] == "tones"
    assert about["languages"] == ["de", "en", "es", "fr", "nl", "pt"]
    assert float(model.temperature) == pytest.approx(tiny_run.temperature)
    session = onnxruntime.InferenceSession(exported / "model.onnx", providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["corpus"] == '"tones"'


def test_nothing_in_the_files_says_where_they_were_made(exported: Path) -> None:
    here = str(Path(spokenlang.__file__).parent).encode()
    with zipfile.ZipFile(exported / "model.pt") as archive:
        assert not any(name.endswith(".debug_pkl") for name in archive.namelist())
        assert all(here not in archive.read(name) for name in archive.namelist())
    assert here not in (exported / "model.onnx").read_bytes()


def test_two_checkouts_write_the_same_bytes(exported: Path, tiny_run: TrainedRun, tmp_path: Path) -> None:
    source = tmp_path / "a much longer path/to another checkout" / "src"
    shutil.copytree(Path(spokenlang.__file__).parent, source / "spokenlang")
    words = ["export", str(tiny_run.folder), "--out", str(tmp_path / "out"), "--corpus", "tones", "--synthetic"]
    subprocess.run(
        [sys.executable, "-m", "spokenlang.commands.cli", *words], cwd=tmp_path, check=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(source), "PYTHONHASHSEED": "9"},
    )  # fmt: skip
    for name in ("model.pt", "model.onnx"):
        assert (tmp_path / "out" / name).read_bytes() == (exported / name).read_bytes()


def test_what_was_exported_before_changes_nothing(exported: Path, tiny_run: TrainedRun, tmp_path: Path) -> None:
    save_torchscript(build_model("binary", ModelConfig(channels=8), FrontEndConfig()), tmp_path / "other.pt", {})
    save_torchscript(tiny_run.model, tmp_path / "again.pt", describe_model(tiny_run, "tones", True))
    assert (exported / "model.pt").read_bytes() == (tmp_path / "again.pt").read_bytes()
    model, _ = load_torchscript(tmp_path / "other.pt")
    assert model(torch.zeros(1, 100)).shape == (1, 1)


def test_command_line(tiny_run: TrainedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["export", str(tiny_run.folder), "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / "out" / name) for name in ("model.pt", "model.onnx")]
    assert cli.main(["export", str(tmp_path)]) == 2
    assert "not the folder of a finished run" in capsys.readouterr().err


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    for content in (b"", b"not a model" * 100):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"model\.pt: cannot be loaded as a TorchScript model"):
            load_torchscript(path)
