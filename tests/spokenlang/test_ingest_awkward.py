"""What each awkward file gets: the table of docs/bring-your-own-data.md, held row by row."""

from __future__ import annotations

import csv
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import recordings_made as made
import soundfile

from spokenlang.commands import cli
from spokenlang.corpus.importer import BadFiles, Imported, Options, import_folder
from spokenlang.corpus.store import ClipStore

DOCS = Path(__file__).parents[2] / "docs" / "bring-your-own-data.md"


def sound(rate: int = 16000, seconds: float = 5.0, **form: str) -> Callable[[Path], object]:
    return lambda path: made.record(path, seconds, zlib.crc32(os.fsencode(path.name)), rate, **form)


def samples(values: Callable[[np.ndarray], np.ndarray], subtype: str = "FLOAT") -> Callable[[Path], object]:
    """A wav of speech that went wrong."""

    def make(path: Path) -> None:
        wave = values(made.voice(5, len(path.name)))
        soundfile.write(path, wave, 8000, format="WAV", subtype=subtype)

    return make


def cut(make: Callable[[Path], object], share: float = 0.5) -> Callable[[Path], object]:
    """A file of which the end is missing."""

    def halve(path: Path) -> None:
        make(path)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share) + 7])

    return halve


def damaged(make: Callable[[Path], object]) -> Callable[[Path], object]:
    """A file with a hole in the middle."""

    def punch(path: Path) -> None:
        make(path)
        data = bytearray(path.read_bytes())
        middle = len(data) // 2
        data[middle : middle + 3000] = np.random.default_rng(0).bytes(3000)
        path.write_bytes(data)

    return punch


def wav_size(size: int) -> Callable[[Path], object]:
    """A wav whose header states another size than it has."""

    def make(path: Path) -> None:
        made.record(path, 5, size % 1000)
        data = bytearray(path.read_bytes())
        at = data.find(b"data")
        data[at + 4 : at + 8] = struct.pack("<I", size)
        path.write_bytes(data)

    return make


def flac_without_length(path: Path) -> None:
    made.record(path, 5, 77)
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0
    data[22:42] = bytes(20)
    path.write_bytes(data)


def mp3_without_length(path: Path) -> None:
    """Without the frame that states how many follow."""
    made.record(path, 10, 78, 16000)
    data = path.read_bytes()
    at = max(data.find(b"Xing"), data.find(b"Info"))
    path.write_bytes(data[data.find(data[:2], at) :])


def av_file(codec: str, rate: int = 16000, container: str | None = None) -> Callable[[Path], object]:
    """A file that only FFmpeg can decode."""

    def make(path: Path) -> None:
        av = pytest.importorskip("av", reason="PyAV is not installed")
        wave = made.voice(6, len(codec) + len(path.name), rate).astype(np.float32)[None]
        with av.open(str(path), "w", format=container) as file:
            track = file.add_stream(codec, rate=rate, layout="mono", bit_rate=64_000)
            frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            frame.rate = rate
            file.mux(track.encode(frame))
            file.mux(track.encode(None))

    return make


def link_to(target: str) -> Callable[[Path], object]:
    return lambda path: path.symlink_to(target)


def linked_folder(path: Path) -> None:
    elsewhere = path.parents[3] / "elsewhere"
    made.record(elsewhere / path.name, 5, 4711)
    path.parent.rmdir()
    path.parent.symlink_to(elsewhere)


def text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


def with_clicks(path: Path) -> None:
    wave = np.zeros(6 * 8000)
    wave[8000:8080] = 0.5 * np.random.default_rng(3).normal(size=80).clip(-1, 1)
    soundfile.write(path, wave, 8000)


def copied(name: str, seed: int) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        made.record(path, 5, seed)
        (path.parents[1] / name).parent.mkdir(exist_ok=True)
        (path.parents[1] / name).write_bytes(path.read_bytes())

    return make


