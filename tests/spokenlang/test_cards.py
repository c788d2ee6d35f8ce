"""The cards of model and data: what they say is measured, and no name gets out of its place."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pypandoc
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.corpus.store import ClipStore
from spokenlang.deploy.cards import data_card, model_card
from spokenlang.study import comparison
from spokenlang.training.runs import TrainedRun


def head_of(card: str) -> dict[str, object]:
    """The metadata block."""
    return yaml.safe_load(card.removeprefix("---\n").split("\n---\n")[0])


def test_a_model_card_says_what_was_measured(trained: Callable[..., TrainedRun], tiny_store: ClipStore) -> None:
    runs = [trained(seed=seed, epochs=2) for seed in (0, 1)]
    best = comparison.best_by_validation(runs)
    card = model_card(runs, best, tiny_store, "tones", synthetic=True)
    found = comparison.accuracy(runs, tiny_store)
    shown = f"{100 * found.value:.1f} ({100 * found.low:.1f} to {100 * found.high:.1f})"
    assert f"| all clips | {shown} | 36 |" in card
    for code, label in zip(best.languages, range(6), strict=True):
        clips = int((best.scores("test").labels == label).sum())
        assert re.search(rf"\| (German|English|Spanish|French|Dutch|Portuguese) \| .* \| {clips} \|", card), code
    assert "2 seeds" in card
    assert "All speech is synthetic" in card
    assert f"divided by {best.temperature:.3f}" in card
    about = head_of(card)
    assert about["language"] == list(best.languages)
    results = {each["dataset"]["split"]: each["metrics"] for each in about["model-index"][0]["results"]}
    assert results["test"][0] == {"type": "accuracy", "value": round(found.value, 4)}
    assert set(results) == {"test", "dialects"}


def test_what_is_not_known_is_not_said(tiny_run: TrainedRun, tiny_store: ClipStore, tmp_path: Path) -> None:
    """Bare arrays: nobody's voice, no condition; a hidden test set: nothing measured."""
    for path in tiny_store.folder.glob("*_t*.npy"):
        shutil.copy(path, tmp_path)
    bare = ClipStore.open(tmp_path)
    card = data_card(bare, "arrays", synthetic=False)
    assert "Who speaks is not known" in card
    assert "Nothing but its language." in card
    assert "synthetic" not in card
    assert "| test | 6 | 6 | 6 | 6 | 6 | 6 | 36 | ? |" in card
    (tmp_path / "targets_test_int8.npy").unlink()
    card = data_card(ClipStore.open(tmp_path), "arrays", synthetic=False)
    assert "| test | ? | ? | ? | ? | ? | ? | 36 | ? |" in card


def test_a_data_card_counts_clips_and_voices(tiny_store: ClipStore) -> None:
    card = data_card(tiny_store, "tones", synthetic=False)
    voices = len(set(tiny_store.groups("train")))
    assert f"| training, validation included | 16 | 16 | 16 | 16 | 16 | 16 | 96 | {voices} |" in card
    assert head_of(card)["size_categories"] == ["n<1K"]
    assert "`clean`" in card


@given(st.text(max_size=30))
@settings(deadline=None, max_examples=tries(8))
def test_no_name_gets_out_of_its_place(tiny_run: TrainedRun, tiny_store: ClipStore, name: str) -> None:
    name = f"{name}<script>alert(1)</script>\n---\n# [x](javascript:1) | `a` {name}"
    cards = (
        model_card([tiny_run], tiny_run, tiny_store, name, synthetic=False),
        data_card(tiny_store, name, synthetic=False),
    )
    for card in cards:
        assert "<script>alert(1)</script> --- # [x](javascript:1) | `a`" in str(head_of(card))
    page = pypandoc.convert_text("\n".join(card.split("\n---\n", 1)[1] for card in cards), "html", "gfm")
    assert "<script" not in page
    assert 'href="javascript' not in page
    assert page.count("<h1") == 2
