"""Percent scripts, read as plain Python: header, cells and line numbers.

A comment is a comment here, whatever it says: `# %matplotlib inline` and `# !ls` too, which jupytext would turn into
commands when it makes a notebook of the script. This reader serves planning, execution and pages alike, and is as
quick as planning on every `make` demands. A test holds it against jupytext (with `comment_magics` off).
"""

from __future__ import annotations

import ast
import codecs
import contextlib
import functools
import io
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepage.core import schema, toml_source
from onepage.core.errors import UserError
from onepage.core.schema import Source
from onepage.scripts import cell_options

_MARKER = re.compile(r"^\s*#\s*(?:%%(?P<options>%*\s.*)|(?:%%|<codecell>|In\[[0-9 ]*\]:?)\s*)$")
_RULE = re.compile(r"^#\s*---\s*$")
_HEADER_WORD = re.compile(r"^\s*#+\s*(jupyter|onepage)\s*:")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_STRING = re.compile(r"[rR]?(?P<quotes>\"{3}|'{3})")


@dataclass(frozen=True)
class Cell:
    """One cell of a script."""

    kind: str  # "code", "markdown" or "raw"
    line: int  # number of the source's first line in the file, from 1
    source: str  # text without the marker; of a markdown cell, without its comment signs
    metadata: dict[str, Any]  # name, tags and other keys of the marker line

    @property
    def name(self) -> str | None:
        name = self.metadata.get("name")
        return name if isinstance(name, str) else None

    @property
    def tags(self) -> tuple[str, ...]:
        tags = self.metadata.get("tags")
        return tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()


@dataclass(frozen=True)
class Header:
    """The `jupyter: onepage:` block at the head of a script."""

    title: str  # what the page of this analysis is called
    question: str = ""  # the part of the assignment that it answers
    reads: tuple[str, ...] = ()  # "corpus", "profile", or rows of experiments.toml
    timeout: float | None = None  # seconds that the whole script may take


def header(text: str, path: str) -> Header | None:
    """The script's header, or None where there is no `onepage` block (a plain module beside the analyses)."""
    place, block = _header_block(text)
    if not any(re.search(r"\bonepage\s*:", line) for line in block):
        _refuse_stray_header(text, path, place)
        return None
    source = _parsed(block, path, place)
    jupyter = source.data.get("jupyter") if isinstance(source.data, dict) else None
    if not isinstance(jupyter, dict) or not isinstance(jupyter.get("onepage"), dict):
        where = ("jupyter", "onepage") if isinstance(jupyter, dict) else ()
        raise source.error(
            "the header has no table `onepage:` under `jupyter:`; it begins with `# jupyter:`, then"
            " `#   onepage:`, then `#     title: ...`, each two spaces further in",
            *where,
        )
    table = header_schema().check(source, "jupyter", "onepage")
    return Header(table["title"], table.get("question", ""), tuple(table.get("reads", ())), table.get("timeout"))


def header_line(text: str, key: str, path: str) -> int:
    """The line of the header where `key` stands."""
    place, block = _header_block(text)
    return _parsed(block, path, place).line("jupyter", "onepage", key)


def _header_block(text: str) -> tuple[range | None, list[str]]:
    """Where the header's lines are, and what they hold without their comment signs."""
    lines = lines_of(text)
    place = _header_place(lines)
    return place, [re.sub(r"^# ?", "", line) for line in lines[place.start : place.stop - 1]] if place else []


def _parsed(block: list[str], path: str, place: range | None) -> Source:
    from onepage.core import yaml_source

    return yaml_source.parse("\n".join(block), path, place.start + 1 if place else 1)


@functools.cache
def header_schema() -> schema.Schema:
    seconds = {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 31_536_000}
    keys: dict[str, dict[str, Any]] = {
        "title": {**schema.TEXT, "description": "what the page of this analysis is called"},
        "question": schema.LINE,
        "reads": {**schema.TEXTS, "uniqueItems": True},
        "timeout": {**seconds, "description": "a number of seconds"},
    }
    return schema.Schema(schema.table(keys, ("title",), "title, question, reads and timeout of this script"))


