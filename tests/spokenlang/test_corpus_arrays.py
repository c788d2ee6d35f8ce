"""Arrays as people have them: understood, converted, or refused with the command that converts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from spokenlang.commands import cli
from spokenlang.corpus import copies
from spokenlang.corpus.convert import convert
from spokenlang.corpus.store import ClipStore, inputs_path, targets_path
from spokenlang.errors import InputError
from spokenlang.languages import CODES

WIDTH = 4000


def noise(count: int, seed: int = 0, width: int = WIDTH) -> np.ndarray:
    """(clips, width): no two alike, each at a level of its own."""
    random = np.random.default_rng(seed)
    return random.normal(0, 0.1, (count, width)) * 10.0 ** random.uniform(-3, 0, (count, 1))


def store(folder: Path, train: np.ndarray, test: np.ndarray, labels: int = 6) -> Path:
    folder.mkdir(exist_ok=True)
    for split, clips in (("train", train), ("test", test)):
        np.save(inputs_path(folder, split), clips.astype(np.float16))
        np.save(targets_path(folder, split), np.arange(len(clips)) % labels)
    return folder


COPIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "the same": lambda clip: clip,
    "quieter by 40 dB": lambda clip: clip / 100,
    "louder": lambda clip: 3 * clip,
    "upside down": lambda clip: -clip,
    "later by a tenth": lambda clip: np.concatenate([noise(1, 99)[0][: WIDTH // 10], clip[: -WIDTH // 10]]),
    "earlier by a third": lambda clip: np.concatenate([clip[WIDTH // 3 :], noise(1, 98)[0][: WIDTH // 3]]),
    "later by one sample, and quieter": lambda clip: np.roll(clip, 1) / 7,
    "later by half, with silence before": lambda clip: np.concatenate([np.zeros(WIDTH // 2), clip[: WIDTH // 2]]),
}


@pytest.mark.parametrize("how", COPIES)
def test_copies_across_splits_are_found(how: str, tmp_path: Path) -> None:
    train, test = noise(24), noise(12, 1)
    test[4] = COPIES[how](train[10])  # label 4, as the original
    folder = store(tmp_path / "c", train, test)
    said = "; ".join(ClipStore.open(folder).check().warnings)
    assert "1 clips outside train are copies of training clips" in said
    assert "clip 4 of test is clip 10 of train" in said
    assert "two languages" not in said


@pytest.mark.parametrize("how", COPIES)
def test_one_sound_under_two_languages_is_found(how: str, tmp_path: Path) -> None:
    train = noise(24)
    train[15] = COPIES[how](train[7])
    said = "; ".join(ClipStore.open(store(tmp_path / "c", train, noise(12, 1))).check().warnings)
    assert (
        "1 pairs of clips are the same sound under two languages: clip 7 of train (en) is clip 15 of train (fr)" in said
    )


def test_what_is_not_the_same_is_no_copy() -> None:
    clips = noise(60)
    tone = np.sin(np.arange(WIDTH) / 5)
    for at in range(20):
        clips[at] = 0.1 * tone + 0.02 * clips[at] / clips[at].std()  # a common hum is no copy
    clips[20:30] = 0
    assert not list(copies.find({"train": clips[:40].astype(np.float16), "test": clips[40:].astype(np.float16)}))


def test_many_copies_of_one_clip_are_each_found() -> None:
    clips = noise(30)
    clips[10:20] = clips[3] * np.linspace(0.2, 1, 10)[:, None]
    found = {copy.second[1] for copy in copies.find({"train": clips.astype(np.float16)})}
    assert found == set(range(10, 20))


def test_labels_that_could_be_of_any_language_are_a_question(tmp_path: Path) -> None:
    folder = store(tmp_path / "c", noise(12), noise(6, 1), labels=2)
    with pytest.raises(InputError, match=r"labels are 0 to 1 only.*languages.json"):
        ClipStore.open(folder)
    (folder / "languages.json").write_text('["English", "es"]')
    assert ClipStore.open(folder).languages == ClipStore.open(folder).spoken == ("en", "es")
    (folder / "languages.json").write_text('["de", "en"]')
    assert ClipStore.open(folder).languages == ("de", "en"), "as the assignment numbers them"


def test_a_single_language_leaves_nothing_to_tell_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = store(tmp_path / "c", noise(12), noise(6, 1), labels=1)
    (folder / "languages.json").write_text('["de", "en"]')
    assert cli.main(["corpus", "check", str(folder)]) == 1
    assert cli.main(["train", str(folder), str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err.count("all training clips are of one language (de)") == 2


@pytest.mark.parametrize("text", ["[]", "{}", '["de", "german"]', "[1, 2]", "no json", '["de", ""]'])
def test_a_class_list_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    folder = store(tmp_path / "c", noise(12), noise(6, 1))
    (folder / "languages.json").write_text(text)
    with pytest.raises(InputError, match=r"languages\.json"):
        ClipStore.open(folder)


def test_labels_beyond_the_six_need_a_class_list(tmp_path: Path) -> None:
    folder = store(tmp_path / "c", noise(16), noise(8, 1), labels=8)
    with pytest.raises(InputError, match=r"label 6 at clip 6 .* write all languages to languages.json"):
        ClipStore.open(folder)
    (folder / "languages.json").write_text(json.dumps([*CODES, "it", "pl"]))
    assert len(ClipStore.open(folder).languages) == 8


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8, np.int16])
def test_labels_of_any_integer_type_are_labels(kind: type, tmp_path: Path) -> None:
    folder = store(tmp_path / "c", noise(12), noise(6, 1))
    np.save(targets_path(folder, "train"), (np.arange(12) % 6).astype(kind))
    assert ClipStore.open(folder).targets("train").tolist() == [0, 1, 2, 3, 4, 5] * 2


def test_fortran_order_is_read(tmp_path: Path) -> None:
    folder = store(tmp_path / "c", noise(12), noise(6, 1))
    np.save(inputs_path(folder, "train"), np.asfortranarray(noise(12).astype(np.float16)))
    opened = ClipStore.open(folder)
    np.testing.assert_array_equal(opened.inputs("train"), noise(12).astype(np.float16))
    opened.check()


@pytest.mark.parametrize("rate", [16000, 44100, 22050, 48000])
def test_five_seconds_at_another_rate_are_not_taken_for_more_at_ours(rate: int, tmp_path: Path) -> None:
    folder = store(tmp_path / "c", noise(6, width=5 * rate), noise(6, 1, width=5 * rate))
    with pytest.raises(InputError, match=rf"corpus convert .* --rate {rate}"):
        ClipStore.open(folder)
    (folder / "corpus.json").write_text('{"rate": 8000}')
    assert ClipStore.open(folder).samples == 5 * rate
    (folder / "corpus.json").write_text(json.dumps({"rate": rate}))
    with pytest.raises(InputError, match=f"samples at {rate} Hz"):
        ClipStore.open(folder)


def test_a_test_set_without_targets_is_a_hidden_one(tmp_path: Path) -> None:
    folder = store(tmp_path / "c", noise(12), noise(6, 1))
    targets_path(folder, "test").unlink()
    opened = ClipStore.open(folder)
    assert opened.hidden == ("test",)
    assert opened.inputs("test").shape == (6, WIDTH)
    with pytest.raises(InputError, match=r"test has no targets.*spokenlang predict"):
        opened.targets("test")
    assert any("test has no targets" in warning for warning in opened.check().warnings)
    assert opened.check().clips == {"train": 12, "test": 6}


FORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "float32": lambda clips: clips.astype(np.float32),
    "float64": lambda clips: clips,
    "int16": lambda clips: np.round(clips * 32768).clip(-32768, 32767).astype(np.int16),
    "int32": lambda clips: np.round(clips * 2**31).clip(-(2**31), 2**31 - 1).astype(np.int32),
    "uint8": lambda clips: np.round(clips * 128 + 128).clip(0, 255).astype(np.uint8),
    "Fortran order": lambda clips: np.asfortranarray(clips.astype(np.float32)),
    "an axis of one": lambda clips: clips[:, None, :].astype(np.float32),
    "an axis of one at the end": lambda clips: clips[..., None].astype(np.float32),
}


@pytest.mark.parametrize("packed", ["npy", "npz", "one npz"])
@pytest.mark.parametrize("form", FORMS)
def test_arrays_in_another_form_are_converted(form: str, packed: str, tmp_path: Path) -> None:
    clips = {"train": noise(12).clip(-0.9, 0.9), "test": noise(6, 1).clip(-0.9, 0.9)}
    arrays = {}
    for split, values in clips.items():
        arrays |= {f"x_{split}": FORMS[form](values), f"y_{split}": (np.arange(len(values)) % 6).astype(np.int64)}
    (tmp_path / "in").mkdir()
    if packed == "npy":
        for name, array in arrays.items():
            np.save(tmp_path / "in" / f"{name}.npy", array)
    elif packed == "npz":
        for name, array in arrays.items():
            np.savez_compressed(tmp_path / "in" / f"{name}.npz", array)
    else:
        np.savez(tmp_path / "in/data.npz", **arrays)
    assert cli.main(["corpus", "convert", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 0
    opened = ClipStore.open(tmp_path / "out")
    for split, values in clips.items():
        assert opened.targets(split).tolist() == (np.arange(len(values)) % 6).tolist()
        np.testing.assert_allclose(opened.inputs(split), values, atol=0.005 if form == "uint8" else 5e-4)


SAMPLES = ["<f2", "<f4", ">f4", "<f8", "<i2", ">i2", "<i4", "|i1", "|u1"]
LABELS = ["|i1", "|u1", "<i2", "<i4", "<i8", ">i8", "<u4", "<f4", "<f8"]
FULL_SCALE = {"i1": 127, "u1": 127, "i2": 32767, "i4": 2**31 - 1}


def of_kind(values: np.ndarray, kind: str) -> np.ndarray:
    """Samples in -1..1 as a type of numbers has them."""
    scale = FULL_SCALE.get(kind[1:])
    if not scale:
        return values.astype(kind)
    return (np.round(values * scale) + (128 if kind == "|u1" else 0)).astype(kind)


@settings(max_examples=tries(40), deadline=None)
@given(
    kind=st.sampled_from(SAMPLES), order=st.sampled_from("CF"), label=st.sampled_from(LABELS),
    packed=st.sampled_from(["npy", "npz", "one npz", "the assignment's names"]), hidden=st.booleans(),
)  # fmt: skip
def test_any_numbers_in_any_order_and_container_become_a_store(
    tmp_path_factory: pytest.TempPathFactory, kind: str, order: str, label: str, packed: str, hidden: bool
) -> None:
    """As they are where that is what a store is made of, else refused with the command that converts them."""
    place, clips = tmp_path_factory.mktemp("c"), {"train": noise(12, width=1600), "test": noise(6, 1, width=1600)}
    folder, arrays = place / "in", {}
    folder.mkdir()
    for split, values in clips.items():
        arrays[f"inputs_{split}_fp16"] = np.asarray(of_kind(values.clip(-0.9, 0.9), kind), order=order)
        if split == "train" or not hidden:
            arrays[f"targets_{split}_int8"] = (np.arange(len(values)) % 6).astype(label)
    if packed == "one npz":
        np.savez(folder / "all.npz", **arrays)
    for name, array in arrays.items() if packed != "one npz" else ():
        own = name if packed != "npy" else name.replace("inputs", "X").replace("targets", "y").rsplit("_", 1)[0]
        (np.savez if packed == "npz" else np.save)(folder / own, array)
    if packed == "the assignment's names" and kind == "<f2" and np.dtype(label).kind != "f":
        opened = ClipStore.open(folder)
    else:
        with pytest.raises(InputError) as caught:
            ClipStore.open(folder)
        assert cli.main(str(caught.value).split("spokenlang ")[-1].split()) == 0
        opened = ClipStore.open(f"{folder}-8k")
    assert opened.hidden == (("test",) if hidden else ())
    for split, values in clips.items():
        assert split in opened.hidden or opened.targets(split).tolist() == (np.arange(len(values)) % 6).tolist()
        near = {"|i1": 0.009, "|u1": 0.009}.get(kind, 6e-4)
        np.testing.assert_allclose(opened.inputs(split), values.clip(-0.9, 0.9), atol=near)


def test_the_class_list_beside_arrays_is_that_of_their_store(tmp_path: Path) -> None:
    codes = [*CODES, "it", "pl"]
    folder = store(tmp_path / "c", noise(16).astype(np.float16), noise(8, 1), labels=8)
    np.save(inputs_path(folder, "train"), noise(16))  # float64: to be converted
    (folder / "languages.json").write_text(json.dumps([*codes[:-1], "Polish"]))
    convert(folder, tmp_path / "own")
    assert ClipStore.open(tmp_path / "own").languages == tuple(codes)
    convert(folder, tmp_path / "said", languages=("tr", *codes[1:]))
    assert ClipStore.open(tmp_path / "said").languages == ("tr", *codes[1:])
    with pytest.raises(InputError, match="130 languages are more than int8"):
        convert(folder, tmp_path / "many", languages=tuple(f"x{at}" for at in range(130)))


def test_splits_of_different_lengths_are_cut_to_one_by_the_command(tmp_path: Path) -> None:
    folder = store(tmp_path / "c", noise(12, width=4000), noise(6, 1, width=3200))
    with pytest.raises(InputError, match=r"cut all splits to one length.*--seconds 0\.4") as caught:
        ClipStore.open(folder)
    with pytest.raises(InputError, match=r"(test 0\.4 s, train 0\.5 s).*--seconds"):
        convert(folder, tmp_path / "out")
    assert cli.main(str(caught.value).split("spokenlang ")[-1].split()) == 0
    assert ClipStore.open(f"{folder}-8k").samples == 3200


@pytest.mark.parametrize("name", [*FORMS, "npz"])
def test_what_is_refused_names_the_command_that_helps(name: str, tmp_path: Path) -> None:
    folder = store(tmp_path / "c", noise(12), noise(6, 1))
    if name == "npz":
        inputs_path(folder, "train").unlink()
        np.savez(folder / "inputs_train.npz", noise(12))
    else:
        np.save(inputs_path(folder, "train"), FORMS[name](noise(12)))
    with pytest.raises(InputError, match=re.escape(f"spokenlang corpus convert {folder} --out {folder}-8k")) as caught:
        ClipStore.open(folder)
    command = str(caught.value).split("spokenlang ")[-1].split()
    assert cli.main(command) == 0
    assert ClipStore.open(f"{folder}-8k").inputs("train").shape == (12, WIDTH)


def test_another_rate_and_length_are_converted_with_a_word(tmp_path: Path) -> None:
    time = np.arange(48000) / 16000
    tones = np.stack([0.5 * np.sin(2 * np.pi * (300 + 40 * at) * time) for at in range(12)])
    folder = store(tmp_path / "in", tones, tones[:6] * 0.5)
    said = convert(folder, tmp_path / "out", rate=16000, seconds=1.0)
    assert "from 16000 to 8000 Hz, cut into 3 of 1 s each -> 36 clips" in said[0]
    opened = ClipStore.open(tmp_path / "out")
    assert opened.inputs("train").shape == (36, 8000)
    assert len(set(opened.groups("train"))) == 12, "pieces of a clip stay together"
    assert opened.targets("train")[:6].tolist() == [0, 0, 0, 1, 1, 1]
    assert int(np.argmax(np.abs(np.fft.rfft(opened.inputs("train")[4].astype(float))))) == 340
    said = convert(folder, tmp_path / "long", rate=16000, seconds=5.0)
    assert "repeated from 3 to 5 s" in said[0]
    clip = ClipStore.open(tmp_path / "long").inputs("train")[0]
    np.testing.assert_array_equal(clip[24000:], clip[:16000])


def test_a_table_and_a_hidden_test_set_go_along(tmp_path: Path) -> None:
    folder = store(tmp_path / "in", noise(12), noise(6, 1))
    np.save(inputs_path(folder, "train"), noise(12))
    targets_path(folder, "test").unlink()
    rows = "".join(f"train,{at},v{at % 3},{'' if at else 4.5}\n" for at in range(12))
    (folder / "clips.csv").write_text("split,index,speaker,snr_db\n" + rows)
    convert(folder, tmp_path / "out")
    opened = ClipStore.open(tmp_path / "out")
    assert opened.hidden == ("test",)
    assert set(opened.groups("train")) == {"v0", "v1", "v2"}
    assert opened.clips("train")["snr_db"][0] == 4.5


@pytest.mark.parametrize(
    ("arrays", "options", "said"),
    [
        ({}, [], "no inputs of train (found no arrays)"),
        ({"x_train": noise(6)}, [], "no inputs of test"),
        ({"x_train": noise(6), "x_test": noise(6)}, [], "no labels of train"),
        ({"x_train": noise(6), "x_test": noise(6), "y_train": np.arange(5)}, [], "6 clips but 5 labels"),
        ({"x_train": noise(6), "x_test": noise(6), "y_train": np.arange(6) % 2}, [], "labels are 0 to 1 only"),
        ({"x_train": noise(6), "x_test": noise(6), "y_train": np.arange(6) + 1}, [], "name them all with --languages"),
        ({"x_train": noise(6), "x_test": noise(6), "y_train": np.eye(6)}, [], "labels are one number per clip"),
        ({"x_train": noise(6), "x_test": noise(6), "y_train": np.array(["de"] * 6)}, [], "number the languages from 0"),
        ({"x_train": noise(6)[0], "x_test": noise(6), "y_train": np.arange(6)}, [], "is not (clips, samples)"),
        ({"x_train": 1e4 * noise(6), "x_test": noise(6), "y_train": np.arange(6)}, [], "huge samples"),
        ({"x_train": noise(6) * np.nan, "x_test": noise(6), "y_train": np.arange(6)}, [], "clip 0 has NaN"),
        ({"x_train": noise(6), "inputs_train": noise(6)}, [], "are both inputs of train"),
        ({"x_train": noise(6), "x_test": noise(6), "y_train": np.arange(6)}, ["--rate", "1"], "speech is sampled at"),
        (
            {"x_train": noise(6), "x_test": noise(6), "y_train": np.arange(6)},
            ["--seconds", "0"],
            "clips are 0.1 to 600 s",
        ),
    ],
)
def test_what_cannot_be_converted_is_one_clear_line(
    arrays: dict[str, np.ndarray], options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    for name, array in arrays.items():
        np.save(tmp_path / "in" / f"{name}.npy", array)
    assert cli.main(["corpus", "convert", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *options]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert said in error
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
