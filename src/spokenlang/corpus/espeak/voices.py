"""Which of the synthesiser's variants speak in the corpus, and which of them are one voice: decided by their settings
and their sound, before any network has heard them.

    python -m spokenlang.corpus.espeak.voices

has every variant read the same texts, prints what was measured, and the families of voices that follow from it, which
`speakers` holds (a test measures again). Families whose average spectra come closer than `SAME_DB` are one; a family is
either of training or of the test set.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader
import numpy as np
import soxr
from scipy.cluster.hierarchy import fcluster, linkage

from spokenlang.corpus.acoustics import RATE
from spokenlang.corpus.espeak import speakers, synthesis, texts
from spokenlang.corpus.espeak.speakers import Speaker

ECHO = 40  # %: an echo of this amplitude, or of more, drowns the voice
PERIODIC = 0.5  # median periodicity of what is heard below which a voice whispers
HIGHEST_HZ = 300.0  # median pitch, at the synthesiser's middle setting, above which no grown-up's voice lies
UNUSUAL = 2.0  # robust deviations beyond the usual distance from the middle voice that still are a person's
SAME_DB = 2.5  # difference of average spectra below which two variants are one voice
EVERY, FROM = 4, 2  # of the families in order of pitch, every so many from this one on is of the test set
SECONDS = 4.0  # read of each text
_WINDOW, _HOP, _BANDS = 512, 160, 40
_AUDIBLE = 1e-3  # power beside that of the loudest frames


@dataclass(frozen=True)
class Voice:
    """One variant as it sounds and is set."""

    name: str
    spectra: np.ndarray  # (languages, bands) dB: average mel spectra without their mean
    periodicity: float  # median over frames, 0..1
    pitch: float  # Hz, median over voiced frames; nan where there are none
    echo: int  # %
    own_rhythm: bool  # the variant replaces the lengths of stressed syllables


def variants() -> list[str]:
    """Names of all variants that the synthesiser brings."""
    return sorted(path.name for path in _folder().iterdir())


def survey(names: Iterable[str]) -> list[Voice]:
    """Have every variant read the same text in every language, in its first dialect of training, and measure it."""
    engine = synthesis.Engine()
    read = {
        dialects[0].voice: texts.Vocabulary(code, texts.TextConfig()).sentences(40, random.Random(f"survey {code}"))
        for code, dialects in speakers.TRAIN_DIALECTS.items()
    }
    found = []
    for name in names:
        speaker = Speaker(name, name, name, pitch=50, rate=170, range=50, tract=1.0)
        wanted = int(SECONDS * synthesis.RATE)
        said = [engine.say(text, voice, speaker, 7, wanted).samples[:wanted] for voice, text in read.items()]
        found.append(_measured(name, [soxr.resample(samples, synthesis.RATE, RATE) for samples in said]))
    return found


def left_out(voices: Iterable[Voice]) -> dict[str, str]:
    """Name -> why the variant is no voice of the corpus."""
    reasons = {}
    for voice in voices:
        if voice.own_rhythm:
            reasons[voice.name] = "has a rhythm of its own, which is part of what is to be recognised"
        elif voice.echo >= ECHO:
            reasons[voice.name] = f"has an echo of {voice.echo} %"
        elif voice.periodicity < PERIODIC:
            reasons[voice.name] = f"whispers (periodicity {voice.periodicity:.2f})"
        elif voice.pitch > HIGHEST_HZ:
            reasons[voice.name] = f"speaks at {voice.pitch:.0f} Hz"
    rest = [voice for voice in voices if voice.name not in reasons]
    middle = np.median([voice.spectra for voice in rest], axis=0)
    away = {voice.name: distance(voice.spectra, middle) for voice in rest}
    usual = float(np.median([*away.values()]))
    limit = usual + UNUSUAL * 1.4826 * float(np.median([abs(each - usual) for each in away.values()]))
    return reasons | {
        name: f"lies {each:.1f} dB from the middle voice (at most {limit:.1f})"
        for name, each in away.items()
        if each > limit
    }


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """How far two voices' average spectra lie apart, dB (root mean square over languages and bands)."""
    return float(np.sqrt(np.mean((one - other) ** 2)))


