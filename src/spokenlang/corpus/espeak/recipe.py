"""The default corpus: synthetic speech in the exact shape of the assignment's data, made on the spot.

6 x 1000 training and 6 x 200 test clips of 5 s at 8 kHz, and 4 x 200 clips in dialects that are never trained
on. `recipe` plans every clip (who says what, in which dialect, from which seed); `make` has them spoken. The
modules that this one imports are the recipe: nothing that does not bear on the corpus's bytes belongs there.

A synthesiser is not people. What a network reaches here says how well it tells synthetic languages apart.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import platform
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from spokenlang import languages
from spokenlang.corpus import acoustics, metadata, workplace
from spokenlang.corpus.espeak import chunks, conditions, speakers, synthesis, texts, workers
from spokenlang.corpus.espeak.chunks import SAMPLES, Clip
from spokenlang.corpus.espeak.speakers import Dialect, Speaker
from spokenlang.errors import InputError
from spokenlang.languages import CODES

CHUNK = 20
"""Clips that one process speaks. Part of the recipe: another size gives other bytes."""
WORDS = 60
"""Words of text to each clip: enough for the fastest speaker."""
SKIP = (0.1, 2.0)
"""s of speech passed over before a clip: a recording does not begin with the beginning of a sentence."""
RECIPE = "corpus.json"
LAID_OUT = "laid-out.txt"  # what a build that is taken up again must find, see `_layout`
COLUMNS = (
    "split", "index", "language", "group", "speaker", "dialect", "variant", "pitch", "rate", "range", "tract",
    "clean", "room", "room_direct_db", "noise", "snr_db", "eq", "band", "codec", "gain_db", "text",
)  # fmt: skip
"""Of `clips.csv`; an empty cell stands for a degradation that the clip was spared (room: reverberation time in s)."""
_MODULES = (
    acoustics,
    chunks,
    conditions,
    languages,
    metadata,
    speakers,
    synthesis,
    texts,
    workers,
    workplace,
)
_PACKAGES = ("espeakng-loader", "wordfreq", "numpy", "scipy", "soxr")


@dataclass(frozen=True)
class Options:
    """Size of the corpus."""

    train: int = 1000  # training clips of each language
    test: int = 200  # test clips of each language; as many of each language in new dialects
    seed: int = 20240526  # of every draw


def recipe(options: Options) -> list[list[Clip]]:
    """Plan the corpus: its clips in chunks."""
    config = speakers.SpeakerConfig()
    training = speakers.cast(speakers.TRAIN_FAMILIES, options.train, config, options.seed)
    testing = speakers.cast(speakers.TEST_FAMILIES, options.test, config, options.seed + 1)
    plan = (
        ("train", training, speakers.TRAIN_DIALECTS, options.train),
        ("test", testing, speakers.TRAIN_DIALECTS, options.test),
        ("dialects", testing, speakers.NEW_DIALECTS, options.test),
    )
    return in_chunks([
        clip
        for part, (split, voices, dialects, count) in enumerate(plan)
        for clip in planned(split, voices, dialects, count, (options.seed, part))
    ])  # fmt: skip


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


def describe(options: Options) -> dict[str, object]:
    """What decides the corpus's bytes: options, code and versions. Equal descriptions, equal corpora."""
    digest = hashlib.sha256()
    for path in (Path(__file__), *(Path(str(module.__file__)) for module in _MODULES)):
        digest.update(path.read_bytes())
    versions = {name: importlib.metadata.version(name) for name in _PACKAGES}
    machine = {"system": platform.system(), "machine": platform.machine()}
    return {
        "corpus": "espeak",
        "options": asdict(options),
        "code": digest.hexdigest(),
        "versions": versions,
        **machine,
    }


def make(
    out: Path,
    options: Options | None = None,
    jobs: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> bool:
    """Make the corpus in the folder `out`; False if it was there already.

    Works in `<out>.partial` and renames that at the end, so `out` is complete or absent. A build that was
    interrupted is taken up where it stopped, provided that the recipe is still the same. `progress` is told
    the clips that are done and all clips. Neither it nor `jobs`, the number of processes, has any influence
    on what is made.
    """
    options = options or Options()
    if min(options.train, options.test) < 1:
        raise InputError("a corpus needs at least one clip of each language; give --train and --test 1 or more")
    description = json.dumps(describe(options), indent=1) + "\n"
    if _stands(out, description):
        return False
    workplace.require_replaceable(out)
    work = workplace.beside(out)
    with workplace.workplace(work):
        marker = work / "recipe.json"
        if not (_reads(marker, description) and _reads(work / LAID_OUT, _layout(work))):
            workplace.clear(work)
            prepare(work, recipe(options))
            (work / LAID_OUT).write_text(_layout(work), encoding="utf-8")
            marker.write_text(description, encoding="utf-8")
        plan = list(chunks.read_manifest(work / chunks.MANIFEST))
        rows = workers.make_all(work, plan, jobs, progress)
        metadata.write(work / metadata.NAME, COLUMNS, rows)
        marker.replace(work / RECIPE)
        workplace.drop(work, chunks.MANIFEST)
        workplace.drop(work, LAID_OUT)
        workplace.drop(work, "chunks")
    workplace.put_in_place(work, out)
    return True


def _stands(out: Path, description: str) -> bool:
    """Whether this very corpus is in `out`. `InputError` if something else is that must not be replaced."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return False
    found = out / RECIPE
    if not found.exists():
        raise InputError(f"{out}: exists and is no synthetic corpus; choose another --out or remove it first")
    return _reads(found, description)


def _reads(file: Path, text: str) -> bool:
    """Whether a file says just that."""
    try:
        return file.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def _layout(work: Path) -> str:
    """What `prepare` laid out: the size of every file and, of those that are never written again, the bytes' hash."""
    found = []
    for path in [work / chunks.MANIFEST, *sorted(work.glob("*.npy"))]:
        if path.is_file():
            digest = "" if path.name.startswith("inputs_") else hashlib.sha256(path.read_bytes()).hexdigest()
            found.append(f"{path.name} {path.stat().st_size} {digest}\n")
    return "".join(found)


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
