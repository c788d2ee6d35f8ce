"""Clips as the training loop wants them: fixed features of a whole split, resident on the device or left on the disk.

Features hang on the corpus and the fixed part of the front end alone, so the runs of a report may share them:
`write_features` computes them once, into a folder that `clip_set` reads wherever it fits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from spokenlang.corpus.splits import hold_out
from spokenlang.corpus.store import ClipStore
from spokenlang.languages import told_apart
from spokenlang.network.frontend import FrontEnd, FrontEndConfig
from spokenlang.training import stored
from spokenlang.training.settings import TrainConfig
from spokenlang.training.stored import Shards

UNKNOWN = -1  # class of a clip whose language nobody tells
RESIDENT = 4 << 30  # bytes of known features beyond which a set of clips is read from the disk as it is used
CHUNK = 8  # clips per call of the front end: they fit the cache, and rounding never depends on the caller


@dataclass(frozen=True)
class ClipSet:
    """Some clips of one split."""

    features: Tensor | Shards  # (clips, frames, bands), or (clips, time) for waveform networks; on the device, or disk
    labels: Tensor  # (clips,) int64 classes of the task, UNKNOWN for those of a hidden test set; on the device
    index: np.ndarray  # (clips,) positions in the store's arrays

    def __len__(self) -> int:
        return len(self.index)

    def in_memory(self, clips: int = 4096) -> Tensor:
        """All features where they are in memory, else those of some clips from all over the set."""
        if isinstance(self.features, Tensor):
            return self.features
        return self.features[np.linspace(0, len(self) - 1, min(clips, len(self))).round().astype(np.int64)]


def languages_of(config: TrainConfig, store: ClipStore) -> tuple[str, ...]:
    """The languages that a run tells apart, in the order of its classes. `InputError` for a corpus of one language."""
    return told_apart(config.task, store.languages, store.spoken)


def task_clips(
    languages: Sequence[str], store: ClipStore, split: str, index: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of the clips `index` of a split, those of the languages, and their classes: (index, labels).

    Of a hidden test set all clips count, with UNKNOWN as their class, where the languages are all of the corpus's;
    where they are two, which clips are of them is not known, so none does.
    """
    if split in store.hidden:
        index = index if tuple(languages) == store.languages else index[:0]
        return index, np.full(len(index), UNKNOWN, np.int64)
    classes = np.array([languages.index(code) if code in languages else -1 for code in store.languages], np.int64)
    labels = classes[store.targets(split)[index]]
    return index[labels >= 0], labels[labels >= 0]


def split_train(config: TrainConfig, store: ClipStore) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the training and validation clips that a run uses, before languages are chosen.

    Validation speakers are held out of the whole training split first, so every task, subset and seed is
    validated on the same speakers.
    """
    train, validation = hold_out(store, config.validation_fraction, config.split_seed)
    if config.train_share < 1:
        order = np.random.default_rng(config.split_seed).permutation(len(train))
        train = np.sort(train[order[: max(1, round(config.train_share * len(train)))]])
    return train, validation


class _Chunks(Dataset[Tensor]):
    """Features of consecutive chunks of clips; what a loader process computes."""

    def __init__(self, front_end: FrontEnd, waveforms: np.ndarray, index: np.ndarray) -> None:
        self.front_end, self.waveforms, self.index = front_end, waveforms, index

    def __len__(self) -> int:
        return -(-len(self.index) // CHUNK)

    def __getitem__(self, number: int) -> Tensor:
        rows = slice(number * CHUNK, (number + 1) * CHUNK)
        batch = torch.from_numpy(self.waveforms[self.index[rows]].astype(np.float32))
        batch = batch.to(next(iter(self.front_end.buffers()), batch).device)
        with torch.no_grad():
            return self.front_end.features(batch)


def compute_features(front_end: FrontEnd, waveforms: np.ndarray, index: np.ndarray, *, loaders: int = 0) -> Tensor:
    """Fixed features of the clips `index` of a split, on the front end's device.

    `loaders` processes share the work; the chunks, and so the numbers, are the same for any count.
    """
    device = next(iter(front_end.buffers()), torch.empty(0)).device
    if loaders:
        front_end = _copy_on_cpu(front_end)
    parts = [chunk.to(device) for chunk in _chunks(front_end, waveforms, index, loaders)]
    return torch.cat(parts) if parts else torch.empty(0, device=device)


def _chunks(front_end: FrontEnd, waveforms: np.ndarray, index: np.ndarray, loaders: int = 0) -> Iterator[Tensor]:
    return iter(DataLoader(_Chunks(front_end, waveforms, index), batch_size=None, num_workers=loaders))


def _copy_on_cpu(front_end: FrontEnd) -> FrontEnd:
    copy = FrontEnd(front_end.config)
    copy.load_state_dict({name: value.cpu() for name, value in front_end.state_dict().items()})
    return copy


def fixed_part(config: FrontEndConfig) -> dict[str, Any]:
    """Of a front end's settings, those that `FrontEnd.features` depends on."""
    later = ("utterance_norm", "corpus_norm", "cepstra")
    fixed = {name: value for name, value in asdict(config).items() if name not in later}
    if config.representation == "waveform":
        return {"representation": "waveform", "hop_ms": config.hop_ms, "loudness_norm": config.loudness_norm}
    return {**fixed, "representation": "logmel"}  # the cepstra of "mfcc" are taken after augmentation


def write_features(config: FrontEndConfig, store: ClipStore, out: Path, device: str = "cpu") -> dict[str, Any]:
    """Compute the features of every clip of every split into `out` (see `stored`), which says of which front end."""
    front_end = FrontEnd(config).to(device)
    for split in store.names:
        waveforms = store.inputs(split)
        chunks = _chunks(front_end, waveforms, np.arange(len(waveforms)))
        stored.write(out, split, chunks, len(waveforms))
    about = fixed_part(config)
    (out / "front_end.json").write_text(json.dumps(about, sort_keys=True) + "\n", encoding="utf-8")
    return about


def _known(config: FrontEndConfig, split: str, known: Sequence[Path]) -> Shards | None:
    """What `write_features` left in one of the folders `known` for this front end; or None."""
    wanted = fixed_part(config)
    for folder in known:
        if json.loads((folder / "front_end.json").read_text(encoding="utf-8")) == wanted:
            return stored.found(folder, split)
    return None


def clip_set(
    config: TrainConfig,
    store: ClipStore,
    split: str,
    index: np.ndarray,
    front_end: FrontEnd,
    known: Sequence[Path] = (),
) -> ClipSet:
    """The clips of the task among `index`, with features: those of a folder of `known`, else computed.

    Known features of more than `RESIDENT` bytes are left where they are.
    """
    index, labels = task_clips(languages_of(config, store), store, split, index)
    found = _known(config.front_end, split, known)
    device = next(iter(front_end.buffers()), torch.empty(0)).device
    features: Tensor | Shards
    if found is None:
        features = compute_features(front_end, store.inputs(split), index, loaders=config.loaders)
    else:
        features = found.of(index)
        if features.nbytes <= RESIDENT:
            features = features[:].to(device)
    return ClipSet(features, torch.from_numpy(labels).to(device), index)


def test_sets(config: TrainConfig, store: ClipStore, front_end: FrontEnd, known: Sequence[Path]) -> dict[str, ClipSet]:
    """All splits but train that have clips of the task, by name."""
    found = {
        split: clip_set(config, store, split, np.arange(len(store.inputs(split))), front_end, known)
        for split in store.names
        if split != "train"
    }
    return {split: clips for split, clips in found.items() if len(clips)}
