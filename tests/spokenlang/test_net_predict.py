"""`spokenlang classify`: any file in, probabilities or one clear line out."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.commands import cli
from spokenlang.corpus.ingest.decoding import Decoding
from spokenlang.corpus.store import ClipStore
from spokenlang.deploy.classifier import Classifier, windows
from spokenlang.deploy.classifier import _threshold as threshold
from spokenlang.deploy.export import describe_model, save_torchscript
from spokenlang.deploy.predict import default_model
from spokenlang.deploy.tables import write_predictions
from spokenlang.errors import InputError
from spokenlang.languages import CODES
from spokenlang.training.runs import TrainedRun


@pytest.fixture(scope="module")
def model(exported: Path) -> Path:
    return exported / "model.pt"


def sound(path: Path, seconds: float, rate: int = 8000, channels: int = 1) -> Path:
    random = np.random.default_rng(0)
    time = np.arange(int(seconds * rate)) / rate
    samples = 0.3 * np.sin(2 * np.pi * 900 * time) + 0.01 * random.normal(size=len(time))
    soundfile.write(path, np.stack([samples] * channels, axis=1), rate)
    return path


@pytest.mark.parametrize(
    ("name", "seconds", "rate", "channels"),
    [("a.wav", 5, 8000, 1), ("b.flac", 0.3, 44100, 2), ("c.ogg", 61, 16000, 1), ("d.wav", 0.001, 96000, 5)],
)
def test_json_for_any_length_rate_and_channels(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, seconds: float, rate: int, channels: int
) -> None:
    path = sound(tmp_path / name, seconds, rate, channels)
    assert cli.main(["classify", str(path), "--model", str(model), "--json"]) == 0
    captured = capsys.readouterr()
    answer = json.loads(captured.out)
    assert set(answer) == {"file", "prediction", "probabilities", "duration_s", "silent", "unknown", "truncated"}
    assert not answer["silent"]
    assert not answer["truncated"]
    assert answer["file"] == str(path)
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert tuple(answer["probabilities"]) == CODES
    assert answer["prediction"] == max(answer["probabilities"], key=answer["probabilities"].get)
    assert answer["duration_s"] == pytest.approx(seconds, abs=0.002)
    assert captured.err.count("\n") == 1
    assert "synthetic speech" in captured.err


def test_one_clip_is_judged_as_the_model_judges_it(model: Path, tiny_run: TrainedRun, tmp_path: Path) -> None:
    path = sound(tmp_path / "clip.wav", 5)
    samples, _ = soundfile.read(path, dtype="float32")
    verdict = Classifier(model).classify(path)
    with torch.no_grad():
        expected = tiny_run.model.probabilities(torch.from_numpy(samples))[0]
    np.testing.assert_allclose(list(verdict.probabilities.values()), expected.numpy(), atol=1e-5)


def rewritten(run: TrainedRun, path: Path, **changed: object) -> Path:
    """The model under a record that differs; None takes an entry out."""
    about = {**describe_model(run, "tones", True), **changed}
    save_torchscript(run.model, path, {name: value for name, value in about.items() if value is not None})
    return path


def under(model: Path, below: object) -> Classifier:
    """A classifier as if its model's record had said so."""
    classifier = Classifier(model)
    about = {**classifier.about, "unknown_below": below}
    classifier.unknown_below = threshold(model, about)
    return classifier


def test_the_model_knows_below_what_it_is_not_sure(model: Path, tiny_run: TrainedRun) -> None:
    """The largest probability that 95 % of the validation clips reach; the test set has no say."""
    sure = tiny_run.probabilities("validation").max(axis=1)
    assert Classifier(model).unknown_below == pytest.approx(np.quantile(sure, 0.05))
    assert np.mean(sure >= Classifier(model).unknown_below) == pytest.approx(0.95, abs=1 / len(sure))
    assert Classifier(model, always=True).unknown_below == 0


