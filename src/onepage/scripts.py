"""Percent scripts, read lightly: header, cells and line numbers, without importing jupytext.

Planning has to look at every script on every `make`, so it cannot afford jupytext's 0.3 s; execution does use
jupytext. A test holds the two readers together.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepage.errors import UserError, nearest

_MARKER = re.compile(r"^\s*#\s*%%(?:%*)(?:\s(?P<options>.*))?$")
_KEY = re.compile(r'(?P<key>[A-Za-z_][\w.-]*)=(?P<value>"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\{[^}]*\}|[^\s]+)')
_KIND = re.compile(r"\[(markdown|md|raw)\]")
_HEADER_KEYS = {"title": str, "question": str, "reads": list, "timeout": (int, float)}


@dataclass(frozen=True)
class Cell:
    """One cell of a script."""

    kind: str  # "code", "markdown" or "raw"
    line: int  # number of the source's first line in the file, from 1
    source: str  # text without the marker; of a markdown cell, without its comment signs
    metadata: dict[str, Any]  # name, tags and other keys of the marker line

    @property
    def name(self) -> str | None:
        return self.metadata.get("name")

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(self.metadata.get("tags", ()))


@dataclass(frozen=True)
class Header:
    """The `jupyter: onepage:` block at the head of a script."""

    title: str  # what the page of this analysis is called
    question: str = ""  # the part of the assignment that it answers
    reads: tuple[str, ...] = ()  # "corpus", "profile", or rows of experiments.toml
    timeout: float | None = None  # seconds that the whole script may take


def header(text: str, path: str) -> Header | None:
    """The script's header, or None where there is no `onepage` block (a plain module beside the analyses)."""
    block = _header_lines(text)
    if not any(line.strip().startswith("onepage:") for line in block):
        return None
    import yaml  # 40 ms that a plan with cached headers need not spend

    try:
        table = (yaml.safe_load("\n".join(block)) or {}).get("jupyter", {}).get("onepage") or {}
    except (yaml.YAMLError, AttributeError) as error:
        raise UserError(f"{path}: the header is not valid YAML: {' '.join(str(error).split())}") from None
    for key, value in table.items():
        if key not in _HEADER_KEYS:
            raise UserError(f"{path}: the header has no key {key!r}{nearest(key, _HEADER_KEYS)}")
        if not isinstance(value, _HEADER_KEYS[key]) or isinstance(value, bool):
            raise UserError(f"{path}: {key}: {value!r} in the header has the wrong type")
    if not table.get("title"):
        raise UserError(f"{path}: the header needs a title")
    reads = tuple(map(str, table.get("reads", ())))
    timeout = table.get("timeout")
    if timeout is not None and not timeout > 0:
        raise UserError(f"{path}: timeout: {timeout!r} in the header should be a number of seconds above 0")
    return Header(table["title"], table.get("question", ""), reads, timeout)


def cells(text: str) -> list[Cell]:
    """The script's cells in order, as jupytext's percent format cuts them."""
    lines = text.splitlines()
    start = _first_body_line(lines)
    quoted = _quoted_lines(text)
    found: list[Cell] = []
    marker, options, first, fence = None, "", start, False
    for number in range(start, len(lines) + 1):
        match = None
        if number < len(lines) and number not in quoted:
            # a fenced block of a markdown cell may hold a line that looks like a marker
            if marker is not None and _KIND.search(options) and re.match(r"^#\s*(```|~~~)", lines[number]):
                fence = not fence
            match = None if fence else _MARKER.match(lines[number])
        if match is None and number < len(lines):
            continue
        body = _without_blank_end(lines[first:number])
        if marker is not None or any(line.strip() for line in body):
            found.append(_cell(options, first + 1, body))
        if match is not None:
            marker, options, first = number, match["options"] or "", number + 1
    return found


def code_cells(text: str) -> list[Cell]:
    """The cells that execute something: code cells with at least one statement (or something that is not Python)."""
    return [cell for cell in cells(text) if cell.kind == "code" and has_code(cell.source)]


def has_code(source: str) -> bool:
    """Whether a cell's source is more than comments; what does not parse counts as code, so that it fails when run."""
    if all(not line.strip() or line.lstrip().startswith("#") for line in source.splitlines()):
        return any(is_magic(line) for line in source.splitlines())
    return True


def is_magic(line: str) -> bool:
    """Whether jupytext would wake this comment up as a notebook command (`# %matplotlib inline`, `# !ls`)."""
    return re.match(r"^\s*(#\s?)+(%{1,3}[A-Za-z]|[!?]\s*[A-Za-z.~$\\/{}])", line) is not None


def parameters_cell(text: str) -> Cell | None:
    """The cell tagged `parameters`, if there is one."""
    return next((cell for cell in cells(text) if cell.kind == "code" and "parameters" in cell.tags), None)


def read_text(path: Path) -> str:
    """The text of a source file, as UTF-8 with any line endings."""
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8 text") from None


def _header_lines(text: str) -> list[str]:
    """The YAML between the two `# ---` lines at the top, without comment signs."""
    lines = text.splitlines()
    end = _first_body_line(lines)
    return [line[2:] for line in lines[:end] if not re.match(r"^#\s*---\s*$", line) and line.startswith("# ")]


def _first_body_line(lines: list[str]) -> int:
    """Index of the first line after the header (0 if there is none)."""
    start = 1 if lines and lines[0].startswith("#!") else 0
    if len(lines) <= start or not re.match(r"^#\s*---\s*$", lines[start]):
        return start
    for number in range(start + 1, len(lines)):
        if re.match(r"^#\s*---\s*$", lines[number]):
            blank = number + 1 < len(lines) and not lines[number + 1].strip()
            return number + (2 if blank else 1)
        if not lines[number].startswith("#"):
            break
    return start


def _quoted_lines(text: str) -> set[int]:
    """Indices of lines that begin inside a string of several lines, where a marker is only text."""
    if '"""' not in text and "'''" not in text:
        return set()
    inside: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.end[0] > token.start[0] and token.type not in (tokenize.NEWLINE, tokenize.ENDMARKER):
                inside.update(range(token.start[0], token.end[0]))
    except (tokenize.TokenError, SyntaxError):
        pass  # an unfinished script: its markers still count, and executing it reports the error
    return inside


def _without_blank_end(lines: list[str]) -> list[str]:
    """Without the blank lines that separate a cell from the next: two where there are just two, else one."""
    two = lines[-2:] == ["", ""] and (len(lines) < 3 or lines[-3] != "")
    return lines[:-2] if two else lines[:-1] if lines[-1:] == [""] else lines


def _cell(options: str, line: int, body: list[str]) -> Cell:
    metadata: dict[str, Any] = {}
    for match in _KEY.finditer(options):
        try:
            metadata[match["key"]] = json.loads(match["value"])
        except json.JSONDecodeError:
            metadata[match["key"]] = match["value"]
    kind_match = _KIND.search(_KEY.sub("", options))
    if not kind_match:
        return Cell("code", line, "\n".join(body), metadata)
    kind = {"md": "markdown"}.get(kind_match[1], kind_match[1])
    source = "\n".join(body).strip("\n")
    if re.match(r"^[rR]?(\"\"\"|''')", source):
        try:
            return Cell(kind, line, ast.literal_eval(source).strip("\n"), metadata)
        except (SyntaxError, ValueError):
            pass
    return Cell(kind, line, "\n".join(re.sub(r"^#\s?", "", text) for text in body), metadata)
