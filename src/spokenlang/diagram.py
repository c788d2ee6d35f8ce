"""The network as a drawing has it: a few blocks with shapes and parameters, read off the module."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from spokenlang.corpus.store import RATE
from spokenlang.models import LanguageModel, LayerRow

Block = tuple[str, str, str, int]
"""(kind, text, output shape, parameters); see `plots.architecture`."""


def blocks(layers: Sequence[LayerRow], samples: int) -> list[Block]:
    """Rows of `layer_table` as blocks: equal neighbours are joined, the front end's norms share one block."""
    found: list[Block] = [("input", f"waveform, {samples / RATE:g} s at {RATE // 1000} kHz", f"{samples}", 0)]
    for row in layers:
        kind, shape = _kind(row), " × ".join(map(str, row.shape))
        norms = [part for part in ("utterance normalisation", "corpus normalisation") if row.label == part]
        if norms and found[-1][1].endswith("normalisation") and found[-1][0] == "front end" and found[-1][2] == shape:
            found[-1] = (
                "front end",
                found[-1][1].replace(" normalisation", "") + " and " + row.label,
                shape,
                found[-1][3] + row.parameters,
            )
        else:
            found.append((kind, row.label, shape, row.parameters))
    return found


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
