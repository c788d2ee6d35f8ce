"""Arrays as people have them become a clip store.

float32, float64 and integer samples, any integer labels, Fortran order, `.npz`, an axis too many, another rate, another
length: `spokenlang corpus convert FOLDER --out STORE --rate 16000 --seconds 5 --languages en,es`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from spokenlang.corpus import array_files, metadata, workplace
from spokenlang.corpus.arrays import (
    LANGUAGES,
    RATE,
    RECIPE,
    SPLITS,
    inputs_path,
    read_languages,
    require_meaning,
    targets_path,
)
from spokenlang.corpus.ingest.decoding import HUGE, RATES
from spokenlang.errors import InputError
from spokenlang.languages import CODES

_KINDS = {
    "inputs": "input inputs x samples audio waveforms waveform wave waves clips signals data features",
    "targets": "target targets y labels label classes",
}
_SPLITS = {"train": "train training tr", "test": "test testing eval hidden", "dialects": "dialects"}


@dataclass(frozen=True)
class Source:
    """An array in some file."""

    path: Path
    key: str  # of an .npz; "" for an .npy
    data: np.ndarray

    @property
    def name(self) -> str:
        return f"{self.path}:{self.key}" if self.key else str(self.path)


def convert(
    folder: Path,
    out: Path,
    rate: int = RATE,
    seconds: float | None = None,
    languages: tuple[str, ...] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[str]:
    """Make the clip store `out` of arrays in `folder`; what was done, one line each. `out` is complete or absent.

    Clips longer than `seconds` are cut into as many as they hold, shorter ones repeated. `InputError` names the array
    that cannot be understood.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder of arrays")
    if not RATES[0] <= rate <= RATES[1]:
        raise InputError(f"--rate {rate}: speech is sampled at {RATES[0]} to {RATES[1]} Hz")
    if seconds is not None and not 0.1 <= seconds <= 600:
        raise InputError(f"--seconds {seconds:g}: clips are 0.1 to 600 s long")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists already; choose another --out or remove it first")
    found = _find(folder)
    for split in ("train", "test"):
        if ("inputs", split) not in found:
            named = ", ".join(array.name for array in found.values()) or "no arrays"
            raise InputError(f"{folder}: no inputs of {split} (found {named}); name them inputs_{split}.npy or .npz")
    if ("targets", "train") not in found:
        raise InputError(f"{folder}: no labels of train; name them targets_train.npy")
    work = workplace.beside(out)
    with workplace.workplace(work):
        try:
            workplace.clear(work)
            said = _convert(found, folder, work, rate, seconds, languages, progress)
        except BaseException:
            workplace.discard(work)
            raise
    workplace.put_in_place(work, out)
    return [*said, f"{out}: made"]


