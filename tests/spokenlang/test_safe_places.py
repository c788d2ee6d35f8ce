"""What was not made here is neither emptied nor replaced by the corpus commands, whatever --out says."""

from __future__ import annotations

from pathlib import Path

import pytest

from spokenlang.commands.train import _require_ours
from spokenlang.corpus import workplace
from spokenlang.deploy.tables import require_replaceable
from spokenlang.errors import InputError


def listing(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["notes.txt", "recipe.json", "chunks", "inputs_train_fp16.npy"])
def test_a_folder_beside_that_is_not_ours_is_left_alone(tmp_path: Path, name: str) -> None:
    work = tmp_path / "c.partial"
    work.mkdir()
    (work / name).write_text("mine")
    with pytest.raises(InputError, match="was not made here"), workplace.workplace(work):
        workplace.clear(work)
    workplace.clear(work)
    workplace.discard(work)
    assert listing(tmp_path) == {f"c.partial/{name}": "mine"}


def test_what_lies_in_a_corpus_or_beside_it_is_not_lost_with_the_old_one(tmp_path: Path) -> None:
    out, work = tmp_path / "c", tmp_path / "c.partial"
    for folder in (out, tmp_path / "c.old"):
        folder.mkdir()
        (folder / "notes.txt").write_text("mine")
    with workplace.workplace(work):
        (work / "corpus.json").write_text("{}")
    with pytest.raises(InputError, match="move it away"):
        workplace.put_in_place(work, out)
    assert (out / "notes.txt").read_text() == "mine"
    (out / "notes.txt").rename(tmp_path / "saved.txt")
    workplace.put_in_place(work, out)
    assert listing(tmp_path) == {"c/corpus.json": "{}", "c.old/notes.txt": "mine", "saved.txt": "mine"}


@pytest.mark.parametrize("name", ["config.json", "history.csv", "metrics.json", "weights.safetensors",
                                  "checkpoint.safetensors"])  # fmt: skip
def test_training_writes_over_a_run_only(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match="choose another --out"):
        _require_ours(tmp_path)


def test_predictions_replace_predictions_only(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mine")
    (tmp_path / "b.csv").write_text("clip,prediction\n")
    with pytest.raises(InputError):
        require_replaceable(tmp_path / "a.csv", "clip,prediction")
    require_replaceable(tmp_path / "b.csv", "clip,prediction")
    require_replaceable(tmp_path / "new.csv", "clip,prediction")
