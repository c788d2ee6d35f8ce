"""Figures of accuracies with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from spokenlang.study.plots.canvas import BLUE, COLUMN, HALF, INK, PALE, SIX, VERMILION, new_figure


def intervals(
    rows: Sequence[tuple[str, float, float, float]],
    xlabel: str,
    *,
    highlight: str = "",
    width: float = COLUMN,
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """Dot and interval in percent for each ``(label, value, low, high)`` of fractions, the first row on top.

    ``marks`` are fractions to compare with, drawn as upright lines; those of one value share a line.
    """
    pitch = 0.19 if width == COLUMN else 0.112
    figure, axis = new_figure(pitch * len(rows) + 0.42, width=width)
    for y, (label, value, low, high) in enumerate(rows):
        colour = VERMILION if label == highlight else BLUE
        axis.plot([100 * low, 100 * high], [y, y], color=colour, linewidth=1.2, solid_capstyle="round")
        axis.plot([100 * value], [y], "o", color=colour, markersize=3)
    axis.set_yticks(range(len(rows)), [row[0] for row in rows])
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_xlabel(xlabel)
    axis.grid(axis="x", color=PALE, linewidth=0.5)
    axis.tick_params(axis="y", length=0)
    axis.set_axisbelow(True)
    if marks:
        named: dict[float, list[str]] = {}
        for name, value in marks.items():
            named.setdefault(round(100 * value, 6), []).append(name)
        for (at, names), dashes in zip(sorted(named.items()), ("--", ":", "-."), strict=False):
            axis.axvline(at, color=INK, linewidth=0.8, linestyle=dashes, label=", ".join(names), zorder=0)
        figure.legend(loc="outside upper right", ncols=len(named), fontsize=7)
    return figure


def against_duration(
    curves: Mapping[str, tuple[Sequence[float], np.ndarray, np.ndarray, np.ndarray]], of: str = "clip length / s"
) -> Figure:
    """Accuracy against clip length, or another duration: name -> (seconds, value, low, high).

    The intervals of a single curve are a band, those of several are bars beside each other.
    """
    figure, axis = new_figure(1.75, width=HALF)
    for number, (name, (seconds, value, low, high)) in enumerate(curves.items()):
        colour = (BLUE, VERMILION, INK)[number]
        if len(curves) == 1:
            axis.fill_between(seconds, 100 * low, 100 * high, color=colour, alpha=0.18, linewidth=0)
            axis.plot(seconds, 100 * value, "o-", color=colour, markersize=3)
            continue
        beside = np.asarray(seconds) * 1.15 ** (number - (len(curves) - 1) / 2)
        bars = 100 * np.stack([value - low, high - value])
        axis.errorbar(beside, 100 * value, bars, fmt="o-", color=colour, markersize=3, elinewidth=0.8, label=name)
    axis.set_xscale("log")
    ticks = sorted({s for seconds, *_ in curves.values() for s in seconds})
    axis.set_xticks(ticks, [f"{s:g}" for s in ticks])
    axis.minorticks_off()
    axis.set(xlabel=of, ylabel="accuracy / %")
    if len(curves) > 1:
        bottom, top = axis.get_ylim()
        axis.set_ylim(bottom - 0.45 * (top - bottom), top)  # room below the bars for the legend
        axis.legend(loc="lower right", labelspacing=0.2)
    axis.grid(axis="y", color=PALE, linewidth=0.5)
    return figure


def against_cost(designs: Mapping[str, tuple[float, Mapping[str, float]]], cost: str) -> Figure:
    """Accuracy against what it costs: name -> (cost, {"value", "low", "high"} as fractions)."""
    figure, axis = new_figure(1.9)
    for (name, (paid, found)), colour in zip(designs.items(), SIX, strict=False):
        axis.plot([paid] * 2, [100 * found["low"], 100 * found["high"]], color=colour, linewidth=1.0)
        axis.plot([paid], [100 * found["value"]], "o", color=colour, markersize=3.5, label=name)
    axis.margins(x=0.15)
    axis.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), handletextpad=0.1)
    axis.set(xlabel=cost, ylabel="accuracy / %")
    return figure


def reliability(confidence: np.ndarray, correct: np.ndarray, bins: int = 10) -> Figure:
    """Accuracy against confidence in ``bins`` groups of equal size, with the diagonal of perfect calibration."""
    figure, axis = new_figure(1.9, width=2.2)
    groups = np.array_split(np.argsort(confidence, kind="stable"), bins)
    axis.plot([0, 1], [0, 1], color=PALE, linewidth=0.8)
    axis.plot(
        [confidence[g].mean() for g in groups],
        [correct[g].mean() for g in groups],
        "o-",
        color=BLUE,
        markersize=3,
    )
    axis.set(xlabel="mean confidence", ylabel="share right", xlim=(0, 1.02), ylim=(0, 1.02))
    return figure
