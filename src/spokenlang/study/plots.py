"""Figures of the report: one palette, drawn at the size they are printed; fonts come from matplotlib's rcParams.

Every function takes arrays and returns a matplotlib ``Figure``; nothing here reads files or knows of a report. The six
languages keep their colours everywhere: cool hues for the Germanic branch, warm ones for the Romance branch, all from
the palette of Okabe and Ito (2008), which stays apart under the common kinds of colour blindness.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib import patheffects
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from spokenlang.languages import CODES, LANGUAGES
from spokenlang.study.intervals import Interval

COLUMN, HALF = 3.46, 1.70
"""Widths in inches: one column of the page, and one of two figures side by side in it."""

COLOURS = dict(zip(CODES, ("#0072B2", "#56B4E9", "#E69F00", "#CC79A7", "#009E73", "#D55E00"), strict=True))
INK, GREY, PALE = "#222222", "#767676", "#d9d9d9"


def new_figure(height: float, width: float = COLUMN, **subplots) -> tuple[Figure, np.ndarray | mpl.axes.Axes]:
    """A figure of the given size in inches; keywords go to ``Figure.subplots``."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02)
    return figure, figure.subplots(**subplots)


def waveforms(clips: np.ndarray, rate: int, labels: Sequence[str], shared_scale: bool = True) -> Figure:
    """``clips`` (n, samples) one above the other; with one y scale for all, unless ``shared_scale`` is off."""
    figure, axes = new_figure(0.42 * len(clips) + 0.35, nrows=len(clips), sharex=True, sharey=shared_scale)
    seconds = np.arange(clips.shape[1]) / rate
    limit = float(np.abs(clips).max()) * 1.05 or 1.0
    for axis, clip, label in zip(np.atleast_1d(axes), clips, labels, strict=True):
        code = label.split()[0]
        axis.plot(seconds, clip, color=COLOURS.get(code, INK), linewidth=0.4, rasterized=True)
        axis.set_ylabel(label, rotation=0, ha="right", va="center")
        axis.set_xlim(0, seconds[-1])
        if shared_scale:
            axis.set_ylim(-limit, limit)
        axis.set_yticks([axis.get_ylim()[0] / 1.05, 0, axis.get_ylim()[1] / 1.05])
        axis.yaxis.set_major_formatter(lambda v, _: "0" if v == 0 else f"{v:.2g}")
        axis.tick_params(axis="y", labelsize=6.5)
    np.atleast_1d(axes)[-1].set_xlabel("time / s")
    figure.align_ylabels()
    return figure


def before_and_after(before: np.ndarray, after: np.ndarray) -> Figure:
    """Mean and deviation of each band: features (clips, frames, bands) before and after normalisation."""
    figure, axes = new_figure(1.5, ncols=2)
    for axis, features, title in zip(axes, (before, after), ("before", "after"), strict=True):
        mean, deviation = features.mean(axis=(0, 1)), features.std(axis=(0, 1))
        band = np.arange(1, len(mean) + 1)
        axis.fill_between(band, mean - deviation, mean + deviation, color=COLOURS["en"], alpha=0.35, linewidth=0)
        axis.plot(band, mean, color=COLOURS["de"])
        axis.set(xlabel="mel band", title=title)
    axes[0].set_ylabel("log power")
    return figure


