"""A corpus larger than memory: how fast it is read and trained on, and how much memory that takes.

    python benchmarks/bench_scale.py [--gigabytes 20] [--folder FOLDER] [--steps 300] [--threads 1]

Computes features of some clips, writes so many gigabytes of features as those of a corpus are written, reads an epoch
of them as training does (the files' pages put out of the system's cache first), trains from memory and from the disk,
and deletes all of it. Prints one JSON object a line. `anonymous_mb` is what the process has of its own at its peak,
`resident_mb` its peak with the pages of mapped files, which the system takes back as it needs to.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import measured
import numpy as np
import torch

from spokenlang.languages import CODES
from spokenlang.network.frontend import SAMPLE_RATE
from spokenlang.network.models import LanguageModel, build_model
from spokenlang.training import features, stored
from spokenlang.training.distributed import Group
from spokenlang.training.features import ClipSet
from spokenlang.training.loop import Loop, balanced_order
from spokenlang.training.settings import TrainConfig

SAMPLES, BATCH = 40_000, 64
_PIECE = 512  # clips that are written again and again
RATES: dict[str, float] = {}  # clips per second of what has been measured
_COMPUTED = 1024  # clips of noise whose features are computed


def status(name: str) -> float:
    """A line of /proc/self/status, MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return float("nan")


@contextmanager
def clocked(what: str, **about: object) -> Iterator[dict[str, object]]:
    """Prints what the block puts into the dictionary, with its seconds and memory."""
    found: dict[str, object] = {}
    ended, peaks = threading.Event(), [status("RssAnon"), status("VmRSS")]

    def watch() -> None:
        while not ended.wait(0.1):
            peaks[:] = max(peaks[0], status("RssAnon")), max(peaks[1], status("VmRSS"))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    started = time.perf_counter()
    yield found
    seconds = time.perf_counter() - started
    ended.set()
    watcher.join()
    clips = found.get("clips")
    rate = {"clips_per_s": round(clips / seconds)} if isinstance(clips, int) else {}
    RATES.update({what: rate["clips_per_s"]} if rate else {})
    memory = {"anonymous_mb": round(peaks[0]), "resident_mb": round(peaks[1])}
    measured.tell(what=what, **about, **found, seconds=round(seconds, 1), **rate, **memory)


def generate(known: Path, clips: int, frames: int, bands: int) -> None:
    """Features of so many clips, written as those of a corpus are."""
    piece = torch.randn(_PIECE, frames, bands, generator=torch.Generator().manual_seed(0))
    sizes = [min(_PIECE, clips - start) for start in range(0, clips, _PIECE)]
    stored.write(known, "train", (piece[:size] for size in sizes), clips)


def forget(folder: Path) -> None:
    """Put the files' pages out of the system's cache."""
    os.sync()
    for path in folder.rglob("*.npy"):
        file = os.open(path, os.O_RDONLY)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def clip_set(known: Path) -> ClipSet:
    """All of them, left on the disk, sorted by language, as corpora are."""
    shards = stored.found(known, "train")
    assert shards is not None
    labels = np.sort(np.arange(len(shards)) % len(CODES))
    return ClipSet(shards, torch.from_numpy(labels), np.arange(len(shards)))


def main() -> None:
    parser = measured.arguments(__doc__)
    parser.add_argument("--gigabytes", type=float, default=20.0, help="size of the features (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where there is room for that (TMPDIR)")
    parser.add_argument("--steps", type=int, default=300, help="steps of training from the disk (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of the network (%(default)s)")
    parser.add_argument("--hours", type=float, nargs="*", default=[6628, 100_000], help="corpora to work out")
    args = measured.parse(parser, gigabytes=0.2, steps=20)
    torch.set_num_threads(args.threads)
    config = TrainConfig.from_parameters({"batch_size": BATCH})
    model = build_model("six", config.network, config.front_end)
    waveforms = np.random.default_rng(0).normal(0, 0.1, (_COMPUTED, SAMPLES)).astype(np.float16)
    with clocked("compute features") as found:
        shape = features.compute_features(model.front_end, waveforms, np.arange(_COMPUTED)).shape[1:]
        found["clips"] = _COMPUTED
    size = 4 * shape[0] * shape[1]
    clips = int(args.gigabytes * 1e9 / size)
    with tempfile.TemporaryDirectory(prefix="bench-scale-", dir=args.folder) as name:
        with clocked("write features", gigabytes=args.gigabytes, bytes_per_clip=size) as found:
            generate(Path(name), clips, *shape)
            found["clips"] = clips
        read(clip_set(Path(name)), Path(name), args.gigabytes)
        train(config, model, clip_set(Path(name)), Path(name), args.steps)
    for hours in args.hours:
        measured.tell(what="project", **projected(hours, size, RATES))


def projected(hours: float, bytes_per_clip: int, rates: dict[str, float]) -> dict[str, float]:
    """What a corpus of so many hours takes at the measured rates, one core's each."""
    clips = hours * 3600 * SAMPLE_RATE / SAMPLES

    def core_hours(what: str) -> float:
        return round(clips / rates[what] / 3600, 1)

    return {
        "hours": hours,
        "million_clips": round(clips / 1e6, 2),
        "clips_gb": round(clips * 2 * SAMPLES / 1e9),
        "features_gb": round(clips * bytes_per_clip / 1e9),
        "features_core_h": core_hours("compute features"),
        "read_epoch_h": core_hours("read an epoch"),
        "train_epoch_core_h": core_hours("train from the disk"),
    }


def read(clips: ClipSet, known: Path, gigabytes: float) -> None:
    """An epoch, read as training reads it."""
    generator = torch.Generator().manual_seed(0)
    order = stored.near(balanced_order(clips.labels, generator), len(clips), generator)
    forget(known)
    with clocked("read an epoch", gigabytes=gigabytes) as found:
        for block, places in stored.served(clips.features, order.split(BATCH), torch.device("cpu")):
            block[places]
        found["clips"] = len(clips)


def train(config: TrainConfig, model: LanguageModel, clips: ClipSet, known: Path, steps: int) -> None:
    """Steps from memory, which is what the network can take, and steps from the disk."""
    rows = np.linspace(0, len(clips) - 1, 2048).astype(np.int64)
    few = ClipSet(clips.features[rows], clips.labels[rows], rows)
    for what, used in (("train from memory", few), ("train from the disk", clips)):
        forget(known)
        loop = Loop(config, model, used, few, Group())
        batches = itertools.chain.from_iterable(loop._batches() for _ in itertools.count())
        with clocked(what, model=config.network.model) as found:
            for batch in itertools.islice(batches, steps):
                loop._train_step(*batch)
            found["clips"] = steps * loop.batch


if __name__ == "__main__":
    main()
