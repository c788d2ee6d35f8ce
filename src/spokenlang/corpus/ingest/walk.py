"""The recordings of a folder, and what else lies in it."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from spokenlang.corpus.ingest import containers
from spokenlang.corpus.ingest.names import shown
from spokenlang.errors import InputError

_OTHERS = """
.csv .tsv .txt .json .jsonl .md .rst .pdf .html .xml .yaml .yml .toml .log .lab .textgrid .eaf .trs .trn .srt .vtt .stm
.ctm .phn .wrd .png .jpg .jpeg .gif .svg .py .sh .npy .npz .parquet .arrow .pt .onnx .sha256 .md5 .db .ini .doc .docx
.xls .xlsx .lnk
"""
_NONE_OF_OURS = frozenset(_OTHERS.split())
_ARCHIVES = frozenset([".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst"])
_TABLES = (".csv", ".tsv")


@dataclass
class Walked:
    """What a folder holds. Paths are relative to it, in a fixed order."""

    files: list[Path] = field(default_factory=list)
    bad: list[tuple[Path, str]] = field(default_factory=list)  # files and folders that cannot even be looked at
    left: Counter[str] = field(default_factory=Counter)  # extension -> files that are no recordings
    archives: list[Path] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)  # .csv and .tsv; `left` counts them too
    again: list[Path] = field(default_factory=list)  # links to folders that were read under another name
    empty: list[str] = field(default_factory=list)  # folders directly below that hold no recording at any depth

    @property
    def remarks(self) -> list[str]:
        """What was left alone, for people."""
        said = []
        left = +self.left
        if left:
            counts = ", ".join(f"{count} {kind or 'without extension'}" for kind, count in sorted(left.items()))
            said.append(f"{left.total()} files are no recordings and were left alone ({counts})")
        if self.again:
            said.append(f"{len(self.again)} folders are links to what was read already ({shown(self.again[0])})")
        if self.archives:
            said.append(
                f"{len(self.archives)} archives were not looked into ({shown(self.archives[0])}); unpack them first"
            )
        return said


def walk(folder: Path) -> Walked:
    """Everything below a folder; links are followed, each real folder once."""
    if not folder.is_dir():
        raise InputError(f"{shown(folder)}: there is no such folder; give one that holds recordings")
    found, seen = Walked(), set()

    def failed(error: OSError) -> None:
        found.bad.append((Path(error.filename).relative_to(folder), f"cannot be read ({error.strerror})"))

    # What really lies in the folder goes first: a link must not give its files another language.
    places = [str(folder)]
    while places:
        for place, folders, names in os.walk(places.pop(0), onerror=failed):
            real = os.path.realpath(place)
            if real in seen:  # a link into what was seen already, or a loop
                found.again.append(Path(place).relative_to(folder))
                folders.clear()
                continue
            seen.add(real)
            folders[:] = sorted(name for name in folders if not _hidden(name))
            places += [below for name in folders if os.path.islink(below := os.path.join(place, name))]
            for name in sorted(name for name in names if not _hidden(name)):
                _sort(folder, (Path(place) / name).relative_to(folder), found)
    found.files.sort()
    filled = {path.parts[0] for path in found.files}
    found.empty = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name not in filled)
    found.empty = [name for name in found.empty if not _hidden(name)]
    return found


def _hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))


def _sort(folder: Path, path: Path, found: Walked) -> None:
    extension = path.suffix.lower()
    if extension in containers.AUDIO:
        found.files.append(path)
    elif extension in _ARCHIVES:
        found.archives.append(path)
    elif extension in _NONE_OF_OURS:
        found.left[extension] += 1
        if extension in _TABLES:
            found.tables.append(path)
    else:
        _look(folder, path, extension, found)


def _look(folder: Path, path: Path, extension: str, found: Walked) -> None:
    """A file whose extension says nothing: its first bytes decide."""
    try:
        regular = (folder / path).is_file()
        if regular and containers.kind(folder / path):
            found.files.append(path)
        else:
            found.left[shown(extension)] += 1
    except OSError as error:
        found.bad.append((path, f"cannot be read ({error.strerror})"))
