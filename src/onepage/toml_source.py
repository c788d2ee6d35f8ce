"""TOML read with the lines remembered: an error about a key names its file and line."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepage.errors import UserError

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')\s*(?:\.|=)")


@dataclass(frozen=True)
class Toml:
    """A TOML file: its data, and where things stand in it."""

    path: str  # as errors shall name it
    data: dict[str, Any]
    text: str

    def line(self, *where: str | int) -> int:
        """The line of `data[where[0]][where[1]]...`, or of the nearest thing around it."""
        lines, start = self.text.splitlines(), 0
        found, table = 1, ""
        for depth, part in enumerate(where):
            rest = where[depth + 1] if depth + 1 < len(where) else None
            if isinstance(part, int):
                continue
            wanted = f"{table}.{part}" if table else part
            index = rest if isinstance(rest, int) else 0
            headers = [i for i, text in enumerate(lines) if _header(text) == wanted]
            if len(headers) > index:
                start, table, found = headers[index] + 1, wanted, headers[index] + 1
                continue
            for i in range(start, len(lines)):
                if _HEADER.match(lines[i]) and i >= start:
                    break
                key = _KEY.match(lines[i])
                if key and key.group(1).strip("\"'") == part:
                    return i + 1
            return found
        return found

    def error(self, message: str, *where: str | int) -> UserError:
        """`path:line: message`."""
        return UserError(f"{self.path}:{self.line(*where)}: {message}")


def load(path: Path, named: str | None = None) -> Toml:
    """Read a TOML file; what is wrong with it is one line with file and line number."""
    named = named or str(path)
    text = read_text(path, named)
    try:
        return Toml(named, tomllib.loads(text), text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = int(at.group(1)) if at else max(1, len(text.splitlines()))
        message = re.sub(r"\s*\(at [^)]*\)", "", str(error))
        raise UserError(f"{named}:{line}: not valid TOML: {message}") from None


def read_text(path: Path, named: str) -> str:
    """A UTF-8 text file, with errors that say which file and line."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{named}: there is no such file") from None
    except OSError as error:
        raise UserError(f"{named}: cannot be read ({error.strerror})") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        byte = f"{raw[error.start]:#04x}"
        raise UserError(f"{named}:{line}: byte {byte} is not UTF-8; save the file as UTF-8") from None


def _header(text: str) -> str | None:
    match = _HEADER.match(text)
    return re.sub(r"\s*\.\s*", ".", match.group(2)).replace('"', "") if match else None
