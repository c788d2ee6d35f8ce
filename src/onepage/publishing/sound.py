"""Samples to something that a browser plays and shows: encoded sound, and a strip of pictures as a small PNG.

Everything is a function of the samples alone: the same clip gives the same bytes.
"""

from __future__ import annotations

import io
import struct
import wave
import zlib
from functools import cache

import numpy as np

CODECS = ("flac", "opus", "wav")
QUIET = 0.1  # a clip that peaks below this is brought up for listening
PEAK = 0.5  # ... to this

_WAVE, _GAP, _SPECTRUM, _BAND = 40, 2, 64, 9  # heights of a strip's parts, in pixels
_RANGE_DB = 70.0  # below the loudest moment of the clip
_SHADES = 40  # of the spectrogram; few, because they compress
_RAMP = ((14, 17, 33), (38, 38, 92), (86, 52, 122), (150, 62, 120), (212, 92, 88), (241, 152, 84), (250, 232, 178))
_INK, _FOR, _AGAINST = (0, 110, 170), (217, 95, 2), (74, 88, 176)


class SoundError(ValueError):
    """The samples cannot be encoded, or not as asked."""


def listening_gain(samples: np.ndarray) -> float:
    """Factor that makes a nearly silent clip audible; 1 for any other, and for silence itself."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    return PEAK / peak if 0.0 < peak < QUIET else min(1.0, 1.0 / peak) if peak > 1.0 else 1.0


def encode(samples: np.ndarray, rate: int, codec: str = "flac") -> bytes:
    """Mono float samples in -1..1 as a file: 16-bit FLAC or WAV (lossless), or Opus.

    FLAC is the default: a third of WAV's size, exact, played by every browser, and 30 times faster to write than
    Opus, which in turn is a third of FLAC's size.
    """
    if codec not in CODECS:
        raise SoundError(f"codec {codec!r}: there are {', '.join(CODECS)}")
    pcm = np.round(np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2")
    out = io.BytesIO()
    if codec == "wav":
        with wave.open(out, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(pcm.tobytes())
        return out.getvalue()
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise SoundError(f'codec "{codec}" needs the package soundfile ({error}); codec="wav" needs nothing') from None
    if codec == "flac":
        soundfile.write(out, pcm, rate, format="FLAC", subtype="PCM_16")
        return out.getvalue()
    if rate not in (8000, 12000, 16000, 24000, 48000):
        raise SoundError(f'codec "opus" takes 8, 12, 16, 24 or 48 kHz, not {rate} Hz; codec="flac" takes any rate')
    soundfile.write(out, pcm, rate, format="OGG", subtype="OPUS")
    return _same_serial(out.getvalue())


def _same_serial(ogg: bytes) -> bytes:
    """An Ogg file with stream number 1: encoders draw that number at random, and every page's checksum covers it."""
    pages, at = [], 0
    while at < len(ogg):
        segments = ogg[at + 26]
        size = 27 + segments + sum(ogg[at + 27 : at + 27 + segments])
        page = bytearray(ogg[at : at + size])
        page[14:18], page[22:26] = struct.pack("<I", 1), bytes(4)
        page[22:26] = struct.pack("<I", _ogg_checksum(page))
        pages.append(bytes(page))
        at += size
    return b"".join(pages)


def _ogg_checksum(page: bytes | bytearray) -> int:
    table, register = _ogg_table(), 0
    for byte in page:
        register = ((register << 8) & 0xFFFFFFFF) ^ table[(register >> 24) ^ byte]
    return register


@cache
def _ogg_table() -> tuple[int, ...]:
    """CRC-32 of RFC 3533: polynomial 0x04c11db7, neither reflected nor inverted (so not zlib's)."""
    table = []
    for byte in range(256):
        register = byte << 24
        for _ in range(8):
            register = ((register << 1) ^ (0x04C11DB7 if register & 0x80000000 else 0)) & 0xFFFFFFFF
        table.append(register)
    return tuple(table)


def strip(samples: np.ndarray, rate: int, attribution: np.ndarray | None = None, width: int = 320) -> bytes:
    """PNG of a clip: waveform, below it the spectrogram, below that a band of `attribution` over time.

    The three share one time axis. The waveform is scaled to the clip's own peak; the spectrogram runs from 0 to
    rate/2 and over 70 dB; `attribution` (any length) is drawn from pale to orange where positive, to blue where
    negative, scaled to its own largest magnitude.
    """
    samples = np.nan_to_num(np.asarray(samples, dtype=np.float32))
    if samples.ndim != 1 or samples.size == 0:
        raise SoundError(f"samples of shape {samples.shape}: one dimension and at least one sample are needed")
    parts = [_waveform(samples, width), np.zeros((_GAP, width), np.uint8), _spectrogram(samples, rate, width)]
    if attribution is not None:
        parts += [np.zeros((_GAP, width), np.uint8), _band(np.asarray(attribution, dtype=np.float64), width)]
    return _png(np.concatenate(parts))


