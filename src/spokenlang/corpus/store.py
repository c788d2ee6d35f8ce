"""The clip store: a folder of arrays in the assignment's own layout.

`inputs_<split>_fp16.npy` (clips, samples) float16 and `targets_<split>_int8.npy` (clips,) integer labels, for the
splits `train` and `test` and, where there is one, `dialects` (a second test set); optionally `clips.csv` beside them
(see `metadata`) and `languages.json`, the class list (without it, the assignment's six). The assignment's folder is a
clip store as it stands. A test set without targets is a hidden one: it can be predicted and not scored.

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

from spokenlang.corpus import arrays, copies, metadata
from spokenlang.corpus.arrays import LANGUAGES, RATE, RECIPE, REQUIRED_SPLITS, SPLITS, inputs_path, targets_path
from spokenlang.corpus.ingest.names import tidy
from spokenlang.errors import InputError
from spokenlang.languages import CODES

__all__ = ["LANGUAGES", "RATE", "RECIPE", "SPLITS", "Checked", "ClipStore", "inputs_path", "targets_path"]

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

    def __init__(
        self,
        folder: Path,
        inputs: dict[str, np.ndarray],
        targets: dict[str, np.ndarray],
        languages: tuple[str, ...] | None = None,
    ) -> None:
        self.folder = folder
        self.rate = RATE
        self.samples = next(iter(inputs.values())).shape[1]
        self.languages = languages or CODES
        self._inputs = inputs
        self._targets = targets
        self._table = metadata.path_in(folder)
        lengths = {split: len(array) for split, array in inputs.items()}
        self._clips = metadata.read(self._table, lengths) if self._table else {split: {} for split in lengths}
        self._check_languages()
        self._rate_stated = arrays.require_rate(folder, self.samples)
        stated = languages is not None or "language" in self._clips["train"]
        arrays.require_meaning(folder, targets["train"], stated)

    @classmethod
    def open(cls, folder: Path | str) -> ClipStore:
        """Open a folder; `InputError` names the first thing that is wrong with it."""
        folder = Path(folder)
        if not folder.exists():
            raise InputError(f"{folder}: there is no such corpus folder; check the path (CORPUS=...)")
        if not folder.is_dir():
            raise InputError(f"{folder}: this is a file; a corpus is a folder of .npy arrays")
        splits = arrays.require_arrays(folder)
        languages = arrays.read_languages(folder)
        inputs = {split: arrays.load_inputs(inputs_path(folder, split)) for split in splits}
        labelled = [split for split in splits if targets_path(folder, split).exists()]
        targets = {s: arrays.load_targets(targets_path(folder, s), languages or CODES) for s in labelled}
        arrays.require_agreement(folder, inputs, targets)
        return cls(folder, inputs, targets, languages)

    @property
    def names(self) -> tuple[str, ...]:
        """Splits present: `train`, `test`, and possibly `dialects`."""
        return tuple(self._inputs)

    @property
    def hidden(self) -> tuple[str, ...]:
        """Splits without targets: they can be predicted and not scored."""
        return tuple(split for split in self._inputs if split not in self._targets)

    @cached_property
    def spoken(self) -> tuple[str, ...]:
        """The languages that there are clips of to learn from and, if these are two or more, to be judged by.

        In label order. `InputError` for a corpus of one language.
        """
        heard = set(self._targets["train"].tolist())
        if len(heard) < 2:
            raise InputError(
                f"{self.folder}: all training clips are of one language ({self.languages[min(heard)]}), so there is "
                "nothing to tell apart; add clips of another"
            )
        both = heard & set(self._targets.get("test", self._targets["train"]).tolist())
        return tuple(self.languages[label] for label in sorted(both if len(both) > 1 else heard))

    @property
    def has_groups(self) -> bool:
        """Whether the training clips say which of them belong together."""
        return "group" in self._clips["train"]

    def inputs(self, split: str) -> np.ndarray:
        """Waveforms of a split: (clips, samples) float16, memory-mapped, read-only."""
        return self._inputs[split]

    def targets(self, split: str) -> np.ndarray:
        """Labels of a split: (clips,) int64, places in `languages`. `InputError` for a hidden test set."""
        if split in self.hidden:
            raise InputError(
                f"{self.folder}: {split} has no targets, so nothing can be scored on it; predict it: "
                f"spokenlang predict {self.folder} --model MODEL --out predictions.csv"
            )
        return self._targets[split].copy()

    def clips(self, split: str) -> metadata.Columns:
        """Columns of `clips.csv` for a split, in the order of its arrays; empty where nothing is known."""
        return dict(self._clips[split])

    def groups(self, split: str) -> np.ndarray:
        """Group of each clip, as text. A clip of which none is known stands alone, under an id of its own."""
        known = self._clips[split].get("group", np.array([""] * len(self._inputs[split])))
        alone = (f"{split}-{index}" for index in range(len(known)))
        # "x" and "x ", composed and decomposed: one speaker.
        return np.array([tidy(group) or own for group, own in zip(known, alone, strict=True)], dtype=str)

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
        paths = [make(self.folder, split) for split in self.names for make in (inputs_path, targets_path)]
        paths += [self.folder / LANGUAGES, *([self._table] if self._table else [])]
        return [path for path in paths if path.exists()]

    def check(self) -> Checked:
        """Read every sample. `InputError` for samples that are no numbers and for a single language; warnings for
        what is merely odd."""
        if len(set(self.spoken) & {self.languages[label] for label in self._targets.get("test", [0, 1])}) < 2:
            raise InputError(
                f"{targets_path(self.folder, 'test')}: fewer than two of the languages of train are in test"
            )
        silent: dict[str, int] = {}
        warnings: list[str] = []
        for split in self.names:
            quiet = 0
            for start, block in _blocks(self._inputs[split]):
                _require_finite(inputs_path(self.folder, split), start, block)
                quiet += int((np.ptp(block.astype(np.float32), axis=1) < SILENT).sum())
            silent[split] = quiet
            if quiet:
                warnings.append(f"{quiet} of {len(self._inputs[split])} clips in {split} are silent; they are kept")
        warnings += copies.warnings(self._inputs, self._targets, self.languages)
        warnings += self._oddities()
        return Checked({split: len(array) for split, array in self._inputs.items()}, silent, tuple(warnings))

    def _oddities(self) -> list[str]:
        found = [f"{split} has no targets: it can be predicted, and not scored" for split in self.hidden]
        for split in REQUIRED_SPLITS:
            labels = self._targets.get(split, np.arange(len(self.languages)))
            absent = [code for label, code in enumerate(self.languages) if not (labels == label).any()]
            if absent:
                found.append(f"{split} has no clips of {', '.join(absent)}")
        if not self.has_groups:
            found.append("no groups known (clips.csv): validation is drawn at random, voices may recur in it")
        if not self._rate_stated and self.samples != 5 * RATE:
            found.append(f"clips are {self.samples / RATE:g} s long if they are at {RATE} Hz, which nothing says")
        if not self.has_groups:
            return found
        if self._by_file():
            found.append("NO SPEAKER IS KNOWN (clips.csv): every file is a group of its own; scores may flatter")
        if remark := metadata.group_remark(self._table):
            found.append(remark)
        train = set(self.groups("train"))
        for split in self.names[1:]:
            if shared := train & set(self.groups(split)):
                found.append(f"{len(shared)} groups occur in both train and {split}; scores on {split} will flatter")
        return found

    def _by_file(self) -> bool:
        """Whether groups are nothing but files."""
        columns = self._clips["train"]
        files = columns.get("file", columns.get("path"))
        return files is not None and [tidy(str(name)) for name in files] == self.groups("train").tolist()

    def _check_languages(self) -> None:
        for split, columns in self._clips.items():
            if "language" not in columns or split not in self._targets:
                continue
            spoken = np.array(self.languages)[self._targets[split]]
            wrong = np.flatnonzero(spoken != columns["language"])
            if len(wrong):
                at = int(wrong[0])
                here, there = str(columns["language"][at]), str(spoken[at])
                raise InputError(
                    f"{self._table}: clip {at} of {split} is {here!r} here but {there!r} in the targets; "
                    "the file belongs to other arrays"
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
