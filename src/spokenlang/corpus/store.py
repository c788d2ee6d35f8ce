"""The clip store: a folder of arrays in the assignment's own layout.

`inputs_<split>_fp16.npy` (clips, samples) float16 and `targets_<split>_int8.npy` (clips,) int8 with labels 0
to 5, for the splits `train` and `test` and, where there is one, `dialects` (a second test set); optionally
`clips.csv` beside them (see `metadata`). The assignment's folder is a clip store as it stands.

Arrays are memory-mapped. `ClipStore.open` checks everything that headers, targets and metadata can tell;
`ClipStore.check` also reads every sample.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from spokenlang.corpus import metadata
from spokenlang.errors import InputError
from spokenlang.languages import CODES

RATE = 8000
"""Samples per second of every store: the layout has no room for another rate, and the assignment's is
this."""
REQUIRED_SPLITS = ("train", "test")
SPLITS = (*REQUIRED_SPLITS, "dialects")
SHORTEST = RATE // 10
"""Samples below which a clip holds no speech: an array narrower than this was meant otherwise."""
SILENT = 1e-6
"""Peak-to-peak range below which a clip is counted as silent; the assignment's quietest clips peak at about
1e-5."""
_BLOCK = 256  # clips read at a time: about 20 MB


@dataclass(frozen=True)
class Checked:
    """What `ClipStore.check` found in a store that is fit for use."""

    clips: dict[str, int]  # clips in each split
    silent: dict[str, int]  # clips of each split that hold no signal
    warnings: tuple[str, ...]  # one line each: nothing to stop for, but worth knowing


class ClipStore:
    """A validated, memory-mapped folder of clips. Make one with `ClipStore.open(folder)`."""

    def __init__(self, folder: Path, inputs: dict[str, np.ndarray], targets: dict[str, np.ndarray]) -> None:
        self.folder = folder
        self.rate = RATE
        self.samples = next(iter(inputs.values())).shape[1]
        self._inputs = inputs
        self._targets = targets
        path = folder / metadata.NAME
        lengths = {split: len(labels) for split, labels in targets.items()}
        self._clips = metadata.read(path, lengths) if path.exists() else {split: {} for split in lengths}
        self._check_languages(path)

    @classmethod
    def open(cls, folder: Path | str) -> ClipStore:
        """Open a folder; `InputError` names the first thing that is wrong with it."""
        folder = Path(folder)
        if not folder.exists():
            raise InputError(f"{folder}: there is no such corpus folder; check the path (CORPUS=...)")
        if not folder.is_dir():
            raise InputError(f"{folder}: this is a file; a corpus is a folder of .npy arrays")
        _require_arrays(folder)
        splits = [split for split in SPLITS if inputs_path(folder, split).exists()]
        inputs = {split: _load_inputs(inputs_path(folder, split)) for split in splits}
        targets = {split: _load_targets(targets_path(folder, split)) for split in splits}
        _require_agreement(folder, inputs, targets)
        return cls(folder, inputs, targets)

    @property
    def names(self) -> tuple[str, ...]:
        """Splits present: `train`, `test`, and possibly `dialects`."""
        return tuple(self._inputs)

    @property
    def has_groups(self) -> bool:
        """Whether the training clips say which of them belong together."""
        return "group" in self._clips["train"]

    def inputs(self, split: str) -> np.ndarray:
        """Waveforms of a split: (clips, samples) float16, memory-mapped, read-only."""
        return self._inputs[split]

    def targets(self, split: str) -> np.ndarray:
        """Labels of a split: (clips,) int64."""
        return self._targets[split].copy()

    def clips(self, split: str) -> metadata.Columns:
        """Columns of `clips.csv` for a split, in the order of its arrays; empty where nothing is known."""
        return dict(self._clips[split])

    def groups(self, split: str) -> np.ndarray:
        """Group of each clip, as text. A clip of which none is known stands alone, under an id of its own."""
        known = self._clips[split].get("group", np.array([""] * len(self._targets[split])))
        alone = (f"{split}-{index}" for index in range(len(known)))
        return np.array([group or own for group, own in zip(known, alone, strict=True)], dtype=str)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over the names and bytes of the store's files: what identifies the data."""
        digest = hashlib.sha256()
        for path in self.files():
            content = hashlib.sha256()
            with path.open("rb") as file:
                while block := file.read(1 << 22):
                    content.update(block)
            digest.update(f"{path.name} {content.hexdigest()}\n".encode())
        return digest.hexdigest()

    def files(self) -> list[Path]:
        """The files that make up the store, in a fixed order."""
        arrays = [make(self.folder, split) for split in self.names for make in (inputs_path, targets_path)]
        csv = self.folder / metadata.NAME
        return [*arrays, csv] if csv.exists() else arrays

    def check(self) -> Checked:
        """Read every sample. `InputError` for samples that are no numbers; warnings for what is merely
        odd."""
        silent: dict[str, int] = {}
        warnings: list[str] = []
        digests: dict[bytes, tuple[str, int]] = {}
        repeats = 0
        for split in self.names:
            quiet = 0
            for start, block in _blocks(self._inputs[split]):
                _require_finite(inputs_path(self.folder, split), start, block)
                still = np.ptp(block.astype(np.float32), axis=1) < SILENT
                quiet += int(still.sum())
                for row, clip in enumerate(block):
                    if still[row]:
                        continue
                    first = digests.setdefault(hashlib.blake2b(clip.tobytes()).digest(), (split, start + row))
                    repeats += first[0] == "train" and split != "train"
            silent[split] = quiet
            if quiet:
                warnings.append(f"{quiet} of {len(self._targets[split])} clips in {split} are silent; they are kept")
        if repeats:
            warnings.append(f"{repeats} clips outside train are copies of training clips; test scores will flatter")
        warnings += self._oddities()
        return Checked({split: len(self._targets[split]) for split in self.names}, silent, tuple(warnings))

    def _oddities(self) -> list[str]:
        found = []
        for split in REQUIRED_SPLITS:
            absent = [code for label, code in enumerate(CODES) if not (self._targets[split] == label).any()]
            if absent:
                found.append(f"{split} has no clips of {', '.join(absent)}")
        if not self.has_groups:
            return [
                *found,
                "no groups known (clips.csv): validation is drawn at random, voices may recur in it",
            ]
        for split in self.names[1:]:
            shared = set(self._clips["train"]["group"]) & set(self._clips[split].get("group", ())) - {""}
            if shared:
                found.append(f"{len(shared)} groups occur in both train and {split}; scores on {split} will flatter")
        return found

    def _check_languages(self, path: Path) -> None:
        for split, columns in self._clips.items():
            if "language" not in columns:
                continue
            spoken = np.array(CODES)[self._targets[split]]
            wrong = np.flatnonzero(spoken != columns["language"])
            if len(wrong):
                at = int(wrong[0])
                here, there = str(columns["language"][at]), str(spoken[at])
                raise InputError(
                    f"{path}: clip {at} of {split} is {here!r} here but {there!r} in the targets; "
                    "the file belongs to other arrays"
                )


