"""Clips as the training loop wants them: fixed features of a whole split, resident on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from spokenlang.corpus.splits import hold_out
from spokenlang.corpus.store import ClipStore
from spokenlang.languages import label_of
from spokenlang.network.frontend import FrontEnd
from spokenlang.network.models import TASKS
from spokenlang.training.settings import TrainConfig

CHUNK = 8  # clips per call of the front end: they fit the cache, and rounding never depends on the caller


@dataclass(frozen=True)
class ClipSet:
    """Some clips of one split."""

    features: Tensor  # (clips, frames, bands), or (clips, time) for waveform networks; on the device
    labels: Tensor  # (clips,) int64 classes of the task; on the device
    index: np.ndarray  # (clips,) positions in the store's arrays

    def __len__(self) -> int:
        return len(self.index)


def task_clips(task: str, targets: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the clips `index`, those whose language belongs to the task, and their classes: (index, labels)."""
    classes = np.full(int(targets.max(initial=0)) + 1, -1)
    for number, code in enumerate(TASKS[task]):
        if label_of(code) < len(classes):
            classes[label_of(code)] = number
    labels = classes[targets[index]]
    return index[labels >= 0], labels[labels >= 0].astype(np.int64)


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
    chunks = _Chunks(front_end, waveforms, index)
    loader = DataLoader(chunks, batch_size=None, num_workers=loaders)
    parts = [chunk.to(device) for chunk in loader]
    return torch.cat(parts) if parts else torch.empty(0, device=device)


def _copy_on_cpu(front_end: FrontEnd) -> FrontEnd:
    copy = FrontEnd(front_end.config)
    copy.load_state_dict({name: value.cpu() for name, value in front_end.state_dict().items()})
    return copy


def clip_set(config: TrainConfig, store: ClipStore, split: str, index: np.ndarray, front_end: FrontEnd) -> ClipSet:
    """The clips of the task among `index`, with features."""
    index, labels = task_clips(config.task, store.targets(split), index)
    features = compute_features(front_end, store.inputs(split), index, loaders=config.loaders)
    return ClipSet(features, torch.from_numpy(labels).to(features.device), index)


def test_sets(config: TrainConfig, store: ClipStore, front_end: FrontEnd) -> dict[str, ClipSet]:
    """All splits but train, by name."""
    return {
        split: clip_set(config, store, split, np.arange(len(store.targets(split))), front_end)
        for split in _others(store.names)
    }


def _others(names: Sequence[str]) -> list[str]:
    return [name for name in names if name != "train"]
