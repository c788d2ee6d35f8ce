"""Whether the report's folder holds what its page key says, file by file.

Looking costs a stat for each file: only one whose size, times or inode have moved is read and hashed. Make knows
modification times and nothing else, so the answer is told to it by the time of `page.key`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from onepage.core import files, sealed, watch

Known = dict[str, list[Any]]  # relative path -> [sha256, state]

RECORD = "page.done"  # in build/<report>: the key that the page was made for, and the state of each of its files


def look(folder: Path, earlier: Known | None = None, without: Collection[str] = ()) -> Known:
    """All files of a report's folder; one that is in the state in which it was `earlier` is not read again."""
    known, found = earlier or {}, {}
    for name in sorted({*files.listing(folder)} - {files.MARKER, *without}, key=lambda name: name.split("/")):
        state = watch.state_of(folder / name)  # first: what changes while it is read shall look changed
        found[name] = known[name] if name in known and known[name][1] == state else [_sha256(folder / name), state]
    return found


def remember(build: Path, key: str, known: Known) -> None:
    """After the report was put in place: what is there, and what for."""
    _save(build, {"key": key, "at": time.time_ns(), "files": known})


def reasons(build: Path, out: Path) -> list[str]:
    """Why the page has to be written again; none if it stands as it was made from these very sources."""
    if not (out / "manifest.json").is_file():
        return ["it has not been written yet"]
    record = sealed.load(build / RECORD)
    if record is None:
        return ["nothing is known of how it was made"]
    known, key, at = record["files"], record["key"], record["at"]
    if key != wanted(build):
        return ["its sources have changed"]
    looked = time.time_ns()
    wrong, moved = [], False
    for name, (digest, state) in known.items():
        now = watch.state_of(out / name)
        if now is None:
            wrong.append(f"{name} is gone")
        elif now != state or max(now[:2]) > at - watch.TICK:
            moved = True
            known[name] = [digest, now]
            if _sha256(out / name) != digest:
                wrong.append(f"{name} is no longer as it was written")
    if moved and not wrong:  # copied, touched: the same bytes, so that they need not be read every time
        _save(build, {"key": key, "at": looked, "files": known})
    return wrong


def wanted(build: Path) -> str:
    """The key of the page that the newest plan asks for."""
    return (build / "page.key").read_text(encoding="utf-8").strip()


def names(build: Path) -> set[str]:
    """The files of the report as it was last written."""
    return set((sealed.load(build / RECORD) or {"files": ()})["files"])


def tell_make(build: Path, out: Path) -> None:
    """Make the key's file older or newer than the manifest, whatever the clock was when they were written."""
    due = reasons(build, out)
    try:
        written = (out / "manifest.json").stat().st_mtime_ns
    except OSError:
        return  # Make sees that for itself
    key = build / "page.key"
    stamp = key.stat().st_mtime_ns
    if due and stamp <= written:
        stamp = max(time.time_ns(), written + 1_000_000_000)
        os.utime(key, ns=(stamp, stamp))
    elif not due and stamp > written:
        os.utime(key, ns=(written, written))


def _save(build: Path, record: dict[str, Any]) -> None:
    sealed.save(build / RECORD, record)


def _sha256(path: Path) -> str:
    try:
        return files.digest(path)
    except OSError:
        return ""
