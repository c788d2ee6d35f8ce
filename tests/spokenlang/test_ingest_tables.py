"""Tables as people write them: no speaker is lost, and what is not understood is said."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import recordings_made as made

from spokenlang.commands import cli
from spokenlang.corpus import metadata
from spokenlang.corpus.importer import import_folder
from spokenlang.corpus.ingest import tables
from spokenlang.corpus.store import ClipStore, inputs_path, targets_path

FILES = [Path(f"{code}/{code}{take}.wav") for code in ("de", "en", "es") for take in range(4)]
GOOD = "path,speaker\n" + "".join(f"{path},{path.parent}{int(path.stem[2]) // 2}\n" for path in FILES)
SPEAKERS = {path: f"{path.parent}{int(path.stem[2]) // 2}" for path in FILES}


def renamed(column: str) -> str:
    return GOOD.replace("speaker", column)


def paths(change: Callable[[str], str]) -> str:
    return "\n".join(",".join([change(line.split(",")[0]), *line.split(",")[1:]]) for line in GOOD.split("\n")[:-1])


# What is in which file.
UNDERSTOOD: dict[str, tuple[str, bytes]] = {
    "as it should be": ("metadata.csv", GOOD.encode()),
    "a space after the comma": ("metadata.csv", GOOD.replace(",", ", ").encode()),
    "semicolons": ("metadata.csv", GOOD.replace(",", ";").encode()),
    "tabs": ("metadata.csv", GOOD.replace(",", "\t").encode()),
    ".tsv": ("metadata.tsv", GOOD.replace(",", "\t").encode()),
    "another name, the only table there": ("validated.tsv", GOOD.replace(",", "\t").encode()),
    "BOM": ("metadata.csv", b"\xef\xbb\xbf" + GOOD.encode()),
    "UTF-16": ("metadata.csv", GOOD.encode("utf-16")),
    "CRLF": ("metadata.csv", GOOD.replace("\n", "\r\n").encode()),
    "blank lines": ("metadata.csv", (GOOD.replace("\n", "\n\n") + "\n\n").encode()),
    "capitals": ("metadata.csv", GOOD.replace("path,speaker", "Path,SPEAKER").encode()),
    "client_id": ("metadata.csv", renamed("client_id").encode()),
    "speaker_id": ("metadata.csv", renamed("speaker_id").encode()),
    "Speaker-ID": ("metadata.csv", renamed("Speaker-ID").encode()),
    "group": ("metadata.csv", renamed("group").encode()),
    "video_id": ("metadata.csv", renamed("video_id").encode()),
    "filename": ("metadata.csv", GOOD.replace("path,", "file name,").encode()),
    "quoted cells": ("metadata.csv", GOOD.replace("de/de0.wav", '"de/de0.wav"').encode()),
    "speakers with spaces at the end": (
        "metadata.csv", "\n".join(f"{line} " if n % 2 else line for n, line in enumerate(GOOD.split("\n"))).encode()),
    "absolute paths": ("metadata.csv", GOOD.replace("\n", "\n/home/me/data/").removesuffix("/home/me/data/").encode()),
    "./ before the path": ("metadata.csv", paths(lambda path: path if path == "path" else f"./{path}").encode()),
    "backslashes": ("metadata.csv", GOOD.replace("/", "\\").encode()),
    "file names alone": ("metadata.csv", paths(lambda path: path.split("/")[-1]).encode()),
    "another extension": ("metadata.csv", GOOD.replace(".wav", ".mp3").encode()),
    "no extension": ("metadata.csv", GOOD.replace(".wav", "").encode()),
    "file names alone, another extension": (
        "metadata.csv", paths(lambda path: path.split("/")[-1].replace(".wav", ".flac")).encode()),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tables")
    for at, path in enumerate(FILES):
        made.record(root / path, 1.0, at)
    return root


@pytest.mark.parametrize("form", UNDERSTOOD)
def test_every_form_of_the_table_gives_the_same_speakers(form: str, folder: Path, tmp_path: Path) -> None:
    name, content = UNDERSTOOD[form]
    (tmp_path / name).write_bytes(content)
    table = tables.read(tmp_path / name)
    matched = tables.match(table, folder, FILES)
    assert not matched.lost
    assert not matched.unclear
    meaning = next(key for key in ("group", "speaker", "video") if key in table.columns)
    assert {path: tables.known(row[meaning]) for path, row in matched.rows.items()} == SPEAKERS


@pytest.mark.parametrize(
    "form", ["a space after the comma", "client_id", "another name, the only table there", "group"]
)
def test_no_speaker_is_on_both_sides_of_an_import(form: str, folder: Path, tmp_path: Path) -> None:
    name, content = UNDERSTOOD[form]
    inside = tmp_path / "in"
    inside.mkdir()
    for code in ("de", "en", "es"):
        (inside / code).symlink_to(folder / code)
    (inside / name).write_bytes(content)
    found = import_folder(inside, tmp_path / "out")
    assert found.clips == {"train": 6, "test": 6}
    store = ClipStore.open(tmp_path / "out")
    assert not set(store.groups("train")) & set(store.groups("test"))
    assert not any("speaker of its own" in warning for warning in found.warnings)


def test_composed_and_decomposed_names_are_one(tmp_path: Path) -> None:
    rows = []
    for at in range(8):
        code = "de" if at % 2 else "en"
        name = unicodedata.normalize("NFD" if at % 3 else "NFC", f"{code}/clip_é{at}.wav")
        made.record(tmp_path / "in" / name, 1.0, at)
        form = "NFC" if at % 3 else "NFD"
        rows.append(
            {"path": unicodedata.normalize(form, name), "speaker": unicodedata.normalize(form, f"Zoé{at // 4}")}
        )
    made.table(tmp_path / "in/metadata.csv", rows)
    found = import_folder(tmp_path / "in", tmp_path / "out")
    store = ClipStore.open(tmp_path / "out")
    assert not any("no row" in warning for warning in found.warnings)
    assert set(store.groups("train")) | set(store.groups("test")) == {"Zoé0", "Zoé1"}


SAID: dict[str, tuple[str, str]] = {
    "no column of speakers": ("path,mood\nde/de0.wav,glad\n", "no column says who speaks (found path, mood)"),
    "no speaker named": (
        "path,speaker\n" + "".join(f"{p},NA\n" for p in FILES), "no row of metadata.csv names the speaker"),
    "some named": ("path,speaker\n" + "".join(f"{p},{'' if 'es' in str(p) else p.stem}\n" for p in FILES),
                   "4 files name no speaker; each counts as a speaker of its own"),
    "rows of files that are not there": (
        GOOD + "de/gone.wav,x\n", "1 rows of metadata.csv speak of files that are not in"),
    "files without a row": (
        "".join(line + "\n" for line in GOOD.split("\n")[:5]), "8 files have no row in metadata.csv"),
}  # fmt: skip


@pytest.mark.parametrize("what", SAID)
def test_what_is_not_understood_is_said(
    what: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "metadata.csv").write_text(SAID[what][0])
    call = [
        "corpus",
        "import",
        str(folder),
        "--out",
        str(tmp_path / "out"),
        "--metadata",
        str(tmp_path / "metadata.csv"),
    ]
    assert cli.main([*call, "--workers", "1"]) == 0
    error = capsys.readouterr().err
    assert SAID[what][1] in error
    loud = what in ("no column of speakers", "no speaker named")
    assert ("NO SPEAKER IS KNOWN" in error) == loud
    assert cli.main([*call, "--workers", "1", "--strict"]) == (2 if loud else 0)


def test_a_column_of_another_name_can_be_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "about.csv").write_text(renamed("who is it"))
    call = ["corpus", "import", str(folder), "--out", str(tmp_path / "out"), "--metadata", str(tmp_path / "about.csv")]
    assert cli.main([*call, "--speaker", "Who is it", "--workers", "1", "--strict"]) == 0
    assert set(ClipStore.open(tmp_path / "out").groups("train")) <= set(SPEAKERS.values())
    assert cli.main([*call, "--speaker", "nobody"]) == 2


def test_several_tables_are_not_guessed_among(folder: Path, tmp_path: Path) -> None:
    for code in ("de", "en", "es"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / code).symlink_to(folder / code)
        (tmp_path / f"in/{code}.csv").write_text(GOOD)
    said = "; ".join(import_folder(tmp_path / "in", tmp_path / "out").warnings)
    assert "NO SPEAKER IS KNOWN" in said
    assert "3 tables speak of files and were not read (de.csv); name one with --metadata" in said


def store(folder: Path, table: str, name: str = metadata.NAME) -> Path:
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        np.save(inputs_path(folder, split), rng.normal(0, 0.1, (6, 800)).astype(np.float16))
        np.save(targets_path(folder, split), np.arange(6, dtype=np.int8))
    (folder / name).write_text(table)
    return folder


def clips_table(column: str, separator: str = ",", odd: str = "") -> str:
    rows = [f"{split}{separator}{at}{separator}v{at}{odd if split == 'test' else ''}"
            for split in ("train", "test") for at in range(6)]  # fmt: skip
    return separator.join(["split", "index", column]) + "\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *((metadata.NAME, clips_table(column)) for column in ("group", "speaker", " speaker", "client_id")),
        *((metadata.NAME, clips_table(column)) for column in ("Speaker ID", "video", "file")),
        ("clips.tsv", clips_table("speaker", "\t")),
        (metadata.NAME, clips_table("speaker", ";")),
        (metadata.NAME, clips_table("group", odd=" ")),
        (metadata.NAME, clips_table("group", odd="\u200b").replace("\u200b", "  ")),
    ],
)  # fmt: skip
def test_check_finds_speakers_on_both_sides(
    name: str, content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = store(tmp_path / "c", content, name)
    assert cli.main(["corpus", "check", str(folder)]) == 0
    assert "6 groups occur in both train and test" in capsys.readouterr().err


def test_check_says_that_no_speaker_is_known(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import_folder(folder, tmp_path / "out")
    assert cli.main(["corpus", "check", str(tmp_path / "out")]) == 0
    assert "NO SPEAKER IS KNOWN" in capsys.readouterr().err
    (tmp_path / "about.csv").write_text(GOOD.replace("speaker", "speech,speaker").replace(".wav,", ".wav,x,"))
    found = import_folder(folder, tmp_path / "out", tmp_path / "about.csv")
    assert "about.csv: speech are measured by the import; the table's are left out" in found.remarks
    cli.main(["corpus", "check", str(tmp_path / "out")])
    assert "NO SPEAKER IS KNOWN" not in capsys.readouterr().err


def test_check_takes_voxlingua107_videos_for_groups(tmp_path: Path) -> None:
    content = clips_table("file").replace("v", "de/-0Rm5gHmwxs__U__S")
    content = "\n".join(line + "---0026.400-0034.900.wav" if "__U__" in line else line for line in content.split("\n"))
    opened = ClipStore.open(store(tmp_path / "c", content))
    assert set(opened.groups("train")) == {"-0Rm5gHmwxs"}


@pytest.mark.parametrize("cell", ["--5", "1_000", "9" * 40, "1e400", "\u0665", "", "+", "nan", "0x10", "-"])
def test_no_cell_ends_in_a_traceback(cell: str, tmp_path: Path) -> None:
    content = "split,index,number\n" + "".join(
        f"{split},{at},{cell if at == 3 else at}\n" for split in ("train", "test") for at in range(6)
    )
    opened = ClipStore.open(store(tmp_path / "c", content))
    assert len(opened.clips("train")["number"]) == 6
    opened.check()
