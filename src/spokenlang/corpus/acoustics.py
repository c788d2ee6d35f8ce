"""What happens to speech between a mouth and a file: rooms, noise, equalisation, band limits, codecs.

Functions on float arrays at 8 kHz. All randomness comes from the generator that is handed in, and nothing
here knows which language is spoken.
"""

from __future__ import annotations

import numpy as np
from scipy import fft, signal

RATE = 8000


def room_response(rt60: float, direct_to_reverberant_db: float, rng: np.random.Generator) -> np.ndarray:
    """A synthetic room impulse response: direct sound, a few early reflections, a decaying diffuse tail.

    The tail is noise with an exponential decay of 60 dB in `rt60` seconds, darker as it gets older, after
    Moorer's observation (1979) that this is what concert halls' responses look like.
    """
    length = int(rt60 * RATE)
    time = np.arange(length) / RATE
    tail = rng.standard_normal(length) * 10.0 ** (-3.0 * time / rt60)
    dark = signal.lfilter([0.4], [1.0, -0.6], tail)
    age = np.minimum(time / rt60 * 2.0, 1.0)
    tail = (1.0 - age) * tail + age * dark
    gap = int(rng.uniform(0.002, 0.008) * RATE)  # the first reflection arrives after the direct sound
    tail[:gap] = 0.0
    early = gap + rng.integers(0, int(0.03 * RATE), size=6)
    tail[early[early < length]] += rng.choice([-1.0, 1.0], size=6)[early < length] * 2.0
    response = tail * 10.0 ** (-direct_to_reverberant_db / 20.0) / np.sqrt(np.sum(tail**2))
    response[0] = 1.0
    return response


