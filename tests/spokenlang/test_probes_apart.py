"""How far apart the languages lie, what their history says, and what a plane shows, against other ways to get it."""

from __future__ import annotations

import itertools
import re

import matplotlib as mpl
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from tones import write_store
from tries import tries

from onepage import publish
from spokenlang.corpus.store import ClipStore
from spokenlang.language_names import BRANCHES
from spokenlang.languages import CODES
from spokenlang.study import comparison, confusions, output_space, plots
from spokenlang.study.probes import apart, genealogy
from spokenlang.training.runs import TrainedRun

SIX = 6


def clouds(voices: int, spread: float, seed: int, each: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(logits, labels, groups): every voice speaks every language and moves what it says of each, ``each`` times."""
    random = np.random.default_rng(seed)
    labels = np.tile(np.repeat(np.arange(SIX), each), voices)
    groups = np.repeat(np.arange(voices), SIX * each)
    own = random.normal(0, spread, (voices, SIX, SIX))
    return (
        3 * np.eye(SIX)[labels] + own[groups, labels] + random.normal(0, 0.5, (len(labels), SIX)),
        labels,
        groups.astype(str),
    )


@settings(max_examples=tries(15), deadline=None)
@given(st.integers(0, 99), st.integers(0, 5), st.integers(1, 5))
def test_a_distance_is_that_of_the_class_means_whatever_is_added_to_every_logit(seed: int, a: int, by: int) -> None:
    logits, labels, groups = clouds(6, 1.0, seed)
    found = apart.pair_distance([logits], labels, groups, a, (a + by) % SIX)
    assert found.value == pytest.approx(output_space.centroid_distances(logits, labels)[a, (a + by) % SIX])
    assert found.low < found.value < found.high
    assert found.n == 24
    shifted = apart.pair_distance([logits + np.arange(len(logits))[:, None]], labels, groups, (a + by) % SIX, a)
    assert (shifted.low, shifted.value, shifted.high) == pytest.approx((found.low, found.value, found.high))


@pytest.mark.parametrize("spread", [0.1, 1.0])
def test_the_interval_of_a_distance_is_as_wide_as_voices_drawn_again_make_it(spread: float) -> None:
    voices, random = 40, np.random.default_rng(1)
    logits, labels, groups = clouds(voices, spread, 2)
    found = apart.pair_distance([logits], labels, groups, 0, 1)
    table = logits.reshape(voices, SIX, 2, SIX)
    again = []
    for _ in range(1500):
        means = table[random.integers(0, voices, voices)].mean(axis=(0, 2))
        again.append(output_space.centroid_distances(means, np.arange(SIX))[0, 1])
    reach = scipy.stats.t.ppf(0.975, voices - 1) * np.std(again)
    assert (found.high - found.low) / 2 == pytest.approx(reach, rel=0.1)


def test_seeds_that_disagree_widen_it() -> None:
    logits, labels, groups = clouds(10, 0.2, 3)
    one = apart.pair_distance([logits, logits, logits], labels, groups, 2, 3)
    several = apart.pair_distance([logits, 1.5 * logits, 2 * logits], labels, groups, 2, 3)
    assert several.value == pytest.approx(1.5 * one.value)
    assert several.high - several.low > 2 * (one.high - one.low)


# --- history


def test_steps_follow_the_tree() -> None:
    codes = ["es", "pt", "fr", "de", "nl", "en", "tr", "ru", "tlh"]
    found = genealogy.steps(codes)
    at = {pair: found[codes.index(pair[0]), codes.index(pair[1])] for pair in itertools.product(codes, repeat=2)}
    assert [at["es", "pt"], at["de", "nl"]] == [1, 1]
    assert [at["es", "fr"], at["de", "en"], at["nl", "en"]] == [2, 2, 2]
    assert [at["es", "de"], at["fr", "en"], at["ru", "en"]] == [3, 3, 3]
    assert [at["es", "tr"], at["ru", "tr"]] == [4, 4]
    assert np.isnan(at["tlh", "es"])
    assert np.isnan(at["tlh", "tlh"])


@settings(max_examples=tries(30), deadline=None)
@given(st.permutations(sorted(" ".join(BRANCHES.values()).split())))
def test_steps_are_an_ultrametric_of_any_languages(codes: list[str]) -> None:
    found = genealogy.steps(codes[:12])
    assert np.array_equal(found, found.T)
    assert (np.diag(found) == 0).all()
    for a, b, c in itertools.permutations(range(12), 3):
        assert found[a, b] <= max(found[a, c], found[c, b]), "what a tree has"


def test_the_table_names_languages_and_branches_that_are_known_once_each() -> None:
    families = " ".join(genealogy.FAMILIES.values())
    branches = re.findall(r"[A-Z][\w-]+", families)
    assert len(branches) == len(set(branches))
    assert set(branches) <= set(BRANCHES)
    of_branch = {code: branch for branch, codes in BRANCHES.items() for code in codes.split()}
    listed = " ".join(genealogy.SUBGROUPS.values()).split()
    assert len(listed) == len(set(listed))
    for codes in genealogy.SUBGROUPS.values():
        assert len({of_branch[code] for code in codes.split()}) == 1, "a subgroup lies within one branch"


@settings(max_examples=tries(15), deadline=None)
@given(st.integers(3, 5), st.integers(0, 99), st.booleans())
def test_mantel_counts_all_renamings(languages: int, seed: int, tied: bool) -> None:
    random = np.random.default_rng(seed)
    first, second = (np.triu(random.random((languages, languages)), 1) for _ in range(2))
    second = np.ceil(3 * second) if tied else second
    first, second = first + first.T, second + second.T
    pairs = list(itertools.combinations(range(languages), 2))
    other = [second[pair] for pair in pairs]
    found, p, many = confusions.mantel(first, second)
    assert many == len(pairs)
    if len(set(other)) == 1:
        assert np.isnan(found)
        return
    every = []
    for names in itertools.permutations(range(languages)):
        every.append(scipy.stats.spearmanr([first[names[a], names[b]] for a, b in pairs], other).statistic)
    assert found == pytest.approx(every[0])
    assert p == pytest.approx(np.mean(np.abs(every) >= abs(every[0]) - 1e-12))


def test_the_six_languages_can_be_told_from_chance_and_three_cannot() -> None:
    six = genealogy.steps(CODES)
    assert confusions.mantel(six, six)[:2] == (pytest.approx(1), pytest.approx(8 / 720))
    three = genealogy.steps(["es", "pt", "de"])
    assert confusions.mantel(three, three)[1] == pytest.approx(1 / 3)


# --- planes


def test_the_better_plane_is_found_where_most_variance_is_not_between_languages() -> None:
    random = np.random.default_rng(0)
    labels = np.tile(np.arange(3), 200)
    corners = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
    loud = random.normal(0, 4, (600, 2)) @ np.array([[1.0, 1, 1, -3], [1, 1, -2, 0]])  # along which nothing is told
    logits = 2 * corners[labels] + loud + random.normal(0, 0.2, (600, 4))
    pca, lda = apart.planes(logits[:300], labels[:300], logits[300:], labels[300:])
    reference = LinearDiscriminantAnalysis(n_components=2).fit(logits[:300, :3] - logits[:300, 3:], labels[:300])
    other = reference.transform(logits[300:, :3] - logits[300:, 3:])
    assert np.allclose(np.abs(lda.points), np.abs(other), atol=1e-6), "whatever basis the logits are in"
    assert lda.right.mean() > 0.6 > pca.right.mean()
    assert lda.points.shape == pca.points.shape == (300, 2)


def test_what_is_shown_chooses_nothing() -> None:
    logits, labels, _ = clouds(6, 1.0, 4)
    half = len(labels) // 2
    whole = apart.planes(logits[:half], labels[:half], logits[half:], labels[half:])
    part = apart.planes(logits[:half], labels[:half], logits[half : half + 5], labels[half : half + 5])
    for a, b in zip(whole, part, strict=True):
        assert np.allclose(a.points[:5], b.points)
        assert np.array_equal(a.right[:5], b.right)
    wrong = apart.planes(logits[:half], labels[:half], logits[half:], (labels[half:] + 1) % SIX)
    for a, b in zip(whole, wrong, strict=True):
        assert np.array_equal(a.points, b.points)


@pytest.mark.parametrize("hidden", [False, True])
def test_no_voice_is_on_both_sides(
    hidden: bool, tiny_run: TrainedRun, tiny_store: ClipStore, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    if hidden:
        tiny_store = ClipStore.open(write_store(tmp_path / "hidden", {"train": 16, "test": 6}, hidden=True))
        voices = np.array([f"v{at % 5}" for at in range(len(tiny_run.scores("validation").labels))])
        monkeypatch.setattr(comparison, "groups_of", lambda *_: voices)
    found = apart.dealt(tiny_store, tiny_run)
    assert found.enough
    assert len(found.groups) == len(found.shown[1])
    if hidden:
        fitted = len(found.fitted[1])
        assert fitted + len(found.groups) == len(voices)
        assert set(found.groups) == {"v0", "v2", "v4"}
        assert fitted == np.isin(voices, ("v1", "v3")).sum()
    else:
        assert np.array_equal(found.fitted[0], tiny_run.scores("validation").logits)
        assert np.array_equal(found.shown[0], tiny_run.scores("test").logits)


def test_a_single_voice_is_too_few_to_choose_a_plane() -> None:
    nobody = np.zeros((0, SIX)), np.zeros(0, int)
    some = np.zeros((12, SIX)), np.arange(12) % SIX
    assert apart.Dealt(some, some, np.array(["a"] * 12), "").enough
    assert not apart.Dealt(nobody, some, np.array(["a"] * 12), "").enough
    assert not apart.Dealt(some, nobody, np.array([]), "").enough
    assert not apart.Dealt((some[0][:6], some[1][:6]), some, np.array(["a"] * 12), "").enough, "a clip of each"


# --- figures


@pytest.mark.parametrize("languages", [3, 6, 10, 20])
def test_figures_of_distances_keep_their_names_apart(languages: int) -> None:
    codes = [*CODES, *(f"{a}{b}" for a in "qx" for b in "abcdefghijkl")][:languages]
    random = np.random.default_rng(languages)
    places = random.normal(size=(languages, 4))
    matrix = np.linalg.norm(places[:, None] - places[None], axis=2)
    rows = [(f"{a} {b}", 2.0 + at, 1.0 + at, 3.0 + at, at % 3 == 0)
            for at, (a, b) in enumerate(itertools.combinations(codes, 2))][:21]  # fmt: skip
    labels = np.arange(20 * languages) % languages
    points = random.normal(size=(len(labels), 2)) / 4 + places[labels, :2]
    with mpl.rc_context(publish.STYLE):
        figures = {
            "tree": (plots.dendrogram(matrix, codes), set(codes)),
            "pairs": (plots.pairs(rows, "distance", ("one branch", "two branches")), {row[0] for row in rows}),
            "planes": (plots.planes({"one": points, "other": points}, labels, codes), set(codes)),
        }
    for name, (figure, expected) in figures.items():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        seen = canvas.get_renderer()
        for axis in figure.axes:
            texts = [text for text in (*axis.get_yticklabels(), *axis.texts) if text.get_text()]
            assert {text.get_text() for text in texts} >= expected, name
            boxes = [text.get_window_extent(seen).shrunk(0.9, 0.7) for text in texts]
            assert not [1 for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)], name


def test_the_tree_joins_what_is_near_first() -> None:
    matrix = np.array([[0, 1, 6, 6], [1, 0, 6, 6], [6, 6, 0, 2], [6, 6, 2, 0]], float)
    axis = plots.dendrogram(matrix, ["de", "nl", "es", "pt"]).axes[0]
    order = [text.get_text() for text in axis.get_yticklabels()]
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset(("de", "nl")), frozenset(("es", "pt"))}
    heights = sorted(
        {round(float(x), 6) for line in axis.collections for path in line.get_paths() for x in path.vertices[:, 0]}
    )
    assert heights == [0, 1, 2, 6]