KEPT, SKIPPED = "kept", "skipped"
# What it is -> where it lies, how it is made, what it gets, and what import.csv says of it.
AWKWARD: dict[str, tuple[str, Callable[[Path], object], str, str]] = {
    "wav cut in half": ("de/half.wav", cut(sound()), SKIPPED, "is cut short or damaged: it says"),
    "mp3 cut in half": ("de/half.mp3", cut(sound(format="MP3")), SKIPPED, "2.* of 5.0 s can be decoded"),
    "mp3 without a stated length, cut in a frame": (
        "de/frame.mp3", cut(mp3_without_length, 0.7), SKIPPED, "breaks off within a frame"),
    "ogg cut in half": ("de/half.ogg", cut(sound(format="OGG")), SKIPPED, "breaks off within a page"),
    "opus cut in half": (
        "de/half.opus", cut(sound(format="OGG", subtype="OPUS")), SKIPPED, "is cut short or damaged"),
    "flac cut in half": ("de/half.flac", cut(sound(format="FLAC")), SKIPPED, "is cut short or damaged"),
    "aiff cut in half": ("de/half.aiff", cut(sound(format="AIFF")), SKIPPED, "it says"),
    "au cut in half": ("de/half.au", cut(sound(format="AU")), SKIPPED, "it says"),
    "caf cut in half": ("de/half.caf", cut(sound(format="CAF")), SKIPPED, "is cut short or damaged"),
    "w64 cut in half": ("de/half.w64", cut(sound(format="W64")), SKIPPED, "it says"),
    "sph cut in half": ("de/half.sph", cut(sound(format="NIST")), SKIPPED, "it says"),
    "m4a cut in half": ("de/half.m4a", cut(av_file("aac")), SKIPPED, "is damaged or cut short"),
    "webm cut in half": ("de/half.webm", cut(av_file("libopus", 48000)), SKIPPED, "can be decoded"),
    "mka cut in half": ("de/half.mka", cut(av_file("aac")), SKIPPED, "can be decoded"),
    "flac with a hole": ("de/hole.flac", damaged(sound(format="FLAC")), SKIPPED, "is cut short or damaged"),
    "ogg with a hole": ("de/hole.ogg", damaged(sound(format="OGG")), SKIPPED, "is cut short or damaged"),
    "no bytes": ("de/empty.wav", lambda path: path.touch(), SKIPPED, "is empty (no bytes)"),
    "no samples": ("de/none.wav", sound(seconds=0), SKIPPED, "holds no sound"),
    "wav that the recorder did not finish": ("de/crash.wav", wav_size(0), SKIPPED, "did not finish it"),
    "text under the name of a recording": ("de/text.mp3", text("bonjour" * 99), SKIPPED, "cannot be read as audio"),
    "silence": ("de/silence.wav", samples(np.zeros_like), SKIPPED, "is silent"),
    "two channels that cancel each other out": (
        "de/cancel.wav", samples(lambda wave: np.stack([wave, -wave], 1)), SKIPPED, "channels cancel each other"),
    "less than a second": ("de/short.wav", sound(seconds=0.4), SKIPPED, "is too short: 0.4 s"),
    "a click in six seconds of silence": ("de/click.wav", with_clicks, SKIPPED, "holds too little speech"),
    "clipped": (
        "de/clipped.wav", samples(lambda wave: (9 * wave).clip(-1, 1), "PCM_16"), SKIPPED, "is clipped"),
    "NaN": ("de/nan.wav", samples(lambda wave: np.where(np.arange(len(wave)) == 99, np.nan, wave)), SKIPPED,
            "samples that are not numbers"),
    "infinite samples": (
        "de/inf.wav", samples(lambda wave: np.where(np.arange(len(wave)) == 9999, -np.inf, wave)), SKIPPED,
        "samples that are not numbers"),
    "integers in a file of floats": (
        "de/scale.wav", samples(lambda wave: np.round(32767 * wave)), SKIPPED, "where 1 is full scale"),
    "one sample a second": ("de/1hz.wav", lambda path: soundfile.write(path, made.voice(5)[:9], 1), SKIPPED,
                            "is sampled at 1 Hz"),
    "a link to nowhere": ("de/gone.wav", link_to("nowhere.wav"), SKIPPED, "is a link to nowhere"),
    "a pipe": ("de/pipe.wav", lambda path: os.mkfifo(path), SKIPPED, "is no regular file"),
    "the same file twice": ("de/twice.wav", copied("de/once.wav", 55), SKIPPED, "is the same file as de/once.wav"),
    "the same file under two languages": (
        "de/torn.wav", copied("en/torn.wav", 56), SKIPPED,
        "is the same file as en/torn.wav, under two languages (de, en)"),
    "mp3 under the name of a wav": ("en/mp3.wav", sound(format="MP3"), KEPT, "is mp3 by its content"),
    "wav without a stated size (streamed)": ("en/stream.wav", wav_size(0xFFFFFFFF), KEPT, ""),
    "flac without a stated length (streamed)": ("en/stream.flac", flac_without_length, KEPT, ""),
    "extension in capitals": ("en/LOUD.WAV", sound(), KEPT, ""),
    ".wave": ("en/a.wave", sound(format="WAV"), KEPT, ""),
    ".sph": ("en/a.sph", sound(format="NIST"), KEPT, ""),
    ".mp4": ("en/a.mp4", av_file("aac", 44100), KEPT, ""),
    ".m4a": ("en/a.m4a", av_file("aac"), KEPT, ""),
    ".3gp": ("en/a.3gp", av_file("aac"), KEPT, ""),
    ".aac": ("en/a.aac", av_file("aac", container="adts"), KEPT, ""),
    ".webm": ("en/a.webm", av_file("libopus", 48000), KEPT, ""),
    ".mka": ("en/a.mka", av_file("aac"), KEPT, ""),
    ".wma": ("en/a.wma", av_file("wmav2", 44100, "asf"), KEPT, ""),
    ".aiff": ("en/a.aiff", sound(format="AIFF"), KEPT, ""),
    ".au": ("en/a.au", sound(format="AU", subtype="ULAW"), KEPT, ""),
    "no extension": ("en/nameless", sound(format="FLAC"), KEPT, ""),
    "a folder that is a link": ("en/linked/a.wav", linked_folder, KEPT, ""),
    "a name that is not UTF-8": (os.fsdecode(b"en/caf\xe9.wav"), sound(), KEPT, ""),
    "a name with a line break": ("en/two\nlines.wav", sound(), KEPT, ""),
    "192 kHz": ("en/fast.flac", sound(192_000), KEPT, ""),
    "one to five seconds: repeated to fill a clip": ("en/brief.wav", sound(seconds=1.5), KEPT, ""),
}  # fmt: skip


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Imported]:
    """One folder with all of them, and good recordings in three languages."""
    root = tmp_path_factory.mktemp("awkward")
    folder = made.folders(root / "in", files=12)
    for name, make, _, _ in AWKWARD.values():
        (folder / name).parent.mkdir(exist_ok=True)
        try:
            make(folder / name)
        except pytest.skip.Exception:
            continue
    return root / "out", import_folder(folder, root / "out", options=Options(bad=0.9))


