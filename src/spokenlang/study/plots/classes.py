"""Figures in which every language has a place of its own, for any number of languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib import patheffects
from matplotlib.figure import Figure
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from spokenlang.language_names import describe
from spokenlang.study.plots.canvas import BLUE, COLUMN, HALF, INK, PALE, VERMILION, colours, new_figure

COUNTED = 12
"""The most languages whose confusion matrix has room for its counts in half a column; beyond, its shades speak."""


def confusion(counts: np.ndarray, codes: Sequence[str]) -> Figure:
    """Confusion matrix, ``counts`` (true, predicted), coloured by the share of the true class."""
    figure, axis = new_figure(1.6, width=HALF)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # Errors are the point of the figure, so the colours follow the square root: small shares show, and 1 stays darkest.
    depth = np.sqrt(shares)
    axis.imshow(depth, cmap="Blues", vmin=0, vmax=1.1)
    size = min(7.0, 90 / len(codes) / (0.6 * max(2, len(str(counts.max())))))  # a cell is about 90 / n points wide
    for row, column in np.ndindex(counts.shape if len(codes) <= COUNTED else (0, 0)):
        text = f"{counts[row, column]:d}" if counts[row, column] else "·"
        axis.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=size,
            color="white" if depth[row, column] > 0.6 else INK,
        )
    _name_classes(axis, codes)
    axis.set(xlabel="predicted", ylabel="spoken")
    axis.spines[:].set_visible(False)
    return figure


def _name_classes(axis: mpl.axes.Axes, codes: Sequence[str]) -> None:
    """Codes along both sides of a matrix; where there is no room for one beside the other, every second stands back."""
    axis.set_xticks(range(len(codes)), codes)
    axis.set_yticks(range(len(codes)), codes)
    axis.tick_params(length=0)
    if len(codes) <= 8:
        return
    axis.tick_params(labelsize=6)
    if len(codes) > COUNTED:
        for tick in (*axis.xaxis.get_major_ticks()[1::2], *axis.yaxis.get_major_ticks()[1::2]):
            tick.set_pad(tick.get_pad() + 8)


def output_space(points: np.ndarray, labels: np.ndarray, explained: Sequence[float], codes: Sequence[str]) -> Figure:
    """PCA scatter: ``points`` (n, 2), ``labels`` (n,), ``explained`` shares of variance; codes at the class means."""
    figure, axis = new_figure(1.6, width=HALF)
    _clouds(axis, points, labels, codes)
    axis.set(xlabel=f"component 1 ({explained[0]:.0%})", ylabel=f"component 2 ({explained[1]:.0%})")
    return figure


def planes(shown: Mapping[str, np.ndarray], labels: np.ndarray, codes: Sequence[str]) -> Figure:
    """The same clips, ``labels`` (n,), on several planes beside each other: name -> points (n, 2)."""
    figure, axes = new_figure(1.75, ncols=len(shown), squeeze=False)
    for axis, (name, points) in zip(axes[0], shown.items(), strict=True):
        _clouds(axis, points, labels, codes)
        axis.set_xlabel(name)
    return figure


def _clouds(axis: mpl.axes.Axes, points: np.ndarray, labels: np.ndarray, codes: Sequence[str]) -> None:
    """A cloud for each language, its code at its mean."""
    colour_of, size = colours(codes), 8.5 if len(codes) <= 8 else 6.5
    outline = [patheffects.withStroke(linewidth=2.2, foreground="white")]
    there = [index for index in range(len(codes)) if (labels == index).any()]
    for index in there:
        chosen = points[labels == index]
        axis.scatter(*chosen.T, s=3, alpha=0.3, color=colour_of[codes[index]], linewidths=0, rasterized=True)
    means = np.array([points[labels == index].mean(axis=0) for index in there])
    for index, (x, y) in zip(there, _apart(means, 0.11 * size / 8.5 * np.ptp(points, axis=0)), strict=True):
        axis.text(
            x, y, codes[index], color=colour_of[codes[index]], fontsize=size, weight="bold", ha="center", va="center",
            path_effects=outline,
        )  # fmt: skip
    axis.set_xticks([])
    axis.set_yticks([])


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


def distances(matrix: np.ndarray, codes: Sequence[str]) -> Figure:
    """Distances between class means, ``matrix`` (n, n), as a shaded triangle."""
    width = min(max(2.4, round(0.4 * len(codes), 1)), COLUMN)
    figure, axis = new_figure(1.9 * width / 2.4, width=width)
    lower = np.where(np.tri(len(matrix), k=-1, dtype=bool), matrix, np.nan)
    axis.imshow(lower, cmap="Oranges_r", vmin=0 if len(codes) == 2 else None)  # one distance has none to be darker than
    middle, longest = np.nanmean(lower), len(f"{np.nanmax(lower):.1f}")
    size = min(7.5, 56 * width / len(codes) / (0.6 * longest))  # 56 points of an inch are left to cells
    for row, column in zip(*np.tril_indices(len(matrix), k=-1), strict=True):
        colour = "white" if lower[row, column] < 0.75 * middle else INK
        axis.text(column, row, f"{lower[row, column]:.1f}", ha="center", va="center", fontsize=size, color=colour)
    axis.set_xticks(range(len(codes) - 1), codes[:-1])
    axis.set_yticks(range(1, len(codes)), codes[1:])
    axis.set_xlim(-0.5, len(codes) - 1.5)
    axis.set_ylim(len(codes) - 0.5, 0.5)
    axis.tick_params(length=0)
    if len(codes) > COUNTED:
        axis.tick_params(labelsize=6)
    axis.spines[:].set_visible(False)
    return figure


def dendrogram(matrix: np.ndarray, codes: Sequence[str]) -> Figure:
    """Languages joined by average linkage of their distances, ``matrix`` (n, n) without gaps; n is 2 at least."""
    figure, axis = new_figure(0.17 * len(codes) + 0.5, width=2.4)
    tree = hierarchy.linkage(squareform(matrix, checks=False), "average")
    hierarchy.dendrogram(
        tree, orientation="left", labels=list(codes), ax=axis, color_threshold=0, above_threshold_color=INK,
        leaf_font_size=7,
    )  # fmt: skip
    for line in axis.collections:
        line.set_linewidth(1.0)
    for label in axis.get_yticklabels():
        label.set_color(colours(codes)[label.get_text()])
        label.set_weight("bold")
    axis.set_xlabel("distance of class means")
    axis.spines["left"].set_visible(False)
    axis.tick_params(axis="y", length=0)
    return figure


def pairs(rows: Sequence[tuple[str, float, float, float, bool]], xlabel: str, of: tuple[str, str]) -> Figure:
    """Dot and interval for each ``(label, value, low, high, marked)``, the first on top.

    ``of`` names those that are marked and those that are not.
    """
    figure, axis = new_figure(0.17 * len(rows) + 0.65, width=2.4)
    for y, (_, value, low, high, marked) in enumerate(rows):
        colour, shape = (BLUE, "o") if marked else (VERMILION, "s")
        axis.plot([low, high], [y, y], color=colour, linewidth=1.2, solid_capstyle="round")
        axis.plot([value], [y], shape, color=colour, markersize=3)
    for name, (colour, shape), marked in zip(of, ((BLUE, "o"), (VERMILION, "s")), (True, False), strict=True):
        if any(row[4] is marked for row in rows):
            axis.plot([], [], shape, color=colour, markersize=3, label=name)
    figure.legend(loc="outside upper right", ncols=2, fontsize=7)
    axis.set_yticks(range(len(rows)), [row[0] for row in rows])
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_xlim(left=min(0.0, *(row[2] for row in rows)))
    axis.set_xlabel(xlabel)
    axis.grid(axis="x", color=PALE, linewidth=0.5)
    axis.tick_params(axis="y", length=0)
    axis.set_axisbelow(True)
    return figure


def describe_languages(codes: Sequence[str]) -> str:
    """ "de German, en English, ..." for captions and alternative texts."""
    return ", ".join(f"{code} {describe(code).name}" for code in codes)
