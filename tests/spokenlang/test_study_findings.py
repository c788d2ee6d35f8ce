"""What the page's findings are computed by, against counts and tests that are written out here."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from tries import tries

from spokenlang.corpus.store import ClipStore
from spokenlang.languages import CODES, LANGUAGES
from spokenlang.network.frontend import FrontEndConfig
from spokenlang.network.models import ModelConfig, build_model
from spokenlang.study import calibration, confusions, corpus_facts, effects, intervals, listening
from spokenlang.training.runs import Scores, TrainedRun, write_scores
from spokenlang.training.settings import TrainConfig

NETWORK = build_model("six", ModelConfig(channels=4, embedding=4), FrontEndConfig())
BRANCHES = [language.branch for language in LANGUAGES]
Clips = Sequence[tuple[int, str, str]]
"""(label, voice, dialect) of each; "" where it is not known."""
Made = Callable[..., TrainedRun]


@pytest.fixture
def corpus(tmp_path: Path) -> Callable[..., ClipStore]:
    """A store of a tenth of a second of noise a clip; clips.csv has what is known of any of them."""

    def write(**splits: Clips) -> ClipStore:
        random = np.random.default_rng(0)
        rows = []
        for split, clips in splits.items():
            labels = np.array([label for label, _, _ in clips], np.int8)
            np.save(tmp_path / f"inputs_{split}_fp16.npy", random.normal(size=(len(clips), 800)).astype(np.float16))
            np.save(tmp_path / f"targets_{split}_int8.npy", labels)
            rows += [f"{split},{at},{CODES[c[0]]},{c[1]},{c[2]}" for at, c in enumerate(clips)]
        (tmp_path / "languages.json").write_text(json.dumps(CODES))
        if any(voice for clips in splits.values() for _, voice, _ in clips):
            (tmp_path / "clips.csv").write_text("\n".join(["split,index,language,group,dialect", *rows]))
        return ClipStore.open(tmp_path)

    return write


@pytest.fixture
def scored(tmp_path: Path) -> Made:
    """A run with given scores, (labels, logits) by split; its network is not trained, and right on validation."""

    def write(seed: int = 0, **splits: tuple[np.ndarray, np.ndarray]) -> TrainedRun:
        folder = tmp_path / f"run-{len(list(tmp_path.glob('run-*')))}"
        folder.mkdir()
        every = {"validation": (np.arange(60) % 6, 9.0 * np.eye(6)[np.arange(60) % 6])} | splits
        parts = {name: Scores(logits, labels, np.arange(len(labels))) for name, (labels, logits) in every.items()}
        write_scores(parts, folder, {"parameters": 1})
        return TrainedRun(folder, TrainConfig(seed=seed), NETWORK, CODES)

    return write


def hot(predicted: np.ndarray) -> np.ndarray:
    """Logits that predict these."""
    return 5.0 * np.eye(6, dtype=np.float32)[predicted]


# --- the corpus

SIX = [(label, voice, "") for label in range(6) for voice in ("ann", "bob")]


def test_an_even_corpus_of_voices_that_speak_all(corpus: Callable[..., ClipStore]) -> None:
    store = corpus(train=SIX * 2, test=[(label, "eve", "") for label in range(6)])
    assert corpus_facts.even(store)
    assert corpus_facts.speak_all(store)
    assert (
        corpus_facts.named(store, corpus_facts.languages(store))
        == "German, English, Spanish, French, Dutch and Portuguese"
    )
    assert corpus_facts.apart(store, np.array([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22])) == (True, True)
    assert corpus_facts.apart(store, np.array([0])) == (True, False)  # ann is in both


def test_an_uneven_corpus_of_people_with_one_language(corpus: Callable[..., ClipStore]) -> None:
    train = [(0, "ann", ""), (0, "ann", ""), (1, "bob", ""), (3, "cem", "")]
    store = corpus(train=train, test=[(0, "ann", ""), (1, "dan", ""), (1, "eve", "")])
    assert not corpus_facts.even(store)
    assert not corpus_facts.speak_all(store)
    assert corpus_facts.counted(store.targets("test")) == corpus_facts.Counted(1, 2, pytest.approx(2 / 3))
    assert corpus_facts.named(store, corpus_facts.languages(store)) == "German, English and French"
    assert corpus_facts.apart(store, np.array([2])) == (False, True)


def test_one_split_that_is_even_is_not_enough(corpus: Callable[..., ClipStore]) -> None:
    assert not corpus_facts.even(corpus(train=SIX, test=[(0, "eve", ""), (0, "eve", ""), (1, "eve", "")]))
    assert not corpus_facts.even(corpus(train=SIX[1:], test=SIX))


def test_nothing_is_said_of_voices_that_nobody_knows(corpus: Callable[..., ClipStore]) -> None:
    store = corpus(train=[(label, "", "") for label in range(6)], test=[(label, "", "") for label in range(6)])
    assert not corpus_facts.speak_all(store)
    assert corpus_facts.apart(store, np.array([0])) == (False, False)


def test_one_language_too_many_or_too_few_is_seen(corpus: Callable[..., ClipStore]) -> None:
    store = corpus(train=SIX, test=[(label, "eve", "") for label in range(5)])
    assert corpus_facts.even(store)  # as many of each that occurs
    assert not corpus_facts.speak_all(store)  # eve does not speak Portuguese
    assert corpus_facts.named(store, [5]) == "Portuguese"


def test_loudness_between_languages_is_that_of_their_medians() -> None:
    levels = np.array([-20.0, -30.0, -90.0, -10.0, -12.0])
    assert corpus_facts.loudness_by_language(levels, np.array([0, 0, 0, 1, 1])) == pytest.approx(-11 + 30)


# --- confusions


@settings(max_examples=tries(40), deadline=None)
@given(st.integers(0, 999), st.integers(2, 6))
def test_confused_pairs_are_all_errors_by_their_share(seed: int, classes: int) -> None:
    counts = np.random.default_rng(seed).integers(0, 9, (classes, classes))
    found = confusions.confused_pairs(counts)
    assert {pair[:2] for pair in found} == {(a, b) for a in range(classes) for b in range(classes) if a != b}
    assert all(share == pytest.approx(counts[a, b] / max(counts[a].sum(), 1)) for a, b, share in found)
    assert [share for _, _, share in found] == sorted((share for _, _, share in found), reverse=True)
    right = {a: counts[a, a] / counts[a].sum() for a in range(classes) if counts[a].any()}
    assert confusions.recall(counts) == pytest.approx(right)


def test_one_confusion_is_first_only_where_every_seed_has_it_alone(scored: Made) -> None:
    labels = np.repeat(np.arange(6), 10)

    def wrong(*errors: tuple[int, int, int]) -> TrainedRun:
        predicted = labels.copy()
        for spoken, taken, many in errors:
            predicted[np.flatnonzero(predicted == spoken)[:many]] = taken
        return scored(test=(labels, hot(predicted)))

    first, second, tie = wrong((0, 4, 3)), wrong((0, 4, 2), (2, 5, 1)), wrong((0, 4, 1), (2, 5, 1))
    assert confusions.one_top([first, second], "test") == (2, True)
    assert confusions.one_top([first, second, tie], "test") == (2, False)
    assert confusions.one_top([first, wrong((2, 5, 1))], "test") == (1, False)
    assert confusions.counts_of([first, second], "test")[0, 4] == 5


def erring(random: np.random.Generator, store: ClipStore, kin: float) -> np.ndarray:
    """Predictions in which German and English err often, to each other language alike, or to kin as often as told."""
    labels = store.targets("test")
    predicted = labels.copy()
    for at in np.flatnonzero(random.random(len(labels)) < np.where(labels < 2, 0.5, 0.05)):
        others = [other for other in range(6) if other != labels[at]]
        near = [other for other in others if BRANCHES[other] == BRANCHES[labels[at]]]
        predicted[at] = random.choice(near if random.random() < kin else others)
    return predicted


def test_errors_within_a_branch_are_found_where_they_are_and_only_there(
    corpus: Callable[..., ClipStore], scored: Made
) -> None:
    clips = [(label, f"voice {voice}", "") for voice in range(20) for label in range(6) for _ in range(5)]
    store, random = corpus(train=SIX, test=clips), np.random.default_rng(3)
    found = {}
    for kin, trials in ((0.0, 60), (0.6, 10)):
        tests = []
        for _ in range(trials):
            labels = store.targets("test")
            run = scored(test=(labels, hot(erring(random, store, kin))))
            sample, chance, errors = confusions.within_branch([run], store, BRANCHES)
            assert chance == pytest.approx(2 / 5)
            wrong = ~run.scores("test").right
            assert errors == wrong.sum()
            same = [BRANCHES[a] == BRANCHES[b] for a, b in zip(labels, run.scores("test").predictions, strict=True)]
            assert chance + sample.means.mean() == pytest.approx(np.mean(np.array(same)[wrong]))
            tests.append(intervals.above(sample))
        found[kin] = np.mean([test.difference.low > 0 for test in tests])
    assert found[0.0] <= 0.1  # one in forty, and what sixty trials leave to chance
    assert found[0.6] == 1


def test_by_chance_errors_go_to_languages_of_the_corpus(corpus: Callable[..., ClipStore], scored: Made) -> None:
    """Of German, English and Spanish each has two others: a relative and a stranger, or two strangers."""
    clips = [(label, f"voice {voice}", "") for voice in range(4) for label in (0, 1, 2)]
    store = corpus(train=[clip for clip in SIX if clip[0] < 3], test=clips)
    labels = store.targets("test")
    run = scored(test=(labels, hot((labels + 1) % 3)))
    assert confusions.within_branch([run], store, BRANCHES)[1] == pytest.approx((1 / 2 + 1 / 2 + 0) / 3)


def test_a_language_of_no_known_branch_is_no_relative_and_no_stranger(
    corpus: Callable[..., ClipStore], scored: Made
) -> None:
    """Dutch has no branch here: errors from it and to it count nowhere, and chance does not know it."""
    clips = [(label, f"voice {voice}", "") for voice in range(4) for label in range(6)]
    store = corpus(train=SIX, test=clips)
    labels = store.targets("test")
    run = scored(test=(labels, hot((labels + 1) % 6)))  # de en es fr nl pt: of six errors two are from or to nl
    sample, chance, errors = confusions.within_branch([run], store, [*BRANCHES[:4], "", BRANCHES[5]])
    assert errors == 4 * 4
    assert chance == pytest.approx((1 / 4 + 1 / 4 + 2 / 4 + 2 / 4) / 4)
    assert chance + sample.means.mean() == pytest.approx(2 / 4)  # de to en, es to fr; en to es and pt to de are not


def test_three_seeds_with_the_same_errors_say_no_more_than_one(corpus: Callable[..., ClipStore], scored: Made) -> None:
    clips = [(label, f"voice {voice}", "") for voice in range(8) for label in range(6) for _ in range(5)]
    store = corpus(train=SIX, test=clips)
    predicted = erring(np.random.default_rng(1), store, 0.2)
    run = scored(test=(store.targets("test"), hot(predicted)))
    once, thrice = (intervals.above(confusions.within_branch([run] * seeds, store, BRANCHES)[0]) for seeds in (1, 3))
    assert thrice.p == pytest.approx(once.p)
    assert thrice.difference.low == pytest.approx(once.difference.low)


@settings(max_examples=tries(25), deadline=None)
@given(st.integers(0, 999), st.integers(3, 5))
def test_nearness_is_a_rank_correlation_and_its_p_counts_all_renamings(seed: int, classes: int) -> None:
    random = np.random.default_rng(seed)
    distance = np.triu(random.random((classes, classes)), 1)
    distance += distance.T
    counts = random.integers(1, 30, (classes, classes))
    pairs = list(itertools.combinations(range(classes), 2))

    def confused(a: int, b: int) -> float:
        return counts[a, b] / counts[a].sum() + counts[b, a] / counts[b].sum()

    def correlation(names: Sequence[int]) -> float:
        near = [distance[names[a], names[b]] for a, b in pairs]
        return scipy.stats.spearmanr(near, [confused(a, b) for a, b in pairs]).statistic

    every = [correlation(names) for names in itertools.permutations(range(classes))]
    found, p, many = confusions.nearness(distance, counts)
    assert (found, many) == (pytest.approx(every[0]), len(pairs))
    assert p == pytest.approx(np.mean(np.abs(every) >= abs(every[0]) - 1e-12))


def test_languages_that_nobody_speaks_are_not_near_or_far() -> None:
    distance = np.full((6, 6), np.nan)
    distance[:4, :4] = [[0, 1, 2, 3], [1, 0, 4, 5], [2, 4, 0, 6], [3, 5, 6, 0]]
    counts = np.zeros((6, 6), int)
    counts[:4, :4] = 10 * np.eye(4, dtype=int) + [[0, 6, 5, 4], [0, 0, 3, 2], [0, 0, 0, 1], [0, 0, 0, 13]]
    assert confusions.nearness(distance, counts)[2] == 6
    assert np.isnan(confusions.nearness(distance, np.diag([10, 10, 10, 10, 0, 0]))[0])  # no error, nothing to tell


# --- confidence


def spoken(random: np.random.Generator, clips: int, sure: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from the probabilities of logits that are far apart or not, so that these are calibrated."""
    logits = random.normal(0, sure, (clips, 6))
    return (softmax(logits, axis=1).cumsum(axis=1) > random.random((clips, 1))).argmax(axis=1), logits


