"""report.md and appendix.md as people write them: a YAML header, checked, and a body."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onepage.core import schema, toml_source, yaml_source
from onepage.core.errors import UserError

_HEADER = re.compile(r"---[ \t]*\n(.*?\n|)(?:---|\.\.\.)[ \t]*(?:\n|$)", flags=re.DOTALL)
FRONT = schema.Schema(schema.table({
    "title": schema.TEXT,
    "subtitle": schema.LINE,
    "author": {"anyOf": [schema.LINE, schema.TEXTS], "description": "a name, or a list of names"},
    "date": schema.LINE,
    "affiliation": schema.LINE,
    "keywords": {"anyOf": [schema.LINE, schema.TEXTS], "description": "a text with commas, or a list of texts"},
    "lang": {  # which texts are languages, `language` says; YAML takes Norwegian's code for false
        "anyOf": [schema.LINE, {"enum": [False]}, {"type": "null"}], "description": 'a language such as "en" or "nl"',
    },
}))  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """One Markdown file as people wrote it."""

    path: str  # as errors name it
    text: str  # the whole file
    front: dict[str, Any]  # its YAML header
    body: str  # what follows the header, with empty lines in its place so that line numbers stay
    lines: Mapping[schema.Place, int] = field(default_factory=dict)  # where the header's keys stand

    def place(self, key: str) -> str:
        """File and line of a key of the header."""
        return f"{self.path}:{self.lines.get((key,), 1)}"


def draft(path: Path, root: Path) -> Draft:
    """Read a Markdown file and split its YAML header off, checked."""
    named = named_below(path, root)
    text = toml_source.read_text(path, named)
    match = _HEADER.match(text)
    if not match:
        if re.match(r"---[ \t]*\n\s*\w+:", text):
            raise UserError(f"{named}:1: the header that begins here does not end; close it with a line of ---")
        return Draft(named, text, {}, text)
    source = yaml_source.parse(match.group(1), named, first=2)
    front = {} if source.data is None else source.data
    if not isinstance(front, dict):
        raise UserError(f"{named}:2: the header must be a list of `key: text` lines")
    if isinstance(front.get("date"), datetime.date | int) and not isinstance(front["date"], bool):
        front["date"] = str(front["date"])  # YAML takes 2026-01-31 and 2026 for more than text
    source.data = front
    FRONT.check(source)
    return Draft(named, text, front, "\n" * match.group(0).count("\n") + text[match.end() :], source.positions())


def titled(report: Draft) -> Draft:
    """The draft of report.md, which has to have a title."""
    if "title" not in report.front:
        raise UserError(f"{report.path}:1: the header has no title; begin the file with ---, title: ..., ---")
    return report


def named_below(path: Path, root: Path) -> str:
    """A path as errors show it: below the project where it is."""
    path, root = path.parent.resolve() / path.name, root.resolve()  # a link is named as it is called
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
