"""Held-out clips: whole groups, all languages, the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.corpus import metadata
from spokenlang.corpus.splits import hold_out, separate
from spokenlang.corpus.store import ClipStore, inputs_path, targets_path
from spokenlang.errors import InputError

# (label, group) of each clip: few groups to many, in one language or several.
CLIPS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 15)), min_size=1, max_size=120)


def store(folder: Path, labels: np.ndarray, groups: np.ndarray | None) -> ClipStore:
    for split in ("train", "test"):
        np.save(inputs_path(folder, split), np.zeros((len(labels), 800), np.float16))
        np.save(targets_path(folder, split), labels.astype(np.int8))
    if groups is not None:
        rows = [{"split": "train", "index": i, "group": group} for i, group in enumerate(groups)]
        metadata.write(folder / metadata.NAME, ("split", "index", "group"), rows)
    return ClipStore.open(folder)


@settings(max_examples=tries(200), deadline=None)
@given(clips=CLIPS, fraction=st.floats(0.05, 0.6), seed=st.integers(0, 2**31))
def test_no_group_is_torn_and_every_language_that_can_be_is_on_both_sides(
    clips: list[tuple[int, int]], fraction: float, seed: int
) -> None:
    labels, groups = np.array([label for label, _ in clips]), np.array([f"g{group}" for _, group in clips])
    held = separate(labels, groups, fraction, seed)
    assert not set(groups[held]) & set(groups[~held])
    assert set(labels[~held]) == set(labels), "no language may be lost to training"
    for label in set(labels):
        own = [set(groups[labels == label])]
        # A group of this language alone, beside others, can always be held out.
        alone = [g for g in own[0] if set(labels[groups == g]) == {label}]
        if alone and len(own[0]) > 1:
            assert held[labels == label].any()
    assert (held == separate(labels, groups, fraction, seed)).all()


@settings(max_examples=tries(50), deadline=None)
@given(seed=st.integers(0, 2**31), fraction=st.floats(0.1, 0.5), voices=st.integers(10, 60))
def test_voices_of_all_languages_give_balanced_shares(seed: int, fraction: float, voices: int) -> None:
    groups = np.repeat(np.arange(voices), 12).astype(str)
    labels = np.tile(np.repeat(np.arange(6), 2), voices)
    held = separate(labels, groups, fraction, seed)
    shares = [held[labels == label].mean() for label in range(6)]
    assert max(shares) == min(shares)
    assert abs(shares[0] - fraction) <= 0.5 / voices + 1e-9 or round(shares[0] * voices) == 1


@settings(max_examples=tries(50), deadline=None)
@given(seed=st.integers(0, 2**31), order=st.randoms(use_true_random=False))
def test_the_order_of_the_clips_does_not_matter(seed: int, order) -> None:
    rng = np.random.default_rng(0)
    labels, groups = rng.integers(0, 6, 90), rng.integers(0, 20, 90).astype(str)
    held = set(groups[separate(labels, groups, 0.2, seed)])
    shuffled = np.array(order.sample(range(90), 90))
    assert set(groups[shuffled][separate(labels[shuffled], groups[shuffled], 0.2, seed)]) == held


def test_without_groups_each_language_gives_the_same_share(tmp_path: Path) -> None:
    labels = np.repeat(np.arange(6), 40)
    training, validation = hold_out(store(tmp_path, labels, None), 0.1, seed=3)
    assert sorted([*training, *validation]) == list(range(240))
    assert np.bincount(labels[validation]).tolist() == [4] * 6
    other = hold_out(ClipStore.open(tmp_path), 0.1, seed=4)[1]
    assert validation.tolist() != other.tolist()


def test_with_groups_validation_has_voices_of_its_own(tmp_path: Path) -> None:
    labels, groups = np.tile(np.arange(6), 40), np.repeat(np.arange(20), 12).astype(str)
    training, validation = hold_out(store(tmp_path, labels, groups), 0.15, seed=0)
    assert not set(groups[training]) & set(groups[validation])
    assert np.bincount(labels[validation]).tolist() == [6] * 6


def test_one_voice_to_a_language_still_gives_a_validation_set(tmp_path: Path) -> None:
    labels = np.repeat(np.arange(6), 20)
    with pytest.warns(UserWarning, match="single group"):
        _, validation = hold_out(store(tmp_path, labels, labels.astype(str)), 0.2, seed=0)
    assert np.bincount(labels[validation]).tolist() == [4] * 6


def test_too_few_clips_to_hold_any_out_is_an_error(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="single group"), pytest.raises(InputError, match="too few training clips"):
        hold_out(store(tmp_path, np.arange(6), None), 0.1, seed=0)
