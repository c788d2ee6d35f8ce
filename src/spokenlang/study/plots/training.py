"""Figures of training and of the search for hyper-parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from spokenlang.study.intervals import Interval
from spokenlang.study.plots.canvas import BLUE, COLUMN, GREY, HALF, INK, PALE, VERMILION, new_figure


def loss_curves(histories: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Training (thin) and validation (thick) loss against optimiser steps.

    ``histories``: name -> {"step", "train", "validation"} arrays of one length.
    """
    figure, axis = new_figure(1.36, width=HALF)
    palette = [BLUE, VERMILION, INK]
    for (name, history), colour in zip(histories.items(), palette, strict=False):
        axis.plot(history["step"], _smooth(history["train"]), color=colour, linewidth=0.6, linestyle=(0, (3, 1)))
        axis.plot(history["step"], _smooth(history["validation"]), color=colour, linewidth=1.0, label=name)
    axis.plot([], [], color=GREY, linewidth=0.6, linestyle=(0, (3, 1)), label="training")
    axis.plot([], [], color=GREY, linewidth=1.0, label="validation")
    # Room above the curves for the legend.
    axis.set(xlabel="optimiser step", ylabel="loss / nats", ylim=(0, 1.9 * axis.get_ylim()[1]))
    axis.legend(fontsize=7, labelspacing=0.2, borderaxespad=0.1, loc="upper right")
    return figure


def _smooth(values: np.ndarray, width: int = 5) -> np.ndarray:
    """Centred running mean that keeps the length; short windows at the ends. Nothing stays nothing."""
    if not len(values):  # a training of fewer steps than are between two records
        return values
    kernel = np.ones(min(width, len(values)))
    return np.convolve(values, kernel, "same") / np.convolve(np.ones(len(values)), kernel, "same")


def gap(losses: Mapping[str, tuple[float, float]]) -> Figure:
    """Training (open) and validation loss (filled) of each setting: name -> (training, validation)."""
    figure, axis = new_figure(1.36, width=HALF)
    for y, (train, validation) in enumerate(losses.values()):
        axis.plot([train, validation], [y, y], color=PALE, linewidth=2, zorder=1)
        axis.plot([train], [y], "o", markerfacecolor="white", markeredgecolor=BLUE, markersize=3.5)
        axis.plot([validation], [y], "o", color=BLUE, markersize=3.5)
    axis.set_yticks(range(len(losses)), list(losses))
    axis.set_ylim(len(losses) - 0.5, -0.5)
    axis.set_xlim(0, 1.08 * max(max(pair) for pair in losses.values()))
    axis.set_xlabel("loss / nats")
    axis.tick_params(axis="y", length=0)
    return figure


def learning_curve(curve: Mapping[int, Interval]) -> Figure:
    """Accuracy with its interval against the number of training clips."""
    figure, axis = new_figure(1.7)
    clips = list(curve)
    low, value, high = (
        np.array([100 * getattr(found, end) for found in curve.values()]) for end in ("low", "value", "high")
    )
    axis.fill_between(clips, low, high, color=BLUE, alpha=0.18, linewidth=0)
    axis.plot(clips, value, "o-", color=BLUE, markersize=3)
    axis.set_xscale("log")
    axis.set_xticks(clips, [str(count) for count in clips])
    axis.minorticks_off()
    axis.set(xlabel="training clips", ylabel="accuracy / %")
    return figure


def search_history(losses: Sequence[float], complete: Sequence[bool]) -> Figure:
    """Validation loss of every trial in order; ``complete`` says which were not cut short. The line is the best."""
    figure, axis = new_figure(1.7)
    losses, complete = np.asarray(losses, dtype=float), np.asarray(complete, dtype=bool)
    number = np.arange(1, len(losses) + 1)
    best = np.minimum.accumulate(np.where(complete, losses, np.inf))
    axis.plot(number[~complete], losses[~complete], "o", color=GREY, markersize=3, markerfacecolor="none")
    axis.plot(number[complete], losses[complete], "o", color=BLUE, markersize=3)
    axis.step(number, best, where="post", color=VERMILION, linewidth=1.0)
    _logarithmic_loss(axis)
    axis.set(xlabel="trial", ylabel="validation loss / nats")
    return figure


def _logarithmic_loss(axis: mpl.axes.Axes) -> None:
    """A logarithmic scale upwards, with plain numbers at 1, 2 and 5."""
    axis.set_yscale("log")
    axis.yaxis.set_major_formatter(lambda v, _: f"{v:g}")
    axis.yaxis.set_minor_formatter(lambda v, _: f"{v:.1g}" if f"{v:.1e}"[0] in "25" else "")


def search_slices(
    parameters: Sequence[Mapping[str, float]], losses: Sequence[float], logarithmic: Sequence[str] = ()
) -> Figure:
    """Loss against each parameter in a panel of its own; the first trial is marked."""
    names = list(parameters[0])
    rows = -(-len(names) // 5)
    figure, axes = new_figure(1.35 * rows, width=2 * COLUMN, nrows=rows, ncols=5, sharey=True)
    for axis, name in zip(axes.flat, names, strict=False):
        values = [point[name] for point in parameters]
        axis.plot(values, losses, "o", color=BLUE, markersize=2.5, alpha=0.7)
        axis.plot(values[:1], losses[:1], "s", color=VERMILION, markersize=4)
        if name in logarithmic:
            axis.set_xscale("log")
        axis.set_xlabel(name.replace("_", " "))
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        _logarithmic_loss(axis)
        axis.set_ylabel("loss / nats")
    return figure
