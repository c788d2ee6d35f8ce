"""Features that stay on the disk: more clips than fit in memory, read block by block, a window ahead of training.

An epoch's order is the one that is drawn for features in memory, brought into windows: the clips are taken in blocks of
neighbours, the blocks are shuffled, and so many of them make a pool whose clips come in the drawn order. So the disk is
read in stretches, every batch is a mix of many places, each clip comes as often as it would have, and the order
follows from seed and epoch alone. Processes that share every batch read their own clips of it, and no others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from spokenlang.corpus import array_files
from spokenlang.errors import InputError

_ADVICE = "compute the features again"
BLOCK = 64
"""Clips that lie beside each other and are read in one go: 2.5 MB of the default features."""
POOL = 64
"""Blocks whose clips are mixed. Two pools are in memory: the one at hand, and the next one."""
SHARD = 50_000
"""Clips of one file at most: 2 GB of the default features."""


class Shards:
    """A split's features in files, one after the other; `shards[rows]` reads clips into memory."""

    def __init__(self, paths: Sequence[Path], index: np.ndarray | None = None) -> None:
        arrays = [array_files.array(path, _ADVICE) for path in paths]
        self._paths, self._offsets = list(paths), [array.offset for array in arrays]
        self._starts = np.cumsum([0, *map(len, arrays)])  # first clip of each file
        self._dtype, self._each = arrays[0].dtype, arrays[0].shape[1:]
        self._index = np.arange(self._starts[-1]) if index is None else index

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self._index), *self._each)

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape)) * self._dtype.itemsize

    def __len__(self) -> int:
        return len(self._index)

    def of(self, index: np.ndarray) -> Shards:
        """The clips at these places alone, in this order."""
        return Shards(self._paths, self._index[index])

    def __getitem__(self, rows: slice | np.ndarray | Tensor) -> Tensor:
        """Clips (rows, frames, bands), read in the order in which they lie, given in the order asked for."""
        wanted = self._index[rows.cpu().numpy() if isinstance(rows, Tensor) else rows]
        places, back = np.unique(wanted, return_inverse=True)
        read = np.empty((len(places), *self._each), self._dtype)
        file_of = np.searchsorted(self._starts, places, side="right") - 1
        for number in np.unique(file_of):
            own = np.flatnonzero(file_of == number)
            self._read(int(number), places[own] - self._starts[number], read[own[0] : own[-1] + 1])
        return torch.from_numpy(read if np.array_equal(back, np.arange(len(places))) else read[back])

    def _read(self, number: int, places: np.ndarray, into: np.ndarray) -> None:
        """Clips of one file, ascending: a call for each stretch of neighbours."""
        size = self._dtype.itemsize * int(np.prod(self._each))
        flat = memoryview(into.reshape(-1).view(np.uint8))
        file = os.open(self._paths[number], os.O_RDONLY)
        try:
            done = 0
            for stretch in np.split(places, np.flatnonzero(np.diff(places) != 1) + 1):
                left, at = len(stretch) * size, self._offsets[number] + int(stretch[0]) * size
                while left:
                    got = os.preadv(file, [flat[done : done + left]], at)
                    if not got:
                        raise InputError(f"{self._paths[number]}: ends too early; {_ADVICE}")
                    done, at, left = done + got, at + got, left - got
        finally:
            os.close(file)


def write(path: Path, split: str, chunks: Iterator[Tensor], clips: int, shard: int = SHARD) -> None:
    """Write chunks of features as `<split>-<number>.npy`, one chunk in memory at a time."""
    done, file = 0, None
    for chunk in chunks:
        array = np.ascontiguousarray(chunk.cpu().numpy())
        while len(array):
            if done % shard == 0:
                if file:
                    file.close()
                file = (path / f"{split}-{done // shard:05d}.npy").open("wb")
                header = np.lib.format.header_data_from_array_1_0(array)
                header["shape"] = (min(shard, clips - done), *array.shape[1:])
                np.lib.format.write_array_header_1_0(file, header)
            part = array[: shard - done % shard]
            file.write(part.tobytes())
            done, array = done + len(part), array[len(part) :]
    if file:
        file.close()


def found(folder: Path, split: str) -> Shards | None:
    """What `write` left there of a split; None if nothing."""
    paths = sorted(folder.glob(f"{split}-[0-9]*.npy"))
    return Shards(paths) if paths else None


def near(order: Tensor, clips: int, generator: torch.Generator) -> Tensor:
    """A drawn order of clips, brought into windows: the same clips, those of one pool of blocks after the other."""
    blocks = -(-clips // BLOCK)
    pool_of = torch.empty(blocks, dtype=torch.int64)
    pool_of[torch.randperm(blocks, generator=generator)] = torch.arange(blocks) // POOL
    return order[torch.argsort(pool_of[order // BLOCK], stable=True)]


def served(features: Tensor | Shards, steps: Sequence[Tensor], device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """For the clips of every step: features that hold them, and their places in these.

    What is in memory is handed out as it is; from the disk a window is read while the last one is used.
    """
    if isinstance(features, Tensor) or not steps:
        yield from ((features, rows) for rows in steps)
        return
    each = max(1, BLOCK * POOL // max(1, len(steps[0])))  # steps of a window
    windows = [steps[start : start + each] for start in range(0, len(steps), each)]
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(features.__getitem__, torch.cat(list(windows[0])))
        for number, window in enumerate(windows):
            block = coming.result().to(device)
            if number + 1 < len(windows):
                coming = reader.submit(features.__getitem__, torch.cat(list(windows[number + 1])))
            start = 0
            for rows in window:
                yield block, torch.arange(start, start + len(rows), device=device)
                start += len(rows)
