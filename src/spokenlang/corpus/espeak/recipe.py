"""The default corpus: synthetic speech in the exact shape of the assignment's data, made on the spot.

6 x 1000 training and 6 x 200 test clips of 5 s at 8 kHz, and 4 x 200 clips in dialects that are never trained
on. `recipe` plans every clip (who says what, in which dialect, from which seed); `make` has them spoken. The
modules that this one imports are the recipe: nothing that does not bear on the corpus's bytes belongs there.

A synthesiser is not people. What a network reaches here says how well it tells synthetic languages apart.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from spokenlang import languages
from spokenlang.corpus import acoustics, metadata, workplace
from spokenlang.corpus.espeak import chunks, conditions, planning, speakers, synthesis, texts, workers
from spokenlang.corpus.espeak.chunks import Clip
from spokenlang.errors import InputError

RECIPE = "corpus.json"
LAID_OUT = "laid-out.txt"  # what a build that is taken up again must find, see `_layout`
_MODULES = (
    acoustics,
    chunks,
    conditions,
    languages,
    metadata,
    planning,
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
    return planning.in_chunks([
        clip
        for part, (split, voices, dialects, count) in enumerate(plan)
        for clip in planning.planned(split, voices, dialects, count, (options.seed, part))
    ])  # fmt: skip


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
            planning.prepare(work, recipe(options))
            (work / LAID_OUT).write_text(_layout(work), encoding="utf-8")
            marker.write_text(description, encoding="utf-8")
        plan = list(chunks.read_manifest(work / chunks.MANIFEST))
        rows = workers.make_all(work, plan, jobs, progress)
        metadata.write(work / metadata.NAME, planning.COLUMNS, rows)
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
    """What was laid out: the size of every file and, of those that are never written again, the hash of the bytes."""
    found = []
    for path in [work / chunks.MANIFEST, *sorted(work.glob("*.npy"))]:
        if path.is_file():
            digest = "" if path.name.startswith("inputs_") else hashlib.sha256(path.read_bytes()).hexdigest()
            found.append(f"{path.name} {path.stat().st_size} {digest}\n")
    return "".join(found)
