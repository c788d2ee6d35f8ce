"""`spokenlang score` of many hand-ins: called as the server calls them, ranked, none in the way of another."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from spokenlang.commands import cli
from spokenlang.corpus.store import ClipStore
from spokenlang.deploy.server import COLUMNS, rank, rows
from spokenlang.errors import InputError
from spokenlang.training.runs import TrainedRun


class Answers(torch.nn.Module):
    """Says of every clip what it was made to say."""

    def __init__(self, answer: torch.Tensor, samples: int = 0) -> None:
        super().__init__()
        self.register_buffer("answer", answer)
        self.samples = samples

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        if self.samples:
            return self.answer * waveform.view(1, self.samples).mean()
        return self.answer + 0 * waveform.mean()


@pytest.fixture
def hand_ins(exported: Path, tmp_path: Path) -> dict[str, Path]:
    for name in ("network", "copy"):
        (tmp_path / f"{name}.pt").write_bytes((exported / "model.pt").read_bytes())
    (tmp_path / "text.pt").write_text("no model")
    for name, answer, samples in (
        ("constant", torch.eye(6)[:1], 0),
        ("five", torch.zeros(1, 5), 0),
        ("nan", torch.full((1, 6), float("nan")), 0),
        ("other-length", torch.zeros(1, 6), 3),
    ):
        torch.jit.script(Answers(answer, samples)).save(tmp_path / f"{name}.pt")
    return {path.stem: path for path in tmp_path.glob("*.pt")} | {"missing": tmp_path / "missing.pt"}


FAULTS = {
    "text": "TorchScript",
    "missing": "TorchScript",
    "five": "answers (1, 5)",
    "nan": "finite",
    "other-length": "fails on a clip of",
}


def test_the_best_is_first_and_each_other_is_compared_with_it(
    hand_ins: dict[str, Path], tiny_run: TrainedRun, tiny_store: ClipStore
) -> None:
    found = rank(list(hand_ins.values()), tiny_store)
    names = [Path(each.model).stem for each in found]
    assert set(names[:2]) == {"network", "copy"}
    assert names[2] == "constant"
    assert {Path(each.model).stem for each in found[3:]} == set(FAULTS)
    for each in found[3:]:
        assert FAULTS[Path(each.model).stem] in each.fault
        assert each.fault.startswith(each.model)
        assert "\n" not in each.fault
    right = tiny_run.scores("test").right
    share = np.mean(tiny_store.targets("test") == 0)
    assert found[1].behind.difference.value == 0
    assert found[1].behind.p == 1
    assert found[2].behind.difference.value == pytest.approx(right.mean() - share)
    assert [row["rank"] for row in rows(found)] == [1, 1, 3, *[""] * len(FAULTS)]


def test_the_ranking_is_printed_and_written(
    hand_ins: dict[str, Path], tiny_store: ClipStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "ranking.csv"
    words = ["score", *map(str, hand_ins.values()), str(tiny_store.folder), "--out", str(out)]
    assert cli.main(words) == 1  # some have no score
    table = list(csv.DictReader(out.open()))
    assert tuple(table[0]) == COLUMNS
    assert len(table) == len(hand_ins)
    printed = capsys.readouterr().out
    assert all(str(path) in printed for path in hand_ins.values())
    good = ["score", str(hand_ins["network"]), str(hand_ins["constant"]), str(tiny_store.folder), "--out", str(out)]
    assert cli.main(good) == 0
    assert len(list(csv.DictReader(out.open()))) == 2


def test_what_no_model_is_to_blame_for_is_one_line(
    hand_ins: dict[str, Path], tiny_store: ClipStore, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="there is no split 'validation'"):
        rank([hand_ins["network"], hand_ins["copy"]], tiny_store, ["validation"])
    precious = tmp_path / "notes.csv"
    precious.write_text("mine\n")
    words = ["score", str(hand_ins["network"]), str(tiny_store.folder), "--out", str(precious)]
    assert cli.main(words) == 2
    assert precious.read_text() == "mine\n"
