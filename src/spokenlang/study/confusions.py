"""What a classifier mixes up: which pairs, whether related ones, and whether those that lie near in its outputs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from spokenlang.corpus.store import ClipStore
from spokenlang.study import comparison, corpus_facts, evaluation, intervals
from spokenlang.study.intervals import Sample
from spokenlang.training.runs import TrainedRun


def counts_of(runs: Sequence[TrainedRun], classes: int, split: str = "test") -> np.ndarray:
    """(classes, classes) clips by class spoken (rows) and predicted, all seeds together."""
    scores = [run.scores(split) for run in runs]
    return np.sum([evaluation.confusion(each.labels, each.predictions, classes) for each in scores], axis=0)


def confused_pairs(counts: np.ndarray) -> list[tuple[int, int, float]]:
    """(spoken, taken for, share of the spoken language's clips) of every confusion, most frequent first."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    pairs = [(a, b, float(shares[a, b])) for a, b in np.ndindex(counts.shape) if a != b]
    return sorted(pairs, key=lambda pair: -pair[2])


def one_top(runs: Sequence[TrainedRun], classes: int) -> tuple[int, bool]:
    """In how many seeds the most frequent confusion of all is the most frequent one alone, and whether in all."""
    top = confused_pairs(counts_of(runs, classes))[0]
    agree = 0
    for run in runs:
        first, second, *_ = confused_pairs(counts_of([run], classes))
        agree += first[:2] == top[:2] and first[2] > second[2]
    return agree, agree == len(runs)


def recall(counts: np.ndarray) -> dict[int, float]:
    """Share of each class's clips that are right, of the classes that occur."""
    totals = counts.sum(axis=1)
    return {int(at): float(counts[at, at] / totals[at]) for at in np.flatnonzero(totals)}


def within_branch(runs: Sequence[TrainedRun], store: ClipStore, branches: Sequence[str]) -> tuple[Sample, float]:
    """Share of the errors that stay within a branch, and what chance would have, as often as each language errs.

    By chance an error goes to each other language of the corpus alike, so how many of them are relatives depends on the
    language that errs. The sample's quantity is the excess over that, so it is 0 by chance; its unit is the voice, and
    its means are over seeds.
    """
    kin = np.array([[a == b for b in branches] for a in branches])
    there = corpus_facts.languages(store)
    chance = (kin[:, there].sum(axis=1) - 1) / max(1, len(there) - 1)
    groups = comparison.groups_of(store, runs[0], "test")
    excess, errors, expected = [], [], []
    for run in runs:
        scores = run.scores("test")
        wrong = ~scores.right
        excess.append(np.where(wrong, kin[scores.labels, scores.predictions] - chance[scores.labels], 0))
        errors.append(wrong)
        expected.append(chance[scores.labels][wrong].sum())
    # Seeds with few errors say little, so errors are pooled: the ratio of sums over all seeds, voice by voice.
    pooled = intervals.sample([np.sum(excess, axis=0)], groups, per=[np.sum(errors, axis=0)])
    return pooled, float(np.sum(expected) / max(np.sum(errors), 1))


def nearness(distance: np.ndarray, counts: np.ndarray) -> tuple[float, float, int]:
    """Spearman's correlation over pairs of languages of their distance and how often they are confused.

    Returns (correlation, p, pairs); negative says that near pairs are confused more. The p-value is two-sided, from all
    ways to rename the languages (Mantel 1967), since pairs that share a language are not independent. Languages without
    clips are left out; NaN where nothing is left to correlate.
    """
    there = np.flatnonzero(counts.sum(axis=1))
    shares = counts[np.ix_(there, there)] / counts[there].sum(axis=1, keepdims=True)
    upper = np.triu_indices(len(there), 1)
    confused = rankdata((shares + shares.T)[upper])
    ranks = np.zeros((len(there), len(there)))
    ranks[upper] = rankdata(distance[np.ix_(there, there)][upper])
    ranks += ranks.T
    if len(there) < 3 or np.ptp(confused) == 0 or np.ptp(ranks[upper]) == 0:
        return float("nan"), 1.0, len(upper[0])
    found = [
        np.corrcoef(ranks[np.ix_(order, order)][upper], confused)[0, 1]
        for order in map(list, itertools.islice(itertools.permutations(range(len(there))), 5040))
    ]
    return float(found[0]), float(np.mean(np.abs(found) >= abs(found[0]) - 1e-12)), len(upper[0])
