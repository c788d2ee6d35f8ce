"""The picture of the network."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from spokenlang.study.plots.canvas import COLUMN, GREY


def architecture(blocks: Sequence[tuple[str, str, str, int]], total: str) -> Figure:
    """The network as a column of boxes. ``blocks``: (kind, text, output shape, parameters), input first.

    ``kind`` chooses the colour: "input", "front end", "convolution", "pooling", "output".
    """
    fills = {
        "input": "#f2f2f2",
        "front end": "#deebf7",
        "convolution": "#fdebd8",
        "pooling": "#dff2ea",
        "output": "#f5e3ec",
    }
    row = 0.136  # inches
    figure = Figure(figsize=(COLUMN, row * (len(blocks) + 2)))
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_axis_off()
    axis.set_xlim(0, 100)
    axis.set_ylim(len(blocks) + 0.5, -1.5)
    for x, text, align in ((2, "layer", "left"), (78, "output", "right"), (98, "parameters", "right")):
        axis.text(x, -1, text, ha=align, va="center_baseline", fontsize=7, color=GREY)
    for y, (kind, text, shape, parameters) in enumerate(blocks):
        axis.add_patch(Rectangle((0, y - 0.46), 100, 0.92, facecolor=fills[kind], edgecolor="none"))
        axis.text(2, y, text, ha="left", va="center_baseline", fontsize=7.5)
        axis.text(78, y, shape, ha="right", va="center_baseline", fontsize=7.5)
        count = f"{parameters:,}" if parameters else "–"
        axis.text(98, y, count, ha="right", va="center_baseline", fontsize=7.5)
    axis.text(98, len(blocks), total, ha="right", va="center_baseline", fontsize=7.5, weight="bold")
    return figure