def loss_curves(histories: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Training (thin) and validation (thick) loss against optimiser steps.

    ``histories``: name -> {"step", "train", "validation"} arrays of one length.
    """
    figure, axis = new_figure(1.36, width=HALF)
    palette = [COLOURS["de"], COLOURS["pt"], INK]
    for (name, history), colour in zip(histories.items(), palette, strict=False):
        axis.plot(history["step"], _smooth(history["train"]), color=colour, linewidth=0.6, linestyle=(0, (3, 1)))
        axis.plot(history["step"], _smooth(history["validation"]), color=colour, linewidth=1.0, label=name)
    axis.plot([], [], color=GREY, linewidth=0.6, linestyle=(0, (3, 1)), label="training")
    axis.plot([], [], color=GREY, linewidth=1.0, label="validation")
    # Room above the curves for the legend.
    axis.set(xlabel="optimiser step", ylabel="loss / nats", ylim=(0, 1.8 * axis.get_ylim()[1]))
    axis.legend(fontsize=7, labelspacing=0.2, borderaxespad=0.1)
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
        axis.plot([train], [y], "o", markerfacecolor="white", markeredgecolor=COLOURS["de"], markersize=3.5)
        axis.plot([validation], [y], "o", color=COLOURS["de"], markersize=3.5)
    axis.set_yticks(range(len(losses)), list(losses))
    axis.set_ylim(len(losses) - 0.5, -0.5)
    axis.set_xlim(0, 1.08 * max(max(pair) for pair in losses.values()))
    axis.set_xlabel("loss / nats")
    axis.tick_params(axis="y", length=0)
    return figure


def intervals(
    rows: Sequence[tuple[str, float, float, float]], xlabel: str, *, highlight: str = "", width: float = COLUMN
) -> Figure:
    """Dot and interval in percent for each ``(label, value, low, high)`` of fractions, the first row on top."""
    pitch = 0.19 if width == COLUMN else 0.112
    figure, axis = new_figure(pitch * len(rows) + 0.42, width=width)
    for y, (label, value, low, high) in enumerate(rows):
        colour = COLOURS["pt"] if label == highlight else COLOURS["de"]
        axis.plot([100 * low, 100 * high], [y, y], color=colour, linewidth=1.2, solid_capstyle="round")
        axis.plot([100 * value], [y], "o", color=colour, markersize=3)
    axis.set_yticks(range(len(rows)), [row[0] for row in rows])
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_xlabel(xlabel)
    axis.grid(axis="x", color=PALE, linewidth=0.5)
    axis.tick_params(axis="y", length=0)
    axis.set_axisbelow(True)
    return figure


def confusion(counts: np.ndarray, codes: Sequence[str] = CODES) -> Figure:
    """Confusion matrix, ``counts`` (true, predicted), coloured by the share of the true class."""
    figure, axis = new_figure(1.6, width=HALF)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # Errors are the point of the figure, so the colours follow the square root: small shares show, and 1 stays darkest.
    depth = np.sqrt(shares)
    axis.imshow(depth, cmap="Blues", vmin=0, vmax=1.1)
    for row, column in np.ndindex(counts.shape):
        text = f"{counts[row, column]:d}" if counts[row, column] else "·"
        axis.text(
            column, row, text, ha="center", va="center", fontsize=7, color="white" if depth[row, column] > 0.6 else INK
        )
    axis.set_xticks(range(len(codes)), codes)
    axis.set_yticks(range(len(codes)), codes)
    axis.set(xlabel="predicted", ylabel="spoken")
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    return figure


def output_space(
    points: np.ndarray, labels: np.ndarray, explained: Sequence[float], codes: Sequence[str] = CODES
) -> Figure:
    """PCA scatter: ``points`` (n, 2), ``labels`` (n,), ``explained`` shares of variance; codes at the class means."""
    figure, axis = new_figure(1.6, width=HALF)
    outline = [patheffects.withStroke(linewidth=2.2, foreground="white")]
    there = [index for index in range(len(codes)) if (labels == index).any()]
    for index in there:
        chosen = points[labels == index]
        axis.scatter(*chosen.T, s=3, alpha=0.3, color=COLOURS[codes[index]], linewidths=0, rasterized=True)
    means = np.array([points[labels == index].mean(axis=0) for index in there])
    for index, (x, y) in zip(there, _apart(means, 0.11 * np.ptp(points, axis=0)), strict=True):
        axis.text(
            x, y, codes[index], color=COLOURS[codes[index]], fontsize=8.5, weight="bold", ha="center", va="center",
            path_effects=outline,
        )  # fmt: skip
    axis.set(xlabel=f"component 1 ({explained[0]:.0%})", ylabel=f"component 2 ({explained[1]:.0%})")
    axis.set_xticks([])
    axis.set_yticks([])
    return figure


def _apart(places: np.ndarray, room: np.ndarray) -> np.ndarray:
    """Places (n, 2) for labels, moved up or down until no two are nearer than ``room`` (2,) in both directions."""
    places = places.copy()
    for _ in range(20 * len(places)):
        near = [
            (a, b)
            for a in range(len(places))
            for b in range(a)
            if (np.abs(places[a] - places[b]) < room * (1 - 1e-6)).all()
        ]
        for pair in near:
            low, high = sorted(pair, key=lambda at: places[at, 1])
            push = max(0.0, (room[1] - (places[high, 1] - places[low, 1])) / 2)
            places[low, 1] -= push
            places[high, 1] += push
        if not near:
            break
    return places


def against_duration(
    curves: Mapping[str, tuple[Sequence[float], np.ndarray, np.ndarray, np.ndarray]], of: str = "clip length / s"
) -> Figure:
    """Accuracy against clip length, or another duration: name -> (seconds, value, low, high)."""
    figure, axis = new_figure(1.75, width=HALF)
    for (name, (seconds, value, low, high)), colour in zip(
        curves.items(), (COLOURS["de"], COLOURS["pt"], INK), strict=False
    ):
        axis.fill_between(seconds, 100 * low, 100 * high, color=colour, alpha=0.18, linewidth=0)
        axis.plot(seconds, 100 * value, "o-", color=colour, markersize=3, label=name)
    axis.set_xscale("log")
    ticks = sorted({s for seconds, *_ in curves.values() for s in seconds})
    axis.set_xticks(ticks, [f"{s:g}" for s in ticks])
    axis.minorticks_off()
    axis.set(xlabel=of, ylabel="accuracy / %")
    if len(curves) > 1:
        axis.legend(loc="lower right")
    axis.grid(axis="y", color=PALE, linewidth=0.5)
    return figure


def against_cost(designs: Mapping[str, tuple[float, Mapping[str, float]]], cost: str) -> Figure:
    """Accuracy against what it costs: name -> (cost, {"value", "low", "high"} as fractions)."""
    figure, axis = new_figure(1.9)
    for (name, (paid, found)), colour in zip(designs.items(), COLOURS.values(), strict=False):
        axis.plot([paid] * 2, [100 * found["low"], 100 * found["high"]], color=colour, linewidth=1.0)
        axis.plot([paid], [100 * found["value"]], "o", color=colour, markersize=3.5, label=name)
    axis.margins(x=0.15)
    axis.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), handletextpad=0.1)
    axis.set(xlabel=cost, ylabel="accuracy / %")
    return figure


def learning_curve(curve: Mapping[int, Interval]) -> Figure:
    """Accuracy with its interval against the number of training clips."""
    figure, axis = new_figure(1.7)
    clips = list(curve)
    low, value, high = (
        np.array([100 * getattr(found, end) for found in curve.values()]) for end in ("low", "value", "high")
    )
    axis.fill_between(clips, low, high, color=COLOURS["de"], alpha=0.18, linewidth=0)
    axis.plot(clips, value, "o-", color=COLOURS["de"], markersize=3)
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
    axis.plot(number[complete], losses[complete], "o", color=COLOURS["de"], markersize=3)
    axis.step(number, best, where="post", color=COLOURS["pt"], linewidth=1.0)
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
        axis.plot(values, losses, "o", color=COLOURS["de"], markersize=2.5, alpha=0.7)
        axis.plot(values[:1], losses[:1], "s", color=COLOURS["pt"], markersize=4)
        if name in logarithmic:
            axis.set_xscale("log")
        axis.set_xlabel(name.replace("_", " "))
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        _logarithmic_loss(axis)
        axis.set_ylabel("loss / nats")
    return figure


def distances(matrix: np.ndarray, codes: Sequence[str] = CODES) -> Figure:
    """Distances between class means, ``matrix`` (n, n), as a shaded triangle."""
    figure, axis = new_figure(1.9, width=2.4)
    lower = np.where(np.tri(len(matrix), k=-1, dtype=bool), matrix, np.nan)
    axis.imshow(lower, cmap="Oranges_r")
    middle = np.nanmean(lower)
    for row, column in zip(*np.tril_indices(len(matrix), k=-1), strict=True):
        colour = "white" if lower[row, column] < 0.75 * middle else INK
        axis.text(column, row, f"{lower[row, column]:.1f}", ha="center", va="center", fontsize=7.5, color=colour)
    axis.set_xticks(range(len(codes) - 1), codes[:-1])
    axis.set_yticks(range(1, len(codes)), codes[1:])
    axis.set_xlim(-0.5, len(codes) - 1.5)
    axis.set_ylim(len(codes) - 0.5, 0.5)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
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
        color=COLOURS["de"],
        markersize=3,
    )
    axis.set(xlabel="mean confidence", ylabel="share right", xlim=(0, 1.02), ylim=(0, 1.02))
    return figure


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


def describe_languages(codes: Sequence[str] = CODES) -> str:
    """ "de German, en English, ..." for captions and alternative texts."""
    names = {language.code: language.name for language in LANGUAGES}
    return ", ".join(f"{code} {names[code]}" for code in codes)
