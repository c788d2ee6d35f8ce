"""What we write for ourselves to read again, under checksums: what has come to harm since is noticed, not believed.

A disk that fills up, a power cut or an editor's slip leaves files that are there and not whole. The bytes of a result
are listed as `sha256sum -c` reads them; a record of our own is one line of JSON below the checksum of that line.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from onepage.core import files

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def sums(folder: Path, names: Iterable[str]) -> str:
    """The checksums of files (relative paths), one line each; a name with a line break stands there escaped."""
    return "".join(f"{files.digest(folder / name)}  {_escaped(name)}\n" for name in sorted(names))


def fault(folder: Path, said: str, names: Iterable[str], hashed: Callable[[Path], str] = files.digest) -> str:
    """What of a folder's files `names` is not as `sums` said; the empty string if all are."""
    lines = [_LINE.fullmatch(line) for line in said.splitlines()]
    known = {line[2]: line[1] for line in lines if line}
    if not known or not all(lines):
        return "its checksums cannot be read"
    there = {_escaped(name): folder / name for name in names}
    if strange := sorted(known.keys() ^ there.keys()):
        return f"{strange[0]} {'is gone' if strange[0] in known else 'is not of it'}"
    for name, path in there.items():
        try:
            whole = hashed(path) == known[name]
        except OSError as error:
            return f"{name} cannot be read ({error.strerror})"
        if not whole:
            return f"{name} is no longer as it was written"
    return ""


def save(path: Path, value: Any) -> None:
    """Write a record of our own; a file that says the same already is left alone."""
    text = json.dumps(value)
    files.write_if_changed(path, f"{_digest(text)}\n{text}\n")


def load(path: Path) -> Any:
    """That record; None if there is none, or none that is as it was written."""
    try:
        digest, _, text = path.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return json.loads(text) if _digest(text.removesuffix("\n")) == digest else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("\n", "\\n").encode("utf-8", "backslashreplace").decode()
