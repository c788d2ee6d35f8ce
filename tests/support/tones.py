"""Tiny clip stores of tones, and parameters of a network that learns them in a second."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from spokenlang.languages import CODES

SAMPLES = 8000
TINY = {
    "epochs": 3,
    "batch_size": 16,
    "channels": 12,
    "embedding": 16,
    "learning_rate": 1e-2,
    "validation_fraction": 0.25,
    "validation_clips": 24,
    "crop_min_s": 0.5,
    "crop_max_s": 0.75,
    "spec_time_s": 0.1,
    "log_every": 2,
    "mel_warp": 0.05,
}
"""Parameters of a network that trains in a second."""


def tone(label: int, random: np.random.Generator) -> np.ndarray:
    """One second in which pitch and tremolo give the class away, at a loudness that says nothing."""
    time = np.arange(SAMPLES) / 8000
    sweep = (350 + 400 * label) * (1 + 0.05 * random.random())
    sound = np.sin(2 * np.pi * sweep * time + 6 * random.random()) * (1 + np.sin(2 * np.pi * (2 + label) * time))
    return (sound + 0.2 * random.normal(size=SAMPLES)) * 10 ** (-3 * random.random()) / 4


def write_store(
    folder: Path, per_language: dict[str, int], groups: int = 4, codes: Sequence[str] = CODES, hidden: bool = False
) -> Path:
    """A clip store of tones with speakers and a column `clean`; ``hidden`` says that nobody tells the test labels."""
    random = np.random.default_rng(7)
    folder.mkdir(parents=True)
    rows = []
    for split, count in per_language.items():
        labels = random.permutation(np.repeat(np.arange(len(codes)), count)).astype(np.int8)
        clips = np.stack([tone(int(label), random) for label in labels]).astype(np.float16)
        np.save(folder / f"inputs_{split}_fp16.npy", clips)
        if not (hidden and split == "test"):
            np.save(folder / f"targets_{split}_int8.npy", labels)
        for index, label in enumerate(labels):
            spoken = "" if hidden and split == "test" else codes[label]
            rows.append([split, index, spoken, f"{split}-{random.integers(groups)}", int(index % 2)])
    if tuple(codes) != CODES:
        (folder / "languages.json").write_text(json.dumps(codes))
    with (folder / "clips.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["split", "index", "language", "group", "clean"])
        writer.writerows(rows)
    return folder
