"""The arrays of a clip store, as their headers tell: right, or refused with what would make them right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from spokenlang.corpus import array_files
from spokenlang.errors import InputError
from spokenlang.language_names import resolve
from spokenlang.languages import CODES

RATE = 8000
"""Samples per second of every store: the layout has no room for another rate, and the assignment's is this."""
REQUIRED_SPLITS = ("train", "test")
SPLITS = (*REQUIRED_SPLITS, "dialects")
SHORTEST = RATE // 10
"""Samples below which a clip holds no speech: an array narrower than this was meant otherwise."""
LANGUAGES = "languages.json"
"""Class list of a store, beside its arrays: codes in the order of the labels."""
RECIPE = "corpus.json"
"""What made a store; `rate`, if it is there, is that of the arrays."""
OTHER_RATES = {5 * rate: rate for rate in (11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)}
"""Widths of five-second clips at other rates than ours."""


def inputs_path(folder: Path, split: str) -> Path:
    """Where a split's waveforms are."""
    return folder / f"inputs_{split}_fp16.npy"


def targets_path(folder: Path, split: str) -> Path:
    """Where a split's labels are."""
    return folder / f"targets_{split}_int8.npy"


def require_arrays(folder: Path) -> list[str]:
    """The splits that a folder has; `InputError` for arrays that lack or go by other names.

    The test set may come without targets, which is what a hidden one does.
    """
    wanted = [make(folder, split).name for split in REQUIRED_SPLITS for make in (inputs_path, targets_path)]
    optional = [make(folder, "dialects").name for make in (inputs_path, targets_path)]
    present = sorted(path.name for path in folder.glob("*.np[yz]"))
    missing = [name for name in wanted if name not in present]
    if any(name in present for name in optional):
        missing += [name for name in optional if name not in present]
    strange = [name for name in present if name not in (*wanted, *optional)]
    if missing == [targets_path(folder, "test").name] and not strange:
        missing = []
    if missing:
        found = f"found {', '.join(strange)}" if strange else "nothing there under a similar name"
        convert = f", or: {command(folder)}" if strange else ""
        raise InputError(f"{folder}: {' and '.join(missing)} missing ({found}); rename or add the arrays{convert}")
    return [split for split in SPLITS if inputs_path(folder, split).name in present]


def command(folder: Path, further: str = "") -> str:
    """The command that makes a store of arrays in another form."""
    return f"spokenlang corpus convert {folder} --out {folder}-8k{further}"


def load_inputs(path: Path) -> np.ndarray:
    """(clips, samples) float16, memory-mapped."""
    array = array_files.array(path)
    if array.dtype != np.float16:
        raise InputError(f"{path}: samples are {array.dtype}, not float16; convert them: {command(path.parent)}")
    if array.ndim != 2:
        raise InputError(
            f"{path}: shape {array.shape} is not (clips, samples); reshape to two dimensions: {command(path.parent)}"
        )
    if not len(array):
        raise InputError(f"{path}: holds no clips; a split needs at least one")
    if array.shape[1] < SHORTEST:
        raise InputError(
            f"{path}: clips of {array.shape[1]} samples are shorter than 0.1 s at {RATE} Hz; is the array transposed?"
        )
    return array


def load_targets(path: Path, languages: tuple[str, ...]) -> np.ndarray:
    """(clips,) int64: labels of any integer type, each of a class."""
    array = array_files.array(path)
    if array.dtype.kind not in "iu":
        raise InputError(f"{path}: labels are {array.dtype}, not integers; convert them: {command(path.parent)}")
    if array.ndim != 1:
        raise InputError(f"{path}: shape {array.shape} is not (clips,); labels are one number per clip")
    labels = array.astype(np.int64)
    wrong = np.flatnonzero((labels < 0) | (labels >= len(languages)))
    if len(wrong):
        at = int(wrong[0])
        raise InputError(
            f"{path}: label {array[at]} at clip {at} ({len(wrong)} such labels) is outside 0..{len(languages) - 1} "
            f"({', '.join(languages)}); correct or drop these clips, or write all languages to {LANGUAGES}"
        )
    return labels


def read_languages(folder: Path) -> tuple[str, ...] | None:
    """The class list beside the arrays; None if there is none."""
    path = folder / LANGUAGES
    if not path.exists():
        return None
    hint = 'write the languages\' codes in the order of the labels, such as ["en", "es"]'
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read ({error}); {hint}") from None
    if not isinstance(found, list) or not found or not all(isinstance(code, str) and code.strip() for code in found):
        raise InputError(f"{path}: no list of languages; {hint}")
    codes = tuple(resolve(code) or code.strip() for code in found)
    if len(set(codes)) < len(codes):
        raise InputError(f"{path}: names a language twice ({', '.join(codes)}); {hint}")
    return codes


def require_meaning(folder: Path, labels: np.ndarray, stated: bool) -> None:
    """`InputError` where labels could be of other languages than the assignment's: 0 and 1 need not be de and en."""
    present = np.unique(labels)
    if stated or len(present) == len(CODES) or present.tolist() != list(range(len(present))):
        return
    raise InputError(
        f"{targets_path(folder, 'train')}: labels are 0 to {len(present) - 1} only, and nothing says which languages "
        f'they are; write {folder / LANGUAGES} with their codes in order, such as ["en", "es"]'
    )


def require_rate(folder: Path, width: int) -> bool:
    """Whether the rate is stated; `InputError` for another rate than ours, or where it looks like one."""
    try:
        stated = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
        rate = stated.get("rate", RATE if stated.get("corpus") == "espeak" else None)
    except (OSError, ValueError, AttributeError, RecursionError):
        rate = None
    if rate is not None and rate != RATE:
        raise InputError(f"{folder / RECIPE}: samples at {rate} Hz, not {RATE}; convert them: "
                         f"{command(folder, f' --rate {rate}')}")  # fmt: skip
    if rate is None and width in OTHER_RATES:
        other = OTHER_RATES[width]
        raise InputError(
            f"{inputs_path(folder, 'train')}: {width} samples a clip are 5 s at {other} Hz or {width / RATE:g} s at "
            f'{RATE}; convert them: {command(folder, f" --rate {other}")}, or write {{"rate": {RATE}}} to '
            f"{folder / RECIPE}"
        )
    return rate is not None


def require_agreement(folder: Path, inputs: dict[str, np.ndarray], targets: dict[str, np.ndarray]) -> None:
    """`InputError` for arrays that do not belong together."""
    width = inputs["train"].shape[1]
    for split, array in inputs.items():
        if split in targets and len(array) != len(targets[split]):
            raise InputError(
                f"{inputs_path(folder, split)}: {len(array)} clips but {len(targets[split])} labels in "
                f"{targets_path(folder, split).name}; the two must come from the same export"
            )
        if array.shape[1] != width:
            raise InputError(
                f"{inputs_path(folder, split)}: clips of {array.shape[1]} samples, but {width} in "
                f"{inputs_path(folder, 'train').name}; cut all splits to one length: "
                f"{command(folder, f' --seconds {min(width, array.shape[1]) / RATE:g}')}"
            )
