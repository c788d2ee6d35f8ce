"""Degradations do what their names and numbers say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.corpus import acoustics
from spokenlang.corpus.espeak import conditions

RATE = acoustics.RATE


def speechlike(seed: int = 0, seconds: float = 2.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    length = int(seconds * RATE)
    loudness = np.interp(np.arange(length), np.arange(0, length + 1600, 1600), rng.random(length // 1600 + 1))
    return acoustics.noise("speech", length, rng) * loudness


def ratio_db(clean: np.ndarray, coded: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(clean**2) / np.mean((coded - clean) ** 2)))


@pytest.mark.parametrize("kind", acoustics.NOISES)
def test_noise_comes_at_the_ratio_asked_for_and_without_offset(kind: str) -> None:
    speech = speechlike()
    noise = acoustics.noise(kind, len(speech), np.random.default_rng(1))
    assert ratio_db(speech, acoustics.mix(speech, noise, 7.0)) == pytest.approx(7.0, abs=1e-6)
    assert abs(noise.mean()) < 0.05 * noise.std()
    again = acoustics.noise(kind, len(speech), np.random.default_rng(1))
    assert (noise == again).all()


def test_a_room_decays_as_fast_as_its_reverberation_time_says() -> None:
    response = acoustics.room_response(0.5, 0.0, np.random.default_rng(0))
    remaining = 10 * np.log10(np.cumsum(response[::-1] ** 2)[::-1])
    slope = np.polyfit(np.arange(800, 2800) / RATE, remaining[800:2800], 1)[0]
    assert slope == pytest.approx(-60 / 0.5, rel=0.15)
    reverberation = np.sum(response[1:] ** 2)
    assert 10 * np.log10(response[0] ** 2 / reverberation) == pytest.approx(0.0, abs=0.1)


def test_a_band_limit_passes_the_band_and_stops_the_rest() -> None:
    def level(frequency: float) -> float:
        tone = np.sin(2 * np.pi * frequency * np.arange(RATE) / RATE)
        return float(20 * np.log10(np.std(acoustics.band_limit(tone, 300, 3000)[800:-800]) / np.std(tone[800:-800])))

    assert abs(level(1000)) < 0.1
    assert level(300) == pytest.approx(-3.0, abs=0.3)
    assert level(100) < -35
    assert level(3900) < -8


def test_an_equaliser_follows_its_tilt_and_peaks() -> None:
    impulse = np.zeros(RATE)
    impulse[RATE // 2] = 1.0
    spectrum = 20 * np.log10(np.abs(np.fft.rfft(acoustics.equalise(impulse, 2.0, [(500.0, 6.0, 0.3)]))))
    assert spectrum[1000] == pytest.approx(0.0, abs=0.2)
    assert spectrum[2000] == pytest.approx(2.0, abs=0.2)
    assert spectrum[500] == pytest.approx(-2.0 + 6.0, abs=0.2)


def test_codecs_lose_as_much_as_they_are_meant_to() -> None:
    speech = speechlike()
    assert ratio_db(speech, acoustics.mu_law(speech, 0.5)) > 30
    coarse, fine = (ratio_db(speech, acoustics.block_pcm(speech, bits)) for bits in (3, 4))
    assert 8 < coarse < fine < 30
    coarse, fine = (ratio_db(speech, acoustics.transform_codec(speech, step)) for step in (1.5, 0.8))
    assert 3 < coarse < fine < 20
    exact = acoustics.transform_codec(speech, 1e-9)
    np.testing.assert_allclose(exact, speech, atol=1e-8 * np.abs(speech).max())


@settings(max_examples=tries(60), deadline=None)
@given(seed=st.integers(0, 2**31), quiet=st.floats(1e-6, 1.0))
def test_any_conditions_give_finite_speech_at_their_loudness(seed: int, quiet: float) -> None:
    drawn = conditions.draw(conditions.ConditionConfig(), np.random.default_rng(seed))
    samples = 8000
    made = conditions.apply(speechlike(seed % 7) * quiet, drawn, samples)
    assert made.dtype == np.float16
    assert made.shape == (samples,)
    assert np.isfinite(made).all()
    assert np.abs(made.astype(np.float64)).max() == pytest.approx(10 ** (drawn.gain_db / 20), rel=1e-2)
    assert (made == conditions.apply(speechlike(seed % 7) * quiet, drawn, samples)).all()
