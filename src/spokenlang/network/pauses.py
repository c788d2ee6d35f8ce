"""What is speech and what is pause: only what can be heard takes part in anything that the network computes.

`SpeechGate` works on samples. It moves a clip to its first sample that is not zero, finds the blocks (one hop each)
that are loud enough beside the clip's own speech, and sets all others to zero. From there on zero means pause, and no
mask has to be handed from layer to layer or kept with cached features: a frame of zeros has every band of its log-mel
at the floor (`is_heard`), normalisation makes it a frame of zeros, and the layers count such frames nowhere.

So digital silence at either end, of any length, changes nothing, and clips may be padded with zeros to one length.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LOG_FLOOR = 1e-4  # power relative to a clip of unit RMS: what lies 40 dB below a band's fair share counts as silence
DEPTH_DB = 35.0  # so far below the loudest speech of a clip a block is a pause
HANGOVER = 2  # blocks kept on either side of speech: closures and word ends are softer than what surrounds them
CONSTANT = 1e-6  # a block whose power varies by less than this share of it holds one value: an offset, not sound
SILENT = math.log(LOG_FLOOR) + 1e-3  # rounding leaves a silent frame's bands within this of the floor


class SpeechGate(nn.Module):
    """(batch, time) -> the same shape: speech moved to the clip's start, pauses set to zero.

    The level to compare with is that of the loudest three blocks in a row: a click, which is shorter, sets no
    level, and silence, however long, does not lower it. What follows the last whole block is dropped, so that no
    analysis window reaches into a frame that a clip without padding would not have. Less than a block stays as it is.
    """

    def __init__(self, hop: int) -> None:
        super().__init__()
        self.hop = hop
        self.ratio = 10.0 ** (-DEPTH_DB / 10.0)
        self.hangover = HANGOVER
        self.constant = CONSTANT

    def aligned(self, waveform: Tensor) -> Tensor:
        """The clip from its first sample that is not zero to its last whole block; zeros behind it."""
        place = torch.arange(waveform.shape[1], device=waveform.device).unsqueeze(0)
        sound = waveform != 0
        first = torch.where(sound, place, waveform.shape[1]).amin(dim=1, keepdim=True)
        after = torch.where(sound, place + 1, 0).amax(dim=1, keepdim=True)
        length = (after - first).clamp(min=0)
        whole = torch.div(length, self.hop, rounding_mode="floor") * self.hop
        whole = torch.where(length < self.hop, length, whole)
        moved = waveform.gather(1, (place + first).clamp(max=waveform.shape[1] - 1))
        return torch.where(place < whole, moved, torch.zeros_like(moved))

    def power(self, aligned: Tensor) -> Tensor:
        """Power of each block without its offset; (batch, time) -> (batch, time // hop + 1), the last one silent."""
        padded = F.pad(aligned, (0, self.hop)).unsqueeze(1)
        square = F.avg_pool1d(padded.square(), self.hop).squeeze(1)
        varying = square - F.avg_pool1d(padded, self.hop).squeeze(1).square()
        return torch.where(varying > self.constant * square, varying, torch.zeros_like(varying))

    def level(self, power: Tensor) -> Tensor:
        """Power of the loudest speech: the largest of the least powers of three blocks in a row, (batch, 1)."""
        return -F.max_pool1d(-power.unsqueeze(1), 3, 1, 1).squeeze(1).amin(dim=1, keepdim=True)

    def speech(self, power: Tensor) -> Tensor:
        """Which blocks count as speech, as 0 or 1: (batch, blocks) -> the same."""
        loud = (power > self.ratio * self.level(power)).to(power.dtype)
        around = F.max_pool1d(loud.unsqueeze(1), 2 * self.hangover + 1, 1, self.hangover).squeeze(1)
        return around * (power > 0).to(power.dtype)

    def heard(self, waveform: Tensor) -> Tensor:
        """Samples of speech in each clip, and the RMS of the loudest: (batch, time) -> (batch, 2)."""
        power = self.power(self.aligned(waveform))
        samples = self.speech(power).sum(dim=1, keepdim=True) * self.hop
        return torch.cat([samples, self.level(power).sqrt()], dim=1)

    def forward(self, waveform: Tensor) -> Tensor:
        with torch.no_grad():
            aligned = self.aligned(waveform)
            return aligned * per_sample(self.speech(self.power(aligned)), self.hop, waveform.shape[1])


def per_sample(blocks: Tensor, hop: int, samples: int) -> Tensor:
    """(batch, blocks) -> (batch, samples): each block's value for all of its samples."""
    return blocks.unsqueeze(2).expand(-1, -1, hop).flatten(1)[:, :samples]


def is_heard(log_mel: Tensor, silent: float = SILENT) -> Tensor:
    """Which frames rise above the floor anywhere, as 0 or 1: (batch, frames, bands) -> (batch, frames, 1)."""
    return (log_mel.amax(dim=2, keepdim=True) > silent).to(log_mel.dtype)


def is_sound(features: Tensor) -> Tensor:
    """Which frames of normalised features are no pause, as 0 or 1: (batch, frames, dimension) -> (batch, frames)."""
    return (features.abs().amax(dim=2) > 0).to(features.dtype)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over axis 1 of what the mask keeps, 0 where it keeps nothing; the axis stays."""
    return (values * mask).sum(dim=1, keepdim=True) / mask.sum(dim=1, keepdim=True).clamp(min=1.0)
