"""Figures."""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot
from matplotlib.figure import Figure

from .faces import FACES, fair_share


def bars(shares: dict[str, np.ndarray]) -> Figure:
    """The share of each face, die by die."""
    figure, axes = pyplot.subplots(1, len(shares), figsize=(6, 2), sharey=True, layout="constrained")
    for axis, (die, values) in zip(np.atleast_1d(axes), shares.items(), strict=True):
        axis.bar(range(1, FACES + 1), values)
        axis.axhline(fair_share(), color="black", linewidth=0.8)
        axis.set_title(die)
    return figure
