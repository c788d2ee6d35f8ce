"""Speech that is in none of the assignment's languages: what a network hears that must not be believed.

The voices are those of the test set, the sentences are made alike, and the clips go through the same rooms, noises and
codecs, so nothing but the language is strange.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spokenlang.corpus import metadata
from spokenlang.corpus.arrays import inputs_path
from spokenlang.corpus.espeak import planning, speakers, workers
from spokenlang.corpus.espeak.speakers import Dialect

SPLIT = "strangers"
SEED = 20261127  # of every draw
LANGUAGES = ("it", "ro", "sv", "pl", "fi", "tr", "id")
"""Relatives of the six (Italian and Romanian, Swedish) and languages of other families; all in Latin letters."""


@dataclass(frozen=True)
class Strangers:
    """Clips in other languages."""

    inputs: np.ndarray  # (clips, samples) float16, memory-mapped
    languages: np.ndarray  # (clips,) codes
    groups: np.ndarray  # (clips,) voices


def make(out: Path, each: int, workers_at_once: int | None = None) -> None:
    """Write `each` clips of every one of `LANGUAGES` into the folder `out`."""
    voices = speakers.cast(speakers.TEST_FAMILIES, each, speakers.SpeakerConfig(), SEED)
    dialects = {code: (Dialect(code, code),) for code in LANGUAGES}
    plan = planning.in_chunks(planning.planned(SPLIT, voices, dialects, each, (SEED, 3)))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        planning.prepare(work, plan)
        rows = workers.make_all(work, plan, workers_at_once, lambda done, total: None)
        metadata.write(out / metadata.NAME, planning.COLUMNS, rows)
        shutil.move(inputs_path(work, SPLIT), inputs_path(out, SPLIT))


def load(out: Path) -> Strangers:
    """What `make` wrote."""
    inputs = np.load(inputs_path(out, SPLIT), mmap_mode="r", allow_pickle=False)
    columns = metadata.read(out / metadata.NAME, {SPLIT: len(inputs)})[SPLIT]
    return Strangers(inputs, columns["language"].astype(str), columns["group"].astype(str))
