"""Digits that somebody typed: every number of the page comes from the results, or is allowed by the brief.

Looked for in the finished tree, where what was computed carries a mark (see `marks`); so it does not matter how a
digit got there: as text, from an expression in braces, by a caption's argument, an entity, a list's mark.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from onepage.page.numbers import marks, numerals
from onepage.page.tree.pandoc import Node, Source, find_line

SPOKEN = ("title", "alt", "aria-label", "spanner", "caption", "summary", "label", "value", "placeholder", "start")
_TAG = re.compile(r"<!--.*?-->|</?[A-Za-z][^<>]*>", re.DOTALL)
_SPOKEN = re.compile(rf"\b(?:{'|'.join(SPOKEN)}|content)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)")
_LOCATOR = re.compile(
    r"^[\s,]*(?:pp?\.|pages?|ch\.|chap\.|chapters?|secs?\.|sections?|vol\.|figs?\.|eqs?\.|tab\.|no\.|lines?|§+)?"
    r"\s*\d[\d\s,–-]*$"
)
_ADDRESS = re.compile(r"(?:https?://|www\.|doi:)\S+")
# What may hold the same digits in the file without showing them; the place of a typed number is not there.
_UNSEEN = re.compile(
    r"<!--.*?-->|\{!--.*?--!\}|(?<=\])\([^()]*\)|(?<=[\])`])\{[^{}%]*\}|^#+[^\n]*(\{#[^{}]*\})\s*$"
    r"|^:{3,}[^\n]*$|-?@[\w][\w:.#$%&+?<>~/-]*|\[\^[^\]]*\]",
    re.MULTILINE | re.DOTALL,
)
_EDGES = ".,;:!?()[]{}\"'“”‘’«»…"


@dataclass(frozen=True)
class Typed:
    """A number that the page shows and nobody computed."""

    text: str
    where: str  # path:line
    run: str  # the text that it stands in
    span: tuple[int, int]  # its digits' place there
    in_words: bool = False

    def __str__(self) -> str:
        return f'{self.where}: "{self.text}" is typed by hand'


@dataclass(frozen=True)
class Rules:
    """What the brief says of typed numbers."""

    allowed: tuple[str, ...] = ()
    words: bool = False  # numerals in words count as well

    def permits(self, typed: Typed) -> bool:
        """Whether this one may be typed."""
        return (typed.in_words and not self.words) or self.phrase(typed) is not None

    def phrase(self, typed: Typed) -> str | None:
        """The allowed words that this number is in."""
        first, last = typed.span
        found = (match for pattern in self._patterns for match in pattern.finditer(typed.run))
        return next((match.group() for match in found if match.start() <= first and last <= match.end()), None)

    @property
    def _patterns(self) -> list[re.Pattern[str]]:
        return [
            re.compile(each[1:-1]) if len(each) > 2 and each[0] == each[-1] == "/"
            else re.compile(rf"(?<!\w){re.escape(_plain(each))}(?!\w)")
            for each in self.allowed
        ]  # fmt: skip


def typed_in_tree(blocks: list[Node], source: Source) -> list[Typed]:
    """What is typed in a part of the page, in reading order; `blocks` as `pandoc.marked` gives them."""
    return _placed(_runs(blocks), source.path, source.original)


def typed_in_texts(texts: Iterable[tuple[str, int]], path: str) -> list[Typed]:
    """What is typed in plain texts, each with its line."""
    return [
        Typed(token, f"{path}:{line}", run, span, words)
        for text, line in texts
        for token, run, span, words in _found(text)
    ]


LISTED = 3  # typed numbers that the footer names


def statement(typed: Iterable[Typed], rules: Rules) -> str:
    """What the page's footer says of where its numbers come from: what was found, and no more."""
    found = [each for each in typed if rules.words or not each.in_words]
    wrong = list(dict.fromkeys(_as_read(each.text) for each in found if not rules.permits(each)))
    given = list(dict.fromkeys(rules.phrase(each) or each.text for each in found if rules.permits(each)))
    named = wrong or given
    listed = ", ".join(named[:LISTED]) + (", …" if len(named) > LISTED else "")
    if wrong:
        return f"Numbers are computed by make report, but for some that are typed by hand ({listed})."
    if given:
        return f"Every number on these pages is computed by make report, or given by the assignment ({listed})."
    return "Every number on these pages is computed by make report."


def _as_read(text: str) -> str:
    """A word of a formula without its TeX."""
    return " ".join(re.sub(r"\\[A-Za-z]+|\\.|[{}$]", " ", text).split()) or text


def _placed(runs: Iterable[str], path: str, original: str) -> list[Typed]:
    """The typed numbers of these texts, each with its line: the n-th of its kind stands where the n-th is written."""
    seen: dict[str, int] = {}
    hidden = [match.span() for match in _UNSEEN.finditer(original)]
    out = []
    for text in runs:
        for token, run, span, words in _found(text):
            number = seen[token] = seen.get(token, -1) + 1
            places = _places(token, original, hidden) or _places(run[slice(*span)], original, hidden)
            if places:
                line = original.count("\n", 0, places[min(number, len(places) - 1)]) + 1
            else:
                line = _nearest(original, run, token)
            out.append(Typed(token, f"{path}:{line}", run, span, words))
    return out


def _places(token: str, original: str, hidden: list[tuple[int, int]]) -> list[int]:
    found = (match.start() for match in re.finditer(rf"(?<!\w){re.escape(token)}(?!\w)", original))
    return [at for at in found if not any(start <= at < end for start, end in hidden)]


