"""The augmentations that also exist on waveforms: filter, room, noise and telephone band, on whole batches.

They are exact where `augment` approximates, and cost a new spectrum per clip and epoch. Drawn per clip and
epoch by name, like the others.
"""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import Tensor

from spokenlang.network.frontend import SAMPLE_RATE
from spokenlang.training.augment import AugmentConfig


def distort(waveforms: Tensor, clips: np.ndarray, config: AugmentConfig, seed: int, epoch: int) -> Tensor:
    """Distorted copies of waveforms (batch, time); `clips` are their numbers in the training set."""
    length = waveforms.shape[1]
    numbers = torch.stack([_numbers(seed, epoch, int(clip)) for clip in clips]).to(waveforms.device)
    spectrum = torch.fft.rfft(waveforms, n=2 * length)
    hz = torch.linspace(0, SAMPLE_RATE / 2, spectrum.shape[1], device=waveforms.device)
    if config.equalise_db:
        spectrum = spectrum * _filter(hz, numbers[:, :4], config.equalise_db)
    if config.reverb:
        wet = (numbers[:, 4] < config.reverb).float()
        spectrum = spectrum * torch.fft.rfft(_rooms(length, numbers, wet, clips, seed, epoch), n=2 * length)
    sound = torch.fft.irfft(spectrum)[:, :length]
    if config.noise:
        sound = sound + _noise(sound, numbers, config, clips, seed, epoch)
    if config.band_limit:
        low, high = 100 + 300 * numbers[:, 10:11], 2200 + 1600 * numbers[:, 11:12]
        chosen = numbers[:, 12:13] < config.band_limit
        spectrum = torch.fft.rfft(sound)
        hz = torch.linspace(0, SAMPLE_RATE / 2, spectrum.shape[1], device=sound.device)
        keep = torch.sigmoid((hz - low) / 20) * torch.sigmoid((high - hz) / 60)
        sound = torch.fft.irfft(torch.where(chosen, keep, torch.ones_like(keep)) * spectrum, n=length)
    return sound


def _generator(seed: int, epoch: int, clip: int, name: str) -> torch.Generator:
    return torch.Generator().manual_seed(zlib.crc32(f"{seed}/{epoch}/{clip}/{name}".encode()))


def _numbers(seed: int, epoch: int, clip: int) -> Tensor:
    return torch.rand(16, generator=_generator(seed, epoch, clip, "distort"))


def _gaussian(length: int, clips: np.ndarray, seed: int, epoch: int, name: str, device: torch.device) -> Tensor:
    rows = [torch.randn(length, generator=_generator(seed, epoch, int(clip), name)) for clip in clips]
    return torch.stack(rows).to(device)


def _filter(hz: Tensor, weights: Tensor, deviation_db: float) -> Tensor:
    """A smooth gain over frequency: a sum of four cosines with random weights, (batch, bins)."""
    shapes = torch.stack([(torch.pi * k * hz / hz[-1]).cos() for k in range(1, 5)])
    return 10 ** (deviation_db * ((weights - 0.5) * 12**0.5 / 2**0.5) @ shapes / 20)


def _rooms(length: int, numbers: Tensor, wet: Tensor, clips: np.ndarray, seed: int, epoch: int) -> Tensor:
    """Impulse responses: direct sound, and noise 0 to 12 dB below it that decays in 0.1 to 0.6 s."""
    taps = min(length, int(0.6 * SAMPLE_RATE))
    time = torch.arange(taps, device=numbers.device) / SAMPLE_RATE
    decay = 0.1 + 0.5 * numbers[:, 5:6]
    tail = _gaussian(taps, clips, seed, epoch, "room", numbers.device) * 10 ** (-3 * time / decay)
    tail = tail / tail.square().sum(dim=1, keepdim=True).sqrt() * 10 ** (-12 * numbers[:, 6:7] / 20)
    tail = tail * wet.unsqueeze(1)
    tail[:, 0] = 1.0
    return tail


def _noise(sound: Tensor, numbers: Tensor, config: AugmentConfig, clips: np.ndarray, seed: int, epoch: int) -> Tensor:
    """Coloured noise at a random signal-to-noise ratio; nothing for clips that are not chosen."""
    white = torch.fft.rfft(_gaussian(sound.shape[1], clips, seed, epoch, "noise", sound.device))
    hz = torch.linspace(0, SAMPLE_RATE / 2, white.shape[1], device=sound.device).clamp(min=50.0)
    noise = torch.fft.irfft(white * (hz / 1000) ** (1.25 * numbers[:, 7:8] - 1), n=sound.shape[1])
    decibel = config.noise_min_db + (config.noise_max_db - config.noise_min_db) * numbers[:, 8:9]
    level = sound.square().mean(dim=1, keepdim=True).sqrt() * 10 ** (-decibel / 20)
    noise = noise / noise.square().mean(dim=1, keepdim=True).sqrt() * level
    return noise * (numbers[:, 9:10] < config.noise)
