"""The front end against an independent reference, and the laws that its normalisations must keep."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.errors import InputError
from spokenlang.network.frontend import (
    LOG_FLOOR,
    Cepstra,
    CorpusNorm,
    FrontEnd,
    FrontEndConfig,
    LogMel,
    LoudnessNorm,
    UtteranceNorm,
    as_batch,
)


def reference_log_mel(signal: np.ndarray, bands: int, window_ms: float, hop_ms: float, low_hz: float) -> np.ndarray:
    """Log-mel by scipy's STFT and triangles drawn by `numpy.interp`: another route to the same definition."""
    size, hop, rate = round(window_ms * 8), round(hop_ms * 8), 8000
    fft = 1 << (size - 1).bit_length()
    window = np.zeros(fft)
    window[(fft - size) // 2 : (fft - size) // 2 + size] = scipy.signal.get_window("hann", size)
    transform = scipy.signal.ShortTimeFFT(window / np.sqrt(np.sum(window**2)), hop, rate, fft_mode="onesided")
    power = np.abs(transform.stft(signal, p0=0, p1=len(signal) // hop + 1)) ** 2
    mel = np.linspace(2595 * np.log10(1 + low_hz / 700), 2595 * np.log10(1 + 4000 / 700), bands + 2)
    corners = 700 * (10 ** (mel / 2595) - 1)
    filters = np.stack([np.interp(transform.f, corners[b : b + 3], [0, 1, 0]) for b in range(bands)])
    filters /= filters.sum(axis=1, keepdims=True)
    return np.log(filters @ power + LOG_FLOOR).T


@pytest.mark.parametrize(
    ("bands", "window_ms", "hop_ms", "low_hz"), [(40, 25, 20, 60), (40, 25, 10, 60), (24, 32, 16, 0)]
)
def test_log_mel_agrees_with_scipy(bands: int, window_ms: float, hop_ms: float, low_hz: float) -> None:
    random = np.random.default_rng(0)
    signal = scipy.signal.chirp(np.arange(12345) / 8000, 80, 1.5, 3800) + 0.1 * random.normal(size=12345)
    ours = LogMel(bands, window_ms, hop_ms, low_hz)(torch.tensor(signal[None], dtype=torch.float32))[0].numpy()
    reference = reference_log_mel(signal, bands, window_ms, hop_ms, low_hz)
    assert ours.shape == reference.shape
    np.testing.assert_allclose(ours, reference, atol=1e-4)


def test_white_noise_of_unit_rms_is_flat_and_zero() -> None:
    noise = torch.randn(1, 80000, generator=torch.Generator().manual_seed(0))
    power = LogMel(40, 25, 20, 60)(noise).exp().mean(dim=1)
    assert float((power.log()).abs().max()) < 0.35


def test_cepstra_agree_with_scipy() -> None:
    features = torch.randn(2, 7, 40, dtype=torch.float32)
    reference = scipy.fft.dct(features.numpy(), type=2, norm="ortho", axis=2)[:, :, :13]
    np.testing.assert_allclose(Cepstra(40, 13)(features).numpy(), reference, atol=1e-4)


@settings(max_examples=tries(30), deadline=None)
@given(exponent=st.floats(-4.5, 3), seed=st.integers(0, 1000))
def test_loudness_does_not_matter(exponent: float, seed: int) -> None:
    clip = torch.randn(1, 2000, generator=torch.Generator().manual_seed(seed))
    front_end = FrontEnd(FrontEndConfig())
    torch.testing.assert_close(front_end(clip * 10**exponent), front_end(clip), atol=2e-3, rtol=1e-3)


@settings(max_examples=tries(25), deadline=None)
@given(
    peak=st.sampled_from([0.0, 6e-8, 1e-7, 1e-5, 1e-3, 1.0, 6e4]),
    length=st.integers(1, 3000),
    representation=st.sampled_from(["logmel", "mfcc", "waveform"]),
    utterance=st.sampled_from(["none", "mean", "standard"]),
)
def test_no_clip_makes_a_nan(peak: float, length: int, representation: str, utterance: str) -> None:
    clip = (torch.rand(2, length) * 2 - 1).mul(peak).half()
    front_end = FrontEnd(FrontEndConfig(representation=representation, utterance_norm=utterance))
    assert bool(front_end(clip).isfinite().all())


def test_silence_and_a_constant_stay_silent() -> None:
    for clip in (torch.zeros(1, 4000), torch.full((1, 4000), 0.5)):
        assert float(LoudnessNorm()(clip).abs().max()) < 1e-3


def test_all_layouts_are_one_clip() -> None:
    clip = torch.randn(40000)
    front_end = FrontEnd(FrontEndConfig())
    expected = front_end(clip[None])
    assert expected.shape == (1, 251, 40)
    for layout in (clip, clip[None, None], clip[None].double()):
        torch.testing.assert_close(front_end(layout), expected)
    assert as_batch(torch.zeros(3, 1, 5)).shape == (3, 5)


def test_batching_changes_nothing() -> None:
    clips = torch.randn(5, 6000)
    front_end = FrontEnd(FrontEndConfig())
    together = front_end(clips)
    for number in range(5):
        torch.testing.assert_close(front_end(clips[number : number + 1])[0], together[number])


def test_utterance_norm_removes_any_fixed_filter() -> None:
    features = torch.randn(2, 50, 40)
    norm, heard = UtteranceNorm(scale=False), torch.ones(2, 50, 1)
    torch.testing.assert_close(norm(features + torch.randn(2, 1, 40), heard), norm(features, heard), atol=1e-5, rtol=0)
    scaled = UtteranceNorm(scale=True)(features * 3, heard)
    torch.testing.assert_close(scaled.std(dim=1, correction=0), torch.ones(2, 40), atol=1e-2, rtol=0)


def test_corpus_norm_gives_training_clips_zero_mean_and_unit_deviation() -> None:
    features = torch.randn(30, 20, 40) * 3 + torch.arange(40)
    norm = CorpusNorm(40)
    norm.fit(features)
    flat = norm(features).flatten(0, 1)
    torch.testing.assert_close(flat.mean(dim=0), torch.zeros(40), atol=1e-4, rtol=0)
    torch.testing.assert_close(flat.std(dim=0, correction=0), torch.ones(40), atol=1e-4, rtol=0)
    assert set(dict(norm.named_buffers())) == {"mean", "deviation"}


def test_front_end_runs_without_gradient() -> None:
    clip = torch.randn(1, 8000, requires_grad=True)
    assert not FrontEnd(FrontEndConfig())(clip).requires_grad


def test_unknown_choices_are_refused() -> None:
    with pytest.raises(InputError, match="unknown front end"):
        FrontEnd(FrontEndConfig(representation="spectrogram"))
    with pytest.raises(InputError, match="normalisation"):
        FrontEnd(FrontEndConfig(utterance_norm="zscore"))
    with pytest.raises(InputError, match="too many"):
        FrontEnd(FrontEndConfig(bands=200))
