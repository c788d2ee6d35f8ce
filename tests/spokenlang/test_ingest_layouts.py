"""Every layout is recognised, its speakers stay on one side, its languages are mapped, and strange ones are said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import recordings_made as made

from spokenlang.commands import cli
from spokenlang.corpus.importer import Imported, Options, import_folder
from spokenlang.corpus.ingest.recordings import Wanted
from spokenlang.corpus.store import ClipStore
from spokenlang.errors import InputError
from spokenlang.language_names import describe, in_order, resolve

LAYOUTS: dict[str, tuple[Callable[[Path], Path], tuple[str, ...], str]] = {
    "voxlingua107": (made.voxlingua107, ("pt", "et", "he"), "iw -> he"),
    "mls": (made.mls, ("de", "pl"), "mls_german -> de"),
    "commonvoice": (made.commonvoice, ("pt", "fy"), "fy-NL -> fy"),
    "fleurs": (made.fleurs, ("nl", "zh"), "cmn_hans_cn -> zh"),
    "folders": (made.folders, ("de", "en", "es"), ""),
}


def by_group(store: ClipStore) -> dict[str, set[str]]:
    return {split: set(store.groups(split)) for split in store.names}


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("asked", ["auto", "by name"])
def test_a_layout_is_recognised_and_its_speakers_are_kept_apart(name: str, asked: str, tmp_path: Path) -> None:
    make, languages, mapped = LAYOUTS[name]
    wanted = Wanted(layout="auto" if asked == "auto" else name)
    found = import_folder(make(tmp_path / "in"), tmp_path / "out", wanted=wanted)
    assert found.layout == name
    assert found.languages == languages
    assert mapped in "; ".join(found.remarks)
    store = ClipStore.open(tmp_path / "out")
    assert store.languages == languages
    assert json.loads((tmp_path / "out/languages.json").read_text()) == list(languages)
    for split in store.names:
        assert set(store.targets(split)) == set(range(len(languages)))
        assert set(store.clips(split)["language"]) == set(languages)
    groups = by_group(store)
    assert not groups["train"] & groups["test"]
    assert not found.skipped


def published(make: Callable[[Path], Path], tmp_path: Path) -> tuple[Imported, ClipStore]:
    return import_folder(make(tmp_path / "in"), tmp_path / "out"), ClipStore.open(tmp_path / "out")


def test_voxlingua107_videos_are_groups_and_dev_is_the_test_set(tmp_path: Path) -> None:
    found, store = published(made.voxlingua107, tmp_path)
    assert found.clips == {"train": 12, "test": 6}
    assert all(path.startswith("dev/") for path in store.clips("test")["file"])
    assert set(store.clips("train")["video"]) == {f"{c}{v}_Rm5gHmwx" for c in ("et", "iw", "pt") for v in (0, 1)}


def test_mls_readers_are_groups_and_the_publishers_test_is_kept(tmp_path: Path) -> None:
    found, store = published(made.mls, tmp_path)
    assert found.clips == {"train": 12, "test": 4}
    assert {group.split()[-1] for group in store.groups("test")} == {"3995", "4002"}
    assert store.clips("train")["speaker"].dtype.kind == "U"


def test_commonvoice_takes_validated_clips_and_no_test_speaker_elsewhere(tmp_path: Path) -> None:
    found, store = published(made.commonvoice, tmp_path)
    said = "; ".join(found.warnings)
    assert "2 files were left out: 2 is not among the validated clips" in said
    assert found.clips == {"train": 12, "test": 2}  # clip 5 is in no split, of a speaker of dev
    assert set(store.clips("test")["file"]) == {
        f"cv-corpus-21.0/{c}/clips/common_voice_{c}_1006.mp3" for c in ("fy-NL", "pt")
    }


def test_fleurs_says_that_speakers_are_unknown_and_keeps_sentences_together(tmp_path: Path) -> None:
    found, store = published(made.fleurs, tmp_path)
    assert found.clips == {"train": 12, "test": 8}
    assert found.warnings[0].startswith("NO SPEAKER IS KNOWN: FLEURS")
    assert set(store.clips("test")["sentence"]) == {"4", "5"}


def test_a_share_of_ones_own_replaces_the_publishers_test_set(tmp_path: Path) -> None:
    import_folder(made.mls(tmp_path / "in"), tmp_path / "out", options=Options(test=0.5))
    groups = by_group(ClipStore.open(tmp_path / "out"))
    assert len(groups["test"]) == 4
    assert not groups["train"] & groups["test"]


def test_a_stated_test_set_that_shares_speakers_is_not_used_and_that_is_said(tmp_path: Path) -> None:
    folder = made.folders(tmp_path / "in", files=5)
    rows = [
        {"path": f"{c}/{n}.wav", "speaker": f"{c}{n % 3}", "split": "test" if n == 4 else "train"}
        for c in ("de", "en", "es")
        for n in range(5)
    ]
    made.table(folder / "metadata.csv", rows)
    found = import_folder(folder, tmp_path / "out")
    assert "3 speakers are on both sides" in "; ".join(found.warnings)
    groups = by_group(ClipStore.open(tmp_path / "out"))
    assert not groups["train"] & groups["test"]


def test_languages_by_a_table_alone(tmp_path: Path) -> None:
    rows = []
    for at in range(8):
        made.record(tmp_path / f"in/audio/{at}.wav", 5, at)
        rows.append({"Audio": f"{at}.wav", "Lang": "Italian" if at % 2 else "nl-BE", "Spk": f"s{at // 2 % 3}{at % 2}"})
    made.record(tmp_path / "in/audio/none.wav", 5, 99)
    made.table(tmp_path / "in/metadata.csv", rows)
    found = import_folder(tmp_path / "in", tmp_path / "out")
    assert (found.layout, found.languages) == ("csv", ("nl", "it"))
    assert "1 files were left out: 1 has no row" in "; ".join(found.warnings)
    assert sum(found.clips.values()) == 8


def test_folders_below_a_language_can_be_speakers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for at, code in enumerate(("de", "en")):
        for speaker in ("ada", "bob", "eve"):
            for take in range(2):
                made.record(tmp_path / f"in/{code}/{speaker}/{take}.wav", 5, 100 * at + 10 * ord(speaker[0]) + take)
    assert cli.main(["corpus", "import", str(tmp_path / "in"), "--out", str(tmp_path / "a")]) == 0
    assert "say --speaker-folders" in capsys.readouterr().err
    assert cli.main(["corpus", "import", str(tmp_path / "in"), "--out", str(tmp_path / "b"), "--speaker-folders"]) == 0
    assert "NO SPEAKER" not in capsys.readouterr().err
    groups = by_group(ClipStore.open(tmp_path / "b"))
    assert groups["train"] | groups["test"] == {"ada", "bob", "eve"}
    assert not groups["train"] & groups["test"]


@pytest.mark.parametrize("inside", ["", "train", "data/clips"])
def test_folders_of_languages_may_lie_deeper(inside: str, tmp_path: Path) -> None:
    made.folders(tmp_path / "in" / inside, ("german", "en-GB"))
    found = import_folder(tmp_path / "in", tmp_path / "out")
    assert found.languages == ("de", "en")
    assert "en-GB -> en, german -> de" in found.remarks[0]
    assert set(ClipStore.open(tmp_path / "out").clips("train")["locale"]) == {"", "en-GB"}


def test_train_and_test_folders_are_kept(tmp_path: Path) -> None:
    made.folders(tmp_path / "in/train", files=2)
    for at, code in enumerate(("de", "en", "es")):
        made.record(tmp_path / f"in/test/{code}/x.wav", 5, 900 + at)
    import_folder(tmp_path / "in", tmp_path / "out")
    assert {name.split("/")[0] for name in ClipStore.open(tmp_path / "out").clips("test")["file"]} == {"test"}


@pytest.mark.parametrize(
    ("languages", "empty", "said"),
    [
        (("de", "en"), (), "no recordings of es, fr, nl, pt: this is a corpus of 2 languages (de, en)"),
        (("de", "en"), ("fr",), "fr: no recordings in this folder"),
        (("de", "en"), ("Italian",), "Italian: no recordings in this folder"),
    ],
)
def test_a_language_that_lacks_is_said(
    languages: tuple[str, ...], empty: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    made.folders(tmp_path / "in", languages)
    for name in empty:
        (tmp_path / "in" / name).mkdir()
    assert said in import_folder(tmp_path / "in", tmp_path / "out").warnings


def test_languages_that_are_asked_for_are_all_there_is(tmp_path: Path) -> None:
    folder = made.folders(tmp_path / "in", ("en", "es", "tlh"))
    with pytest.raises(InputError, match="tlh: no such language here"):
        import_folder(folder, tmp_path / "out")
    found = import_folder(folder, tmp_path / "out", wanted=Wanted(languages=("tlh", "en")))
    assert found.languages == ("tlh", "en")
    assert "4 files were left out: 4 is es, which was not asked for" in found.warnings
    assert np.bincount(ClipStore.open(tmp_path / "out").targets("train")).tolist() == [3, 3]
    with pytest.raises(InputError, match="no recordings of fr"):
        import_folder(folder, tmp_path / "out", wanted=Wanted(languages=("fr", "en")))


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ("de DE deu ger german German Deutsch de-AT de_DE", "de"),
        ("en EN eng English en-GB en_US", "en"),
        ("pt por Portuguese português pt_BR pt-PT", "pt"),
        ("he iw Hebrew he_il", "he"),
        ("zh cmn chinese cmn_hans_cn zh-CN Mandarin", "zh"),
        ("no nb nob nb_no", "no"),
        ("fil tl fil_ph", "fil"),
    ],
)
def test_languages_as_people_write_them(names: str, code: str) -> None:
    assert {resolve(name) for name in names.split()} == {code}


@pytest.mark.parametrize("name", ["klingon", "wav", "dev", "raw", "clips", "audio", "train", "metadata", "", "xx", "q"])
def test_what_is_no_language_is_none(name: str) -> None:
    assert resolve(name) is None


def test_languages_keep_the_assignments_order_and_say_what_is_known() -> None:
    assert in_order({"it", "pt", "ca", "de"}) == ("de", "pt", "ca", "it")
    assert (describe("it").name, describe("it").branch) == ("Italian", "Romance")
    assert (describe("tlh").name, describe("tlh").branch) == ("Klingon", "")