@pytest.fixture
def judged(corpus: Callable[..., ClipStore], scored: Made) -> Callable[..., calibration.Calibration]:
    """What is said of scores on a test set of twenty voices; temperatures are fitted on validation."""

    def judge(validation: tuple[np.ndarray, np.ndarray], *tests: tuple[np.ndarray, np.ndarray]):
        clips = [(int(label), f"voice {at % 20}", "") for at, label in enumerate(tests[0][0])]
        runs = [scored(seed, validation=validation, test=test) for seed, test in enumerate(tests)]
        return calibration.calibration(runs, corpus(train=SIX, test=clips))

    return judge


def test_calibrated_probabilities_are_called_so(judged: Callable[..., calibration.Calibration]) -> None:
    random = np.random.default_rng(0)
    labels, logits = spoken(random, 12000, 8)
    found = judged(spoken(random, 12000, 8), (labels, logits))
    assert found.holds, found.evidence
    assert found.nll == pytest.approx(sklearn.metrics.log_loss(labels, softmax(logits, axis=1)), abs=0.01)
    right = np.mean(logits.argmax(axis=1) == labels)
    constant = -right * np.log(right) - (1 - right) * np.log((1 - right) / 5)
    assert found.constant_nll == pytest.approx(constant)
    gained = (found.constant_nll - found.nll, found.constant_brier - found.brier)
    assert [gain.difference.value for gain in found.gains] == pytest.approx(gained)
    assert found.constant_brier == pytest.approx(
        right * ((1 - right) ** 2 + (1 - right) ** 2 / 5)
        + (1 - right) * (right**2 + (1 - (1 - right) / 5) ** 2 + 4 * ((1 - right) / 5) ** 2)
    )