@pytest.fixture(scope="module")
def said(imported: tuple[Path, Imported]) -> dict[str, dict[str, str]]:
    """Rows of import.csv by file."""
    with (imported[0] / "import.csv").open(newline="", encoding="utf-8") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("what", AWKWARD)
def test_each_awkward_file_gets_what_the_table_says(what: str, said: dict[str, dict[str, str]]) -> None:
    name, _, gets, reason = AWKWARD[what]
    row = said.get(os.fsencode(name).decode("utf-8", "backslashreplace"))
    if row is None and name.rsplit(".")[-1] in ("m4a", "mp4", "3gp", "aac", "webm", "mka", "wma"):
        pytest.skip("PyAV is not installed")
    assert row is not None
    assert row["status"] == gets
    assert re.search(re.escape(reason).replace(r"\*", ".*"), row["reason"])
    assert (int(row["clips"]) > 0) == (gets == KEPT)
    if gets == KEPT:
        assert float(row["seconds_in"]) > 0
        assert bool(row["reason"]) == bool(reason)


def test_the_table_stands_in_the_how_to_page() -> None:
    rows = re.findall(r"^\| (.+?) \| (kept|skipped) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name.replace("`", ""): gets for name, gets in rows} == {
        what: gets for what, (_, _, gets, _) in AWKWARD.items()
    }


def test_nothing_of_a_bad_file_is_in_the_corpus(
    imported: tuple[Path, Imported], said: dict[str, dict[str, str]]
) -> None:
    store = ClipStore.open(imported[0])
    used = {name for split in store.names for name in store.clips(split)["file"]}
    assert used == {name for name, row in said.items() if row["status"] == "kept"}
    assert sum(int(row["clips"]) for row in said.values()) == sum(imported[1].clips.values())


def test_every_second_is_accounted_for(imported: tuple[Path, Imported], said: dict[str, dict[str, str]]) -> None:
    balance = imported[1].balance
    assert balance.seconds_in == pytest.approx(balance.seconds_out + sum(balance.gone.values()), abs=0.1)
    assert balance.seconds_in == pytest.approx(sum(float(row["seconds_in"] or 0) for row in said.values()), abs=0.1)
    assert balance.seconds_out == pytest.approx(sum(float(row["seconds_out"] or 0) for row in said.values()), abs=0.1)
    assert "seconds in" in balance.lines()[0]


BAD = [name for name, (_, _, gets, _) in AWKWARD.items() if gets == SKIPPED and "same file" not in name]


def planted(folder: Path) -> Iterator[str]:
    made.folders(folder)
    for name, make, _, _ in (AWKWARD[what] for what in ("no bytes", "wav cut in half", "silence", "NaN")):
        make(folder / name)
        yield name


def test_all_bad_files_are_named_and_the_rest_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = list(planted(tmp_path / "in"))
    assert cli.main(["corpus", "import", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 0
    captured = capsys.readouterr()
    assert all(f"skipped {name}: " in captured.err for name in names)
    assert "4 files were skipped" in captured.err
    assert "16 files" in captured.out
    assert sum(len(ClipStore.open(tmp_path / "out").targets(split)) for split in ("train", "test")) == 12


@pytest.mark.parametrize(
    ("options", "why"), [(["--strict"], "NO SPEAKER IS KNOWN"), (["--bad", "0.2"], "more than 20%")]
)
def test_too_many_bad_files_stop_the_import_and_all_are_named(
    options: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = list(planted(tmp_path / "in"))
    call = ["corpus", "import", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    assert cli.main([*call, *options]) == 2
    error = capsys.readouterr().err
    assert why in error
    if "--bad" in options:
        assert all(f"skipped {name}: " in error for name in names)
        assert "4 of 16 files are bad" in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_strict_with_known_speakers_names_every_bad_file(tmp_path: Path) -> None:
    names = list(planted(tmp_path / "in"))
    rows = [{"path": f"{c}/{n}.wav", "speaker": f"{c}{n // 2}"} for c in ("de", "en", "es") for n in range(4)]
    made.table(tmp_path / "in/metadata.csv", rows)
    with pytest.raises(BadFiles, match="4 of 16 files are bad, --strict allows none") as caught:
        import_folder(tmp_path / "in", tmp_path / "out", options=Options(strict=True))
    assert [line.split(":")[0] for line in caught.value.lines] == sorted(f"skipped {name}" for name in names)


@pytest.mark.parametrize("what", [name for name in BAD if name not in ("less than a second", "clipped")])
def test_classify_and_import_agree_on_what_cannot_be_used(what: str, tmp_path: Path) -> None:
    from spokenlang.corpus.ingest.decoding import Decoding, Unusable

    path = tmp_path / AWKWARD[what][0].split("/")[-1]
    AWKWARD[what][1](path)
    decoding = Decoding(path)
    try:
        blocks = list(decoding)
    except Unusable:
        return
    silent = decoding.peak < 1e-6 or what.startswith("a click")
    assert decoding.short or silent
    assert sum(map(len, blocks)) == pytest.approx(8000 * decoding.seconds, abs=1), "no sample but what was decoded"


def test_links_to_what_was_read_already_are_said_and_loops_end(tmp_path: Path) -> None:
    folder = made.folders(tmp_path / "in")
    (folder / "de/more").mkdir()
    (folder / "de/more/again").symlink_to(folder / "en")
    (folder / "en/up").symlink_to(folder)
    found = import_folder(folder, tmp_path / "out")
    assert "2 folders are links to what was read already" in "; ".join(found.remarks)
    with (tmp_path / "out/import.csv").open(newline="") as file:
        assert all(row["file"].startswith(row["language"]) for row in csv.DictReader(file))
    assert found.files == 12
