"""What all figures share: sizes, and a colour for every language."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from spokenlang.languages import CODES

COLUMN, HALF = 3.46, 1.70
"""Widths in inches: one column of the page, and one of two figures side by side in it."""

BLUE, SKY, AMBER, PINK, GREEN, VERMILION = "#0072B2", "#56B4E9", "#E69F00", "#CC79A7", "#009E73", "#D55E00"
"""Of the palette of Okabe and Ito (2008), which stays apart under the common kinds of colour blindness."""
SIX = (BLUE, SKY, AMBER, PINK, GREEN, VERMILION)
FURTHER = (
    "#5A4B00", "#D2B478", "#0069E1", "#960F78", "#870F3C", "#B4693C", "#3C2D96", "#F0A5A5", "#2D3C78", "#A587FF",
    "#FF87E1", "#A5C34B", "#8787B4", "#C30F4B", "#0F7869", "#78A569", "#691E4B", "#0F4B0F",
)  # fmt: skip
"""Each the farthest in CIELAB from all before it, with and without deuteranopia, of middling lightness and chroma."""
INK, GREY, PALE = "#222222", "#767676", "#d9d9d9"


def colours(codes: Sequence[str]) -> dict[str, str]:
    """A colour for each language of a class list.

    The assignment's six keep theirs everywhere: cool hues for the Germanic branch, warm ones for the Romance branch.
    Others take in order what these leave over; beyond two dozen languages colours come round again.
    """
    own = {code: colour for code, colour in zip(CODES, SIX, strict=True) if code in codes}
    left = itertools.cycle(colour for colour in (*SIX, *FURTHER) if colour not in own.values())
    return {code: own.get(code) or next(left) for code in codes}


def new_figure(height: float, width: float = COLUMN, **subplots) -> tuple[Figure, np.ndarray | mpl.axes.Axes]:
    """A figure of the given size in inches; keywords go to ``Figure.subplots``."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02)
    return figure, figure.subplots(**subplots)