def test_always_saying_a_hundred_percent_is_not(judged: Callable[..., calibration.Calibration]) -> None:
    """Nearly all is right, so the calibration error is small; yet the confidences tell no clip from another."""
    labels = np.arange(3000) % 6
    predicted = np.where(np.arange(3000) % 100, labels, (labels + 1) % 6)
    found = judged((labels, hot(labels)), (labels, hot(predicted)))
    assert found.ece.value <= calibration.MARGIN
    assert not found.holds


@pytest.mark.parametrize("scale", [0.4, 2.5])
def test_over_and_underconfident_probabilities_are_not(
    judged: Callable[..., calibration.Calibration], scale: float
) -> None:
    random = np.random.default_rng(1)
    labels, logits = spoken(random, 3000, 3)
    assert not judged(spoken(random, 3000, 3), (labels, scale * logits)).holds


def test_a_small_error_of_calibration_on_many_clips_is_found(judged: Callable[..., calibration.Calibration]) -> None:
    """Smaller than the margin, and more errors than the confidences let expect, beyond chance."""
    labels, logits = spoken(np.random.default_rng(2), 12000, 20)
    found = judged(spoken(np.random.default_rng(3), 12000, 20), (labels, 1.3 * logits))
    assert found.ece.value <= calibration.MARGIN
    assert all(gain.difference.low > 0 for gain in found.gains)
    assert found.errors.difference.low > 0
    assert not found.holds


