"""references.bib: its entries with their lines, its errors, and its text as pandoc's reader of TeX can take it.

BibTeX leaves a field's text to TeX, where a bare `%` begins a comment and `#`, `&`, `_` are errors. People mean the
signs, and so does the copy that pandoc reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from onepage.core.errors import UserError
from onepage.core.toml_source import read_text
from onepage.page.tree import pandoc
from onepage.page.tree.walk import nodes

VERBATIM = {"url", "doi", "file", "eprint", "pdf", "crossref", "xref", "keywords", "urldate", "isbn", "issn"}
_START = re.compile(r"@[ \t]*([A-Za-z]+)[ \t\n]*([{(])")
_NEXT = re.compile(r"\n[ \t]*@[ \t]*[A-Za-z]+[ \t]*[{(][^\s{}(),=]*,")
_KEY = re.compile(r"[ \t\n]*([^\s,{}\"%=\\#~|<>^]+)[ \t\n]*(?=[,})])")
_FIELD = re.compile(r"[ \t\n,]*([A-Za-z][\w+./:-]*)[ \t\n]*=[ \t\n]*")
_WORD = re.compile(r"[\w.+:-]+")


@dataclass(frozen=True)
class Entry:
    """One entry of the file."""

    key: str
    line: int
    text: str  # its fields' text as TeX, for those that TeX reads


@dataclass(frozen=True)
class Bibliography:
    """A bibliography that is whole: every entry closed, every key once."""

    path: str  # as errors shall name it
    text: str  # as pandoc shall read it, line by line as it stands in the file
    entries: tuple[Entry, ...]

    def line(self, key: str) -> int:
        """The line of an entry."""
        return next((entry.line for entry in self.entries if entry.key == key), 1)

    def notes(self, cited: list[str]) -> list[str]:
        """Entries that nobody cites, and TeX in them that is shown nowhere."""
        unused = [e for e in self.entries if e.key not in cited]
        said = [f'{self.path}:{e.line}: the entry "{e.key}" is cited nowhere' for e in unused]
        strange = [e for e in self.entries if e.key in cited and re.search(r"\\[A-Za-z]{2,}", e.text)]
        for entry in strange:
            unknown = [n["c"][1] for n in nodes(pandoc.latex(entry.text)) if n["t"] in ("RawInline", "RawBlock")]
            said += [f'{self.path}:{entry.line}: the TeX {tex} in "{entry.key}" is not shown' for tex in unknown]
        return said


def load(path: Path, named: str) -> Bibliography:
    """Read a BibTeX file; what is wrong with it is one line with file and line number."""
    return _Reader(read_text(path, named), named).read()


class _Reader:
    def __init__(self, text: str, named: str) -> None:
        self.text, self.named, self.at = text, named, 0
        self.out: list[str] = []
        self.entries: list[Entry] = []

    def read(self) -> Bibliography:
        while match := _START.search(self.text, self.at):
            self._blank(match.start())
            self.start, kind = match.start(), match.group(1).lower()
            close = "}" if match.group(2) == "{" else ")"
            if kind == "comment":
                self._blank(self._past(match.end(), close))
                continue
            self._keep(self.text[match.start() : match.end() - 1] + "{", match.end())
            if kind in ("string", "preamble"):
                end = self._past(match.end(), close)
                self._keep(self.text[match.end() : end - 1] + "}", end)
            else:
                self._entry(close)
        self._blank(len(self.text))
        return Bibliography(self.named, "".join(self.out), tuple(self.entries))

    def _entry(self, close: str) -> None:
        match = _KEY.match(self.text, self.at)
        if not match:
            begin = " ".join(self.text[self.at : self.at + 40].split(",")[0].split())
            raise self._error(
                f'an entry begins with a key: letters, digits and . : / _ - + are good for it, not "{begin}"'
            )
        key = match.group(1)
        earlier = next((entry for entry in self.entries if entry.key == key), None)
        if earlier:
            raise self._error(f'the key "{key}" is there twice, first in line {earlier.line}; rename one of them')
        self._keep(match.group(), match.end())
        said: list[str] = []
        while field := _FIELD.match(self.text, self.at):
            self._keep(field.group(), field.end())
            said.append(self._values(field.group(1).lower(), key))
        end = self.at
        while self.text[end : end + 1] in (" ", "\t", "\n", ","):
            end += 1
        self._keep(self.text[self.at : end], end)
        if self.text[self.at : self.at + 1] != close:
            if self.text.startswith("@", self.at):
                raise self._error(f'not a valid bibliography: the entry "{key}" is not closed before the next begins')
            here = " ".join(self.text[self.at : self.at + 30].split()) or "the end of the file"
            raise self._error(
                f'not a valid bibliography: unexpected {here!r} in the entry "{key}"; '
                "a comma, brace or quote is missing before it", self.at,
            )  # fmt: skip
        self._keep("}", self.at + 1)
        self.entries.append(Entry(key, self._line(self.start), "\n".join(text for text in said if text)))

    def _values(self, field: str, key: str) -> str:
        """A field's value, pieces joined by `#`; its text as TeX."""
        said = ""
        while True:
            opening = self.text[self.at : self.at + 1]
            if opening in ("{", '"') and opening:
                end = self._past(self.at + 1, "}" if opening == "{" else '"', key)
                inside = self.text[self.at + 1 : end - 1]
                inside = inside if field in VERBATIM else signs(inside)
                said += inside if field not in VERBATIM else ""
                self._keep(opening + inside + self.text[end - 1], end)
            else:
                word = _WORD.match(self.text, self.at)
                if not word:
                    raise self._error(f'not a valid bibliography: {field} of "{key}" has no value', self.at)
                self._keep(word.group(), word.end())
            joined = re.compile(r"[ \t\n]*#[ \t\n]*").match(self.text, self.at)
            if not joined:
                return said
            self._keep(joined.group(), joined.end())

    def _past(self, start: int, close: str, key: str = "") -> int:
        """The place after the closing brace, quote or bracket."""
        depth, at = 0, start
        follows = _NEXT.search(self.text, start)
        limit = len(self.text)
        while at < limit:
            sign = self.text[at]
            if sign == close and depth == 0:
                if follows and at > follows.start() and key:
                    break  # another entry begins inside this text: its own end is missing
                return at + 1
            depth += {"{": 1, "}": -1}.get(sign, 0)
            at += 2 if sign == "\\" else 1
        whose = f'"{key}"' if key else "this entry"
        raise self._error(f"not a valid bibliography: a brace or quote of {whose} is never closed")

    def _keep(self, text: str, end: int) -> None:
        self.out.append(text)
        self.at = end

    def _blank(self, end: int) -> None:
        """What stands between entries is a comment."""
        self._keep("\n" * self.text.count("\n", self.at, end), end)

    def _line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1

    def _error(self, said: str, at: int | None = None) -> UserError:
        return UserError(f"{self.named}:{self._line(self.start if at is None else at)}: {said}")


_PIECE = re.compile(
    r"\\(?:url|href|path)\s*\{[^{}]*\}|\\.|\$(?=[^\s$])(?:[^$\\\n]|\\.)*?(?<=[^\s\\])\$(?!\d)|[%#&_^$]", re.DOTALL
)


def signs(text: str) -> str:
    """Signs that TeX gives a meaning and people do not, escaped: `100% of R&D` is what it says."""

    def escaped(match: re.Match[str]) -> str:
        piece = match.group()
        return piece if len(piece) > 1 else {"^": r"\^{}"}.get(piece, "\\" + piece)

    return _PIECE.sub(escaped, text)