def cells(text: str) -> list[Cell]:
    """The script's cells in order, as jupytext's percent format cuts them."""
    return list(_cut(text))


@functools.lru_cache(maxsize=8)
def _cut(text: str) -> tuple[Cell, ...]:
    lines = lines_of(text)
    start = _first_body_line(lines)
    inside = _Inside(text)
    found: list[Cell] = []
    marker, kind, first = None, "code", start
    metadata: dict[str, Any] = {}
    fence_end = 0
    for number in range(start, len(lines) + 1):
        match = None
        if number < len(lines):
            if kind != "code" and number >= fence_end:  # a fenced block may hold a line that looks like a marker
                fence_end = _fence_end(lines, number)
            if number >= fence_end and (match := _MARKER.match(lines[number])) and inside.is_text(lines, number):
                match = None
            if match is None:
                continue
        body = _without_blank_end(lines[first:number])
        if marker is not None or any(line.strip() for line in body):
            found.append(_cell(kind, first + 1, body, metadata))
        if match is not None:
            marker, first = number, number + 1
            kind, metadata = cell_options.read(match["options"] or "")
    return tuple(found)


def code_cells(text: str) -> list[Cell]:
    """The cells that execute something: code cells with at least one statement (or something that is not Python)."""
    return [cell for cell in cells(text) if cell.kind == "code" and has_code(cell.source)]


def has_code(source: str) -> bool:
    """Whether a cell's source is more than comments; what does not parse counts as code, so that it fails when run."""
    try:
        return bool(ast.parse(source).body)
    except (SyntaxError, ValueError):
        return True


def docstring(text: str) -> str | None:
    """What `__doc__` is when the script runs plainly."""
    try:
        return ast.get_docstring(ast.parse(text), clean=False)
    except (SyntaxError, ValueError):
        return None


def has_markers(text: str) -> bool:
    """Whether this is a percent script, with a header or without."""
    return any(_MARKER.match(line) and "%%" in line for line in lines_of(text))


def parameters_cell(text: str) -> Cell | None:
    """The cell tagged `parameters`, if there is one."""
    return next((cell for cell in cells(text) if cell.kind == "code" and "parameters" in cell.tags), None)


def read_text(path: Path, shown: str = "") -> str:
    """The text of a source file as Python reads it: UTF-8, any line endings, with or without a byte-order mark."""
    shown = shown or str(path)
    data = toml_source.read_bytes(path, shown)
    with contextlib.suppress(SyntaxError):  # what is not UTF-8: `decode` says where
        encoding, head = tokenize.detect_encoding(io.BytesIO(data).readline)
        if codecs.lookup(encoding).name not in ("utf-8", "utf-8-sig", "ascii"):
            raise UserError(
                f"{shown}:{len(head)}: the coding line says {encoding}; sources are UTF-8: save the file as UTF-8 and"
                " take that line out"
            )
    return toml_source.decode(data, shown)


