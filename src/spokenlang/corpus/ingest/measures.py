"""What a clip's samples tell about how it was recorded."""

from __future__ import annotations

import numpy as np

from spokenlang.corpus.ingest.segments import FRAME, RATE

_FFT = 256
_EDGE_DB = 45.0  # below the strongest band: beyond the last band above this, nothing was recorded


def measure(samples: np.ndarray) -> dict[str, float]:
    """Cells of `clips.csv` for a clip, (samples,) float32 at 8 kHz.

    level_db: root mean square re full scale. estimated_snr_db: power of the loud half of the 20-ms frames over that
    of the quietest tenth, an estimate that a pauseless clip makes too low. bandwidth_hz: where the averaged spectrum
    falls 45 dB below its maximum for good.
    """
    wave = samples.astype(np.float64)
    power = np.square(wave[: len(wave) // FRAME * FRAME]).reshape(-1, FRAME).mean(axis=1)
    order = np.sort(power)
    noise = max(float(order[: max(1, len(order) // 10)].mean()), 1e-12)
    speech = max(float(order[len(order) // 2 :].mean()) - noise, 1e-12)
    return {
        "level_db": round(10 * float(np.log10(max(np.square(wave).mean(), 1e-16))), 1),
        "estimated_snr_db": round(min(90.0, max(-10.0, 10 * float(np.log10(speech / noise)))), 1),
        "bandwidth_hz": _bandwidth(wave),
    }


def _bandwidth(wave: np.ndarray) -> int:
    count = len(wave) // _FFT
    frames = wave[: count * _FFT].reshape(count, _FFT) * np.hanning(_FFT)
    spectrum = np.square(np.abs(np.fft.rfft(frames, axis=1))).mean(axis=0)
    heard = np.flatnonzero(spectrum >= spectrum.max() * 10 ** (-_EDGE_DB / 10))
    return round(int(heard[-1]) * RATE / _FFT) if spectrum.max() > 0 else 0