# Palette: 0 clear, 1 and 2 the waveform (its second shade smooths the edge), then the spectrogram, then the band.
_FIRST_SHADE = 3
_FIRST_BAND = _FIRST_SHADE + _SHADES
_BAND_STEPS = 12  # of either sign


@cache
def _palette() -> tuple[bytes, bytes]:
    at = np.linspace(0, len(_RAMP) - 1, _SHADES)
    ramp = np.stack([np.interp(at, range(len(_RAMP)), [c[i] for c in _RAMP]) for i in range(3)], axis=1)
    colours = [(0, 0, 0), _INK, _INK, *ramp.round().astype(int).tolist()]
    alphas = [0, 255, 120, *[255] * _SHADES]
    for colour in (_FOR, _AGAINST):
        colours += [colour] * _BAND_STEPS
        alphas += [round(20 + 235 * (i + 1) / _BAND_STEPS) for i in range(_BAND_STEPS)]
    return bytes(v for colour in colours for v in colour), bytes(alphas)


def _columns(size: int, width: int) -> np.ndarray:
    return np.linspace(0, size, width + 1).astype(int)


def _waveform(samples: np.ndarray, width: int) -> np.ndarray:
    peak = float(np.max(np.abs(samples))) or 1.0
    edges = np.minimum(_columns(samples.size, width)[:-1], samples.size - 1)
    high = np.maximum.reduceat(samples, edges) / peak
    low = np.minimum.reduceat(samples, edges) / peak
    middle = (_WAVE - 1) / 2
    top, bottom = middle - high * middle, middle - low * middle
    rows = np.arange(_WAVE)[:, None]
    inside = (rows >= np.floor(top)) & (rows <= np.ceil(bottom))
    full = (rows >= np.floor(top + 0.5)) & (rows <= np.ceil(bottom - 0.5))
    return np.where(full, 1, np.where(inside, 2, 0)).astype(np.uint8)


def _spectrogram(samples: np.ndarray, rate: int, width: int) -> np.ndarray:
    length = max(16, int(0.032 * rate))
    padded = np.pad(samples, (length // 2, length), mode="reflect" if samples.size > length else "constant")
    starts = np.linspace(0, samples.size, width, endpoint=False).astype(int)
    frames = padded[starts[:, None] + np.arange(length)[None, :]] * np.hanning(length).astype(np.float32)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    edges = np.unique(np.linspace(0, power.shape[1], _SPECTRUM + 1).astype(int))[:-1]
    bands = np.maximum.reduceat(power, edges, axis=1)
    level = 10 * np.log10(bands + 1e-20)
    level = (level - level.max() + _RANGE_DB) / _RANGE_DB if bands.max() > 0 else np.zeros_like(level)
    shades = np.clip(level * _SHADES, 0, _SHADES - 1).astype(np.uint8) + _FIRST_SHADE
    rows = np.linspace(0, shades.shape[1], _SPECTRUM, endpoint=False).astype(int)
    return shades[:, rows].T[::-1]


def _band(attribution: np.ndarray, width: int) -> np.ndarray:
    attribution = np.nan_to_num(attribution.reshape(-1))
    if attribution.size == 0:
        return np.zeros((_BAND, width), np.uint8)
    at = (np.arange(width) + 0.5) / width * attribution.size - 0.5
    values = np.interp(at, np.arange(attribution.size), attribution)
    values /= np.abs(values).max() or 1.0
    steps = np.ceil(np.abs(values) * _BAND_STEPS).astype(int)
    index = _FIRST_BAND + steps - 1 + np.where(values < 0, _BAND_STEPS, 0)
    return np.repeat(np.where(steps == 0, 0, index)[None, :], _BAND, axis=0).astype(np.uint8)


def _png(pixels: np.ndarray) -> bytes:
    """A palette PNG. Written here because a hundred clips want few bytes and no clock in them."""
    colours, alphas = _palette()
    height, width = pixels.shape
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            chunk(b"IHDR", header),
            chunk(b"PLTE", colours),
            chunk(b"tRNS", alphas),
            chunk(b"IDAT", zlib.compress(lines, 9)),
            chunk(b"IEND", b""),
        )
    )
