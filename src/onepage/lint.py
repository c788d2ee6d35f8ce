"""Digits that somebody typed: every number of the page comes from the results, or is allowed by the brief."""

from __future__ import annotations

import re
from collections.abc import Iterable

from onepage import template
from onepage.compose import Draft

_NUMBER = re.compile(r"[^\s\d(\[{,;:]*\d[\d.,:/×x%-]*\w*")
# What holds digits without stating a number: comments, attributes, addresses, citations, list marks, footnotes.
_SILENT = (
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"(?<=[\])`])\{[^{}]*\}|^#+.*?(\{[^{}]*\})\s*$", re.MULTILINE),
    re.compile(r"^:{3,}.*$", re.MULTILINE),
    re.compile(r"(?<=\])\([^)]*\)"),
    re.compile(r"<https?://[^>]*>|https?://\S+"),
    re.compile(r"-?@[\w][\w:.#$%&+?<>~/-]*"),
    re.compile(r"^\s*\d+[.)](?=\s)", re.MULTILINE),
    re.compile(r"\[\^[^\]]*\]"),
)


def typed_digits(draft: Draft, allowed: Iterable[str]) -> list[str]:
    """`path:line: "97.3%" is typed by hand`, for each number in the text that is not allowed."""
    found = []
    text = _hand_typed(draft)
    silent = [match.span() for pattern in _SILENT for match in pattern.finditer(text)]
    silent += [match.span() for pattern in _patterns(allowed) for match in pattern.finditer(text)]
    for match in _NUMBER.finditer(text):
        digits = [i for i in range(*match.span()) if text[i].isdigit()]
        if all(any(start <= i < end for start, end in silent) for i in digits):
            continue
        line = text.count("\n", 0, digits[0]) + 1
        found.append(f'{draft.path}:{line}: "{match.group().strip(".,;:")}" is typed by hand')
    return found


def _hand_typed(draft: Draft) -> str:
    """The file with everything that Jinja fills in blanked out, line by line as it was."""
    header = draft.text.splitlines()[: len(draft.body) - len(draft.body.lstrip("\n"))] if draft.front else []
    rows: dict[int, str] = dict(enumerate(header, 1))
    for line, piece in template.lexed(draft.body, draft.path):
        for offset, part in enumerate(piece.split("\n")):
            rows[line + offset] = rows.get(line + offset, "") + (" \x00 " if line + offset in rows else "") + part
    last = draft.text.count("\n") + 1
    return "\n".join(rows.get(number, "") for number in range(1, last + 1))


def _patterns(allowed: Iterable[str]) -> list[re.Pattern]:
    return [
        re.compile(each[1:-1]) if len(each) > 2 and each[0] == each[-1] == "/"
        else re.compile(rf"(?<!\w){re.escape(each)}(?!\w)")
        for each in allowed
    ]  # fmt: skip
