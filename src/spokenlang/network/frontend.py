"""The front end: waveform in, normalised features out, as layers of the network.

Everything between the microphone and the first trainable weight lives here, so that whoever loads the exported
model hands it raw samples and nothing else. The layers hold their constants as registered buffers, and nothing
here is trained.

A front end works in two steps. `features` is fixed: pauses are cut out (`pauses`), then loudness normalisation, then
log-mel. Training computes it once per clip. `normalise` removes what a clip's recording adds (per-utterance mean) and
puts the corpus on one scale; it runs after augmentation, which works on what `features` returns. No gradient passes
the fixed part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spokenlang.errors import InputError
from spokenlang.network.pauses import LOG_FLOOR, SpeechGate, is_heard, masked_mean, per_sample

SAMPLE_RATE = 8000
HOP = 160  # samples of a block of 20 ms, over which loudness tells speech from pause
RMS_FLOOR = 1e-7  # about the smallest float16 subnormal: a clip below it is silence, not quiet speech


@dataclass(frozen=True)
class FrontEndConfig:
    """How a waveform becomes features."""

    representation: str = "logmel"  # logmel | mfcc | waveform
    bands: int = 40  # mel bands between `low_hz` and half the sample rate
    window_ms: float = 25.0  # analysis window
    hop_ms: float = 20.0  # step between windows
    low_hz: float = 60.0  # lower edge of the first band
    loudness_norm: bool = True  # bring every clip to unit RMS before anything else
    utterance_norm: str = "mean"  # per clip and band: none | mean (subtract it) | standard (mean and deviation)
    corpus_norm: bool = True  # subtract the training clips' mean and divide by their deviation, per band
    cepstra: int = 20  # coefficients kept by representation "mfcc"


def as_batch(waveform: Tensor) -> Tensor:
    """(time,), (batch, time) or (batch, 1, time), any float dtype -> (batch, time) float32."""
    if waveform.dim() == 3:
        waveform = waveform.flatten(1)
    elif waveform.dim() == 1:
        waveform = waveform.unsqueeze(0)
    return waveform.to(torch.float32)


class LoudnessNorm(nn.Module):
    """Zero mean and unit root-mean-square over what is heard of a clip; (batch, time) -> (batch, time).

    Blocks of zeros are pauses: they count in neither, and stay zero. Clips of the assignment peak anywhere between
    1e-5 and 1. The floor keeps silence silent (0 / floor = 0) instead of turning it into NaN or into amplified
    rounding noise.
    """

    def __init__(self, hop: int = HOP, floor: float = RMS_FLOOR) -> None:
        super().__init__()
        self.hop = hop
        self.floor: Tensor
        self.register_buffer("floor", torch.tensor(floor))

    def forward(self, waveform: Tensor) -> Tensor:
        with torch.no_grad():
            padded = F.pad(waveform.abs(), (0, self.hop)).unsqueeze(1)
            blocks = (F.max_pool1d(padded, self.hop).squeeze(1) > 0).to(waveform.dtype)
            heard = per_sample(blocks, self.hop, waveform.shape[1])
            centred = (waveform - masked_mean(waveform, heard)) * heard
            rms = masked_mean(centred.square(), heard).sqrt()
            return centred / torch.maximum(rms, self.floor)


def hz_to_mel(hz: float) -> float:
    """O'Shaughnessy's mel scale, as in HTK."""
    return 2595.0 * math.log10(1.0 + hz / 700.0)


def mel_to_hz(mel: Tensor) -> Tensor:
    """Inverse of `hz_to_mel`."""
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


def mel_edges(bands: int, low_hz: float, high_hz: float) -> Tensor:
    """The `bands + 2` corner frequencies in Hz: band b rises from edge b, peaks at b + 1, ends at b + 2."""
    return mel_to_hz(torch.linspace(hz_to_mel(low_hz), hz_to_mel(high_hz), bands + 2, dtype=torch.float64))


def mel_filters(bands: int, bins: int, low_hz: float, high_hz: float) -> Tensor:
    """(bins, bands) triangles on the mel scale, each scaled to unit sum so that white noise is flat."""
    edges = mel_edges(bands, low_hz, high_hz)
    hz = torch.linspace(0.0, high_hz, bins, dtype=torch.float64).unsqueeze(1)
    rising = (hz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hz) / (edges[2:] - edges[1:-1])
    triangles = torch.minimum(rising, falling).clamp(min=0.0)
    total = triangles.sum(dim=0)
    if bool((total <= 0).any()):
        raise InputError(f"{bands} mel bands are too many for a window of this length; use fewer bands")
    return (triangles / total).to(torch.float32)


class LogMel(nn.Module):
    """Natural logarithm of mel-band power; (batch, time) -> (batch, frames, bands).

    A Hann window of `window_ms` every `hop_ms`, frames centred on multiples of the hop (zeros beyond the
    clip's ends), so that any length, even one sample, gives at least one frame: `time // hop + 1`. Power is
    normalised so that white noise of unit variance gives about 0 in every band; `LOG_FLOOR` is added before
    the logarithm.
    """

    def __init__(self, bands: int, window_ms: float, hop_ms: float, low_hz: float) -> None:
        super().__init__()
        self.floor = LOG_FLOOR
        self.size = round(window_ms * SAMPLE_RATE / 1000)
        self.hop = round(hop_ms * SAMPLE_RATE / 1000)
        self.fft = 2 ** math.ceil(math.log2(self.size))
        window = torch.hann_window(self.size, dtype=torch.float64)
        window = F.pad(window, ((self.fft - self.size) // 2, self.fft - self.size - (self.fft - self.size) // 2))
        self.window: Tensor
        self.register_buffer("window", (window / window.square().sum().sqrt()).to(torch.float32))
        self.filters: Tensor
        self.register_buffer("filters", mel_filters(bands, self.fft // 2 + 1, low_hz, SAMPLE_RATE / 2))

    def forward(self, waveform: Tensor) -> Tensor:
        with torch.no_grad():
            padded = F.pad(waveform, (self.fft // 2, self.fft // 2))
            spectrum = torch.stft(
                padded, self.fft, hop_length=self.hop, window=self.window, center=False, return_complex=True
            )
            parts = torch.view_as_real(spectrum)
            power = (parts * parts).sum(dim=-1)
            return torch.log(torch.matmul(power.transpose(1, 2), self.filters) + self.floor)


class Cepstra(nn.Module):
    """Orthonormal DCT-II of the log-mel bands: MFCC; (batch, frames, bands) -> (batch, frames, cepstra)."""

    def __init__(self, bands: int, cepstra: int) -> None:
        super().__init__()
        n, k = torch.arange(bands, dtype=torch.float64), torch.arange(cepstra, dtype=torch.float64)
        basis = torch.cos(math.pi / bands * (n.unsqueeze(1) + 0.5) * k) * math.sqrt(2.0 / bands)
        basis[:, 0] /= math.sqrt(2.0)
        self.basis: Tensor
        self.register_buffer("basis", basis.to(torch.float32))

    def forward(self, features: Tensor) -> Tensor:
        return torch.matmul(features, self.basis)


class UtteranceNorm(nn.Module):
    """Subtract each band's mean over the clip, which removes a fixed channel; with `scale`, divide by its
    deviation. Both are taken over the frames that are heard.

    Cepstral mean normalisation (Atal 1974), done in the log-mel domain. (batch, frames, bands) and which frames are
    heard, (batch, frames, 1) -> (batch, frames, bands).
    """

    def __init__(self, scale: bool) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, features: Tensor, heard: Tensor) -> Tensor:
        centred = features - masked_mean(features, heard)
        if self.scale:
            centred = centred / (masked_mean(centred.square(), heard) + 1e-2).sqrt()
        return centred


class NoUtteranceNorm(nn.Module):
    """The features as they are, in the place of `UtteranceNorm`."""

    def forward(self, features: Tensor, _heard: Tensor) -> Tensor:
        return features


class CorpusNorm(nn.Module):
    """Subtract the corpus's mean per band, divide by its deviation; both are buffers, set by `fit`."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.register_buffer("mean", torch.zeros(bands))
        self.deviation: Tensor
        self.register_buffer("deviation", torch.ones(bands))

    def fit(self, features: Tensor) -> None:
        """Take the statistics of (..., bands): frames that are heard, of training clips only."""
        flat = features.flatten(0, -2).to(torch.float64)
        self.mean.copy_(flat.mean(dim=0))
        self.deviation.copy_(flat.std(dim=0, correction=0).clamp(min=1e-3))

    def forward(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.deviation


class FrontEnd(nn.Module):
    """The layers that a config asks for, in order; waveform (batch, time) -> (batch, frames, dimension).

    Pauses come out as frames of zeros. With representation "waveform" there are no frames: features and output are
    the normalised samples, (batch, time), and pauses are zeros there.
    """

    def __init__(self, config: FrontEndConfig) -> None:
        super().__init__()
        if config.representation not in ("logmel", "mfcc", "waveform"):
            raise InputError(f"unknown front end {config.representation!r}: use logmel, mfcc or waveform")
        if config.utterance_norm not in ("none", "mean", "standard"):
            raise InputError(
                f"unknown per-utterance normalisation {config.utterance_norm!r}: use none, mean or standard"
            )
        self.config = config
        spectral = config.representation != "waveform"
        self.dimension = {"waveform": 1, "mfcc": config.cepstra}.get(config.representation, config.bands)
        hop = round(config.hop_ms * SAMPLE_RATE / 1000)
        self.spectral = spectral
        self.gate = SpeechGate(hop)
        self.loudness = LoudnessNorm(hop) if config.loudness_norm else nn.Identity()
        self.spectrum = (
            LogMel(config.bands, config.window_ms, config.hop_ms, config.low_hz) if spectral else nn.Identity()
        )
        mfcc = config.representation == "mfcc"
        self.compression = Cepstra(config.bands, config.cepstra) if mfcc else nn.Identity()
        utterance = spectral and config.utterance_norm != "none"
        self.utterance = UtteranceNorm(config.utterance_norm == "standard") if utterance else NoUtteranceNorm()
        self.corpus = CorpusNorm(self.dimension) if spectral and config.corpus_norm else nn.Identity()

    @torch.jit.export
    def features(self, waveform: Tensor) -> Tensor:
        """The fixed part: (batch, time) -> log-mel (batch, frames, bands), or the normalised samples."""
        return self.spectrum(self.loudness(self.gate(waveform)))

    @torch.jit.export
    def normalise(self, features: Tensor) -> Tensor:
        """The part that follows augmentation: compression, per-utterance and corpus normalisation; pauses to zero."""
        if not self.spectral:
            return features
        heard = is_heard(features)
        return self.corpus(self.utterance(self.compression(features), heard)) * heard

    @torch.no_grad()
    def fit_corpus(self, features: Tensor) -> None:
        """Set the corpus statistics from the fixed features of training clips."""
        if isinstance(self.corpus, CorpusNorm):
            heard = is_heard(features)
            self.corpus.fit(self.utterance(self.compression(features), heard)[heard.squeeze(2) > 0])

    def forward(self, waveform: Tensor) -> Tensor:
        return self.normalise(self.features(as_batch(waveform)))