def lines_of(text: str) -> list[str]:
    """The lines as Python counts them: `str.splitlines` also cuts at form feeds and at some letters of Unicode."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _header_place(lines: list[str]) -> range | None:
    """Indices of the lines between the two `# ---`, and the closing one.

    Before it may stand what is no code: a `#!` line, a coding line, blank lines, comments.
    """
    opened = None
    for number, line in enumerate(lines):
        if line.strip() and not line.startswith("#"):
            break
        if _RULE.match(line):
            if opened is not None:
                return range(opened + 1, number + 1)
            opened = number
        elif opened is not None and not line.startswith("#"):
            break
    return None


def _first_body_line(lines: list[str]) -> int:
    """Index of the first line after the header, or after a `#!` and a coding line where there is none."""
    place = _header_place(lines)
    if place is not None:
        blank = place.stop < len(lines) and not lines[place.stop].strip()
        return place.stop + blank
    start = 1 if lines and lines[0].startswith("#!") else 0
    coding = len(lines) > start and re.match(r"^[ \t\f]*#.*?coding[:=][ \t]*[-\w.]+", lines[start])
    return start + bool(coding)


def _refuse_stray_header(text: str, path: str, place: range | None) -> None:
    """A header that is not one, because of where or how it stands, would silently make the script no analysis."""
    lines = lines_of(text)
    if any(_RULE.match(line) for line in lines) or has_markers(text):
        comments = {token.start[0] for token in _tokens(text) if token.type == tokenize.COMMENT}
        for number, line in enumerate(lines, 1):
            word = _HEADER_WORD.match(line)
            if not word or number not in comments or (place and word[1] == "jupyter" and number - 1 in place):
                continue
            raise UserError(
                f"{path}:{number}: this looks like a header and is none: it stands at the top of the script, before all"
                " code, between two lines `# ---`, each line of it beginning with `#`"
            )


def _tokens(text: str) -> list[tokenize.TokenInfo]:
    """As many as can be had of a script that may be unfinished."""
    found: list[tokenize.TokenInfo] = []
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        found.extend(tokenize.generate_tokens(io.StringIO(text).readline))
    return found


class _Inside:
    """Tells which lines that look like markers are only text: within a string, or indented within a statement."""

    def __init__(self, text: str) -> None:
        self._strings: set[int] = set()
        self._statements: set[int] = set()
        if any(_MARKER.match(line) for line in lines_of(text)):
            long = any(mark in text for mark in ('"""', "'''", "\\\n"))  # whether a string may go over several lines
            for token in _tokens(text) if long else ():
                if token.end[0] > token.start[0] and token.type not in (tokenize.NEWLINE, tokenize.ENDMARKER):
                    self._strings.update(range(token.start[0], token.end[0]))
            try:
                body = ast.parse(text).body
            except (SyntaxError, ValueError):
                body = []  # its markers still count, and executing it reports the error
            for statement in body:
                self._statements.update(range(statement.lineno, statement.end_lineno or 0))

    def is_text(self, lines: list[str], number: int) -> bool:
        return number in self._strings or (lines[number][:1].isspace() and number in self._statements)


def _fence_end(lines: list[str], number: int) -> int:
    """If the line opens a fenced block of Markdown that is closed, the index after its end; else `number`."""
    opening = _FENCE.match(_uncommented(lines[number]))
    if not opening or (opening[1][0] == "`" and "`" in opening[2]):
        return number
    for later in range(number + 1, len(lines)):
        closing = _FENCE.match(_uncommented(lines[later]))
        if closing and closing[1].startswith(opening[1]) and not closing[2].strip():
            return later + 1
    return number


def _without_blank_end(lines: list[str]) -> list[str]:
    """Without the blank lines that separate a cell from the next: two where there are just two, else one."""
    two = lines[-2:] == ["", ""] and (len(lines) < 3 or lines[-3] != "")
    return lines[:-2] if two else lines[:-1] if lines[-1:] == [""] else lines


def _uncommented(line: str) -> str:
    return line.removeprefix("# ") if line.startswith("# ") else line.removeprefix("#")


def _cell(kind: str, line: int, body: list[str], metadata: dict[str, Any]) -> Cell:
    source = "\n".join(body)
    if kind == "code":
        return Cell(kind, line, source, metadata)
    words = source.strip()
    opening = _STRING.match(words)
    if opening and words.endswith(opening["quotes"]) and len(words) >= len(opening[0]) + 3:
        # the text as it stands: with TeX in mind, `\beta` in a Markdown cell is no escape
        words = words[len(opening[0]) : -3].removeprefix("\n").removesuffix("\n")
        return Cell(kind, line, "\n".join(lines_of(words)), metadata)
    return Cell(kind, line, "\n".join(map(_uncommented, body)), metadata)