def _nearest(original: str, run: str, token: str) -> int:
    """The line that says it in other words (an entity, an expression)."""
    for number, line in enumerate(original.splitlines(), 1):
        if token in html.unescape(line) and token not in line:
            return number
    at = run.find(token)
    near = set(re.findall(r"[^\W\d]{2,}", run[max(0, at - 60) : at + 60]) if at >= 0 else [])
    lines = [len(near & set(re.findall(r"[^\W\d]{2,}", line))) for line in original.splitlines()]
    return lines.index(max(lines)) + 1 if any(lines) else find_line(original, run)


def _found(text: str) -> Iterator[tuple[str, str, tuple[int, int], bool]]:
    """Each typed number of a text: its word, the text as read, where its digits are, whether it is in words."""
    letters, given = [], []
    mark = inside = False
    for letter in text:
        if letter in (marks.WORD, marks.START, marks.END):
            mark, inside = mark or letter == marks.WORD, letter == marks.START or (inside and letter == marks.WORD)
            continue
        mark = mark and (letter.isalpha() or letter == "-")
        letters.append(marks.restore(letter))
        given.append(mark or inside or letter != letters[-1])
    run = _plain("".join(letters))
    if met := marks.JOINED.search(text):
        at = len(marks.restore(text[: met.start()]))
        word = re.split(r"\s", run[:at])[-1] + re.split(r"\s", run[at:])[0]
        yield f"{word} (numbers that run into one another)", run, (at, at + 1), False
    addresses = [match.span() for match in _ADDRESS.finditer(run)]
    for match in re.finditer(r"\S+", run):
        places = [
            at for at in range(*match.span())
            if unicodedata.category(run[at]) in ("Nd", "No") and not given[at]
            and not any(start <= at < end for start, end in addresses)
        ]  # fmt: skip
        if places:
            yield match.group().strip(_EDGES) or match.group(), run, (places[0], places[-1] + 1), False
    for match in numerals.PATTERN.finditer(run):
        if not given[match.start()]:
            yield match.group(), run, match.span(), True


def _plain(text: str) -> str:
    """Letter for letter, as one would type it: every space and dash the plain one."""
    return re.sub(r"[–—−‐‑]", "-", re.sub(r"\s", " ", text)).replace("’", "'")


def _runs(blocks: list[Node]) -> list[str]:
    """The texts that the reader is shown, or read aloud: paragraphs, cells, captions, titles, list marks."""
    reader = _Reader()
    reader.walk(blocks)
    return ["".join(run) for run in reader.runs if run]


class _Reader:
    def __init__(self) -> None:
        self.runs: list[list[str]] = [[]]
        self.lists: list[int] = []  # the numbers at which ordered lists may go on

    def walk(self, item: Any) -> None:
        if isinstance(item, list):
            for each in item:
                self.walk(each)
        elif isinstance(item, dict) and "t" in item:
            getattr(self, f"_{item['t'].lower()}", self._other)(item)

    def apart(self, item: Any) -> None:
        """A text of its own."""
        self.runs.append([item] if isinstance(item, str) else [])
        if not isinstance(item, str):
            self.walk(item)
        self.runs.append([])

    def _other(self, node: Node) -> None:
        content = node.get("c")
        if isinstance(content, list) and content and _is_attributes(content[0]):
            self._attributes(content[0])
        self.walk(content)

    def _attributes(self, attributes: Any) -> None:
        for key, value in attributes[2]:
            if key in SPOKEN:
                self.apart(value)

    def _str(self, node: Node) -> None:
        self.runs[-1].append(node["c"])

    def _space(self, node: Node) -> None:
        self.runs[-1].append(" ")

    _softbreak = _linebreak = _space

    def _para(self, node: Node) -> None:
        self.apart(node["c"])

    _plain = _note = _para

    def _header(self, node: Node) -> None:
        self._attributes(node["c"][1])
        self.apart(node["c"][2])

    def _code(self, node: Node) -> None:
        self._attributes(node["c"][0])
        self.runs[-1].append(node["c"][1])

    def _codeblock(self, node: Node) -> None:
        self._attributes(node["c"][0])
        self.apart(node["c"][1])

    def _math(self, node: Node) -> None:
        self.runs[-1].append(node["c"][1])

    def _rawinline(self, node: Node) -> None:
        language, text = node["c"]
        if language != "html":
            self.runs[-1].append(text)
            return
        for tag in _TAG.findall(text):
            if not tag.startswith("<!--"):
                for said in _SPOKEN.findall(tag):
                    self.apart(said.strip("\"'"))
        self.runs[-1].append(_TAG.sub("", text))

    def _rawblock(self, node: Node) -> None:
        self.runs.append([])
        self._rawinline(node)
        self.runs.append([])

    def _orderedlist(self, node: Node) -> None:
        (start, style, _), items = node["c"]
        if style["t"] in ("Decimal", "DefaultStyle") and start != 1 and start not in self.lists:
            self.apart(f"{start}.")
        self.lists.append(start + len(items))
        self.walk(items)

    def _link(self, node: Node) -> None:
        attributes, inlines, (_, title) = node["c"]
        self._attributes(attributes)
        if title:
            self.apart(title)
        if not {"uri", "email"} & set(attributes[1]):
            self.walk(inlines)

    def _image(self, node: Node) -> None:
        attributes, inlines, (_, title) = node["c"]
        self._attributes(attributes)
        self.apart(inlines)
        if title:
            self.apart(title)

    def _cite(self, node: Node) -> None:
        """What is typed around the key; the rest comes from the bibliography."""
        for each in node["c"][0]:
            self.apart(each["citationPrefix"])
            at = len(self.runs)
            self.apart(each["citationSuffix"])
            self.runs[at] = [_LOCATOR.sub("", "".join(self.runs[at]))]
        self.runs[-1].append(" ")


def _is_attributes(content: Any) -> bool:
    return isinstance(content, list) and len(content) == 3 and isinstance(content[2], list) and content[:1] != [[]]