def test_one_confidence_for_all_is_not(judged: Callable[..., calibration.Calibration]) -> None:
    labels = np.arange(3000) % 6
    predicted = np.where(np.arange(3000) % 10, labels, (labels + 1) % 6)
    assert not judged((labels, hot(predicted)), (labels, hot(predicted))).holds


# --- effects of techniques and dialects


def test_what_is_lost_is_the_difference_of_accuracies_and_the_largest_comes_first(
    corpus: Callable[..., ClipStore], scored: Made
) -> None:
    clips = [(label, f"voice {voice}", "") for voice in range(12) for label in range(6) for _ in range(5)]
    store, random = corpus(train=SIX, test=clips), np.random.default_rng(0)
    labels = store.targets("test")

    def right(share: float, seed: int) -> TrainedRun:
        wrong = random.random(len(labels)) > share
        return scored(seed, test=(labels, hot(np.where(wrong, (labels + 1) % 6, labels))))

    chosen = [right(0.95, seed) for seed in range(3)]
    without = {"little": [right(0.95, seed) for seed in range(3)], "much": [right(0.6, seed) for seed in range(3)]}
    found = effects.lost_without(chosen, without, store, "test")
    assert [effect.name for effect in found] == ["much", "little"]
    accuracy = {name: np.mean([run.metrics["test"]["accuracy"] for run in runs]) for name, runs in without.items()}
    for effect in found:
        lost = np.mean([run.metrics["test"]["accuracy"] for run in chosen]) - accuracy[effect.name]
        assert effect.test.difference.value == pytest.approx(lost)
        assert effect.p == pytest.approx(min(1, 2 * effect.test.p))  # two were tried
    assert [effect.shown for effect in found] == [True, False]


