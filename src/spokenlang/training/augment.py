"""Augmentation of log-mel features: what could have been different about a clip without changing its
language.

Every technique is a switch of `AugmentConfig`; the ablation turns them off one at a time. All of them run on
whole batches, on the features' device. Everything random is drawn per clip and epoch by name (`ClipDraws`),
never from a running generator, so a clip's augmentation does not depend on batch order, on the number of
processes, or on which other techniques are on.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import torch
from torch import Tensor

from spokenlang.network.frontend import SAMPLE_RATE, FrontEnd, FrontEndConfig, LogMel, hz_to_mel, mel_edges
from spokenlang.network.pauses import DEPTH_DB, LOG_FLOOR

DECIBEL = math.log(10.0) / 10.0  # one dB in natural-log power


@dataclass(frozen=True)
class AugmentConfig:
    """Which techniques are on, and how strong."""

    crop: bool = True  # train on random crops instead of whole clips
    crop_min_s: float = 1.5  # shortest crop, s
    crop_max_s: float = 3.0  # longest crop, s
    time_shift: bool = True  # start anywhere, wrapping round the clip's end
    stretch: float = 0.1  # play up to this fraction faster or slower; 0 = off
    mel_warp: float = 0.2  # scale the frequency axis by up to this share, as another vocal tract would; 0 = off
    spec_masks: int = 1  # SpecAugment: masks in time and in frequency each; 0 = off
    spec_time_s: float = 0.3  # longest time mask, s
    spec_bands: int = 6  # widest frequency mask, bands
    pauses: float = 0.0  # share of clips in which the talker falls silent for a while
    pause_s: float = 1.2  # longest pause, s
    pause_db: float = -10.0  # loudest noise in a pause, against the clip; the faintest is what the front end cuts out


class ClipDraws:
    """Uniform numbers in [0, 1) for every clip of the training split in one epoch, one column per name."""

    def __init__(self, clips: int, seed: int, epoch: int, device: torch.device | str = "cpu") -> None:
        self.clips, self.seed, self.epoch, self.device = clips, seed, epoch, device
        self._columns: dict[str, Tensor] = {}

    def __call__(self, name: str, clips: Tensor, width: int = 1) -> Tensor:
        """Numbers of the given clips: (len(clips), width)."""
        key = f"{name}/{width}"
        if key not in self._columns:
            # Always drawn on the CPU: the same numbers on every device.
            seed = zlib.crc32(f"{self.seed}/{self.epoch}/{name}".encode())
            generator = torch.Generator().manual_seed(seed)
            self._columns[key] = torch.rand(self.clips, width, generator=generator).to(self.device)
        return self._columns[key][clips]


def warp_matrices(config: FrontEndConfig, limit: float, steps: int = 33) -> Tensor:
    """(steps, bands, bands) interpolation matrices that scale the frequency axis by 1 - limit .. 1 + limit.

    Vocal tract length perturbation (Jaitly and Hinton 2013), applied to mel bands: output band b reads the input
    where its centre frequency divided by the factor lies.
    """
    nyquist = SAMPLE_RATE / 2
    factors = torch.linspace(1 - limit, 1 + limit, steps, dtype=torch.float64).unsqueeze(1)
    source = mel_edges(config.bands, config.low_hz, nyquist)[1:-1] / factors
    low = hz_to_mel(config.low_hz)
    width = (hz_to_mel(nyquist) - low) / (config.bands + 1)
    place = ((2595.0 * torch.log10(1 + source / 700.0) - low) / width - 1).clamp(0, config.bands - 1)
    distance = (torch.arange(config.bands).reshape(1, -1, 1) - place.unsqueeze(1)).abs()
    return (1 - distance).clamp(min=0).to(torch.float32)


def noise_bank(front_end: FrontEnd, seed: int, seconds: float = 20.0, colours: int = 8) -> Tensor:
    """(colours, frames, bands) log-mel of Gaussian noise of unit RMS, from brown to slightly blue."""
    generator = torch.Generator().manual_seed(zlib.crc32(f"{seed}/noise bank".encode()))
    spectrum = torch.fft.rfft(torch.randn(colours, int(seconds * SAMPLE_RATE), generator=generator))
    hz = torch.linspace(0, SAMPLE_RATE / 2, spectrum.shape[1]).clamp(min=50.0)
    tilt = torch.linspace(-1.0, 0.25, colours).unsqueeze(1)  # exponent of the amplitude
    noise = torch.fft.irfft(spectrum * (hz / 1000.0) ** tilt)
    log_mel = front_end.spectrum
    assert isinstance(log_mel, LogMel)
    device = log_mel.window.device
    return log_mel((noise / noise.square().mean(dim=1, keepdim=True).sqrt()).to(device))


class Augment:
    """Random views of cached log-mel features; `view` is the only thing the training loop calls."""

    def __init__(self, config: AugmentConfig, front_end: FrontEnd, seed: int, frames: int) -> None:
        spectral = front_end.config.representation != "waveform"
        rate = 1000.0 / front_end.config.hop_ms if spectral else float(SAMPLE_RATE)
        self.config, self.seed, self.frames, self.rate, self.spectral = config, seed, frames, rate, spectral
        device = next(front_end.buffers()).device if list(front_end.buffers()) else torch.device("cpu")
        self.warps = self.bank = None
        if spectral and config.mel_warp:
            self.warps = warp_matrices(front_end.config, config.mel_warp).to(device)
        if spectral and config.pauses:
            self.bank = noise_bank(front_end, seed)

    def crop_frames(self, step: int) -> int:
        """Length of every clip in the batch of a step; one length per step keeps the batch a rectangle."""
        if not self.config.crop:
            return self.frames
        seed = zlib.crc32(f"{self.seed}/crop/{step}".encode())
        draw = float(torch.rand((), generator=torch.Generator().manual_seed(seed)))
        low, high = self.config.crop_min_s, self.config.crop_max_s
        # Quarter seconds: few distinct shapes, so that convolution kernels prepared once are found again.
        seconds = min(high, low + 0.25 * int(draw * (round((high - low) / 0.25) + 1)))
        return max(1, min(self.frames, round(seconds * self.rate)))

    def view(self, features: Tensor, places: Tensor, clips: Tensor, draws: ClipDraws, step: int) -> Tensor:
        """One random view of each clip.

        Args:
            features: clips of the split, (some, frames, bands) or waveforms (some, time).
            places: which of these to view, (batch,) on the same device.
            clips: which clips of the split they are, (batch,): their random numbers follow from it.
            draws: the epoch's random numbers.
            step: global step, which fixes the crop length.

        Returns:
            (batch, crop, bands) or (batch, crop).
        """

        def draw(name: str, width: int = 1) -> Tensor:
            return draws(name, clips, width)

        view = self._read(features, places, self.crop_frames(step), draw)
        if not self.spectral:
            return view
        if self.warps is not None:
            factor = (draw("warp").squeeze(1) * len(self.warps)).long()
            view = torch.bmm(view, self.warps[factor])
        if self.config.pauses:
            view = self._where(draw("pause") < self.config.pauses, view, self._fall_silent, draw("pause kind", 5))
        return view

    def mask(self, view: Tensor, clips: Tensor, draws: ClipDraws) -> Tensor:
        """SpecAugment (Park et al. 2019) on normalised features (batch, frames, bands): zero is the mean."""
        if not (self.spectral and self.config.spec_masks):
            return view
        hidden = torch.zeros(view.shape, dtype=torch.bool, device=view.device)
        for axis, widest in ((1, self.config.spec_time_s * self.rate), (2, float(self.config.spec_bands))):
            size = view.shape[axis]
            place = torch.arange(size, device=view.device)
            for number in range(self.config.spec_masks):
                both = draws(f"mask {axis} {number}", clips, 2)
                width = both[:, :1] * min(widest, size / 2)
                start = both[:, 1:] * (size - width)
                inside = (place >= start) & (place < start + width)
                hidden = hidden | inside.unsqueeze(3 - axis)
        return view.masked_fill(hidden, 0.0)

    def _read(self, features: Tensor, places: Tensor, length: int, draw) -> Tensor:
        """Crop, shift and stretch in one read: rows of the features at fractional positions."""
        frames = features.shape[1]
        rate = 1 + self.config.stretch * (2 * draw("stretch") - 1)
        room = frames if self.config.time_shift else (frames - length * rate).clamp(min=0)
        start = draw("start") * room
        if not self.config.stretch:
            start, rate = start.floor(), torch.ones_like(rate)
        position = start + rate * torch.arange(length, device=features.device)
        below = position.long()
        weight = position - below
        base = (places * frames).unsqueeze(1)
        flat = features.flatten(0, 1)
        first = flat[base + below % frames]
        if not self.config.stretch:
            return first
        second = flat[base + (below + 1) % frames]
        return torch.lerp(first, second, weight.unsqueeze(2) if self.spectral else weight)

    @staticmethod
    def _where(chosen: Tensor, view: Tensor, technique, *numbers: Tensor) -> Tensor:
        """Apply a technique to the chosen clips only; the others cost nothing."""
        rows = chosen.squeeze(1).nonzero().squeeze(1)
        return view.index_copy(0, rows, technique(view[rows], *(column[rows] for column in numbers)))

    def _noise(self, kind: Tensor, level_db: Tensor, frames: int) -> Tensor:
        """Log-mel of noise: kind (clips, 2) chooses colour and moment, level_db (clips,) is its level."""
        colours, length, _ = self.bank.shape
        colour = (kind[:, 0] * colours).long()
        start = (kind[:, 1:2] * length).long()
        place = (start + torch.arange(frames, device=kind.device)) % length
        return self.bank[colour.unsqueeze(1), place] + level_db[:, None, None] * DECIBEL

    def _fall_silent(self, view: Tensor, kind: Tensor) -> Tensor:
        """A pause anywhere, shorter than half of the view: for one clip of two digital, else with noise in it that
        the front end would take for speech."""
        frames = view.shape[1]
        width = kind[:, 2:3] * min(self.config.pause_s * self.rate, frames / 2)
        start = kind[:, 3:4] * (frames - width)
        place = torch.arange(frames, device=view.device)
        inside = ((place >= start) & (place < start + width)).unsqueeze(2)
        floor = torch.full_like(view, math.log(LOG_FLOOR))
        level = self.config.pause_db + 2 * (self.config.pause_db + DEPTH_DB) * (kind[:, 4] - 1)
        noise = torch.logaddexp(floor, self._noise(kind[:, :2], level, frames))
        pause = torch.where((level > -DEPTH_DB)[:, None, None], noise, floor)
        return torch.where(inside, pause, view)