@pytest.mark.parametrize("below", [1.0, None], ids=["never sure", "exported without the rule"])
def test_unknown_is_an_answer(
    tiny_run: TrainedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str], below: float | None
) -> None:
    path, other = sound(tmp_path / "clip.wav", 5), rewritten(tiny_run, tmp_path / "m.pt", unknown_below=below)
    for options, unknown in (([], below == 1), (["--languages", "en,es"], below == 1), (["--always-answer"], False)):
        assert cli.main(["classify", str(path), "--model", str(other), *options]) == 0
        assert capsys.readouterr().out.startswith(f"{path}: unknown (5 s; most like ") is unknown
        assert cli.main(["classify", str(path), "--model", str(other), "--json", *options]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["unknown"] is unknown
        assert answer["prediction"] == max(answer["probabilities"], key=answer["probabilities"].get), "the best guess"


def test_candidates_do_not_make_a_model_surer(model: Path, tmp_path: Path) -> None:
    """Of two candidates one is always likely: a clip is unknown among them if and only if it is among all."""
    path = sound(tmp_path / "clip.wav", 5)
    most = max(Classifier(model).classify(path).probabilities.values())
    for candidates in ((), ("de", "nl"), ("en", "es", "pt")):
        classifier = Classifier(model, candidates)
        for classifier.unknown_below in (most - 1e-3, most + 1e-3):
            assert classifier.classify(path).unknown is (most < classifier.unknown_below)


def test_silence_is_silence_and_not_unknown(model: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "s.wav", np.zeros(8000), 8000)
    verdict = under(model, 1.0).classify(tmp_path / "s.wav")
    assert verdict.silent
    assert not verdict.unknown


@pytest.mark.parametrize("below", [-0.1, 1.5, "0.5", [0.5], True, None, float("nan"), float("inf")])
def test_a_rule_that_is_none_is_refused(model: Path, below: object) -> None:
    with pytest.raises(InputError, match=r"model\.pt: its record has unknown_below .*; export it again"):
        under(model, below)


def test_resampling_and_mixing_keep_the_verdict(model: Path, tiny_store: ClipStore, tmp_path: Path) -> None:
    classifier, file = Classifier(model), tmp_path / "clip.wav"
    for clip in tiny_store.inputs("test")[:6].astype(np.float32):
        found = []
        for rate, channels in ((8000, 1), (48000, 2)):
            samples = soxr.resample(clip / (2 * np.abs(clip).max()), 8000, rate)
            soundfile.write(file, np.stack([samples] * channels, axis=1), rate)
            found.append(list(classifier.classify(file).probabilities.values()))
        np.testing.assert_allclose(*found, atol=0.02)


def test_bad_files_are_named_and_the_others_still_classified(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = sound(tmp_path / "good.wav", 1)
    noise = tmp_path / "noise.wav"
    noise.write_bytes(b"no sound at all")
    empty = tmp_path / "empty.wav"
    soundfile.write(empty, np.zeros(0), 8000)
    broken = tmp_path / "broken.wav"
    soundfile.write(broken, np.array([0.1, np.nan, 0.2] * 800), 8000, subtype="FLOAT")
    files = [noise, tmp_path / "absent.wav", empty, tmp_path, broken, good]
    assert cli.main(["classify", *map(str, files), "--model", str(model), "--json"]) == 1
    captured = capsys.readouterr()
    assert [json.loads(line)["file"] for line in captured.out.splitlines()] == [str(good)]
    lines = [line for line in captured.err.splitlines() if line.startswith("spokenlang classify:")]
    assert len(lines) == 5
    for line, file, reason in zip(
        lines, files, ("cannot be read as audio", "no such file", "no sound", "a folder", "not numbers"), strict=False
    ):
        assert str(file) in line
        assert reason in line


def test_silence_is_carried_through_with_a_warning(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(16000), 8000)
    assert cli.main(["classify", str(path), "--model", str(model), "--json"]) == 0
    captured = capsys.readouterr()
    assert "silent" in captured.err
    assert "nan" not in captured.out.lower()
    assert json.loads(captured.out)["silent"] is True
    assert cli.main(["classify", str(path), "--model", str(model)]) == 0
    assert capsys.readouterr().out == f"{path}: silent (2 s)\n"


@pytest.mark.parametrize("form", ["WAV", "MP3", "FLAC", "OGG", "AIFF"])
def test_a_truncated_file_is_judged_by_what_is_there_and_that_is_said(
    form: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = sound(tmp_path / f"whole.{form.lower()}", 12, 16000)
    short = tmp_path / f"short.{form.lower()}"
    data = whole.read_bytes()
    short.write_bytes(data[: len(data) // 2 + 7])
    # Another file first: nothing of it may be left in what is judged.
    files = [str(sound(tmp_path / "other.wav", 30)), str(short)]
    assert cli.main(["classify", *files, "--model", str(model), "--json"]) == 0
    captured = capsys.readouterr()
    answer = json.loads(captured.out.splitlines()[-1])
    assert answer["truncated"] is True
    assert 2 < answer["duration_s"] < 6.5
    assert "cut short or damaged" in captured.err
    blocks = np.concatenate(list(Decoding(short)))
    expected = Classifier(model).model(torch.from_numpy(blocks)[None])[0].softmax(0)
    np.testing.assert_allclose(list(answer["probabilities"].values()), expected.detach().numpy(), atol=1e-4)


@pytest.mark.parametrize("peak", [1e30, 1e5, 30000.0, np.inf])
def test_samples_beyond_all_scales_get_no_answer(
    peak: float, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wave = 0.1 * np.random.default_rng(0).normal(size=40000)
    wave[999] = peak
    soundfile.write(tmp_path / "loud.wav", wave, 8000, subtype="FLOAT")
    assert cli.main(["classify", str(tmp_path / "loud.wav"), "--model", str(model)]) == 1
    captured = capsys.readouterr()
    assert not captured.out
    assert "has samples" in captured.err


def test_a_name_that_is_not_utf8_is_classified(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = sound(tmp_path / "a.wav", 5).rename(tmp_path / os.fsdecode(b"caf\xe9.wav"))
    for options in ([], ["--json"]):
        assert cli.main(["classify", str(path), "--model", str(model), *options]) == 0
        assert "caf\\" in capsys.readouterr().out


FORMS = {
    "float16": lambda clips: clips.astype(np.float16),
    "float32": lambda clips: clips.astype(np.float32),
    "Fortran order": lambda clips: np.asfortranarray(clips.astype(np.float32)),
    "int16": lambda clips: np.round(clips * 32767).astype(np.int16),
    "an axis too many": lambda clips: clips[:, None].astype(np.float16),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_hidden_test_set_is_predicted(form: str, model: Path, tmp_path: Path, tiny_run: TrainedRun) -> None:
    clips = np.random.default_rng(1).normal(0, 0.1, (40, 8000))
    np.save(tmp_path / "inputs.npy", FORMS[form](clips))
    call = ["predict", str(tmp_path / "inputs.npy"), "--model", str(model), "--out", str(tmp_path / "p.csv")]
    assert cli.main(call) == 0
    lines = (tmp_path / "p.csv").read_text().splitlines()
    assert lines[0] == "clip,prediction,de,en,es,fr,nl,pt"
    assert len(lines) == 41
    with torch.no_grad():
        expected = tiny_run.model.probabilities(torch.from_numpy(clips.astype(np.float32))).numpy()
    found = np.array([[float(cell) for cell in line.split(",")[2:]] for line in lines[1:]])
    np.testing.assert_allclose(found, expected, atol=5e-3)


@pytest.mark.parametrize(
    ("write", "options", "said"),
    [
        (lambda path: np.save(path, np.zeros((2, 80000), np.float16)), [], "5 s at 16000 Hz or 10 s at 8000"),
        (lambda path: np.save(path, np.zeros(80000, np.float16)), [], "is not (clips, samples)"),
        (lambda path: np.save(path, np.full((2, 8000), np.nan, np.float16)), [], "clip 0 has NaN"),
        (lambda path: path.write_bytes(b"no array"), [], "cannot be read as an array"),
        (lambda path: None, [], "there is no such array"),
        (lambda path: np.save(path, np.zeros((2, 8000))), ["--rate", "1"], "sampled at"),
        (lambda path: np.save(path, np.zeros((2, 8000))), ["--out", "/nowhere/p.csv"], "cannot be written there"),
    ],
)
def test_what_cannot_be_predicted_is_one_clear_line(
    write, options: list[str], said: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "inputs.npy")
    call = ["predict", str(tmp_path / "inputs.npy"), "--model", str(model), "--out", str(tmp_path / "p.csv"), *options]
    assert cli.main(call) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error
    assert not (tmp_path / "p.csv").exists()


def test_long_files_are_streamed_in_windows() -> None:
    blocks = (np.ones(5 * 8000, np.float32) for _ in range(100))
    sizes = [len(window) for window in windows(blocks)]
    assert sum(sizes) == 100 * 5 * 8000
    assert max(sizes) < 20 * 8000


@settings(max_examples=tries(40), deadline=None)
@given(sizes=st.lists(st.integers(0, 60000), max_size=12))
def test_windows_lose_nothing_and_none_is_short(sizes: list[int]) -> None:
    signal = np.arange(sum(sizes), dtype=np.float32)
    cuts = np.split(signal, np.cumsum(sizes)[:-1]) if sizes else []
    found = list(windows(iter(cuts)))
    assert np.array_equal(np.concatenate([*found, np.empty(0, np.float32)]), signal)
    assert all(len(window) >= min(10 * 8000, len(signal)) for window in found)


def test_streaming_resampler_equals_one_pass(tmp_path: Path) -> None:
    import soxr

    path = sound(tmp_path / "long.wav", 23.4, 44100)
    samples, rate = soundfile.read(path, dtype="float32")
    np.testing.assert_allclose(np.concatenate(list(Decoding(path))), soxr.resample(samples, rate, 8000), atol=2e-3)


def test_the_default_model_is_the_full_reports_else_the_newest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="make report"):
        default_model(tmp_path)
    other = tmp_path / "reports" / "mine-quick" / "model.pt"
    other.parent.mkdir(parents=True)
    other.touch()
    assert default_model(tmp_path) == other
    best = tmp_path / "reports" / "espeak-full" / "model.pt"
    best.parent.mkdir()
    best.touch()
    assert default_model(tmp_path) == best


def test_wrong_use_and_missing_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["classify", "x.wav", "--model", str(tmp_path / "none.pt")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "none.pt" in error
    for words in (["classify"], ["sing"], []):
        with pytest.raises(SystemExit) as stop:
            cli.main(words)
        assert stop.value.code == 2
    with pytest.raises(SystemExit) as stop:
        cli.main(["classify", "--help"])
    assert stop.value.code == 0
    with pytest.raises(InputError):
        cli.main(["--debug", "classify", "x.wav", "--model", str(tmp_path / "none.pt")])


def test_predictions_file(tmp_path: Path) -> None:
    probability = np.array([[0.1, 0.5, 0.1, 0.1, 0.1, 0.1], [0.7, 0.1, 0.05, 0.05, 0.05, 0.05]])
    write_predictions(tmp_path / "predictions.csv", probability, CODES)
    lines = (tmp_path / "predictions.csv").read_text().splitlines()
    assert lines[0] == "clip,prediction,de,en,es,fr,nl,pt"
    assert lines[1] == "0,en,0.100000,0.500000,0.100000,0.100000,0.100000,0.100000"
    assert lines[2].startswith("1,de,")