def families(voices: list[Voice]) -> list[list[Voice]]:
    """Voices in families, by single linkage at `SAME_DB`: in order of pitch."""
    if len(voices) < 2:
        return [[voice] for voice in voices]
    flat = np.stack([voice.spectra.ravel() for voice in voices])
    number = fcluster(linkage(flat / np.sqrt(flat.shape[1]), "single"), SAME_DB, "distance")
    found = [[voice for voice, of in zip(voices, number, strict=True) if of == each] for each in np.unique(number)]
    return sorted(found, key=lambda family: float(np.median([voice.pitch for voice in family])))


def cast(voices: list[Voice]) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """The families of training and those of the test set, each under the name of its first voice."""
    reasons = left_out(voices)
    sides: tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]] = ({}, {})
    for place, family in enumerate(families([voice for voice in voices if voice.name not in reasons])):
        names = sorted((voice.name for voice in family), key=str.lower)
        sides[place % EVERY == FROM][names[0].lower().replace(" ", "-")] = tuple(names)
    return tuple({name: side[name] for name in sorted(side)} for side in sides)  # type: ignore[return-value]


def _folder() -> Path:
    return Path(espeakng_loader.get_data_path()) / "voices" / "!v"


def _measured(name: str, clips: list[np.ndarray]) -> Voice:
    settings = (_folder() / name).read_text(encoding="utf-8", errors="replace")
    echo = re.search(r"^\s*echo\s+\d+\s+(\d+)", settings, re.MULTILINE)
    frames = [_audible(clip) for clip in clips]
    spectra = np.stack([_average_spectrum(each) for each in frames])
    strength, pitch = _periodicity(np.concatenate(frames))
    voiced = strength > PERIODIC
    return Voice(
        name, spectra, float(np.median(strength)),
        float(np.median(pitch[voiced])) if voiced.any() else np.nan,
        int(echo[1]) if echo else 0, bool(re.search(r"^\s*stressLength", settings, re.MULTILINE)),
    )  # fmt: skip


def _audible(clip: np.ndarray) -> np.ndarray:
    """Windowed frames that are not much softer than the loudest, (frames, `_WINDOW`)."""
    frames = np.lib.stride_tricks.sliding_window_view(clip, _WINDOW)[::_HOP] * np.hanning(_WINDOW)
    power = np.square(frames).sum(axis=1)
    return frames[power > _AUDIBLE * np.sort(power)[-5:].mean()]


def _average_spectrum(frames: np.ndarray) -> np.ndarray:
    """(bands,) dB: the mean over frames of the log power in mel bands, without its own mean."""
    power = np.square(np.abs(np.fft.rfft(frames, axis=1)))
    hz = np.fft.rfftfreq(_WINDOW, 1 / RATE)[:, None]
    mel = np.linspace(2595 * np.log10(1 + 60 / 700), 2595 * np.log10(1 + RATE / 2 / 700), _BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    rising, falling = (hz - edges[:-2]) / np.diff(edges[:-1]), (edges[2:] - hz) / np.diff(edges[1:])
    bands = power @ np.maximum(0, np.minimum(rising, falling))
    found = 10 * np.log10(bands + 1e-9 * power.sum(axis=1).max()).mean(axis=0)
    return found - found.mean()


def _periodicity(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The highest peak of each frame's autocorrelation between 50 and 500 Hz, 0..1, and where it lies, Hz."""
    low, high = RATE // 500, RATE // 50
    spectrum = np.square(np.abs(np.fft.rfft(frames, 2 * _WINDOW, axis=1)))
    around = np.fft.irfft(spectrum, axis=1)
    lags = np.arange(low, high)
    peaks = around[:, low:high] / np.maximum(around[:, :1], 1e-12) / (1 - lags / _WINDOW)
    return np.minimum(peaks.max(axis=1), 1.0), RATE / lags[peaks.argmax(axis=1)]


def _print() -> None:
    voices = survey(variants())
    for name, reason in left_out(voices).items():
        print(f"left out: {name} {reason}")
    for title, side in zip(("TRAIN_FAMILIES", "TEST_FAMILIES"), cast(voices), strict=True):
        print(f"{title}: dict[str, tuple[str, ...]] = {{")
        for family, names in side.items():
            listed = ", ".join(f'"{name}"' for name in names)
            print(f'    "{family}": ({listed}{"," * (len(names) == 1)}),')
        print("}")


if __name__ == "__main__":
    _print()