def test_a_difference_that_several_tries_would_bring_is_not_shown() -> None:
    found = intervals.Test(intervals.Interval(0.02, 0.001, 0.04), 0.04)
    assert effects.Effect("one", found, 1, 3).shown
    assert not effects.Effect("one of eight", found, 8, 3).shown
    assert not effects.Effect("a gain", intervals.Test(intervals.Interval(-0.1, -0.2, -0.01), 0.01), 1, 3).shown


def test_a_dialect_is_compared_with_known_clips_of_its_language(corpus: Callable[..., ClipStore], scored: Made) -> None:
    """English is hard, Spanish easy: es-x is harder than known Spanish, though easier than the whole test set."""
    test = [(label, f"voice {at % 10}", "") for at in range(200) for label in (1, 2)]
    away = [(1, f"far {at % 5}", "en-x") for at in range(100)] + [(2, f"far {at % 5}", "es-x") for at in range(100)]
    store = corpus(train=SIX, test=test, dialects=away)

    def answers(split: str, shares: dict[int, float]) -> tuple[np.ndarray, np.ndarray]:
        labels = store.targets(split)
        of = {label: np.flatnonzero(labels == label) for label in shares}
        predicted = labels.copy()
        for label, share in shares.items():
            predicted[of[label][round(share * len(of[label])) :]] = 0
        shuffled = np.random.default_rng(0).permutation(len(labels))
        return labels[shuffled][np.argsort(shuffled)], hot(predicted)

    run = scored(test=answers("test", {1: 0.5, 2: 1.0}), dialects=answers("dialects", {1: 0.5, 2: 0.8}))
    every, each = effects.dialects([run], store)
    assert {effect.name: effect.test.difference.value for effect in each} == pytest.approx({"en-x": 0, "es-x": 0.2})
    assert every.difference.value == pytest.approx(0.75 - 0.65)
    assert all(effect.tried == 2 for effect in each)


