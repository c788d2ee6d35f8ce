"""`spokenlang classify --timeline` and `--languages`: what is spoken when, and among which languages."""

from __future__ import annotations

import csv
import itertools
import json
import math
import xml.etree.ElementTree as xml
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.commands import cli
from spokenlang.corpus.ingest.decoding import RATE
from spokenlang.deploy import timeline
from spokenlang.deploy.classifier import Classifier
from spokenlang.languages import CODES

PITCHES = (300, 600, 900, 1200, 1500, 1800)  # Hz: what each language "sounds" like to the model below


class Pitch(torch.nn.Module):
    """Knows the languages by how often the waveform changes its sign; hears whatever is not zero."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("pitches", torch.tensor(PITCHES, dtype=torch.float32))

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        loud = (waveform != 0).float().sum(1, keepdim=True).clamp(min=1)
        changes = (waveform[:, 1:] * waveform[:, :-1] < 0).float().sum(1, keepdim=True)
        pitch = changes / loud * 4000
        return -(pitch - self.pitches).abs() / 100

    @torch.jit.export
    def heard(self, waveform: torch.Tensor) -> torch.Tensor:
        samples = (waveform != 0).float().sum(1)
        return torch.stack([samples, waveform.square().mean(1).sqrt()], dim=1)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pitch") / "model.pt"
    torch.jit.script(Pitch()).save(path)
    return path


def record(path: Path, *stretches: tuple[int | None, float]) -> Path:
    """A file of stretches: (label or None for silence, seconds)."""
    parts = []
    for label, seconds in stretches:
        time = np.arange(round(seconds * RATE)) / RATE
        parts.append(np.zeros_like(time) if label is None else 0.3 * np.sin(2 * np.pi * PITCHES[label] * time + 0.3))
    soundfile.write(path, np.concatenate(parts), RATE, subtype="FLOAT")
    return path


@settings(max_examples=tries(60))
@given(seconds=st.floats(0.001, 14), cuts=st.lists(st.floats(0, 1), max_size=8))
def test_every_second_comes_once_with_what_is_around_it(seconds: float, cuts: list[float]) -> None:
    samples = np.arange(max(1, round(seconds * RATE)), dtype=np.float32)
    edges = sorted({0, len(samples), *(round(cut * len(samples)) for cut in cuts)})
    blocks = [samples[a:b] for a, b in itertools.pairwise(edges)]
    found = list(timeline.around(iter(blocks)))
    assert np.array_equal(np.concatenate([second for _, second in found]), samples)
    for at, (window, second) in enumerate(found):
        assert len(second) <= RATE
        assert np.array_equal(window, samples[max(0, (at - 2) * RATE) : (at + 3) * RATE])


@settings(max_examples=tries(60))
@given(data=st.data(), steps=st.integers(1, 5), classes=st.integers(1, 3), change=st.floats(0.01, 0.5))
def test_the_course_is_the_likeliest_of_all(data, steps: int, classes: int, change: float) -> None:
    value = st.floats(-5, 0, allow_nan=False)
    evidence = np.array(
        data.draw(st.lists(st.lists(value, min_size=classes, max_size=classes), min_size=steps, max_size=steps))
    )

    def worth(course: tuple[int, ...]) -> float:
        moves = sum(
            math.log1p(-change) if a == b else math.log(change / max(1, classes - 1))
            for a, b in itertools.pairwise(course)
        )
        return evidence[np.arange(steps), list(course)].sum() + (moves if classes > 1 else 0)

    best = max(map(worth, itertools.product(range(classes), repeat=steps)))
    assert worth(tuple(timeline.likeliest(evidence, change))) == pytest.approx(best)


def test_stretches_are_found_where_they_are(model: Path, tmp_path: Path) -> None:
    path = record(tmp_path / "talk.wav", (1, 20), (None, 9), (4, 15), (2, 30.5))
    found = timeline.trace(Classifier(model), path)
    assert found.duration_s == 74.5
    assert found.probabilities.sum(axis=1) == pytest.approx(np.ones(75))
    told = [(each.language, each.start_s, each.end_s) for each in found.segments()]
    assert [code for code, _, _ in told] == [CODES[1], "", CODES[4], CODES[2]]
    for (_, start, _), truth in zip(told, (0, 20, 29, 44), strict=True):
        assert abs(start - truth) <= timeline.WINDOW_S / 2
    assert told[-1][2] == 74.5
    assert all(a[2] == b[1] for a, b in itertools.pairwise(told))
    assert [each.probability > 0.5 for each in found.segments() if each.language] == [True] * 3


def test_short_pauses_belong_to_the_speech_around_them(model: Path, tmp_path: Path) -> None:
    path = record(tmp_path / "pauses.wav", (0, 6), (None, 2), (0, 4), (None, 4), (0, 7))
    (only,) = timeline.trace(Classifier(model), path).segments()
    assert (only.language, only.start_s, only.end_s) == (CODES[0], 0, 23)


@pytest.mark.parametrize("seconds", [0.01, 0.99, 1, 4.2, 5, 16.5])
def test_files_of_any_length(seconds: float, model: Path, tmp_path: Path) -> None:
    found = timeline.trace(Classifier(model), record(tmp_path / "a.wav", (3, seconds)))
    assert len(found.course) == math.ceil(seconds)
    assert found.segments()[-1].end_s == pytest.approx(seconds, abs=1e-3)
    assert len(found.rows()) == 1 + len(found.course)


def test_silence_is_nothing_to_judge(model: Path, tmp_path: Path) -> None:
    (only,) = timeline.trace(Classifier(model), record(tmp_path / "none.wav", (None, 12))).segments()
    assert only.language == ""


def test_table_and_picture_are_written(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [record(tmp_path / "a <b>.wav", (1, 12), (4, 12)), record(tmp_path / "c.wav", (2, 7))]
    out = tmp_path / "out"
    words = ["classify", *map(str, files), "--model", str(model), "--timeline", str(out)]
    assert cli.main(words) == 0
    assert capsys.readouterr().out.count("\n") == 3
    rows = list(csv.DictReader((out / "a <b>.csv").open()))
    assert list(rows[0]) == ["start_s", "end_s", "heard", "language", *CODES]
    assert [row["language"] for row in rows] == [CODES[1]] * 12 + [CODES[4]] * 12
    assert len(list(xml.parse(out / "a <b>.svg").getroot().iter("{http://www.w3.org/2000/svg}path"))) > len(CODES)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert cli.main([*words, "--json"]) == 0  # over its own
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert [part["language"] for part in first["segments"]] == [CODES[1], CODES[4]]


def test_nothing_else_is_replaced(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = record(tmp_path / "a.wav", (1, 2)), tmp_path / "sub" / "a.wav"
    other.parent.mkdir()
    other.write_bytes(one.read_bytes())
    out = tmp_path / "out"
    words = ["classify", "--model", str(model), "--timeline", str(out)]
    assert cli.main([*words, str(one), str(other)]) == 2
    out.mkdir()
    (out / "a.csv").write_text("mine\n")
    assert cli.main([*words, str(one)]) == 2
    assert (out / "a.csv").read_text() == "mine\n"
    (out / "a.csv").unlink()
    (out / "a.svg").write_text("mine")
    assert cli.main([*words, str(one)]) == 2
    assert (out / "a.svg").read_text() == "mine"
    said = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("warning:")]
    assert len(said) == 3


@pytest.mark.parametrize("names", ["en,es", "English, spanish", "es,EN-gb", "en,es,es"])
def test_only_the_named_languages_may_be_spoken(
    names: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = record(tmp_path / "a.wav", (0, 5))  # German, to a model that may say so
    assert cli.main(["classify", str(path), "--model", str(model), "--json", "--languages", names]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer["probabilities"]) == {"en", "es"}
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert answer["prediction"] == "en"  # the nearer of the two
    assert answer["probabilities"]["en"] / answer["probabilities"]["es"] == pytest.approx(math.exp(3), rel=0.05)


@pytest.mark.parametrize(("names", "said"), [("en", "at least two"), ("en,it", "it"), ("en,xyzzy", "xyzzy")])
def test_languages_that_cannot_be_chosen_among_are_one_line(
    names: str, said: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = record(tmp_path / "a.wav", (0, 5))
    assert cli.main(["classify", str(path), "--model", str(model), "--languages", names]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
