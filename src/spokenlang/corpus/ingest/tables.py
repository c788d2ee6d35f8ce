"""A table about recordings as people write it: CSV, semicolons, tabs, BOM, UTF-16, spaces, their own column names."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from spokenlang.corpus.ingest.names import shown, tidy
from spokenlang.errors import InputError

MEANINGS = {
    "path": "path file filename file_name filepath file_path audio audio_path audio_file audiofile audio_filename wav"
    " wav_path wav_file clip clip_path recording",
    "group": "group group_id",
    "speaker": "speaker speaker_id speakerid spk spk_id spkid client_id clientid user user_id reader reader_id talker"
    " talker_id voice voice_id person person_id participant participant_id subject subject_id",
    "video": "video video_id youtube_id yt_id",
    "language": "language language_code language_id lang lang_code lang_id locale",
    "split": "split partition subset set",
}
"""What a column is -> the names that people give it (case, spaces and hyphens do not matter)."""
UNKNOWN = frozenset({"", "na", "n/a", "nan", "none", "null", "unknown", "?", "-", "unk", "<unk>", "#n/a"})
"""Cells, in lower case, that name nobody."""


@dataclass(frozen=True)
class Table:
    """A table that was read: one dict a row, by the columns' meanings or else their own tidied names."""

    path: Path
    rows: list[dict[str, str]]
    lines: list[int]  # where each row begins
    columns: dict[str, str]  # meaning or name -> name in the file
    remarks: list[str] = field(default_factory=list)


def read(path: Path, speaker: str = "", header: list[str] | None = None) -> Table:
    """Read a table. `speaker` names the column that says who speaks; `header` is for files without one."""
    text = _text(path)
    first = text.split("\n", 1)[0]
    separator = max(("\t", ",", ";", "|"), key=lambda mark: (len(re.sub(r'"[^"]*"', "", first).split(mark)), mark))
    # Published TSV files have quotes in their sentences that quote nothing.
    quoting = csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=quoting, strict=True)
    rows, lines = [], []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append([_unquoted(cell.strip()) if quoting == csv.QUOTE_NONE else cell.strip() for cell in cells])
                lines.append(reader.line_num)
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: no CSV ({error}); mend the row") from None
    if header is None:
        header = [tidy(name) for name in rows.pop(0)] if rows else []
        lines = lines[1:]
    columns = _columns(path, header, speaker)
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(header):
            raise InputError(f"{path}, line {line}: not as many cells as the header has; mend the row")
    named = [dict(zip(columns, row, strict=True)) for row in rows]
    remarks = [f"{path.name}: column {own!r} is read as {what}" for what, own in columns.items() if own != what]
    return Table(path, named, lines, columns, [said for said in remarks if said.split()[-1] in MEANINGS])


