"""What techniques are worth, and what dialects cost: several comparisons at once, corrected for being several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spokenlang.corpus.store import ClipStore
from spokenlang.study import comparison
from spokenlang.study.intervals import Test
from spokenlang.training.runs import TrainedRun


@dataclass(frozen=True)
class Effect:
    """What is lost without one thing, of several tried."""

    name: str
    test: Test
    tried: int
    seeds: int

    @property
    def p(self) -> float:
        """After Bonferroni, since the largest of several is looked at."""
        return min(1.0, self.test.p * self.tried)

    @property
    def shown(self) -> bool:
        """Whether the loss is more than chance, of so many tried."""
        return self.test.difference.low > 0 and self.p < 0.05

    @property
    def evidence(self) -> str:
        """The numbers in a line."""
        return f"{self.name}: {self.test.difference.points()} are lost without, {self.tried} tried"

    def bar(self) -> tuple[str, float, float, float]:
        """As `plots.intervals` draws it."""
        found = self.test.difference
        return self.name, found.value, found.low, found.high

    def record(self, split: str) -> dict[str, object]:
        """As a row of the figure's data."""
        found = self.test.difference
        return {"technique": self.name, "on": split, "lost": found.value, "low": found.low, "high": found.high,
                "p": self.test.p, "seeds": self.seeds}  # fmt: skip


def lost_without(
    chosen: Sequence[TrainedRun], without: Mapping[str, Sequence[TrainedRun]], store: ClipStore, split: str
) -> list[Effect]:
    """Accuracy of the chosen network minus that of each without something, the largest loss first."""
    found = [
        Effect(name, comparison.difference(chosen, runs, store, split), len(without), len(runs))
        for name, runs in without.items()
    ]
    return sorted(found, key=lambda effect: -effect.test.difference.value)


def dialects(runs: Sequence[TrainedRun], store: ClipStore) -> tuple[Test, list[Effect]]:
    """What unseen dialects cost: all of them, and each, against the judged clips of the same languages."""
    on = comparison.judged(store)
    known, unseen = runs[0].scores(on).labels, runs[0].scores("dialects").labels
    every = comparison.contrast(runs, store, (on, np.isin(known, unseen)), ("dialects", None))
    column = comparison.attribute(store, runs[0], "dialects", "dialect")
    names = [] if column is None else [name for name in np.unique(column.astype(str)) if name]
    each = []
    for name in names:
        of_it = column.astype(str) == name
        same = (on, np.isin(known, unseen[of_it]))
        each.append(Effect(name, comparison.contrast(runs, store, same, ("dialects", of_it)), len(names), len(runs)))
    return every, each
