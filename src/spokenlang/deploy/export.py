"""A trained model as a file that needs none of this code: TorchScript for the course's server, ONNX for the
rest.

The TorchScript file is called on the CPU, in evaluation mode, with a float32 tensor (1, 40000), and answers
(1, classes): argmax is the language. It takes other lengths and (batch, 1, time) too, and carries a record of what
it is (`about.json` inside the archive). Both files hold the same bytes wherever and whenever they are
written.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import io
import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spokenlang.corpus.store import RATE
from spokenlang.deploy import archives
from spokenlang.deploy.scripting import ABOUT
from spokenlang.errors import InputError
from spokenlang.network.frontend import LogMel
from spokenlang.network.models import LanguageModel, parameter_count
from spokenlang.study import strangers
from spokenlang.training.checkpoint import save_tensors
from spokenlang.training.runs import TrainedRun, load_run

OPSET = 17  # the first with STFT


def describe_model(run: TrainedRun, corpus: str, synthetic: bool) -> dict[str, Any]:
    """The record that travels inside an exported file."""
    return {
        "task": run.config.task,
        "languages": list(run.languages),
        "rate": RATE,
        "model": run.config.network.model,
        "parameters": parameter_count(_model(run)),
        "temperature": run.temperature,
        "unknown_below": strangers.Judge.fitted(run, "softmax", "validation").threshold,
        "corpus": corpus,
        "synthetic": synthetic,
    }


def save_torchscript(model: LanguageModel, path: Path | str, about: dict[str, Any]) -> None:
    """Write the model as TorchScript, complete or not at all; see `scripting` for why another process does it."""
    record = {
        "task": model.task,
        "network": dataclasses.asdict(model.config),
        "front_end": dataclasses.asdict(model.front_end.config),
        "classes": model.network.output.out_features,
        "about": about,
    }
    with tempfile.TemporaryDirectory() as folder:
        saved, scripted = Path(folder) / "model.safetensors", Path(folder) / "model.pt"
        save_tensors(saved, model.state_dict(), record)
        command = [sys.executable, "-m", "spokenlang.deploy.scripting", str(saved), str(scripted)]
        done = subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
        content = scripted.read_bytes()
    _replace(Path(path), content)


def load_torchscript(path: Path | str) -> tuple[torch.jit.ScriptModule, dict[str, Any]]:
    """A TorchScript model and its record (empty if it carries none), on the CPU in evaluation mode.

    What the archive holds is looked over first: torch checks no checksums. Its code is run by TorchScript's own
    interpreter, which knows tensors and no files, but was not made to hold strangers' code in.

    Raises:
        InputError: the file is missing, is no TorchScript model, or is not whole.
    """
    about = archives.record(Path(path), ABOUT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            model = torch.jit.load(str(path), map_location="cpu")
        return model.eval(), about
    except (RuntimeError, ValueError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(f"{path}: cannot be loaded as a TorchScript model ({reason}); export it again") from None


def save_onnx(model: LanguageModel, path: Path | str, about: dict[str, Any]) -> None:
    """Write the model as ONNX: input "waveform" (batch, time) float32, output "logits" (batch, classes).

    Batch and time may have any size. The exporter that traces takes two seconds where torch.export takes
    seventeen.
    """
    buffer = io.BytesIO()
    complete = copy.deepcopy(model).cpu().eval()
    if isinstance(complete.front_end.spectrum, LogMel):
        complete.front_end.spectrum = _RealLogMel(complete.front_end.spectrum)  # type: ignore[assignment]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            complete,
            (torch.zeros(1, 5 * RATE),),
            buffer,  # type: ignore[arg-type]
            input_names=["waveform"],
            output_names=["logits"],
            dynamic_axes={"waveform": {0: "batch", 1: "time"}, "logits": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )
    graph = onnx.load_from_string(buffer.getvalue())
    for node in graph.graph.node:
        node.doc_string = ""  # Python source positions
    for key in sorted(about):
        entry = graph.metadata_props.add()
        entry.key, entry.value = key, json.dumps(about[key])
    onnx.checker.check_model(graph)
    _replace(Path(path), graph.SerializeToString(deterministic=True))


class _RealLogMel(nn.Module):
    """`LogMel` in real numbers only: this exporter knows no complex ones."""

    def __init__(self, log_mel: LogMel) -> None:
        super().__init__()
        self.log_mel = log_mel

    def forward(self, waveform: Tensor) -> Tensor:
        padded = F.pad(waveform, (self.log_mel.fft // 2, self.log_mel.fft // 2))
        parts = torch.stft(
            padded,
            self.log_mel.fft,
            hop_length=self.log_mel.hop,
            window=self.log_mel.window,
            center=False,
            return_complex=False,
        )
        power = parts.square().sum(dim=-1)
        return torch.log(torch.matmul(power.transpose(1, 2), self.log_mel.filters) + self.log_mel.floor)


def _model(run: TrainedRun) -> LanguageModel:
    if run.model is None:
        raise InputError(f"{run.folder}: a scikit-learn baseline has no network to export; choose a run with one")
    return run.model


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(path.name + ".partial")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another place with --out") from None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `spokenlang export`."""
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for model.pt and model.onnx")
    parser.add_argument("--corpus", default="", help="name of the corpus, kept inside the files")
    parser.add_argument("--synthetic", action="store_true", help="note in the files that the speech was synthetic")


def main(args: argparse.Namespace) -> int:
    """Write model.pt and model.onnx of a run."""
    run = load_run(args.run)
    about = describe_model(run, args.corpus, args.synthetic)
    args.out.mkdir(parents=True, exist_ok=True)
    for name, save in (("model.pt", save_torchscript), ("model.onnx", save_onnx)):
        save(_model(run), args.out / name, about)
        print(args.out / name, file=sys.stdout)
    return 0