def _convert(
    found: dict[tuple[str, str], Source], folder: Path, work: Path, rate: int, seconds: float | None,
    languages: tuple[str, ...], progress: Callable[[int, int], None],
) -> list[str]:  # fmt: skip
    said, rows = [], {}
    languages = languages or read_languages(folder) or ()
    inputs = {split: two_dimensions(array) for (kind, split), array in found.items() if kind == "inputs"}
    if seconds is None and len({clips.shape[1] for clips in inputs.values()}) > 1:
        lengths = ", ".join(f"{split} {clips.shape[1] / rate:g} s" for split, clips in inputs.items())
        raise InputError(f"{folder}: clips of the splits differ in length ({lengths}); say which with --seconds")
    total = sum(map(len, inputs.values()))
    done = 0
    for split in (split for split in SPLITS if ("inputs", split) in found):
        source = found["inputs", split]
        clips = inputs[split]
        labels = _labels(found[key], languages) if (key := ("targets", split)) in found else None
        if labels is not None and len(labels) != len(clips):
            raise InputError(f"{source.name}: {len(clips)} clips but {len(labels)} labels in {found[key].name}")
        length = round(clips.shape[1] * RATE / rate)
        width = length if seconds is None else round(seconds * RATE)
        pieces = max(1, length // width)
        array = np.lib.format.open_memmap(inputs_path(work, split), "w+", np.float16, (len(clips) * pieces, width))
        for at, clip in enumerate(clips_of(source, clips, rate)):
            array[at * pieces : (at + 1) * pieces] = np.resize(clip, (pieces, width))
            done += 1
            progress(done, total)
        array.flush()
        if labels is not None:
            np.save(targets_path(work, split), np.repeat(labels, pieces).astype(np.int8), allow_pickle=False)
        rows[split] = (len(clips), pieces)
        said.append(_word(source, clips, rate, length, width, pieces, len(array)))
    labels = np.load(targets_path(work, "train"))
    if languages:
        (work / LANGUAGES).write_text(json.dumps(list(languages)) + "\n", encoding="utf-8")
    _carry_table(folder, work, rows)
    table = metadata.path_in(work)
    stated = (work / LANGUAGES).exists() or (
        table is not None and "language" in table.read_text("utf-8").split("\n")[0]
    )
    require_meaning(folder, labels, stated)
    (work / RECIPE).write_text(json.dumps({"corpus": "converted", "rate": RATE}) + "\n", encoding="utf-8")
    return said


def _find(folder: Path) -> dict[tuple[str, str], Source]:
    """Arrays by kind and split, told by the words in their names."""
    found: dict[tuple[str, str], Source] = {}
    for array in (array for path in sorted(folder.glob("*.np[yz]")) for array in arrays_of(path)):
        kind, split = _word_of(array, _KINDS), _word_of(array, _SPLITS)
        if not kind or not split:
            continue
        if (kind, split) in found:
            raise InputError(f"{array.name} and {found[kind, split].name} are both {kind} of {split}; keep one")
        found[kind, split] = array
    return found


def _word_of(array: Source, meanings: dict[str, str]) -> str:
    """What the words in a name mean; the key of an .npz goes before its file's name."""
    for name in (array.key, array.path.stem):
        words = set(re.split(r"[^a-z0-9]+", name.lower()))
        if found := [meaning for meaning, names in meanings.items() if words & set(names.split())]:
            return found[0]
    return ""


def arrays_of(path: Path) -> Iterator[Source]:
    """The arrays in a file. `InputError` if it is none."""
    for key, data in array_files.arrays(path):
        yield Source(path, key, data)


def two_dimensions(source: Source) -> np.ndarray:
    """(clips, samples), memory-mapped where the file is; axes of one are dropped. `InputError` for anything else."""
    shape = tuple(size for axis, size in enumerate(source.data.shape) if axis == 0 or size != 1)
    if len(shape) != 2:
        raise InputError(f"{source.name}: shape {source.data.shape} is not (clips, samples); reshape to two dimensions")
    if source.data.dtype.kind not in "fiu":
        raise InputError(f"{source.name}: samples are {source.data.dtype}; they must be numbers")
    if not shape[0] or shape[1] < 100:
        raise InputError(f"{source.name}: {shape[0]} clips of {shape[1]} samples; is the array transposed?")
    return source.data.reshape(shape)


def clips_of(source: Source, clips: np.ndarray, rate: int) -> Iterator[np.ndarray]:
    """Clips at our rate, float32, full scale at 1."""
    kind = clips.dtype
    for at in range(len(clips)):
        clip = np.asarray(clips[at], np.float64)
        if kind.kind == "i":
            clip /= -float(np.iinfo(kind).min)
        elif kind.kind == "u":
            half = (float(np.iinfo(kind).max) + 1) / 2
            clip = (clip - half) / half
        if not np.abs(clip).max() <= HUGE:
            raise InputError(
                f"{source.name}: clip {at} has NaN, infinite or huge samples (1 is full scale); repair or drop it"
            )
        yield soxr.resample(clip, rate, RATE, quality="VHQ").astype(np.float32) if rate != RATE else clip


def _labels(source: Source, languages: tuple[str, ...]) -> np.ndarray:
    labels = np.asarray(source.data)
    labels = labels.reshape(-1) if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.ndim != 1:
        raise InputError(f"{source.name}: shape {labels.shape} is not (clips,); labels are one number per clip")
    if labels.dtype.kind not in "iuf" or (labels != np.round(labels)).any():
        raise InputError(f"{source.name}: labels are {labels.dtype} and not whole numbers; number the languages from 0")
    classes = languages or CODES
    if len(classes) > np.iinfo(np.int8).max + 1:
        raise InputError(
            f"{source.name}: {len(classes)} languages are more than int8 labels can tell apart; name fewer"
        )
    if ((labels < 0) | (labels >= len(classes))).any():
        raise InputError(
            f"{source.name}: labels from {labels.min():g} to {labels.max():g} for {len(classes)} languages "
            f"({', '.join(classes)}); name them all with --languages, in the order of the labels"
        )
    return labels.astype(np.int64)


def _carry_table(folder: Path, work: Path, rows: dict[str, tuple[int, int]]) -> None:
    """`clips.csv` for the clips as they are now; pieces of one clip stay together."""
    table = metadata.path_in(folder)
    if table is None and all(pieces == 1 for _, pieces in rows.values()):
        return
    known = metadata.read(table, {split: count for split, (count, _) in rows.items()}) if table else {}
    columns = dict.fromkeys(name for split in known.values() for name in split)
    names = list(dict.fromkeys(["split", "index", *columns, "group"]))
    made = []
    for split, (count, pieces) in rows.items():
        own = known.get(split, {})
        for at in range(count * pieces):
            cells = {name: own[name][at // pieces] for name in own}
            cells = {name: "" if cell != cell else cell for name, cell in cells.items()}  # NaN: nothing known
            group = cells.get("group") or f"{split}-{at // pieces}"
            made.append({**cells, "split": split, "index": at, "group": group})
    metadata.write(work / metadata.NAME, names, made)


def _word(source: Source, clips: np.ndarray, rate: int, length: int, width: int, pieces: int, made: int) -> str:
    done = [f"{source.name}: {len(clips)} clips of {clips.dtype}"]
    if rate != RATE:
        done.append(f"from {rate} to {RATE} Hz")
    if pieces > 1:
        lost = length - pieces * width
        done.append(
            f"cut into {pieces} of {width / RATE:g} s each" + (f", {lost / RATE:g} s of each lost" if lost else "")
        )
    elif width > length:
        done.append(f"repeated from {length / RATE:g} to {width / RATE:g} s")
    elif width < length:
        done.append(f"cut from {length / RATE:g} to {width / RATE:g} s; the rest is lost")
    return f"{', '.join(done)} -> {made} clips of float16, {width / RATE:g} s"
