"""Which digits of the page were computed: those carry a mark from the template through pandoc to the finished tree.

A digit that a published value or text brought is written as its twin, a digit of a script that nobody writes any
more; pandoc takes it for the digit that it is. What stands in the finished tree as a plain digit was typed, however
it got there. `restore` gives the twins their own shape back. A numeral in words carries a mark before it.
"""

from __future__ import annotations

import html
import re
from typing import Any

from onepage.core.errors import UserError
from onepage.page.numbers import numerals

ZERO = 0x11C50  # BHAIKSUKI DIGIT ZERO
WORD, START, END = "\U00011c00", "\U00011c01", "\U00011c02"  # BHAIKSUKI LETTERs, before a numeral in words, and
# where a number begins and ends
_TWINS = {ord("0") + digit: chr(ZERO + digit) for digit in range(10)}
_PLAIN = {ZERO + digit: str(digit) for digit in range(10)} | dict.fromkeys(map(ord, (WORD, START, END)))
_DIGIT = f"[0-9{chr(ZERO)}-{chr(ZERO + 9)}]"
_MARKED = re.compile(f"[{WORD}{START}{END}{chr(ZERO)}-{chr(ZERO + 9)}]")
_WHOLE = re.compile(f"{START}[^{START}{END}]*{END}")
# Two numbers that read as one.
JOINED = re.compile(f"{_DIGIT}{END}[.,]?{START}?{_DIGIT}|{_DIGIT}{END}?[.,]?{START}{_DIGIT}")
_ESCAPED = re.compile(r"\\[uU]([0-9a-fA-F]{4,8})|\\N\{([^}]*)\}")
# What holds digits that the reader does not see, or that have to stay what they are for pandoc to read them.
_UNSEEN = re.compile(
    r"<!--.*?-->|</?[A-Za-z][^<>]*>|https?://[^\s)>]+|(?<=\])\([^()]*\)|(?<=[\])`])\{[^{}]*\}|\[[^\[\]]*@[^\[\]]*\]"
    r"|-?@[\w][\w:.#$%&+?~/-]*|\[\^[^\]]*\]|^#+.*?(?P<heading>\{[^{}]*\})\s*$|^\s*\d+[.)](?=\s)|&#?\w+;",
    re.MULTILINE | re.DOTALL,
)


class Given(str):
    """Text that came out of the results. Compared as it is; written (`str`) with its digits marked."""

    def __str__(self) -> str:
        return text(self[:])

    def __getitem__(self, key: Any) -> Given:
        return Given(super().__getitem__(key))


def whole(written: str) -> str:
    """A computed number, its digits marked, and where it begins and ends."""
    return f"{START}{number(written)}{END}"


def refuse_cut(content: str) -> None:
    """`UserError` where a filter, a slice or a join left a part of a number, or two that read as one."""
    if START in (rest := _WHOLE.sub("", content)) or END in rest:
        raise UserError(f'a published number is cut to "{restore(content)}"')
    if JOINED.search(content):
        raise UserError(f'"{restore(content)}": two numbers run into one another')


def number(written: str) -> str:
    """Text whose digits, and numerals in words, are marked as computed."""
    return numerals.PATTERN.sub(lambda match: WORD + match.group(), written).translate(_TWINS)


def text(written: str) -> str:
    """Published Markdown with the digits marked that a reader will see."""
    out, at = [], 0
    plain = str.__str__(written)
    for match in _UNSEEN.finditer(plain):
        start = match.start("heading") if match.group("heading") else match.start()
        out += [number(plain[at:start]), plain[start : match.end()]]
        at = match.end()
    return "".join([*out, number(plain[at:])])


def marked(content: Any) -> bool:
    """Whether a text holds anything computed."""
    return isinstance(content, str) and _MARKED.search(content) is not None


def restore(tree: Any) -> Any:
    """A text, or a tree of pandoc's, without marks."""
    if isinstance(tree, str):
        return tree.translate(_PLAIN) if _MARKED.search(tree) else tree
    if isinstance(tree, list):
        return [restore(item) for item in tree]
    if isinstance(tree, dict):
        return {key: restore(item) for key, item in tree.items()}
    return tree


def refuse_forged(source: str, path: str, first_line: int) -> None:
    """`UserError` where the marks themselves are typed, in whatever way."""

    def spelled(match: re.Match[str]) -> str:
        import unicodedata

        try:
            return chr(int(match.group(1), 16)) if match.group(1) else unicodedata.lookup(match.group(2))
        except (KeyError, ValueError, OverflowError):
            return ""

    for line, row in enumerate(source.split("\n"), first_line):
        if _MARKED.search(html.unescape(row)) or _MARKED.search(_ESCAPED.sub(spelled, row)):
            raise UserError(f"{path}:{line}: letters and digits of the Bhaiksuki script cannot be used here")
