"""Speech with one thing taken out: the order of its sounds, a part of its spectrum, its pitch, or the speech itself.

Each function takes waveforms (clips, time) at 8 kHz and returns as many float32 samples. What is drawn by chance comes
from the generator that is handed in; silence stays silence.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import fft, signal

from spokenlang.corpus.store import RATE
from spokenlang.network.frontend import HOP
from spokenlang.network.pauses import SpeechGate, per_sample

Clips = NDArray[np.float32]
FADE = 16
"""Samples (2 ms) over which a segment rises and falls, so that a joint is no click."""
SLOPE_HZ = 100.0
"""Width of a filter's edge: a raised cosine in amplitude about the frequency that names it."""
WINDOW, STEP = 256, 64
"""Samples of an analysis window (32 ms) and of the step between two."""
LIFTER = 16
"""Cepstral coefficients kept of a spectral envelope: quefrencies below 2 ms, so no pitch under 500 Hz is in it."""
_QUIET = 1e-12  # power that is added before a logarithm


def reverse(clips: Clips) -> Clips:
    """Each clip from its end to its beginning."""
    return np.ascontiguousarray(clips[:, ::-1])


def segments(clips: Clips, samples: int, random: np.random.Generator | None, fade: int = FADE) -> Clips:
    """Each clip cut into segments of so many samples and joined again, in an order by chance or (None) in its own.

    What is left after the last whole segment stays where it is. Every segment's first and last ``fade`` samples rise
    and fall as a raised cosine does.
    """
    whole = clips.shape[1] // samples
    parts = clips[:, : whole * samples].reshape(len(clips), whole, samples).copy()
    rise = np.sin(np.pi / 2 * (np.arange(fade) + 0.5) / max(1, fade)).astype(np.float32) ** 2
    parts[..., :fade] *= rise
    parts[..., samples - fade :] *= rise[::-1]
    if random is not None:
        order = random.permuted(np.tile(np.arange(whole), (len(clips), 1)), axis=1)
        parts = np.take_along_axis(parts, order[..., None], axis=1)
    return np.concatenate([parts.reshape(len(clips), -1), clips[:, whole * samples :]], axis=1)


def band(clips: Clips, low_hz: float, high_hz: float) -> Clips:
    """What lies between two frequencies, without delay; 0 and infinity leave that side open."""
    padded = fft.next_fast_len(clips.shape[1] + RATE // 10, real=True)  # a tenth of a second, so that nothing wraps
    hz = np.fft.rfftfreq(padded, 1 / RATE)
    gain = _edge(hz - low_hz) if low_hz > 0 else np.ones_like(hz)
    if np.isfinite(high_hz):
        gain = gain * _edge(high_hz - hz)
    kept = fft.irfft(fft.rfft(clips, padded, axis=1) * gain.astype(np.float32), padded, axis=1)
    return kept[:, : clips.shape[1]].astype(np.float32)


def _edge(above: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gain so many Hz above an edge: half at the edge itself."""
    return np.sin(np.pi / 2 * np.clip(above / SLOPE_HZ + 0.5, 0, 1)) ** 2


def without_voice(clips: Clips, random: np.random.Generator) -> Clips:
    """White noise that is given each window's spectral envelope and power: speech without voice, so without pitch.

    The envelope is the log power spectrum, smoothed by keeping its first `LIFTER` cepstral coefficients. Intensity,
    rhythm and the formants stay; melody, and what is voiced and what is not, go.
    """
    power = np.abs(_spectrum(clips)) ** 2
    cepstra = fft.irfft(np.log(power + _QUIET), axis=1)
    cepstra[:, LIFTER : WINDOW - LIFTER + 1] = 0
    envelope = np.exp(fft.rfft(cepstra, axis=1).real)
    noise = _spectrum(random.standard_normal(clips.shape, dtype=np.float32))
    made = noise * np.sqrt(envelope)
    made *= np.sqrt(
        power.sum(axis=1, keepdims=True) / np.maximum((np.abs(made) ** 2).sum(axis=1, keepdims=True), 1e-30)
    )
    _, sound = signal.istft(made, RATE, "hann", WINDOW, WINDOW - STEP, time_axis=2, freq_axis=1)
    return sound[:, : clips.shape[1]].astype(np.float32)


def average_spectrum(clips: Clips, random: np.random.Generator) -> Clips:
    """Even noise with the average spectrum of each clip's windows: its timbre and nothing that happens in it."""
    amplitude = np.sqrt((np.abs(_spectrum(clips)) ** 2).mean(axis=2))
    noise = random.standard_normal(clips.shape, dtype=np.float32)
    at = fft.rfftfreq(clips.shape[1]) * WINDOW  # in bins of a window
    low = np.minimum(at.astype(int), WINDOW // 2 - 1)
    gain = amplitude[:, low] * (1 - (at - low)) + amplitude[:, low + 1] * (at - low)
    white = np.sqrt((np.abs(_spectrum(noise)) ** 2).mean(axis=(1, 2)))[:, None]
    return fft.irfft(fft.rfft(noise, axis=1) * gain / white, clips.shape[1], axis=1).astype(np.float32)


def pauses(clips: Clips) -> Clips:
    """What the network's front end sets to zero, with zeros where it hears speech; blocks of `HOP` samples."""
    gate = SpeechGate(HOP)
    with torch.no_grad():
        aligned = gate.aligned(torch.from_numpy(np.ascontiguousarray(clips, dtype=np.float32)))
        speech = per_sample(gate.speech(gate.power(aligned)), HOP, clips.shape[1])
        return (aligned * (1 - speech)).numpy()


def _spectrum(clips: Clips) -> NDArray[np.complex64]:
    """(clips, time) -> (clips, bins, windows)."""
    return signal.stft(clips, RATE, "hann", WINDOW, WINDOW - STEP, axis=1)[2]
