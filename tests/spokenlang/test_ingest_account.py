"""Seconds in, seconds out; the same bytes whatever the number of processes, and after a kill."""

from __future__ import annotations

import csv
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import recordings_made as made
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.commands import cli
from spokenlang.corpus.importer import Options, import_folder
from spokenlang.corpus.ingest import parts
from spokenlang.corpus.ingest.segments import Cutter, Cutting, active
from spokenlang.corpus.store import ClipStore
from spokenlang.errors import InputError

RATE = 8000


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def pieces(wave: np.ndarray, size: int) -> list[np.ndarray]:
    return [wave[at : at + size].astype(np.float32) for at in range(0, len(wave), size)]


@pytest.mark.parametrize(
    ("seconds", "clips", "used"),
    [(0.9, 0, 0), (1, 1, 1), (4.9, 1, 4.9), (5, 1, 5), (7.4, 1, 5), (7.6, 2, 7.6), (9.9, 2, 9.9), (14.9, 3, 14.9)],
)
def test_nothing_is_dropped_but_less_than_half_a_clip(seconds: float, clips: int, used: float) -> None:
    cutter = Cutter()
    found = list(cutter.cut(pieces(made.voice(seconds, 1), 8000)))
    assert len(found) == clips
    assert cutter.account.used == pytest.approx(used * RATE, abs=1)
    assert cutter.account.total == cutter.account.used + cutter.account.pauses + cutter.account.rest
    if len(found) > 1:
        assert found[-1].start + found[-1].heard == pytest.approx(seconds * RATE, abs=1), "the last reaches back"


PARTS = st.lists(st.tuples(st.sampled_from(["speech", "pause", "noise"]), st.floats(0.05, 9)), min_size=1, max_size=6)


@settings(max_examples=tries(40), deadline=None)
@given(plan=PARTS, block=st.integers(500, 100_000), seed=st.integers(0, 9))
def test_every_sample_is_used_once_or_accounted_for(plan: list[tuple[str, float]], block: int, seed: int) -> None:
    makers = {
        "speech": lambda s: made.voice(s, seed),
        "pause": lambda s: np.zeros(round(s * RATE)),
        "noise": lambda s: 1e-3 * np.random.default_rng(seed).normal(size=round(s * RATE)),
    }
    wave = np.concatenate([makers[kind](seconds) for kind, seconds in plan]).astype(np.float32)
    cutter = Cutter(Cutting(samples=2 * RATE))
    found = list(cutter.cut(pieces(wave, block)))
    account = cutter.account
    assert account.total == len(wave) == account.used + account.pauses + account.rest
    covered = np.zeros(len(wave), bool)
    for clip in found:
        np.testing.assert_array_equal(clip.samples[: clip.heard], wave[clip.start : clip.start + clip.heard])
        covered[clip.start : clip.start + clip.heard] = True
        assert np.ptp(clip.samples) > 0
    assert covered.sum() == account.used


def test_a_long_recording_is_cut_the_same_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    from spokenlang.corpus.ingest import segments

    wave = made.voice(64, 5)
    whole = [clip.start for clip in Cutter().cut(pieces(wave, 8000))]
    monkeypatch.setattr(segments, "STRETCH", 20 * RATE)
    cutter = Cutter()
    assert [clip.start for clip in cutter.cut(pieces(wave, 8000))] == whole
    assert cutter.account.used == 64 * RATE


