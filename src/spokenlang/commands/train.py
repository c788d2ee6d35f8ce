"""`spokenlang train`: one run from the command line; the way in for torchrun.

spokenlang train CORPUS OUT --set task=binary epochs=12
torchrun --nproc-per-node 2 -m spokenlang.commands.train CORPUS OUT --set batch_size=128
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from spokenlang.corpus.store import ClipStore
from spokenlang.errors import InputError
from spokenlang.training.checkpoint import load_tensors
from spokenlang.training.distributed import join, leave
from spokenlang.training.loop import train
from spokenlang.training.runs import read_config
from spokenlang.training.settings import TrainConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `spokenlang train`."""
    parser.add_argument("corpus", type=Path, metavar="CORPUS", help="folder of the clip store")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the run; an interrupted run continues")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=VALUE", dest="parameters", help="parameters, as epochs=12"
    )
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"), help="where to train")


def parse_parameters(words: Sequence[str]) -> dict[str, Any]:
    """`["epochs=3", "model=crnn"]` -> {"epochs": 3, "model": "crnn"}; values are literals, else text."""
    found: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise InputError(f"{word!r} is not NAME=VALUE; write epochs=3, for example")
        try:
            found[name] = ast.literal_eval({"true": "True", "false": "False"}.get(text, text))
        except (ValueError, SyntaxError):
            found[name] = text
    return found


def choose_device(name: str) -> str:
    """`--device` as torch knows it; "auto" takes CUDA where there is one."""
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch finds no CUDA device; use --device cpu, or a CUDA build of torch")
    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name


def _require_ours(out: Path) -> None:
    """`InputError` if the folder holds files by the names of a run's that are no run's."""
    files = {"config.json", "history.csv", "metrics.json", "scores.npz", "timing.json", "weights.safetensors"}
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is no folder; choose another --out")
    found = sorted(name for name in files if (out / name).exists())
    try:
        if found:
            read_config(out)
        elif (out / "checkpoint.safetensors").exists():
            load_tensors(out / "checkpoint.safetensors")
    except InputError:
        name = found[0] if found else "checkpoint.safetensors"
        raise InputError(f"{out / name}: is there already and of no run; choose another --out") from None


def main(args: argparse.Namespace) -> int:
    """Train, and print the run's headline numbers."""
    wanted = choose_device(args.device)
    config = TrainConfig.from_parameters(parse_parameters(args.parameters))
    _require_ours(args.out)
    store = ClipStore.open(args.corpus)
    group, device = join(wanted)
    try:
        run = train(config, store, args.out, device)
    finally:
        leave()
    if group.rank == 0:
        for split in run.splits:
            measures = run.metrics[split]
            print(f"{split}: accuracy {measures['accuracy']:.4f}, loss {measures['nll']:.4f}")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    try:
        sys.exit(main(parser.parse_args()))
    except InputError as error:
        sys.exit(f"spokenlang train: {error}")