def inputs_path(folder: Path, split: str) -> Path:
    """Where a split's waveforms are."""
    return folder / f"inputs_{split}_fp16.npy"


def targets_path(folder: Path, split: str) -> Path:
    """Where a split's labels are."""
    return folder / f"targets_{split}_int8.npy"


def _require_arrays(folder: Path) -> None:
    wanted = [make(folder, split).name for split in REQUIRED_SPLITS for make in (inputs_path, targets_path)]
    optional = [make(folder, "dialects").name for make in (inputs_path, targets_path)]
    present = sorted(path.name for path in folder.glob("*.npy"))
    missing = [name for name in wanted if name not in present]
    if any(name in present for name in optional):
        missing += [name for name in optional if name not in present]
    if missing:
        strange = [name for name in present if name not in (*wanted, *optional)]
        found = f"found {', '.join(strange)}" if strange else "nothing there under a similar name"
        raise InputError(f"{folder}: {' and '.join(missing)} missing ({found}); rename or add the arrays")


def _load(path: Path) -> np.ndarray:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise InputError(f"{path}: cannot be read as a .npy array ({error}); write it again with numpy.save") from None


def _load_inputs(path: Path) -> np.ndarray:
    array = _load(path)
    if array.dtype != np.float16:
        raise InputError(f"{path}: samples are {array.dtype}, not float16; convert with astype('float16')")
    if array.ndim != 2:
        raise InputError(f"{path}: shape {array.shape} is not (clips, samples); reshape to two dimensions")
    if not len(array):
        raise InputError(f"{path}: holds no clips; a split needs at least one")
    if array.shape[1] < SHORTEST:
        raise InputError(
            f"{path}: clips of {array.shape[1]} samples are shorter than 0.1 s at {RATE} Hz; is the array transposed?"
        )
    return array


def _load_targets(path: Path) -> np.ndarray:
    array = _load(path)
    if array.dtype != np.int8:
        raise InputError(f"{path}: labels are {array.dtype}, not int8; convert with astype('int8')")
    if array.ndim != 1:
        raise InputError(f"{path}: shape {array.shape} is not (clips,); labels are one number per clip")
    wrong = np.flatnonzero((array < 0) | (array >= len(CODES)))
    if len(wrong):
        at = int(wrong[0])
        raise InputError(
            f"{path}: label {array[at]} at clip {at} ({len(wrong)} such labels) is outside 0..{len(CODES) - 1} "
            f"({', '.join(CODES)}); correct or drop these clips"
        )
    return array.astype(np.int64)


def _require_agreement(folder: Path, inputs: dict[str, np.ndarray], targets: dict[str, np.ndarray]) -> None:
    width = inputs["train"].shape[1]
    for split, array in inputs.items():
        if len(array) != len(targets[split]):
            raise InputError(
                f"{inputs_path(folder, split)}: {len(array)} clips but {len(targets[split])} labels in "
                f"{targets_path(folder, split).name}; the two must come from the same export"
            )
        if array.shape[1] != width:
            raise InputError(
                f"{inputs_path(folder, split)}: clips of {array.shape[1]} samples, but {width} in "
                f"{inputs_path(folder, 'train').name}; cut all splits to one length"
            )


def _blocks(array: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    for start in range(0, len(array), _BLOCK):
        yield start, np.asarray(array[start : start + _BLOCK])


def _require_finite(path: Path, start: int, block: np.ndarray) -> None:
    # A float16 is infinite or NaN where all five exponent bits are set: far cheaper to test than isfinite.
    exponent = np.uint16(0x7C00)
    broken = ((block.astype("<f2", copy=False).view("<u2") & exponent) == exponent).any(axis=1)
    if broken.any():
        at = start + int(np.argmax(broken))
        raise InputError(f"{path}: clip {at} has NaN or infinite samples; repair or drop it (labels too)")
