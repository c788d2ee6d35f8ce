"""Figures of the report: one palette, drawn at the size they are printed; fonts come from matplotlib's rcParams.

Every function takes arrays and returns a matplotlib ``Figure``; nothing here reads files or knows of a report.
"""

from spokenlang.study.plots.canvas import COLUMN, GREY, HALF, INK, PALE, colours, new_figure
from spokenlang.study.plots.classes import (
    COUNTED,
    confusion,
    dendrogram,
    describe_languages,
    distances,
    output_space,
    pairs,
    planes,
)
from spokenlang.study.plots.clips import before_and_after, waveforms
from spokenlang.study.plots.measures import against_cost, against_duration, intervals, reliability
from spokenlang.study.plots.network import architecture
from spokenlang.study.plots.training import gap, learning_curve, loss_curves, search_history, search_slices

__all__ = [
    "COLUMN", "COUNTED", "GREY", "HALF", "INK", "PALE", "against_cost", "against_duration", "architecture",
    "before_and_after", "colours", "confusion", "dendrogram", "describe_languages", "distances", "gap", "intervals",
    "learning_curve", "loss_curves", "new_figure", "output_space", "pairs", "planes", "reliability", "search_history",
    "search_slices", "waveforms",
]  # fmt: skip
