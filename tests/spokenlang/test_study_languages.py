"""What is said of the relations between languages, for any number of them and of branches."""

from __future__ import annotations

import itertools
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.study import confusions, corpus_facts, output_space


def distances(languages: int, seed: int) -> np.ndarray:
    """A symmetric matrix of distances, no two alike."""
    upper = np.triu(np.random.default_rng(seed).random((languages, languages)), 1)
    return upper + upper.T


def contrast(distance: np.ndarray, branches: tuple[str, ...]) -> float:
    pairs = list(itertools.combinations(range(len(branches)), 2))
    same = [distance[a, b] for a, b in pairs if branches[a] == branches[b]]
    other = [distance[a, b] for a, b in pairs if branches[a] != branches[b]]
    return np.mean(other) - np.mean(same)


@settings(max_examples=tries(40), deadline=None)
@given(st.lists(st.sampled_from(["Germanic", "Romance", "Slavic", ""]), min_size=2, max_size=7), st.integers(0, 99))
def test_branches_are_compared_over_every_regrouping_once(branches: list[str], seed: int) -> None:
    known = [at for at, branch in enumerate(branches) if branch]
    named = tuple(branches[at] for at in known)
    distance = distances(len(branches), seed)
    found = output_space.branch_contrast(distance, branches)
    if len(known) < 3 or len(set(named)) in (1, len(known)):  # no relatives, or none but relatives
        assert found is None
        return
    own = distance[np.ix_(known, known)]
    ways = set(itertools.permutations(named))
    parted = {frozenset(frozenset(np.flatnonzero(np.array(way) == name)) for name in set(way)) for way in ways}
    assert found.ways == found.of == len(parted)
    assert found.across - found.within == pytest.approx(contrast(own, named))
    assert found.p == pytest.approx(np.mean([contrast(own, way) >= contrast(own, named) - 1e-12 for way in ways]))


def test_where_regroupings_are_too_many_some_are_drawn() -> None:
    branches = ["Germanic"] * 6 + ["Romance"] * 6 + ["Slavic"] * 6 + ["Turkic", ""]
    found = output_space.branch_contrast(distances(20, 1), branches)
    groups = factorial(6) ** 3 * factorial(3)  # orders within the groups, and of the three that are of one size
    assert (found.ways, found.of) == (output_space.REGROUPINGS, factorial(19) // groups)
    assert 0.02 < found.p < 0.98, "distances that say nothing of branches"
    related = np.array([[1.0 if a == b and a else 2.0 for a in branches] for b in branches])
    planted = output_space.branch_contrast(related + 0.1 * distances(20, 2), branches)
    assert planted.p <= 2 / output_space.REGROUPINGS
    assert output_space.branch_contrast(related, branches) == output_space.branch_contrast(related, branches)


def test_renamings_of_many_languages_are_drawn_from_all_of_them() -> None:
    orders = confusions._renamings(10)
    assert (orders[0].tolist(), len(orders)) == (list(range(10)), confusions.RENAMINGS)
    assert (np.sort(orders, axis=1) == np.arange(10)).all()
    first = np.bincount(orders[:, 0], minlength=10) / len(orders)
    assert first == pytest.approx(np.full(10, 0.1), abs=0.02), "the first language is renamed as any other"
    assert len(confusions._renamings(6)) == 720


def test_nearness_of_many_languages_is_found_where_it_is_and_only_there() -> None:
    random, found = np.random.default_rng(4), {True: [], False: []}
    for planted in found:
        for trial in range(20):
            distance = distances(9, trial)
            confused = random.poisson(40 * (1 - distance) if planted else 20, (9, 9))
            np.fill_diagonal(confused, 900)
            found[planted].append(confusions.nearness(distance, confused)[1])
    assert max(found[True]) < 0.05
    assert np.mean(np.array(found[False]) < 0.05) <= 0.2  # one in twenty, and what twenty trials leave to chance


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ("de en nl es fr pt", "German, English and Dutch are Germanic; Spanish, French and Portuguese are Romance."),
        ("it pl tr", "Italian is Romance; Polish is Slavic; Turkish is Turkic."),
        ("zh yue tlh", "Chinese and Cantonese are Sinitic; of Klingon no branch is known."),
        ("tlh qaa", "of Klingon and qaa no branch is known."),
        ("sv da de", "Swedish, Danish and German are Germanic."),
    ],
)
def test_families_are_told_as_far_as_they_are_known(codes: str, said: str) -> None:
    assert corpus_facts.kinship(codes.split()) == said


def test_lists_and_counts_read_as_prose() -> None:
    assert [corpus_facts.listed(list("abc")[:n]) for n in (1, 2, 3)] == ["a", "a and b", "a, b and c"]
    assert corpus_facts.listed(["the Germanic", "the Romance"], "or") == "the Germanic or the Romance"
    assert [corpus_facts.spelled(n) for n in (2, 3, 6, 10, 12, 20)] == ["two", "three", "six", "ten", "twelve", "20"]
