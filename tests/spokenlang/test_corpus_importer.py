"""Recordings become a clip store, whatever their rate, length and format; what cannot is named."""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.commands import cli
from spokenlang.corpus import importer
from spokenlang.corpus.importer import Options, import_folder
from spokenlang.corpus.store import ClipStore
from spokenlang.languages import CODES

REAL = Path(__file__).parents[3] / "shared" / "speech"


def tone(seconds: float, rate: int, frequency: float = 440.0, channels: int = 1) -> np.ndarray:
    """(samples, channels): the same tone in every channel."""
    wave = 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave[:, None], channels, axis=1)


def record(folder: Path, name: str, samples: np.ndarray, rate: int = 8000) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two recordings of 12 s in each language."""
    folder = tmp_path / "recordings"
    for at, code in enumerate(CODES):
        for take in range(2):
            record(folder, f"{code}/take {take}.wav", tone(12, 16000, 200 + 50 * at + 10 * take), 16000)
    return folder


@settings(max_examples=tries(30), deadline=None)
@given(
    frames=st.integers(1, 200_000),
    rate=st.sampled_from([7350, 8000, 11025, 16000, 22050, 44100]),
    channels=st.integers(1, 3),
)
@example(frames=44925, rate=16000, channels=1)
@example(frames=79999, rate=16000, channels=1)
def test_a_recording_gives_as_many_clips_as_it_fills(
    frames: int, rate: int, channels: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = record(tmp_path_factory.mktemp("cuts"), "a.wav", tone(frames / rate, rate, channels=channels), rate)
    clips = list(importer.cuts(path))
    seconds = (2 * frames * 8000 + rate) // (2 * rate) / 8000  # whole samples, half a one rounded up
    # What is left at the end makes a clip if half of it is new.
    assert len(clips) == ((seconds // 5 + (seconds % 5 >= 2.5)) if seconds >= 5 else seconds >= 1)
    assert all(clip.shape == (40000,) and clip.dtype == np.float32 for clip in clips)
    if clips and seconds < 5:
        own = round(seconds * 8000)
        np.testing.assert_array_equal(clips[0][own : 2 * own], clips[0][: 40000 - own][:own], "repeated, not padded")


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 2), (44100, 2), (48000, 1)])
def test_a_tone_keeps_its_pitch_and_level_across_cuts(rate: int, channels: int, tmp_path: Path) -> None:
    path = record(tmp_path, "a.wav", tone(70, rate, channels=channels), rate)
    clips = list(importer.cuts(path))
    assert len(clips) == 14
    whole = np.concatenate(clips)[400:-400]
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(whole) + 400) / 8000)[400:]
    # One seam of reading (30 s) and thirteen of cutting lie inside.
    np.testing.assert_allclose(whole, expected, atol=2e-3)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff", "a.WAV"])
def test_formats_are_read(name: str, tmp_path: Path) -> None:
    clips = list(importer.cuts(record(tmp_path, name, tone(10.5, 16000), 16000)))
    assert len(clips) == 2
    assert np.argmax(np.abs(np.fft.rfft(clips[1]))) == 5 * 440


def test_files_stay_together_and_every_language_is_on_both_sides(folder: Path, tmp_path: Path) -> None:
    found = import_folder(folder, tmp_path / "out", options=Options(test=0.5))
    store = ClipStore.open(tmp_path / "out")
    assert found.files == 12
    assert found.clips == {"train": 12, "test": 12}
    for split in store.names:
        columns = store.clips(split)
        assert Counter(columns["language"].tolist()) == {code: 2 for code in CODES}
        assert set(columns["start_s"]) == {0, 5}
        assert columns["file"][0].endswith(".wav")
    assert not set(store.groups("train")) & set(store.groups("test"))
    assert not any(store.check().silent.values())


def test_speakers_of_a_metadata_file_stay_together(folder: Path, tmp_path: Path) -> None:
    rows = [
        {"path": path.relative_to(folder).as_posix(), "speaker": f"{path.parent.name}{at % 2}", "year": 1990 + at}
        for at, path in enumerate(sorted(folder.rglob("*.wav")))
    ]
    for code in CODES:
        record(folder, f"{code}/more/extra.wav", tone(6, 8000, 300 + CODES.index(code)), 8000)
        rows.append({"path": f"{code}/more/extra.wav", "speaker": f"{code}0", "year": 2000})
    with (tmp_path / "about.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows[:-1])
    found = import_folder(folder, tmp_path / "out", tmp_path / "about.csv", Options(test=0.4))
    assert found.warnings == ("1 files have no row in about.csv; each counts as a speaker of its own",)
    store = ClipStore.open(tmp_path / "out")
    speakers = {split: set(store.clips(split)["speaker"]) - {""} for split in store.names}
    assert not speakers["train"] & speakers["test"]
    assert store.clips("train")["year"].dtype.kind in "if"


def test_the_same_folder_gives_the_same_bytes_and_replaces_only_imports(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    import_folder(folder, out)
    first = ClipStore.open(out).fingerprint
    time.sleep(0.01)
    import_folder(folder, out)
    assert ClipStore.open(out).fingerprint == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "recordings"]


def test_short_and_silent_recordings_are_skipped_and_named(folder: Path, tmp_path: Path, capsys) -> None:
    record(folder, "nl/blip.wav", tone(0.4, 8000))
    record(folder, "nl/nothing.flac", np.zeros(48000))
    assert cli.main(["corpus", "import", str(folder), "--out", str(tmp_path / "out")]) == 0
    warnings = capsys.readouterr().err
    assert "skipped nl/blip.wav: is too short: 0.4 s" in warnings
    assert "skipped nl/nothing.flac: is silent" in warnings
    assert sum(ClipStore.open(tmp_path / "out").check().silent.values()) == 0


def one_file_each(folder: Path) -> None:
    for path in folder.rglob("take 1.wav"):
        path.unlink()


def write_csv(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "metadata.csv").write_text(text)


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "unknown language": (
        lambda f: record(f, "klingon/a.wav", tone(5, 8000)),
        "klingon: no such language here",
    ),
    "no language": (lambda f: record(f, "a.wav", tone(5, 8000)), "a.wav: lies in no language's folder"),
    "nothing": (lambda f: [p.unlink() for p in f.rglob("*.wav")], "recordings: no recordings in it"),
    "one speaker": (
        lambda f: [one_file_each(f), write_csv("path,speaker\n" + "\n".join(f"{c}/take 0.wav,x" for c in CODES))(f)],
        "1 speakers in 12 clips give no test set",
    ),
    "csv without path": (write_csv("what,speaker\na,b\n"), "metadata.csv: no column 'path'"),
    "csv: ragged": (write_csv("path,speaker\nde/take 0.wav\n"), "metadata.csv, line 2: not as many cells"),
    "csv: twice": (write_csv("path\nde/take 0.wav\nde/take 0.wav\n"), "line 3: de/take 0.wav for the second time"),
    "csv: other language": (write_csv("path,language\nde/take 0.wav,nl\n"), "line 2: de/take 0.wav is 'nl' here"),
    "csv: not text": (lambda f: (f / "metadata.csv").write_bytes(b"\xff\xfe\x00"), "not a UTF-8 CSV file"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named_in_one_line_and_nothing_is_written(
    case: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    breaks, finding = BAD[case]
    breaks(folder)
    assert cli.main(["corpus", "import", str(folder), "--out", str(tmp_path / "out")]) == 2
    # The last line: a progress bar may stand before it.
    error = capsys.readouterr().err.replace("\r", "\n").strip().splitlines()[-1]
    assert finding in error
    assert [path.name for path in tmp_path.iterdir()] == ["recordings"]


@pytest.mark.parametrize(
    ("arguments", "finding"),
    [
        (["{0}/nowhere", "--out", "{0}/out"], "nowhere: there is no such folder"),
        (["{0}/recordings", "--out", "{0}/recordings"], "recordings: exists and is no imported corpus"),
        (["{0}/recordings", "--out", "{0}/recordings/de/take 0.wav/out"], "cannot be written"),
        (["{0}/recordings", "--out", "{0}/out", "--metadata", "{0}/no.csv"], "no.csv: cannot be read"),
        (["{0}/recordings", "--out", "{0}/out", "--test", "1.5"], "share of test clips must lie between 0 and 1"),
    ],
)
def test_a_wrong_call_is_one_clear_line(
    arguments: list[str], finding: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["corpus", "import", *(argument.format(tmp_path) for argument in arguments)]) == 2
    assert finding in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


@pytest.mark.skipif(not REAL.is_dir(), reason="the recordings of people are not part of the project")
def test_recordings_of_people_go_through(tmp_path: Path) -> None:
    found = import_folder(REAL, tmp_path / "out")
    assert not found.warnings
    assert not found.skipped
    assert found.balance.seconds_out == found.balance.seconds_in == 2075
    assert sum(found.clips.values()) == 415
    store = ClipStore.open(tmp_path / "out")
    assert not store.check().warnings
    for split in store.names:
        assert set(store.targets(split)) == set(range(6))
    shares = np.bincount(store.targets("test")) / np.bincount([*store.targets("train"), *store.targets("test")])
    assert shares.min() > 0.1
    assert shares.max() < 0.3
