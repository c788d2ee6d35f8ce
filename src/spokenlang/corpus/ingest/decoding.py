"""A recording as a stream of samples at 8 kHz in one channel, or the reason why it is of no use.

soundfile (libsndfile) decodes what it knows; what it does not (AAC in .m4a, .mp4, .3gp; .wma, .webm, .mka, ...) goes
to PyAV (FFmpeg) where that is installed. `import` and `classify` both read files here and nowhere else.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr

from spokenlang.corpus.ingest import containers
from spokenlang.corpus.ingest.names import shown
from spokenlang.errors import InputError

RATE = 8000
RATES = (4000, 768_000)
"""Samples per second that a recording of speech can have: below, there is no speech; above, the header is wrong."""
HUGE = 100.0
"""Where 1 is full scale, a sample beyond this was meant otherwise (integers in a file of floats) or is broken."""
CLIPPED = 0.02
"""Share of samples stuck at the extreme from which on a recording counts as clipped."""
_MISSING_S, _MISSING = 0.3, 0.02
"""Seconds and share that may lack of a stated length: encoders pad, and round."""


class Unusable(InputError):
    """A recording that cannot be used. `reason` says why, without the file's name."""

    def __init__(self, path: Path, reason: str, advice: str, seconds: float | None = None) -> None:
        super().__init__(f"{shown(path)}: {reason}; {advice}")
        self.reason = " ".join(reason.split())
        self.seconds = seconds  # how long the file says it is, where it says so


