"""The clip store: what is written is read back, and what is wrong is named in one line."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tries import tries

from spokenlang.commands import cli
from spokenlang.corpus import metadata
from spokenlang.corpus.store import ClipStore, inputs_path, targets_path
from spokenlang.errors import InputError
from spokenlang.languages import CODES

WIDTH = 800


def write(folder: Path, splits: dict[str, tuple[np.ndarray, np.ndarray]]) -> Path:
    """A folder of arrays, as somebody else's script would write it."""
    folder.mkdir(exist_ok=True)
    for split, (inputs, targets) in splits.items():
        np.save(inputs_path(folder, split), inputs)
        np.save(targets_path(folder, split), targets)
    return folder


def clips(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int8) % 6
    return rng.uniform(-1, 1, (count, WIDTH)).astype(np.float16), labels


def write_csv(folder: Path, rows: list[dict[str, object]]) -> None:
    with (folder / "clips.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "corpus", {"train": clips(12), "test": clips(6, seed=1)})


def test_the_four_arrays_alone_are_a_store(folder: Path) -> None:
    store = ClipStore.open(folder)
    assert store.names == ("train", "test")
    assert (store.samples, store.rate, store.has_groups) == (WIDTH, 8000, False)
    assert isinstance(store.inputs("train"), np.memmap)
    assert not store.inputs("train").flags.writeable
    assert store.targets("test").dtype == np.int64
    assert store.clips("train") == {}
    assert len(set(store.groups("train"))) == 12, "clips of unknown groups stand alone"
    checked = store.check()
    assert checked.clips == {"train": 12, "test": 6}
    assert "no groups known" in checked.warnings[0]


@settings(max_examples=tries(25), deadline=None)
@given(data=st.data())
def test_arrays_and_metadata_survive_a_round_trip(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("store")
    splits = data.draw(st.sampled_from([("train", "test"), ("train", "test", "dialects")]))
    written, rows = {}, []
    text = st.text(st.characters(exclude_categories=["C"], exclude_characters="\r\n"), max_size=8)
    for split in splits:
        count = data.draw(st.integers(1, 5))
        finite = st.floats(-1, 1, width=16)
        inputs = data.draw(arrays.arrays(np.float16, (count, WIDTH), elements=finite, fill=finite))
        labels = data.draw(arrays.arrays(np.int8, count, elements=st.integers(0, 5)))
        written[split] = (inputs, labels)
        for index, label in enumerate(labels):
            number = data.draw(st.none() | st.floats(-100, 100, allow_nan=False))
            place = {"split": split, "index": index, "language": CODES[label]}
            rows.append({**place, "group": data.draw(text), "snr_db": number, "text": data.draw(text)})
    write(folder, written)
    shuffled = data.draw(st.permutations(rows))
    metadata.write(folder / metadata.NAME, tuple(rows[0]), shuffled)

    store = ClipStore.open(folder)
    assert store.names == splits
    for split, (inputs, labels) in written.items():
        assert store.inputs(split).tobytes() == inputs.tobytes()
        assert store.targets(split).tolist() == labels.tolist()
        own = sorted((row for row in rows if row["split"] == split), key=lambda row: row["index"])
        columns = store.clips(split)
        assert columns["text"].tolist() == [row["text"] for row in own]
        assert columns["group"].tolist() == [row["group"] for row in own]
        for found, row in zip(columns["snr_db"], own, strict=True):
            unknown = found == "" if columns["snr_db"].dtype.kind == "U" else np.isnan(found)
            assert unknown if row["snr_db"] is None else found == row["snr_db"]


def test_the_fingerprint_follows_the_content_and_not_the_place(folder: Path, tmp_path: Path) -> None:
    same = write(tmp_path / "elsewhere", {"train": clips(12), "test": clips(6, seed=1)})
    assert ClipStore.open(folder).fingerprint == ClipStore.open(same).fingerprint
    inputs, labels = clips(12)
    inputs[3, 5] += 0.25
    write(same, {"train": (inputs, labels)})
    assert ClipStore.open(folder).fingerprint != ClipStore.open(same).fingerprint


def test_silent_clips_are_counted_and_carried(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs, labels = clips(12)
    inputs[2:5] = 0.0
    inputs[6] = 0.125  # an offset is no signal
    inputs[7] *= 1e-4  # quiet is not silent
    write(folder, {"train": (inputs, labels)})
    assert ClipStore.open(folder).check().silent == {"train": 4, "test": 0}
    assert cli.main(["corpus", "check", str(folder)]) == 0
    assert "4 of 12 clips in train are silent" in capsys.readouterr().err


def test_copies_across_splits_and_shared_groups_are_warned_of(folder: Path) -> None:
    inputs, labels = clips(12)
    write(folder, {"test": (inputs[:6], labels[:6])})
    rows = [{"split": "train", "index": i, "group": f"voice {i % 4}"} for i in range(12)]
    write_csv(folder, [*rows, *({"split": "test", "index": i, "group": "voice 0"} for i in range(6))])
    warnings = "; ".join(ClipStore.open(folder).check().warnings)
    assert "6 clips outside train are copies" in warnings
    assert "1 groups occur in both train and test" in warnings


def broken(change: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]], split: str = "train"):
    def breaks(folder: Path) -> None:
        write(folder, {split: change(*clips(12))})

    return breaks


def with_sample(value: float):
    def change(inputs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        inputs[9, 700] = value
        return inputs, labels

    return change


def with_label(value: int):
    def change(inputs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        labels[4] = value
        return inputs, labels

    return change


def pickled(folder: Path) -> None:
    np.save(inputs_path(folder, "train"), np.array([{"not": "numbers"}]), allow_pickle=True)


def csv_of(**changed: object):
    def breaks(folder: Path) -> None:
        rows = [{"split": "train", "index": i, "language": CODES[i % 6]} for i in range(12)]
        rows[3] |= changed
        write_csv(folder, rows)

    return breaks


def no_index(folder: Path) -> None:
    write_csv(folder, [{"split": "train", "language": "de"}])


def missing_row(folder: Path) -> None:
    write_csv(folder, [{"split": "train", "index": i} for i in range(11)])


BAD = {
    "absent": (lambda f: inputs_path(f, "test").unlink(), "inputs_test_fp16.npy missing"),
    "misnamed": (
        lambda f: targets_path(f, "train").rename(f / "labels_train.npy"),
        "targets_train_int8.npy missing (found labels_train.npy)",
    ),
    "half of dialects": (
        lambda f: np.save(inputs_path(f, "dialects"), clips(2)[0]),
        "targets_dialects_int8.npy missing",
    ),
    "not an array": (lambda f: inputs_path(f, "train").write_bytes(b"RIFF"), "inputs_train_fp16.npy: cannot be read"),
    "truncated": (
        lambda f: inputs_path(f, "train").write_bytes(inputs_path(f, "train").read_bytes()[:5000]),
        "inputs_train_fp16.npy: cannot be read",
    ),
    "pickle": (pickled, "inputs_train_fp16.npy: cannot be read"),
    "samples of another type": (broken(lambda x, y: (x.astype(np.float32), y)), "samples are float32, not float16"),
    "labels of another type": (broken(lambda x, y: (x, y.astype(np.float32))), "labels are float32, not integers"),
    "three dimensions": (broken(lambda x, y: (x[:, None], y)), "shape (12, 1, 800) is not (clips, samples)"),
    "transposed": (broken(lambda x, y: (x.T.copy(), y)), "is the array transposed?"),
    "one-hot labels": (broken(lambda x, y: (x, np.eye(6, dtype=np.int8)[y])), "shape (12, 6) is not (clips,)"),
    "no clips": (broken(lambda x, y: (x[:0], y[:0])), "holds no clips"),
    "fewer labels": (broken(lambda x, y: (x, y[:7])), "12 clips but 7 labels"),
    "label 6": (broken(with_label(6)), "label 6 at clip 4"),
    "label -1": (broken(with_label(-1)), "label -1 at clip 4"),
    "other width": (broken(lambda x, y: (np.tile(x, 2), y), "test"), "clips of 1600 samples, but 800"),
    "nan": (broken(with_sample(np.nan)), "clip 9 has NaN or infinite samples"),
    "infinity": (broken(with_sample(-np.inf), "test"), "inputs_test_fp16.npy: clip 9 has NaN or infinite"),
    "csv: unknown split": (csv_of(split="valid"), "line 5: there are no arrays for split 'valid'"),
    "csv: index beyond": (csv_of(index=12), "line 5: index '12' is not a clip"),
    "csv: twice": (csv_of(index=4), "two rows for clip 4"),
    "csv: wrong language": (csv_of(language="pt"), "clip 3 of train is 'pt' here but 'fr' in the targets"),
    "csv: row missing": (missing_row, "11 rows for the 12 clips"),
    "csv: no index": (no_index, "column index missing"),
    "csv: not text": (lambda f: (f / "clips.csv").write_bytes(b"\xff\xfe\x00"), "clips.csv: not a UTF-8 CSV"),
    "csv: ragged": (lambda f: (f / "clips.csv").write_text("split,index\ntrain,0,de\n"), "line 2: 3 cells"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named_in_one_line(case: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    breaks, finding = BAD[case]
    breaks(folder)
    assert cli.main(["corpus", "check", str(folder)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert finding in error
    assert str(folder) in error
    with pytest.raises(InputError):
        cli.main(["corpus", "--debug", "check", str(folder)])


def test_a_folder_that_is_not_there_is_said_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for name, finding in (("nowhere", "there is no such corpus folder"), ("file", "this is a file")):
        assert cli.main(["corpus", "check", str(tmp_path / name)]) == 1
        assert finding in capsys.readouterr().err
