"""TorchScript that is the same bytes every time: `python -m spokenlang.deploy.scripting SAVED MODEL`, run by `export`.

torch.jit.save stores where each line of Python stood, lists a layer's constants in the order of a set, and numbers
classes by what the process scripted before, so one model would come out differently from two checkouts or at two
moments. Hence a process of its own with a fixed hash seed, and an archive written anew without source positions.
"""

from __future__ import annotations

import io
import json
import sys
import warnings
import zipfile
from pathlib import Path

import torch

from spokenlang.network.frontend import FrontEndConfig
from spokenlang.network.models import LanguageModel, ModelConfig, build_model
from spokenlang.training.checkpoint import load_tensors

ABOUT = "about.json"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip archive can name


def restore(saved: Path) -> tuple[LanguageModel, dict[str, object]]:
    """The model that `export.save_torchscript` set aside, and the record to go with it."""
    tensors, about = load_tensors(saved)
    network, front_end = ModelConfig(**about["network"]), FrontEndConfig(**about["front_end"])
    model = build_model(about["task"], network, front_end, about["classes"])
    model.load_state_dict(tensors)
    return model.eval(), about["about"]


def script(model: LanguageModel, about: dict[str, object]) -> bytes:
    """The model and its record as the content of a TorchScript file."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, but it is what the course's server loads
        torch.jit.save(torch.jit.script(model), buffer, _extra_files={ABOUT: json.dumps(about, sort_keys=True)})
    kept = io.BytesIO()
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(kept, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            if not name.endswith((".debug_pkl", "serialization_id")):
                new.writestr(zipfile.ZipInfo(name, EARLIEST), old.read(name))
    return kept.getvalue()


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(script(*restore(Path(sys.argv[1]))))
