"""What a classifier mixes up: which pairs, whether related ones, and whether those that lie near in its outputs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from spokenlang.corpus.store import ClipStore
from spokenlang.study import comparison, corpus_facts, evaluation, intervals
from spokenlang.study.intervals import Sample
from spokenlang.training.runs import TrainedRun


def counts_of(runs: Sequence[TrainedRun], split: str) -> np.ndarray:
    """(classes, classes) clips by class spoken (rows) and predicted, all seeds together."""
    scores = [run.scores(split) for run in runs]
    classes = len(runs[0].languages)
    return np.sum([evaluation.confusion(each.labels, each.predictions, classes) for each in scores], axis=0)


def confused_pairs(counts: np.ndarray) -> list[tuple[int, int, float]]:
    """(spoken, taken for, share of the spoken language's clips) of every confusion, most frequent first."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    pairs = [(a, b, float(shares[a, b])) for a, b in np.ndindex(counts.shape) if a != b]
    return sorted(pairs, key=lambda pair: -pair[2])


def one_top(runs: Sequence[TrainedRun], split: str) -> tuple[int, bool]:
    """In how many seeds the most frequent confusion of all is the most frequent one alone, and whether in all."""
    top = confused_pairs(counts_of(runs, split))[0]
    agree = 0
    for run in runs:
        first, second, *_ = confused_pairs(counts_of([run], split))
        agree += first[:2] == top[:2] and first[2] > second[2]
    return agree, agree == len(runs)


def recall(counts: np.ndarray) -> dict[int, float]:
    """Share of each class's clips that are right, of the classes that occur."""
    totals = counts.sum(axis=1)
    return {int(at): float(counts[at, at] / totals[at]) for at in np.flatnonzero(totals)}


def within_branch(runs: Sequence[TrainedRun], store: ClipStore, branches: Sequence[str]) -> tuple[Sample, float, int]:
    """Share of the errors that stay within a branch, what chance would have, as often as each errs, and their number.

    By chance an error goes to each other language of the corpus alike, so how many of them are relatives depends on the
    language that errs. The sample's quantity is the excess over that, so it is 0 by chance; its unit is the voice, and
    its means are over seeds. Languages without a branch ("") are left out: whose relatives they are is not known.
    """
    known = np.array([bool(branch) for branch in branches])
    kin = np.array([[a == b for b in branches] for a in branches])
    there = [label for label in corpus_facts.languages(store) if known[label]]
    chance = (kin[:, there].sum(axis=1) - 1) / max(1, len(there) - 1)
    on = comparison.judged(store)
    groups = comparison.groups_of(store, runs[0], on)
    excess, errors, expected = [], [], []
    for run in runs:
        scores = run.scores(on)
        wrong = ~scores.right & known[scores.labels] & known[scores.predictions]
        excess.append(np.where(wrong, kin[scores.labels, scores.predictions] - chance[scores.labels], 0))
        errors.append(wrong)
        expected.append(chance[scores.labels][wrong].sum())
    # Seeds with few errors say little, so errors are pooled: the ratio of sums over all seeds, voice by voice.
    pooled = intervals.sample([np.sum(excess, axis=0)], groups, per=[np.sum(errors, axis=0)])
    made = int(np.sum(errors))
    return pooled, float(np.sum(expected) / max(made, 1)), made


def nearness(distance: np.ndarray, counts: np.ndarray) -> tuple[float, float, int]:
    """Spearman's correlation over pairs of languages of their distance and how often they are confused.

    Returns (correlation, p, pairs) of `mantel`; negative says that near pairs are confused more. Languages without
    clips are left out; NaN where nothing is left to correlate.
    """
    there = np.flatnonzero(counts.sum(axis=1))
    shares = counts[np.ix_(there, there)] / counts[there].sum(axis=1, keepdims=True)
    return mantel(distance[np.ix_(there, there)], shares + shares.T)


def mantel(first: np.ndarray, second: np.ndarray) -> tuple[float, float, int]:
    """Spearman's correlation over pairs of languages of two things that are measured of each pair.

    Both (n, n), symmetric. Returns (correlation, p, pairs): the p-value is two-sided, from the ways to rename the
    languages (Mantel 1967), since pairs that share a language are not independent. NaN where there are fewer than three
    languages or where one of the two is the same for all pairs.
    """
    upper = np.triu_indices(len(first), 1)
    other = rankdata(second[upper])
    ranks = np.zeros(first.shape)
    ranks[upper] = rankdata(first[upper])
    ranks += ranks.T
    if len(first) < 3 or np.ptp(other) == 0 or np.ptp(ranks[upper]) == 0:
        return float("nan"), 1.0, len(upper[0])
    orders = _renamings(len(first))
    centred = other - other.mean()
    # Renamed ranks have one mean and one spread, so their products with the others stand for the correlations.
    found = np.abs((ranks[orders[:, upper[0]], orders[:, upper[1]]] - ranks[upper].mean()) @ centred)
    p = float(np.mean(found >= found[0] * (1 - 1e-12) - 1e-9))
    return float(np.corrcoef(ranks[upper], other)[0, 1]), p, len(upper[0])


RENAMINGS = math.factorial(7)
"""Languages are renamed in all ways where there are no more than these, else in so many, drawn by chance."""


def _renamings(languages: int) -> np.ndarray:
    """Orders of so many languages, (orders, languages), the one that they have first."""
    if math.factorial(languages) <= RENAMINGS:
        return np.array(list(itertools.permutations(range(languages))))
    own = np.tile(np.arange(languages), (RENAMINGS, 1))
    own[1:] = np.random.default_rng(0).permuted(own[1:], axis=1)
    return own
