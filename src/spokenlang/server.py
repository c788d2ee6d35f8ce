"""What the course's server does with a hand-in: `spokenlang score MODEL FOLDER`.

The server loads a TorchScript file on the CPU, calls it clip by clip on a float32 tensor (1, samples) in evaluation
mode without gradients, and takes the argmax over six outputs. This does the same and nothing more, so a model that
passes here passes there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from spokenlang.corpus.store import ClipStore
from spokenlang.errors import InputError
from spokenlang.export import load_torchscript
from spokenlang.languages import CODES


def score(path: Path | str, store: ClipStore) -> float:
    """Accuracy of a TorchScript file on a store's test clips, called as the server calls it.

    Raises:
        InputError: the file cannot be loaded, or its answer is not one finite row of six.
    """
    model, _ = load_torchscript(path)
    labels = store.targets("test")
    right = 0
    with torch.no_grad():
        for wave, label in tqdm(zip(store.inputs("test"), labels, strict=True), total=len(labels), unit=" clips"):
            answer = model(torch.from_numpy(wave.astype(np.float32)).unsqueeze(0))
            if answer.shape != (1, len(CODES)) or not torch.isfinite(answer).all():
                raise InputError(f"{path}: answers {tuple(answer.shape)}; the server wants finite (1, {len(CODES)})")
            right += int(answer.argmax(dim=1)) == label
    return right / len(labels)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `spokenlang score`."""
    parser.add_argument("model", type=Path, help="TorchScript file, as handed in")
    parser.add_argument("folder", type=Path, help="clip store whose test clips it is scored on")


def main(args: argparse.Namespace) -> int:
    """Print the accuracy that the server would find."""
    print(f"{score(args.model, ClipStore.open(args.folder)):.4f}")
    return 0
