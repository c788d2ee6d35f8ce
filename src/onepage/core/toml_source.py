"""TOML and other text files, read with the lines remembered: an error about a key names its file and line."""

from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from onepage.core.errors import UserError
from onepage.core.schema import DEEPEST, Place, Source

LARGEST = 1_000_000  # bytes of a settings file
_LONG = re.compile(r"[^\n]{1000}")  # tomllib takes the square of a dotted key's length


class Toml(Source):
    """A TOML file: its data, and where things stand in it."""

    def __init__(self, path: str, data: dict[str, Any], text: str = "") -> None:
        super().__init__(path, data)
        self.text = text

    def positions(self) -> dict[Place, int]:
        return _Scanner(self.text).lines


def load(path: Path, named: str | None = None) -> Toml:
    """Read a TOML file; what is wrong with it is one line with file and line number."""
    named = named or str(path)
    return parse(read_text(path, named, LARGEST), named)


def parse(text: str, named: str) -> Toml:
    """As `load`, for text that has been read."""
    if _LONG.search(text) and (deep := _Scanner(text).too_deep):
        raise UserError(f"{named}:{deep}: nested more than {DEEPEST} levels deep")
    try:
        return Toml(named, tomllib.loads(text), text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = int(at.group(1)) if at else max(1, len(text.split("\n")) - text.endswith("\n"))
        message = re.sub(r"\s*\(at [^)]*\)", "", str(error))
        raise UserError(f"{named}:{line}: not valid TOML: {message}") from None
    except RecursionError:
        raise UserError(f"{named}:{_Scanner(text).too_deep or 1}: nested more than {DEEPEST} levels deep") from None
    except ValueError:  # Python reads no number of more than 4300 digits
        digits = re.search(r"\d[\d_]{4000}", text)
        line = text.count("\n", 0, digits.start()) + 1 if digits else 1
        raise UserError(f"{named}:{line}: not valid TOML: a number of very many digits") from None


def read_text(path: Path, named: str, largest: int | None = None) -> str:
    """A UTF-8 text file with any line endings, its errors with file and line."""
    return decode(read_bytes(path, named, largest), named)


def read_bytes(path: Path, named: str, largest: int | None = None) -> bytes:
    """The content of an ordinary file."""
    try:
        state = path.stat()
        if stat.S_ISDIR(state.st_mode):
            raise UserError(f"{named}: is a folder; a text file should stand there")
        if not stat.S_ISREG(state.st_mode):
            raise UserError(f"{named}: is not an ordinary file; a text file should stand there")
        if largest and state.st_size > largest:
            raise UserError(f"{named}:1: has {state.st_size:,} bytes; at most {largest:,} are read")
        return path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{named}: there is no such file") from None
    except OSError as error:
        raise UserError(f"{named}: cannot be read ({error.strerror})") from None


def decode(raw: bytes, named: str) -> str:
    """Bytes as text: UTF-8, with or without a byte-order mark, lines ending in any of the three ways."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UserError(f"{named}:1: is UTF-16; save the file as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = _lines(raw[: error.start].decode("utf-8", "replace"))
        byte = f"{raw[error.start]:#04x}"
        raise UserError(f"{named}:{line}: byte {byte} is not UTF-8; save the file as UTF-8") from None
    if "\0" in text:
        line = _lines(text[: text.index("\0")])
        raise UserError(f"{named}:{line}: holds a NUL byte, so it is not UTF-8 text; save the file as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _lines(before: str) -> int:
    return before.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


class _Scanner:
    """Where every key of a TOML text stands; tomllib says what the text means, and nothing of where.

    The text is taken to be valid: what is not stops the scan, and leaves what was found until then.
    """

    _SPACE = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")
    _KEY = re.compile(r'[ \t]*([A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\')[ \t]*(\.?)')
    _SCALAR = re.compile(
        r'"""[^"\\]*(?:(?:\\.|"{1,2}(?!"))[^"\\]*)*"""(?:"{0,2})|'
        r"'''.*?'''(?:'{0,2})|"
        r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[^\s,\[\]{}#"\'=]+(?: \d[^\s,\]}#]*)?',
        re.DOTALL,
    )

    def __init__(self, text: str) -> None:
        self.lines: dict[Place, int] = {}
        self.too_deep: int | None = None  # the first line that nests deeper than anything reads
        self._text, self._at, self._line, self._counted = text, 0, 1, 0
        self._arrays: dict[Place, int] = {}  # arrays of tables -> members until now
        self._scan()

    def _scan(self) -> None:
        table: Place = ()
        while self.too_deep is None:
            self._skip()
            if self._at >= len(self._text):
                return
            if self._text[self._at] == "[":
                header = self._header()
                if header is None:
                    return
                table = header
            elif not self._pair(table):
                return

    def _header(self) -> Place | None:
        """The place that `[a.b]` or `[[a.b]]` opens."""
        several = self._text.startswith("[[", self._at)
        self._at += 1 + several
        parts = self._key()
        if not parts or self._text[self._at : self._at + 1] != "]":
            return None
        self._at += 1 + several
        place: Place = ()
        for part in parts[:-1]:
            place = (*place, part)
            self._note(place)
            if place in self._arrays:
                place = (*place, self._arrays[place] - 1)
        place = (*place, parts[-1])
        if several:
            self._note(place)
            self._arrays[place] = self._arrays.get(place, 0) + 1
            place = (*place, self._arrays[place] - 1)
        self.lines[place] = self._here()
        return place

    def _pair(self, table: Place) -> bool:
        """`key = value` and all that is in the value; whether it could be read."""
        place = self._key_of(table)
        around: list[tuple[str, Place, int]] = []  # what is open: "[" or "{", its place, members until now
        while place is not None:
            self._skip()
            self._note(place)
            sign = self._text[self._at : self._at + 1] or " "
            if sign in ("[", "{"):
                self._at += 1
                around.append((sign, place, 0))
            elif match := self._SCALAR.match(self._text, self._at):
                self._at = match.end()
            else:
                return False
            if len(around) > DEEPEST:
                self.too_deep = self._here()
                return False
            place = self._following(around)
            if not around:
                return True
        return False

    def _following(self, around: list[tuple[str, Place, int]]) -> Place | None:
        """The next place inside what is open, after closing what ends here."""
        while around:
            self._skip()
            if self._text[self._at : self._at + 1] == ",":
                self._at += 1
                self._skip()
            sign, place, members = around[-1]
            if self._text[self._at : self._at + 1] == {"[": "]", "{": "}"}[sign]:
                self._at += 1
                around.pop()
                continue
            around[-1] = (sign, place, members + 1)
            return (*place, members) if sign == "[" else self._key_of(place)
        return ()

    def _key_of(self, table: Place) -> Place | None:
        """The place that a key names below `table`, past its `=`."""
        parts = self._key()
        if not parts or self._text[self._at : self._at + 1] != "=":
            return None
        self._at += 1
        for end in range(1, len(parts) + 1):
            self._note((*table, *parts[:end]))
        return (*table, *parts)

    def _key(self) -> list[str]:
        """The parts of a dotted key."""
        parts: list[str] = []
        while match := self._KEY.match(self._text, self._at):
            self._at, part = match.end(), match.group(1)
            if part.startswith('"') and "\\" in part:
                try:
                    part = tomllib.loads(f"k = {part}")["k"]
                except ValueError:
                    return []
            parts.append(part[1:-1] if match.group(1) == part and part[0] in "\"'" else part)
            if len(parts) > DEEPEST:
                self.too_deep = self._here()
                return []
            if not match.group(2):
                return parts
        return []

    def _skip(self) -> None:
        self._at = self._SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _note(self, place: Place) -> None:
        self.lines.setdefault(place, self._here())
