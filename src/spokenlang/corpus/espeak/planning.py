"""What is to be spoken: a split's clips, each with its speaker, dialect, text and seed; and the arrays for them."""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from spokenlang.corpus import workplace
from spokenlang.corpus.espeak import chunks, speakers, texts
from spokenlang.corpus.espeak.chunks import SAMPLES, Clip
from spokenlang.corpus.espeak.speakers import Dialect, Speaker
from spokenlang.languages import CODES

CHUNK = 20
"""Clips that one process speaks. Part of the recipe: another size gives other bytes."""
WORDS = 60
"""Words of text to each clip: enough for the fastest speaker."""
SKIP = (0.1, 2.0)
"""s of speech passed over before a clip: a recording does not begin with the beginning of a sentence."""
COLUMNS = (
    "split", "index", "language", "group", "speaker", "dialect", "variant", "pitch", "rate", "range", "tract",
    "clean", "room", "room_direct_db", "noise", "snr_db", "eq", "band", "codec", "gain_db", "text",
)  # fmt: skip
"""Of `clips.csv`; an empty cell stands for a degradation that the clip was spared (room: reverberation time in s)."""


def planned(
    split: str, voices: list[Speaker], dialects: Mapping[str, tuple[Dialect, ...]], count: int, seed: tuple[int, int]
) -> list[Clip]:
    """The clips of a split: `count` of each language that has dialects. `seed` is the corpus's, and the split's own."""
    rows = []
    for code, spoken in dialects.items():
        rng = random.Random(f"{seed[0]} {split} {code}")
        for speaker, dialect in speakers.roles(voices, spoken, count):
            text = _vocabulary(code).sentences(WORDS, rng)
            skip = round(rng.uniform(*SKIP), 3)
            rows.append((code, dialect, speaker, text, skip, rng.getrandbits(31)))
    # Languages are mixed, as in any data set that was not sorted on purpose.
    order = np.random.default_rng(seed).permutation(len(rows))
    clips = []
    for index, at in enumerate(order):
        code, dialect, speaker, text, skip, of_clip = rows[at]
        clips.append(Clip(split, index, code, dialect.tag, dialect.voice, speaker, text, skip, of_clip))
    return clips


def in_chunks(clips: list[Clip]) -> list[list[Clip]]:
    """The clips in the runs that one process speaks each."""
    return [clips[start : start + CHUNK] for start in range(0, len(clips), CHUNK)]


@functools.cache
def _vocabulary(code: str) -> texts.Vocabulary:
    return texts.Vocabulary(code, texts.TextConfig())


def prepare(work: Path, plan: list[list[Clip]]) -> None:
    """Lay out the arrays, all zeros, and write down what goes into them. A language that is no class has label -1."""
    clips = [clip for chunk in plan for clip in chunk]
    workplace.require_space(work, 2 * SAMPLES * len(clips))
    (work / "chunks").mkdir()
    for split in dict.fromkeys(clip.split for clip in clips):
        codes = [clip.language for clip in clips if clip.split == split]
        labels = np.array([CODES.index(code) if code in CODES else -1 for code in codes], dtype=np.int8)
        np.save(work / f"targets_{split}_int8.npy", labels, allow_pickle=False)
        shape = (len(labels), SAMPLES)
        np.lib.format.open_memmap(work / f"inputs_{split}_fp16.npy", "w+", np.float16, shape).flush()
    chunks.write_manifest(work / chunks.MANIFEST, plan)