class Decoding:
    """One file, read once: iterate to get its samples, (n,) float32 at 8 kHz, then ask what was found.

    Attributes (final once the iteration has ended):
        rate, channels: of the file.
        seconds: decoded.
        stated: seconds that the file says it holds; None if it does not say.
        short: why the file is taken to be cut short or damaged; "" if it is whole.
        note: what is odd about the file but does no harm.
        peak, clipped, cancelled: largest sample, share of samples stuck at the extremes, and whether the channels
            cancel each other out.

    Raises `Unusable` where there is nothing to decode, or samples that are no sound. A file that is cut short
    yields what is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rate = self.channels = 0
        self.seconds, self.stated = 0.0, None
        self.short = self.note = ""
        self.peak, self._stuck, self._loudest = 0.0, 0, 0.0
        self._share = 1.0  # of the stated length that is there

    def __iter__(self) -> Iterator[np.ndarray]:
        self._require_file()
        blocks = self._blocks()
        first = next(blocks, None)
        if first is None:
            raise self._unusable("holds no sound" + (f" ({self.short})" if self.short else ""), "remove it")
        # VHQ is soxr's best quality.
        stream, taken, given = soxr.ResampleStream(self.rate, RATE, 1, dtype="float32", quality="VHQ"), 0, 0
        for block in _chain(first, blocks):
            mono = self._checked(block)
            piece = stream.resample_chunk(mono)
            taken, given = taken + len(block), given + len(piece)
            yield piece
        piece = stream.resample_chunk(np.empty(0, np.float32), last=True)
        given += len(piece)
        self.seconds = taken / self.rate
        self._compare()
        # The resampler may end a sample early, and a file of exactly 5 s is to be a clip.
        yield np.concatenate([piece, np.zeros(max(0, round(taken * RATE / self.rate) - given), np.float32)])

    @property
    def clipped(self) -> bool:
        """Whether the recording ran into the end of its scale."""
        return self.peak >= 0.25 and self._stuck > CLIPPED * self.seconds * self.rate

    @property
    def cancelled(self) -> bool:
        """Whether there was sound in the channels that their mean has not."""
        return self.peak < 1e-6 <= self._loudest

    def _require_file(self) -> None:
        try:
            mode = self.path.stat()
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            broken = missing and self.path.is_symlink()
            reason = "is a link to nowhere" if broken else "there is no such file" if missing else str(error.strerror)
            raise self._unusable(reason, "check the path") from None
        if stat.S_ISDIR(mode.st_mode):
            raise self._unusable("is a folder", "name the audio files in it")
        if not stat.S_ISREG(mode.st_mode):
            raise self._unusable("is no regular file", "remove it")
        if not mode.st_size:
            raise self._unusable("is empty (no bytes)", "copy it again or remove it")

    def _blocks(self) -> Iterator[np.ndarray]:
        """Blocks (n, channels) at the file's rate, by the decoder that knows the format."""
        try:
            found = containers.kind(self.path)
            whole = containers.whole(self.path)
            self.short, self._share = whole.missing, whole.share
        except OSError as error:
            raise self._unusable(f"cannot be read ({error.strerror})", "check its permissions") from None
        extension = self.path.suffix.lower().lstrip(".")
        if found and extension and extension not in containers.EXTENSIONS[found].split():
            self.note = f"is {found} by its content, whatever its extension says"
        try:
            with _quiet():
                file = soundfile.SoundFile(os.fsencode(self.path))  # a name may be no UTF-8
        except soundfile.SoundFileError as error:
            yield from self._by_av(found, str(getattr(error, "error_string", error)).strip().rstrip("."))
            return
        with file:
            self._about(file.samplerate, file.channels)
            if 0 < file.frames < 1 << 60:
                self.stated = file.frames / file.samplerate
            # soundfile would seek after each block to where it should be: wrong where frames are fewer than stated,
            # and impossible in some formats.
            file.seekable = lambda: False
            while True:
                try:
                    with _quiet():
                        block = file.read(file.samplerate, dtype="float32", always_2d=True)
                except soundfile.SoundFileError:
                    self.short = self.short or "the decoder gives up"
                    return
                if len(block):
                    yield block
                if len(block) < file.samplerate:
                    return

    def _by_av(self, found: str, complaint: str) -> Iterator[np.ndarray]:
        if importlib.util.find_spec("av") is None:
            if found or self.path.suffix.lower() in _BY_AV:
                raise self._unusable(
                    f"soundfile cannot decode {found or self.path.suffix}", "pip install av, or convert it"
                )
            raise self._unusable(f"cannot be read as audio ({complaint})", "convert it or remove it")
        import av

        try:
            # A file object: PyAV takes no names that are not UTF-8.
            with self.path.open("rb") as file, av.open(_Seekable(file)) as container:
                if not container.streams.audio:
                    raise self._unusable("holds no sound track", "remove it")
                track = container.streams.audio[0]
                if track.codec_context is None or not track.rate:
                    raise self._unusable(f"cannot be read as audio ({complaint})", "convert it or remove it")
                self._about(track.rate, track.channels)
                if track.duration:
                    self.stated = float(track.duration * track.time_base)
                elif container.duration:
                    self.stated = container.duration / 1_000_000
                try:
                    yield from _frames(container, track)
                except av.error.FFmpegError:
                    self.short = self.short or "the decoder gives up"
        except (av.error.FFmpegError, OSError, ValueError):
            word = "is damaged or cut short" if found else f"cannot be read as audio ({complaint})"
            raise self._unusable(word, "convert it or remove it") from None

    def _about(self, rate: int, channels: int) -> None:
        self.rate, self.channels = rate, channels
        if not RATES[0] <= rate <= RATES[1]:
            raise self._unusable(f"is sampled at {rate} Hz, where speech needs {RATES[0]} to {RATES[1]}", "remove it")

    def _checked(self, block: np.ndarray) -> np.ndarray:
        """The mean of the channels; `Unusable` for samples that are no sound."""
        loudest = float(np.abs(block).max())
        if not loudest <= HUGE:  # NaN too
            found = f"has samples of {loudest:.3g} where 1 is full scale" if np.isfinite(loudest) else "has samples"
            found += "" if np.isfinite(loudest) else " that are not numbers"
            raise self._unusable(found, "export it again or remove it")
        mono = block.mean(axis=1) if block.shape[1] > 1 else block[:, 0]
        self._loudest = max(self._loudest, loudest)
        self.peak = max(self.peak, float(np.abs(mono).max()))
        if loudest >= 0.25 and loudest >= 0.98 * self._loudest:
            stuck = np.abs(block[:, 0]) >= 0.999 * self._loudest
            # Three in a row: a peak that is merely high is over sooner.
            self._stuck += int((stuck[2:] & stuck[1:-1] & stuck[:-2]).sum())
        return np.ascontiguousarray(mono, np.float32)

    def _compare(self) -> None:
        if 0 < self._share < 1:
            self.stated = self.seconds / self._share
        lacking = (self.stated or 0.0) - self.seconds
        if lacking > max(_MISSING_S, _MISSING * (self.stated or 0.0)):
            self.short = self.short or "part of it cannot be decoded"
        if self.short and lacking > 0.05:
            self.short = f"{self.short}; {self.seconds:.1f} of {self.stated:.1f} s can be decoded"

    def _unusable(self, reason: str, advice: str) -> Unusable:
        return Unusable(self.path, reason, advice, self.stated)


_BY_AV = frozenset(f".{name}" for kind in ("mp4", "matroska", "wma", "amr", "aac") for name in
                   containers.EXTENSIONS[kind].split())  # fmt: skip


class _Seekable:
    """An open file as PyAV reads it: a place that is none is answered as FFmpeg does; PyAV would print a traceback."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.tell, self._file = file.read, file.tell, file

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return -1


def _frames(container, track) -> Iterator[np.ndarray]:
    import av

    resampler = av.AudioResampler(format="fltp")
    for frame in container.decode(track):
        for piece in resampler.resample(frame):
            block = piece.to_ndarray()
            if block.shape[1]:
                yield block.T


def _chain(first: np.ndarray, rest: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    yield first
    yield from rest


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the remarks that libmpg123 writes to stderr by itself: what is wrong we say in our own words."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr
        yield
        return
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
