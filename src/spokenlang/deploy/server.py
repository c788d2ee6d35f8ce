"""What the course's server does with a hand-in: `spokenlang score MODEL FOLDER`.

The server loads a TorchScript file on the CPU, calls it clip by clip on a float32 tensor (1, samples) in evaluation
mode without gradients, and takes the argmax over six outputs. This calls it the same way, so a model that passes here
passes there, and says how sure the score is.

    spokenlang corpus import recordings --out build/speech
    spokenlang score model.pt build/speech --splits train test
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from spokenlang.corpus.store import ClipStore
from spokenlang.deploy.export import load_torchscript
from spokenlang.errors import InputError
from spokenlang.languages import CODES
from spokenlang.study import intervals
from spokenlang.study.intervals import Interval


@dataclass(frozen=True)
class Score:
    """How often a model is right; intervals are over whole groups (speakers)."""

    accuracy: Interval  # share of the clips
    balanced: Interval  # mean over the languages of the share of their clips
    clips: int
    groups: int


def score(path: Path | str, store: ClipStore, splits: Sequence[str] = ("test",)) -> Score:
    """Score a TorchScript file on a store's clips, called as the server calls it.

    Raises:
        InputError: the file cannot be loaded, its answer is not one finite row of six, or the store lacks a split.
    """
    for split in splits:
        if split not in store.names:
            raise InputError(f"{store.folder}: there is no split {split!r}; there are {', '.join(store.names)}")
    model, _ = load_torchscript(path)
    waves = [wave for split in splits for wave in store.inputs(split)]
    labels = np.concatenate([store.targets(split) for split in splits])
    groups = np.concatenate([store.groups(split) for split in splits])
    predicted = np.zeros_like(labels)
    with torch.no_grad():
        for at, wave in enumerate(tqdm(waves, unit=" clips", disable=None)):
            answer = model(torch.from_numpy(wave.astype(np.float32)).unsqueeze(0))
            if answer.shape != (1, len(CODES)) or not torch.isfinite(answer).all():
                raise InputError(f"{path}: answers {tuple(answer.shape)}; the server wants finite (1, {len(CODES)})")
            predicted[at] = int(answer.argmax(dim=1))
    return Score(
        intervals.interval(intervals.sample([predicted == labels], groups)),
        intervals.interval(intervals.balanced(predicted == labels, labels, groups)),
        len(labels),
        len(np.unique(groups)),
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `spokenlang score`."""
    parser.add_argument("model", type=Path, help="TorchScript file, as handed in")
    parser.add_argument("folder", type=Path, help="clip store whose clips it is scored on")
    parser.add_argument("--splits", nargs="+", default=["test"], metavar="SPLIT", help="which clips (default: test)")


def main(args: argparse.Namespace) -> int:
    """Print the accuracy that the server would find, and how sure it is."""
    found = score(args.model, ClipStore.open(args.folder), args.splits)
    for name, measured in (("accuracy", found.accuracy), ("balanced", found.balanced)):
        print(f"{name:9} {measured.value:.4f}  (95 %: {measured.low:.4f} to {measured.high:.4f})")
    print(f"{found.clips} clips of {found.groups} speakers or sources")
    return 0
