"""Clips are made in chunks, and every chunk in a process of its own.

espeak-ng's output depends on what it said before in the same process (see `synthesis`), so the unit of work
is a fixed run of clips that a fresh process speaks from the first to the last. Starting Python for each would
take longer than the speaking. Instead a few helper processes are started once (`serve`); each forks itself
for every chunk it is told to make, which costs milliseconds and is safe there, because a helper has one
thread. It has started the engine, but never spoken.

A chunk is done when its record stands in `chunks/`: the clips' rows, and the hash of these and of the clips' bytes. The
hash is what makes resuming safe: a chunk whose bytes did not reach the disk is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soxr
from scipy import signal

from spokenlang.corpus.acoustics import RATE
from spokenlang.corpus.espeak import conditions
from spokenlang.corpus.espeak.conditions import ConditionConfig
from spokenlang.corpus.espeak.speakers import Speaker
from spokenlang.corpus.espeak.synthesis import RATE as ENGINE_RATE
from spokenlang.corpus.espeak.synthesis import Engine

SAMPLES = 5 * RATE
"""Samples of a clip."""
PAST = RATE // 2
"""Samples spoken before a clip begins: what still reverberates when it does."""
MANIFEST = "manifest.jsonl"
_LOWEST = signal.butter(2, 60.0, "highpass", fs=RATE, output="sos")  # some variants have an offset when voiced


@dataclass(frozen=True)
class Clip:
    """One clip before it is spoken. With the recipe's code, these fields decide its every byte."""

    split: str
    index: int  # in the split's arrays
    language: str
    dialect: str
    voice: str  # espeak-ng's name of the dialect
    speaker: Speaker
    text: str  # more than fits into the clip
    skip: float  # s of speech that are passed over before the clip's past begins
    seed: int


def write_manifest(path: Path, chunks: list[list[Clip]]) -> None:
    """One chunk a line."""
    with path.open("w", encoding="utf-8") as file:
        for chunk in chunks:
            file.write(json.dumps([asdict(clip) for clip in chunk], ensure_ascii=False) + "\n")


def read_manifest(path: Path) -> Iterator[list[Clip]]:
    """The chunks that `write_manifest` wrote."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield [Clip(**{**clip, "speaker": Speaker(**clip["speaker"])}) for clip in json.loads(line)]


def record(work: Path, number: int, chunk: list[Clip]) -> list[dict[str, object]] | None:
    """Rows of a chunk's clips if the chunk is done and its bytes are what they were, else None."""
    try:
        found = json.loads(record_path(work, number).read_text(encoding="utf-8"))
        rows, stated = found["rows"], found["sha256"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    digest = hashlib.sha256(json.dumps(rows).encode())
    for clip in chunk:
        with _array(work, clip, "rb") as file:
            digest.update(file.read(2 * SAMPLES))
    return rows if stated == digest.hexdigest() else None


def record_path(work: Path, number: int) -> Path:
    """Where a chunk's record stands once the chunk is done."""
    return work / "chunks" / f"{number:05d}.json"


def render(engine: Engine, clip: Clip) -> tuple[np.ndarray, dict[str, object]]:
    """Speak one clip: its samples, (40000,) float16, and its row of `clips.csv`."""
    rng = np.random.default_rng(clip.seed)
    drawn = conditions.draw(ConditionConfig(), rng)
    # Played faster by the speaker's factor, all resonances rise by it: what a shorter vocal tract does.
    rate = round(ENGINE_RATE * clip.speaker.tract)
    first, past, length = (int(seconds * rate) for seconds in (clip.skip, PAST / RATE, SAMPLES / RATE))
    # A little more than is needed, for the resampling filter's edge.
    wanted = first + past + length + rate // 20
    said = engine.say(clip.text, clip.voice, clip.speaker, int(rng.integers(1, 2**31)), wanted)
    if len(said.samples) < wanted:
        raise RuntimeError(f"text too short for {clip.split} {clip.index} ({clip.dialect}): {clip.text!r}")
    speech = soxr.resample(said.samples[first:wanted], rate, RATE, quality="HQ")[: PAST + SAMPLES]
    speech = signal.sosfilt(_LOWEST, speech.astype(np.float64))
    samples = conditions.apply(speech, drawn, SAMPLES)
    row = {
        "split": clip.split,
        "index": clip.index,
        "language": clip.language,
        "group": clip.speaker.family,
        "speaker": clip.speaker.name,
        "dialect": clip.dialect,
        "variant": clip.speaker.variant,
        "pitch": clip.speaker.pitch,
        "rate": clip.speaker.rate,
        "range": clip.speaker.range,
        "tract": clip.speaker.tract,
        **drawn.row(),
        "text": said.between(first + past, first + past + length),
    }
    return samples, row


def _make(engine: Engine, work: Path, number: int, chunk: list[Clip]) -> None:
    rows, contents = [], []
    for clip in chunk:
        samples, row = render(engine, clip)
        content = samples.astype("<f2", copy=False).tobytes()
        contents.append(content)
        rows.append(row)
        with _array(work, clip, "r+b") as file:
            file.write(content)
    done = record_path(work, number)
    beside = done.with_suffix(f".{os.getpid()}")  # a helper left over from a killed build may be at it too
    digest = hashlib.sha256(b"".join([json.dumps(rows).encode(), *contents]))
    beside.write_text(json.dumps({"sha256": digest.hexdigest(), "rows": rows}), encoding="utf-8")
    beside.replace(done)


def _array(work: Path, clip: Clip, mode: str):
    """The file of a split's samples, at the clip's place in it."""
    file = (work / f"inputs_{clip.split}_fp16.npy").open(mode)
    # Rows have one size and stand at the end of the file, whatever the length of the header.
    with (work / f"targets_{clip.split}_int8.npy").open("rb") as targets:
        clips = _npy_length(targets)
    size = os.fstat(file.fileno()).st_size
    file.seek(size - (clips - clip.index) * 2 * SAMPLES)
    return file


def _npy_length(file) -> int:
    np.lib.format.read_magic(file)
    shape, _, _ = np.lib.format.read_array_header_1_0(file)
    return shape[0]


def serve(work: Path) -> int:
    """Make the chunks whose numbers come in on stdin, one a line; answer each with `<number> done` or
    `failed`."""
    manifest = list(read_manifest(work / MANIFEST))
    engine = Engine()
    for line in sys.stdin:
        number = int(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                _make(engine, work, number, manifest[number])
                code = 0
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                sys.stderr.flush()
                os._exit(code)  # no clean-up of the parent's things
        _, status = os.waitpid(child, 0)
        print(number, "done" if status == 0 else "failed", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(serve(Path(sys.argv[1])))
