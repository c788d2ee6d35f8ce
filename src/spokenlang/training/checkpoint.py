"""State of an unfinished run in one safetensors file: written beside, then renamed; nothing in it is code."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from spokenlang.errors import InputError


def save_tensors(path: Path, tensors: dict[str, Tensor], about: dict[str, Any] | None = None) -> None:
    """Write named tensors and a JSON record; the file is complete or absent."""
    beside = path.with_name(path.name + ".partial")
    plain = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    record = {**(about or {}), "sha256": _digest(plain, about or {})}
    # One entry: safetensors writes several in the order of a hash, so that the same weights would be other bytes.
    save_file(plain, beside, {"about": json.dumps(record, sort_keys=True)})
    os.replace(beside, path)


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save_tensors` wrote. `InputError` for a file that is missing, broken or no longer as it was."""
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            about = json.loads(file.metadata()["about"])
        stated = about.pop("sha256", None)  # files of before this was written state none
        whole = stated is None or stated == _digest(tensors, about)
    except (OSError, SafetensorError, KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read as saved weights ({error}); train the run again") from None
    if not whole:
        raise InputError(f"{path}: its weights are no longer as they were written; train the run again")
    return tensors, about


def _digest(tensors: dict[str, Tensor], about: dict[str, Any]) -> str:
    """sha256 of tensors with their names, types and shapes, and of the record."""
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"\n{name} {value.dtype} {list(value.shape)}\n".encode())
        digest.update(value.contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def pack_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """State of every parameter under "optimizer/<number>/<name>"."""
    state = optimizer.state_dict()["state"]
    return {f"optimizer/{n}/{name}": value for n, values in state.items() for name, value in values.items()}


def unpack_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what `pack_optimizer` took out."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimizer/"):
            _, number, name = key.split("/")
            state.setdefault(int(number), {})[name] = value
    whole = optimizer.state_dict()
    whole["state"] = state
    optimizer.load_state_dict(whole)
    for parameter, values in optimizer.state.items():
        for name, value in values.items():
            if value.shape == parameter.shape:
                # The fused step walks memory, so the averages must lie in it as the weights do (channels last).
                values[name] = torch.empty_like(parameter).copy_(value)