def speaks_of_files(path: Path) -> bool:
    """Whether a file is a table with a column of paths."""
    try:
        return "path" in read(path).columns
    except InputError:
        return False


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        # A byte order mark tells UTF-16; without one, nothing but UTF-8 can be told from the rest.
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check --metadata") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a UTF-8 CSV file ({error}); export it again as UTF-8") from None
    if "\0" in text:
        raise InputError(f"{path}: not a UTF-8 CSV file (it holds zero bytes); export it again as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _unquoted(cell: str) -> str:
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in cell[1:-1] else cell


def plain(name: str) -> str:
    """A column's name without case, spaces and hyphens: ` Client-ID` is client_id."""
    return re.sub(r"[\s\-_]+", "_", tidy(name).lower()).strip("_")


def _columns(path: Path, header: list[str], speaker: str) -> dict[str, str]:
    """What each column is called from here on -> its name in the file, in the file's order."""
    if speaker and plain(speaker) not in map(plain, header):
        raise InputError(f"{path}: no column {speaker!r} (found {', '.join(header)}); check --speaker")
    called = [plain(name) for name in header]
    meanings = [""] * len(header)
    if speaker:
        meanings[called.index(plain(speaker))] = "speaker"
    for meaning, names in MEANINGS.items():
        # Of several columns that could be meant the list decides: `speaker` goes before `client_id`.
        found = next((called.index(name) for name in names.split() if name in called), None)
        if found is not None and not meanings[found] and meaning not in meanings:
            meanings[found] = meaning
    columns: dict[str, str] = {}
    for meaning, name in zip(meanings, header, strict=True):
        key = meaning or tidy(name) or "unnamed"
        while key in columns:
            key += "_2"
        columns[key] = name
    return columns


@dataclass
class Matched:
    """Rows that belong to files, and what does not fit together."""

    rows: dict[Path, dict[str, str]] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    ways: Counter[str] = field(default_factory=Counter)  # how a row was matched, where not by its path as it is
    lost: list[str] = field(default_factory=list)  # paths of rows that speak of no file
    unclear: list[str] = field(default_factory=list)  # ... of several


def match(table: Table, folder: Path, files: Iterable[Path]) -> Matched:
    """Give each file its row: by its path, else by what is left when absolute parts or extensions differ."""
    if "path" not in table.columns:
        found = ", ".join(table.columns.values()) or "nothing"
        raise InputError(f"{table.path}: no column 'path' (found {found}); add or rename it")
    ways = _index(folder, list(files))
    matched = Matched()
    for row, line in zip(table.rows, table.lines, strict=True):
        wanted = _plain_path(row["path"])
        path, way = _find(wanted, ways)
        if path is None:
            (matched.unclear if way else matched.lost).append(row["path"])
            continue
        if path in matched.rows:
            raise InputError(f"{table.path}, line {line}: {row['path']} for the second time; keep one row")
        matched.rows[path], matched.lines[path] = row, line
        if way:
            matched.ways[way] += 1
    return matched


_WAYS = ("", "the end of its path", "its file name", "its path without extension", "its file name without extension")
_Index = dict[str, dict[str, set[Path]]]


def _index(folder: Path, files: list[Path]) -> _Index:
    ways: _Index = {way: defaultdict(set) for way in _WAYS}
    for path in files:
        name = _plain_path(shown(path))
        ways[""][name].add(path)
        parts = PurePosixPath(name).parts
        for at in range(1, len(parts)):
            ways[_WAYS[1]]["/".join(parts[at:])].add(path)
        ways[_WAYS[2]][parts[-1].lower()].add(path)
        ways[_WAYS[3]][_bare(name)].add(path)
        ways[_WAYS[4]][_bare(parts[-1]).lower()].add(path)
    return ways


def _find(wanted: str, ways: _Index) -> tuple[Path | None, str]:
    """The one file that a path in a table means, and by what it was found; (None, way) where several fit."""
    parts = PurePosixPath(wanted).parts or ("",)
    tails = ["/".join(parts[at:]) for at in range(1, len(parts))]
    tries = [
        ("", [wanted]),
        (_WAYS[1], [wanted, *tails]),
        (_WAYS[3], [_bare(wanted), *map(_bare, tails)]),
        (_WAYS[2], [parts[-1].lower()]),
        (_WAYS[4], [_bare(parts[-1]).lower()]),
    ]
    unclear = ""
    for way, names in tries:
        for name in names:
            # The tail of an absolute path may be a whole path here.
            found = ways[way].get(name, set()) | (ways[""].get(name, set()) if way == _WAYS[1] else set())
            if len(found) == 1:
                return next(iter(found)), way
            unclear = unclear or (way if found else "")
    return None, unclear


def _plain_path(text: str) -> str:
    text = tidy(text.replace("\\", "/")) if "\\x" not in text else text
    return PurePosixPath(text).as_posix().lstrip("/")


def _bare(name: str) -> str:
    head, dot, extension = name.rpartition(".")
    return head if dot and "/" not in extension and head else name


def known(cell: str) -> str:
    """A cell that names somebody, tidied; "" where it names nobody."""
    return "" if tidy(cell).lower() in UNKNOWN else tidy(cell)