def test_long_pauses_are_left_out_and_steady_sound_is_not() -> None:
    wave = np.concatenate([np.zeros(3 * RATE), made.voice(6, 2), 1e-5 * np.ones(9 * RATE), made.voice(5, 3)])
    frames = active(wave.astype(np.float32))
    assert frames[: 2 * 50].sum() == 0
    assert frames[3 * 50 : 9 * 50].mean() > 0.9
    clips = list(Cutter().cut(pieces(wave, 4000)))
    assert [round(clip.start / RATE) for clip in clips] == [3, 8, 18]  # at 8: a third of it is speech
    assert [round(clip.start / RATE) for clip in Cutter(Cutting(speech=0.6)).cut(pieces(wave, 4000))] == [3, 18]
    tone = np.sin(np.arange(6 * RATE) / 3).astype(np.float32)
    assert active(tone).all()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of three parts, some of them bad."""
    root = made.folders(tmp_path_factory.mktemp("account") / "in", files=13, seconds=6)
    (root / "de/bad.wav").write_text("no sound" * 99)
    made.record(root / "en/short.wav", 0.5, 5)
    made.record(root / "es/late.wav", 11, 6, 44100)
    return root


def test_the_number_of_processes_leaves_no_trace(folder: Path, tmp_path: Path) -> None:
    for workers in (1, 4):
        import_folder(folder, tmp_path / str(workers), options=Options(workers=workers))
    assert digests(tmp_path / "1") == digests(tmp_path / "4")
    assert set(digests(tmp_path / "1")) >= {"import.csv", "clips.csv", "languages.json", "corpus.json"}


def test_a_killed_import_goes_on_where_it_stopped(folder: Path, tmp_path: Path) -> None:
    import_folder(folder, tmp_path / "whole")
    call = [
        sys.executable,
        "-m",
        "spokenlang.commands.cli",
        "corpus",
        "import",
        str(folder),
        "--out",
        str(tmp_path / "out"),
    ]
    process = subprocess.Popen([*call, "--workers", "2"], stderr=subprocess.DEVNULL)
    done = tmp_path / "out.partial/parts"
    deadline = time.monotonic() + 120
    while not list(done.glob("*.json")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "out").exists()
    before = {path: path.stat().st_mtime_ns for path in done.glob("*.json")}
    assert before
    told: list[int] = []
    import_folder(folder, tmp_path / "out", progress=lambda ready, total: told.append(ready))
    assert told[0] >= parts.FILES, "what was ready is not made again"
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")
    assert not (tmp_path / "out.partial").exists()


def test_other_options_or_files_begin_again(folder: Path, tmp_path: Path) -> None:
    plan = parts.Plan(str(folder), ["de/0.wav"], {"samples": 40000, "speech": 0.3})
    parts.write_plan(tmp_path, plan)
    assert parts.resumes(tmp_path, plan)
    assert not parts.resumes(tmp_path, parts.Plan(str(folder), ["de/0.wav"], {"samples": 80000, "speech": 0.3}))
    stamp = (folder / "de/0.wav").stat()
    os.utime(folder / "de/0.wav", ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 1))
    assert not parts.resumes(tmp_path, plan)


def test_a_recording_that_crashes_the_decoder_is_skipped(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = tmp_path / "hook"
    hook.mkdir()
    # Every helper dies of a segmentation fault as soon as it opens this one file.
    (hook / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "def fall(event, arguments):\n"
        "    if event == 'open' and str(arguments[0]).endswith('en/3.wav'):\n"
        "        os.kill(os.getpid(), signal.SIGSEGV)\n"
        "sys.addaudithook(fall)\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(hook), os.environ.get("PYTHONPATH", "")]))
    found = import_folder(folder, tmp_path / "out", options=Options(workers=2))
    assert (Path("en/3.wav"), "crashes the decoder") in found.skipped
    assert len(found.skipped) == 3


def test_clips_csv_tells_where_a_clip_is_from(folder: Path, tmp_path: Path) -> None:
    import_folder(folder, tmp_path / "out")
    store = ClipStore.open(tmp_path / "out")
    rows = {}
    for split in store.names:
        columns = store.clips(split)
        for at, name in enumerate(columns["file"]):
            rows.setdefault(str(name), []).append({key: cells[at] for key, cells in columns.items()})
    assert [row["start_s"] for row in rows["es/late.wav"]] == [0, 5]
    assert {row["rate_hz"] for row in rows["es/late.wav"]} == {44100}
    first = rows["de/0.wav"][0]
    wave, _ = soundfile.read(folder / "de/0.wav")
    level = 10 * np.log10(np.square(wave[: 5 * RATE]).mean())
    assert first["level_db"] == pytest.approx(level, abs=0.2)
    assert first["heard_s"] == 5
    assert 0 < first["speech"] <= 1
    assert 3000 < first["bandwidth_hz"] <= 4000
    assert -10 <= first["estimated_snr_db"] <= 90


def test_snr_and_bandwidth_are_about_right() -> None:
    from scipy import signal as filters

    from spokenlang.corpus.ingest.measures import measure

    speech = np.where(np.arange(5 * RATE) // 4000 % 2, made.voice(5, 1), 0.0)
    noise = np.random.default_rng(0).normal(size=5 * RATE)
    noise *= np.sqrt(np.square(speech).mean() * 2) / 10  # 20 dB below what is spoken
    assert measure((speech + noise).astype(np.float32))["estimated_snr_db"] == pytest.approx(20, abs=3)
    narrow = filters.sosfilt(filters.butter(12, 1500, fs=RATE, output="sos"), noise)
    assert measure(narrow.astype(np.float32))["bandwidth_hz"] == pytest.approx(2000, abs=500)


def test_one_long_file_among_short_ones_is_said_and_can_be_limited(tmp_path: Path) -> None:
    folder = made.folders(tmp_path / "in", ("de", "en"), files=6)
    made.record(folder / "en/long.flac", 300, 9)
    said = "; ".join(import_folder(folder, tmp_path / "a").warnings)
    assert "en: 65 training and 1 test clips" in said or "one speaker or file has 60 of the 66" in said
    found = import_folder(folder, tmp_path / "b", options=Options(per_speaker=2))
    assert not any("one speaker or file" in warning for warning in found.warnings)
    assert found.balance.gone["in clips beyond what was asked for"] == pytest.approx(58 * 5)
    assert sum(found.clips.values()) == 6 + 6 + 2


def test_limits_are_kept_and_spread_over_speakers(tmp_path: Path) -> None:
    folder = made.folders(tmp_path / "in", ("de", "en"), files=4, seconds=15)
    import_folder(folder, tmp_path / "out", options=Options(per_language=4))
    with (tmp_path / "out/import.csv").open(newline="") as file:
        assert [row["clips"] for row in csv.DictReader(file)] == ["1"] * 8


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(seconds=0), "clips are 0.1 to 600 s long"),
        (Options(speech=2), "--speech is a share"),
        (Options(bad=-1), "--bad is a share"),
        (Options(per_speaker=-1), "--per-speaker is a number"),
        (Options(test=0), "share of test clips"),
    ],
)
def test_options_without_sense_are_refused(options: Options, said: str, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        import_folder(folder, tmp_path / "out", options=options)
    assert not list(tmp_path.iterdir())


def test_seconds_are_printed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        cli.main(["corpus", "import", str(folder), "--out", str(tmp_path / "o"), "--seconds", "3", "--workers", "1"])
        == 0
    )
    out = capsys.readouterr().out
    assert "seconds in 245.5" in out
    assert "seconds out 245.0" in out
    assert "0.5 s in files that were skipped" in out
    assert ClipStore.open(tmp_path / "o").samples == 3 * RATE


def test_other_lengths_are_stated_and_not_taken_for_another_rate(folder: Path, tmp_path: Path) -> None:
    import_folder(folder, tmp_path / "out", options=Options(seconds=10))
    assert ClipStore.open(tmp_path / "out").samples == 80000


ONCE = 'if mkdir "$0.once" 2>/dev/null; then {}; fi; exec "$@"'
LAUNCHERS = [
    pytest.param(ONCE.format("exit 0"), id="lost, as srun loses a node"),
    pytest.param(ONCE.format("exit 143"), id="cancelled", marks=pytest.mark.long),
    pytest.param(ONCE.format('timeout -s KILL 1 "$@"; exit 0'), id="lost at work", marks=pytest.mark.long),
    pytest.param('exec "$@"', id="well", marks=pytest.mark.long),
]


@pytest.mark.parametrize("body", LAUNCHERS)
def test_helpers_behind_a_launcher_leave_no_trace(folder: Path, tmp_path: Path, body: str) -> None:
    launcher = tmp_path / "launcher"
    launcher.write_text(f"#!/bin/sh\n{body}\n")
    launcher.chmod(0o755)
    import_folder(folder, tmp_path / "alone")
    import_folder(folder, tmp_path / "spread", options=Options(workers=2, launch=str(launcher)))
    assert digests(tmp_path / "alone") == digests(tmp_path / "spread")


@pytest.mark.parametrize(
    ("launch", "said"),
    [
        ("sh -c 'echo no such partition >&2; exit 1'", "no such partition"),
        ("sh -c 'exit 0'", "a helper process failed"),
        ("no-such-program -c1", "there is no program no-such-program"),
        ("srun '-c1", "cannot be read"),
    ],
)
def test_a_launcher_that_launches_nothing_is_one_line(folder: Path, tmp_path: Path, launch: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        import_folder(folder, tmp_path / "out", options=Options(workers=2, launch=launch))
