"""The network as a drawing has it: a few blocks with shapes and parameters, read off the module."""

from __future__ import annotations

import re
from collections.abc import Sequence

from torch import nn

from spokenlang.corpus.store import RATE
from spokenlang.network.models import LanguageModel, LayerRow

Block = tuple[str, str, str, int]
"""(kind, text, output shape, parameters); see `plots.architecture`."""


def blocks(layers: Sequence[LayerRow], samples: int) -> list[Block]:
    """Rows of `layer_table` as blocks: norms in a row share one, and so do layers that differ in dilation alone."""
    found: list[Block] = [("input", f"waveform, {samples / RATE:g} s at {RATE // 1000} kHz", f"{samples}", 0)]
    for row in layers:
        kind, shape = _kind(row), " × ".join(map(str, row.shape))
        last_kind, last_text, last_shape, last_count = found[-1]
        joined = _joined(last_text, row.label) if (kind, shape) == (last_kind, last_shape) else ""
        if joined:
            found[-1] = (kind, joined, shape, last_count + row.parameters)
        else:
            found.append((kind, row.label, shape, row.parameters))
    return found


def _joined(first: str, second: str) -> str:
    """One text for two layers that belong together, or "" for two that do not."""
    if first.endswith("normalisation") and second.endswith("normalisation"):
        return first.removesuffix(" normalisation") + " and " + second
    if first == "pauses to zero" and second == "loudness normalisation":
        return f"{first}, {second}"
    pattern = r"(.*), dilations? ([\d, ]*\d)(.*)"
    one, two = re.fullmatch(pattern, first), re.fullmatch(pattern, second)
    if one and two and (one[1], one[3]) == (two[1], two[3]):
        return f"{one[1]}, dilations {one[2]}, {two[2]}{one[3]}"
    return ""


def _kind(row: LayerRow) -> str:
    if row.name.startswith("front_end"):
        return "front end"
    if row.name.endswith("output"):
        return "output"
    return "pooling" if row.name.endswith("pooling") else "convolution"


def receptive_field_s(model: LanguageModel) -> float:
    """Seconds of speech that one frame before the pooling depends on, from kernels, strides and dilations."""
    config = model.front_end.config
    frames, jump = 1, 1
    for module in model.network.modules():
        if isinstance(module, nn.Conv2d):
            frames += (module.kernel_size[1] - 1) * module.dilation[1] * jump
            jump *= module.stride[1]
    return ((frames - 1) * config.hop_ms + config.window_ms) / 1000
