"""`clips.csv`: what is known of every clip beyond its samples and its language.

One row per clip; `split` and `index` say which one. The columns that the rest of the package reads:

| column | meaning |
| --- | --- |
| split, index | array and position: row `index` of `inputs_<split>_fp16.npy` |
| language | code of the spoken language; must agree with the targets |
| group | what must not be torn apart between training, validation and test: a voice, a speaker, a video |
| dialect, clean, snr_db, ... | anything else; kept as it is |

Where no column is called group, one that says who speaks (speaker, speaker_id, client_id, ...) or from which video or
file a clip is takes its place. Numbers become numeric arrays (an empty cell is NaN), all else stays text. `clips.tsv`
and semicolons are understood too.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from spokenlang.corpus.ingest import published, tables
from spokenlang.errors import InputError

NAME = "clips.csv"
REQUIRED = ("split", "index")
TEXT = frozenset(
    ["split", "language", "group", "dialect", "variant", "source", "file", "text", "locale", "sentence", "book"]
    + [name for meaning in ("speaker", "video") for name in tables.MEANINGS[meaning].split()]
)
"""Columns that stay text even where every cell looks like a number (speaker "2252")."""

Columns = dict[str, np.ndarray]


def path_in(folder: Path) -> Path | None:
    """The table of clips in a folder, if there is one."""
    return next((folder / name for name in (NAME, "clips.tsv") if (folder / name).exists()), None)


def group_remark(path: Path | None) -> str:
    """Which column stands for the groups, where none is called so."""
    source = _group_source(_rows(path)[0]) if path else ""
    return "" if source in ("", "group") else f"{path.name if path else ''}: groups are taken from column {source!r}"


def read(path: Path, lengths: Mapping[str, int]) -> dict[str, Columns]:
    """Columns of every split, in the order of its arrays.

    `lengths` gives the number of clips of each split that has arrays. Every clip of a split that the file
    speaks of must have exactly one row; a split may be left out altogether (its columns are then empty).
    """
    header, rows = _rows(path)
    if not rows:
        return {split: {} for split in lengths}
    texts = {name: [row[at] for row in rows] for at, name in enumerate(header)}
    source = _group_source(header)
    if source and source != "group":
        by_file = tables.plain(source) in ("file", "path", "filename")
        texts["group"] = [(published.video_of(cell) if by_file else "") or cell for cell in texts[source]]
    places: dict[str, list[tuple[int, int]]] = {split: [] for split in lengths}
    for line, (split, index) in enumerate(zip(texts["split"], texts["index"], strict=True)):
        where = f"{path}, line {line + 2}"
        if split not in places:
            raise InputError(f"{where}: there are no arrays for split {split!r}; remove the row or add the arrays")
        if not index.isdecimal() or int(index) >= lengths[split]:
            raise InputError(
                f"{where}: index {index!r} is not a clip of split {split!r}, which has {lengths[split]} clips"
            )
        places[split].append((int(index), line))
    kinds = {name: _kind(name, cells) for name, cells in texts.items()}
    return {
        split: _of_split(path, split, sorted(found), lengths[split], texts, kinds) for split, found in places.items()
    }


def write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows in the given column order; a missing or None cell stays empty. The same bytes everywhere."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow(["" if row.get(name) is None else row[name] for name in columns])


def _group_source(header: list[str]) -> str:
    """The column that says what must stay together; "" if none does."""
    for names in (*(tables.MEANINGS[meaning] for meaning in ("group", "speaker", "video")), "file path filename"):
        for name in names.split():
            found = next((own for own in header if tables.plain(own) == name), "")
            if found:
                return found
    return ""


def _rows(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            separator = max(",;\t", key=first.count)
            reader = csv.reader(file, strict=True, delimiter=separator)
            header = [name.strip() for name in next(reader, [])]
            rows = [row for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a UTF-8 CSV file ({error}); mend or remove it") from None
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise InputError(f"{path}: column {' and '.join(missing)} missing; each row needs the clip's split and index")
    if len(set(header)) != len(header):
        raise InputError(f"{path}: the header names a column twice; give every column its own name")
    for line, row in enumerate(rows):
        if len(row) != len(header):
            raise InputError(
                f"{path}, line {line + 2}: {len(row)} cells where the header has {len(header)}; mend the row"
            )
    return header, rows


def _of_split(
    path: Path,
    split: str,
    found: list[tuple[int, int]],
    length: int,
    texts: Mapping[str, list[str]],
    kinds: Mapping[str, type],
) -> Columns:
    if not found:
        return {}
    indices = [index for index, _ in found]
    if indices != list(range(length)):
        seen = set(indices)
        if len(seen) < len(indices):
            twice = next(index for index in indices if indices.count(index) > 1)
            raise InputError(f"{path}: two rows for clip {twice} of split {split!r}; keep one")
        absent = next(index for index in range(length) if index not in seen)
        raise InputError(
            f"{path}: {len(indices)} rows for the {length} clips of split {split!r} (clip {absent} has none); "
            "give every clip a row or remove the file"
        )
    lines = [line for _, line in found]
    return {name: _column([cells[line] for line in lines], kinds[name]) for name, cells in texts.items()}


def _kind(name: str, cells: list[str]) -> type:
    if name in TEXT:
        return str
    try:
        # Python takes 1_000 for a number; nobody who writes a table does.
        if any("_" in cell for cell in cells):
            return str
        numbers = [float(cell) for cell in cells if cell]
    except ValueError:
        return str
    if not numbers:
        return str
    whole = all(cell.strip().lstrip("+-").isdecimal() for cell in cells)
    return int if whole and max(map(abs, numbers)) < 1 << 53 else float


def _column(cells: list[str], kind: type) -> np.ndarray:
    if kind is int:
        return np.array([int(cell) for cell in cells], dtype=np.int64)
    if kind is float:
        return np.array([float(cell) if cell else np.nan for cell in cells], dtype=np.float64)
    return np.array(cells, dtype=str)
