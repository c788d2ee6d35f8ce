"""Figures of clips and of what the front end makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from spokenlang.study.plots.canvas import BLUE, INK, SKY, colours, new_figure


def waveforms(
    clips: np.ndarray, rate: int, labels: Sequence[str], codes: Sequence[str], shared_scale: bool = True
) -> Figure:
    """``clips`` (n, samples) one above the other; with one y scale for all, unless ``shared_scale`` is off.

    ``labels`` says what is spoken in each, of the languages ``codes``.
    """
    colour_of = colours(codes)
    figure, axes = new_figure(0.42 * len(clips) + 0.35, nrows=len(clips), sharex=True, sharey=shared_scale)
    seconds = np.arange(clips.shape[1]) / rate
    limit = float(np.abs(clips).max()) * 1.05 or 1.0
    for axis, clip, label in zip(np.atleast_1d(axes), clips, labels, strict=True):
        axis.plot(seconds, clip, color=colour_of.get(label, INK), linewidth=0.4, rasterized=True)
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
        axis.fill_between(band, mean - deviation, mean + deviation, color=SKY, alpha=0.35, linewidth=0)
        axis.plot(band, mean, color=BLUE)
        axis.set(xlabel="mel band", title=title)
    axes[0].set_ylabel("log power")
    return figure