def convolve(samples: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Speech in a room, as long as the speech."""
    size = fft.next_fast_len(len(samples) + len(response), real=True)
    spectrum = fft.rfft(samples, size) * fft.rfft(response, size)
    return fft.irfft(spectrum, size)[: len(samples)]


def noise(kind: str, length: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of a kind named in `NOISES`, at an arbitrary level."""
    return NOISES[kind](length, rng)


def mix(speech: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """Add noise at a ratio of the two mean powers."""
    power = float(np.mean(speech**2)) / max(float(np.mean(noise**2)), 1e-20)
    return speech + noise * np.sqrt(power * 10.0 ** (-snr_db / 10.0))


def equalise(samples: np.ndarray, tilt_db: float, peaks: list[tuple[float, float, float]]) -> np.ndarray:
    """A microphone's colour: a tilt in dB per octave about 1 kHz, and peaks (frequency, dB, width in
    octaves)."""

    def response(frequency: np.ndarray) -> np.ndarray:
        octaves = np.log2(np.maximum(frequency, 60.0) / 1000.0)
        gain = tilt_db * octaves
        for centre, height, width in peaks:
            gain = gain + height * np.exp(-0.5 * ((octaves - np.log2(centre / 1000.0)) / width) ** 2)
        return 10.0 ** (gain / 20.0)

    return _filter(samples, response)


def band_limit(samples: np.ndarray, low: float, high: float) -> np.ndarray:
    """A telephone or a cheap loudspeaker: slopes of a fourth-order Butterworth filter outside low..high
    hertz."""

    def response(frequency: np.ndarray) -> np.ndarray:
        bottom = 1.0 / np.sqrt(1.0 + (low / np.maximum(frequency, 1.0)) ** 8)
        return bottom / np.sqrt(1.0 + (frequency / high) ** 8)

    return _filter(samples, response)


def mu_law(samples: np.ndarray, peak: float) -> np.ndarray:
    """Eight-bit logarithmic quantisation (ITU-T G.711, mu = 255) of speech whose peak is `peak` of full
    scale."""
    scale = peak / max(float(np.max(np.abs(samples))), 1e-20)
    small = np.log1p(255.0 * np.abs(samples * scale)) / np.log(256.0)
    steps = np.sign(samples) * np.round(small * 127.0) / 127.0
    return np.sign(steps) * np.expm1(np.abs(steps) * np.log(256.0)) / 255.0 / scale


def block_pcm(samples: np.ndarray, bits: int) -> np.ndarray:
    """Few bits a sample, with a step that follows the level of each block of 4 ms (near-instantaneous
    companding)."""
    size = 32
    blocks = np.pad(samples, (0, -len(samples) % size)).reshape(-1, size)
    step = np.maximum(np.max(np.abs(blocks), axis=1, keepdims=True), 1e-20) / (2 ** (bits - 1) - 0.5)
    return (np.round(blocks / step) * step).reshape(-1)[: len(samples)]


def transform_codec(samples: np.ndarray, coarseness: float) -> np.ndarray:
    """What a codec of low rate leaves: a lapped transform (MDCT, 32 ms) whose bands are quantised to a share
    of their own level, so that weak bands fall silent and strong ones gurgle."""
    size = 128
    window = np.sin(np.pi * (np.arange(2 * size) + 0.5) / (2 * size))
    frames = -(-len(samples) // size) + 1
    padded = np.pad(samples, (size, frames * size - len(samples)))
    blocks = np.lib.stride_tricks.sliding_window_view(padded, 2 * size)[::size] * window
    a, b, c, d = np.split(blocks, 4, axis=1)
    folded = np.concatenate([-c[:, ::-1] - d, a - b[:, ::-1]], axis=1)
    bands = fft.dct(folded, type=4, norm="ortho", axis=1).reshape(len(blocks), -1, 16)
    frame_level = np.sqrt(np.mean(bands**2, axis=(1, 2), keepdims=True))
    band_level = np.sqrt(np.mean(bands**2, axis=2, keepdims=True))
    step = np.maximum(coarseness * np.sqrt(frame_level * band_level), 1e-20)
    coded = (np.round(bands / step) * step).reshape(len(blocks), size)
    first, second = np.split(fft.idct(coded, type=4, norm="ortho", axis=1), 2, axis=1)
    unfolded = np.concatenate([second, -second[:, ::-1], -first[:, ::-1], -first], axis=1) * window
    result = np.zeros((len(blocks) + 1) * size)
    result[:-size] += unfolded[:, :size].reshape(-1)
    result[size:] += unfolded[:, size:].reshape(-1)
    return result[size : size + len(samples)]


def _filter(samples: np.ndarray, response) -> np.ndarray:
    # Room for the ringing at either end, so that the end of a clip does not leak into its beginning.
    size = fft.next_fast_len(len(samples) + RATE // 4, real=True)
    spectrum = fft.rfft(samples, size) * response(fft.rfftfreq(size, 1.0 / RATE))
    return fft.irfft(spectrum, size)[: len(samples)]


def _white(length: int, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal(length)


def _pink(length: int, rng: np.random.Generator) -> np.ndarray:
    return _filter(_white(length, rng), lambda frequency: np.sqrt((frequency > 20.0) / np.maximum(frequency, 40.0)))


def _speech_shaped(length: int, rng: np.random.Generator) -> np.ndarray:
    """Flat to 500 Hz, then falling by 9 dB an octave: about the long-term spectrum of speech in any
    language."""
    return _filter(_white(length, rng), lambda frequency: np.maximum(frequency, 500.0) ** -1.5)


def _hum(length: int, rng: np.random.Generator) -> np.ndarray:
    """Mains hum with harmonics, over a little hiss."""
    mains = float(rng.choice([50.0, 60.0]))
    time = np.arange(length) / RATE
    total = 0.02 * rng.standard_normal(length)
    for harmonic in range(1, 13):
        level = rng.uniform(0.1, 1.0) / harmonic
        total += level * np.sin(2 * np.pi * (mains * harmonic * time + rng.random()))
    return total


def _babble(length: int, rng: np.random.Generator) -> np.ndarray:
    """Many voices that speak no language: buzzes with wandering pitch through random vowels, in random
    syllables."""
    return sum(_gibberish(length, rng) for _ in range(5)) + 0.1 * _speech_shaped(length, rng) / 500.0**-1.5


def _gibberish(length: int, rng: np.random.Generator) -> np.ndarray:
    syllables = length // (RATE // 8) + 3
    at = np.cumsum(rng.uniform(0.08, 0.3, size=syllables)) * RATE
    grid = np.arange(length)
    pitch = rng.uniform(90, 230) * np.exp(np.interp(grid, at, rng.normal(0.0, 0.12, syllables)))
    phase = np.cumsum(pitch) / RATE
    buzz = 2.0 * (phase % 1.0) - 1.0
    loudness = np.interp(grid, at, rng.choice([0.0, 0.3, 1.0], size=syllables))
    voice = np.zeros(length)
    for _ in range(3):  # three vowels that come and go
        vowel = signal.lfilter([1.0], _vowel(rng), buzz)
        voice += np.interp(grid, at, rng.random(syllables) ** 3) * vowel / np.std(vowel)
    return voice * loudness


def _vowel(rng: np.random.Generator) -> np.ndarray:
    """Denominator of an all-pole filter with three formants 100 Hz wide."""
    radius = np.exp(-np.pi * 100.0 / RATE)
    poles = np.ones(1)
    for low, high in ((250, 850), (850, 2300), (2300, 3300)):
        angle = 2 * np.pi * rng.uniform(low, high) / RATE
        poles = np.convolve(poles, [1.0, -2 * radius * np.cos(angle), radius**2])
    return poles


NOISES = {
    "white": _white,
    "pink": _pink,
    "speech": _speech_shaped,
    "hum": _hum,
    "babble": _babble,
}
