"""A network is heard on a corpus of other people: languages by their codes, each counted alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tones

from spokenlang.corpus.store import ClipStore
from spokenlang.errors import InputError
from spokenlang.languages import CODES
from spokenlang.study import intervals
from spokenlang.study.beyond.people import hear
from spokenlang.training.runs import TrainedRun


@pytest.mark.parametrize(
    ("codes", "left_out"),
    [
        (CODES, 0),
        (tuple(reversed(CODES)), 0),
        (("en", "it", "pt"), 5),
        (("tr", "es"), 5),
    ],
    ids=["the same", "another order", "one more", "two of which one"],
)
def test_languages_go_by_their_codes(tiny_run: TrainedRun, tmp_path: Path, codes: tuple, left_out: int) -> None:
    folder = tones.write_store(tmp_path / "people", {"train": 4, "test": 1}, codes=codes)
    store = ClipStore.open(folder)
    heard = hear(tiny_run, store)
    assert heard.left_out == left_out
    spoken = [store.languages[label] for split in ("train", "test") for label in store.targets(split)]
    assert [tiny_run.languages[label] for label in heard.labels] == [code for code in spoken if code in CODES]
    assert len(heard.predicted) == len(heard.groups) == len(heard.labels)
    np.testing.assert_array_equal(heard.right, heard.labels == heard.predicted)


def test_the_order_of_labels_changes_no_answer(tiny_run: TrainedRun, tmp_path: Path) -> None:
    """The same clips under labels in another order: the same clips are right."""
    one = ClipStore.open(tones.write_store(tmp_path / "one", {"train": 4, "test": 1}))
    two = tones.write_store(tmp_path / "two", {"train": 4, "test": 1})
    (two / "languages.json").write_text(str(list(reversed(CODES))).replace("'", '"'))
    (two / "clips.csv").unlink()
    for split in ("train", "test"):
        path = two / f"targets_{split}_int8.npy"
        np.save(path, (len(CODES) - 1 - np.load(path)).astype(np.int8))
    first, second = hear(tiny_run, one), hear(tiny_run, ClipStore.open(two))
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_array_equal(first.predicted, second.predicted)
    assert not set(second.groups[:24]) & set(second.groups[24:]), "clips without speakers are not taken for the same"


def test_hidden_labels_and_strange_languages(tiny_run: TrainedRun, tmp_path: Path) -> None:
    hidden = tones.write_store(tmp_path / "hidden", {"train": 4, "test": 1}, hidden=True)
    assert len(hear(tiny_run, ClipStore.open(hidden)).labels) == 4 * len(CODES)
    strange = tones.write_store(tmp_path / "strange", {"train": 4, "test": 1}, codes=("it", "tr"))
    with pytest.raises(InputError, match="has clips in it, tr; the network knows de, en, es, fr, nl, pt"):
        hear(tiny_run, ClipStore.open(strange))


def test_every_language_counts_alike(tiny_run: TrainedRun, tmp_path: Path) -> None:
    heard = hear(tiny_run, ClipStore.open(tones.write_store(tmp_path / "people", {"train": 4, "test": 1})))
    found = intervals.interval(intervals.balanced(heard.right, heard.labels, heard.groups))
    assert found.value == pytest.approx(np.mean([heard.right[heard.labels == label].mean() for label in range(6)]))