# --- clips to listen to


def test_errors_are_heard_the_surest_first_and_right_clips_by_language(
    corpus: Callable[..., ClipStore], scored: Made
) -> None:
    store, random = corpus(train=SIX, test=SIX * 3), np.random.default_rng(5)
    labels, logits = store.targets("test"), random.normal(0, 2, (36, 6))
    run = scored(test=(labels, logits))
    sure, predicted = run.probabilities("test").max(axis=1), logits.argmax(axis=1)
    order = listening.wrong_first_the_surest(run, "test")
    assert set(order) == {at for at in range(36) if predicted[at] != labels[at]}
    assert sure[order].tolist() == sorted(sure[order], reverse=True)
    places = listening.right_of_each_language(run, "test", 2)
    wanted = [[at for at in range(36) if labels[at] == predicted[at] == label][:2] for label in range(6)]
    assert places.tolist() == list(itertools.chain(*wanted))
    for row, at in zip(listening.rows(run, store, order, prefix="x-"), order, strict=True):
        assert (row["id"], row["true"], row["predicted"]) == (f"x-{at}", CODES[labels[at]], CODES[predicted[at]])
        assert row["confidence"] == pytest.approx(sure[at], abs=5e-4)
        np.testing.assert_array_equal(row["samples"], store.inputs("test")[at].astype(np.float32))


@pytest.mark.parametrize("languages", [1, 3, 7, 8, 12])
def test_languages_are_renamed_in_all_ways_or_in_many(languages: int) -> None:
    orders = confusions._renamings(languages)
    assert orders.shape == (min(math.factorial(languages), confusions.RENAMINGS), languages)
    assert orders[0].tolist() == list(range(languages)), "the order that they have is one of them"
    assert (np.sort(orders, axis=1) == np.arange(languages)).all(), "each is an order of them"
    np.testing.assert_array_equal(orders, confusions._renamings(languages), "the same every time")
    if languages <= 7:
        assert len({tuple(order) for order in orders.tolist()}) == len(orders)
    else:
        moved = (orders[1:] != np.arange(languages)).mean()
        assert moved == pytest.approx(1 - 1 / languages, abs=0.02), "every language goes everywhere"


@pytest.mark.parametrize(
    ("counts", "distance"),
    [
        (np.diag([3, 4]), np.array([[0.0, 1.0], [1.0, 0.0]])),
        (np.diag([3, 4, 5]), np.arange(9.0).reshape(3, 3)),
        (np.array([[3, 1, 0], [0, 4, 2], [1, 0, 5]]), np.ones((3, 3))),
    ],
    ids=["two languages", "no errors", "all as far"],
)
def test_where_nothing_is_left_to_correlate(counts: np.ndarray, distance: np.ndarray) -> None:
    correlation, p, pairs = confusions.nearness(distance, counts)
    assert np.isnan(correlation)
    assert p == 1.0
    assert pairs == len(counts) * (len(counts) - 1) // 2
