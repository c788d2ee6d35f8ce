"""Style of an output, as far as a page can take it: properties by an allow-list, selectors kept within that output.

A page's policy admits no style attribute, so what an element declares becomes a rule of the page's own style sheet
(whose hash the policy names), found by the attribute `data-css`. Nothing here can fetch, move or cover anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import tinycss2

LARGEST = 60_000  # characters of one output's style sheets; what is longer is left out

_SIDES = ("top", "right", "bottom", "left")
PROPERTIES = {
    "align-items", "background", "background-color", "border", "border-collapse", "border-color", "border-radius",
    "border-spacing", "border-style", "border-width", "caption-side", "color", "display", "flex-direction",
    "flex-wrap", "font", "font-family", "font-size", "font-style", "font-variant", "font-weight", "gap", "height",
    "justify-content", "letter-spacing", "line-height", "list-style-type", "max-height", "max-width", "min-height",
    "min-width", "opacity", "padding", "table-layout", "text-align", "text-decoration", "text-indent",
    "text-transform", "vertical-align", "white-space", "width",
    *(f"{name}-{side}" for name in ("border", "padding") for side in _SIDES),
    *(f"border-{side}-{part}" for side in _SIDES for part in ("color", "style", "width")),
}  # fmt: skip
COLOURS = {"background", "background-color", "color"}
_FUNCTIONS = {"rgb", "rgba", "hsl", "hsla", "linear-gradient", "calc", "min", "max", "var"}
_DISPLAYS = {"none", "block", "inline", "inline-block", "flex", "inline-flex", "table", "table-cell", "table-row"}
_PSEUDO = {"first-child", "last-child", "nth-child", "nth-of-type", "hover", "even", "odd", "first-of-type"}


def declarations(text: str) -> str:
    """The declarations of a style attribute that are allowed, written anew; the empty string if none is."""
    if len(text) > LARGEST:
        return ""
    try:
        parsed = tinycss2.parse_declaration_list(text, skip_comments=True, skip_whitespace=True)
        return ";".join(_allowed(parsed))
    except RecursionError:
        return ""


def rules(text: str, scope: str, named: Callable[[str], str | None]) -> str:
    """The rules of a style sheet that are allowed, each selector below `scope`.

    `named(name)` gives a class or an id the name that it has on the page, None if nothing there has it.
    """
    if len(text) > LARGEST:
        return ""
    found = []
    try:
        for rule in tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True):
            if rule.type != "qualified-rule":
                continue  # @import, @font-face, @media, errors
            selectors = _selectors(rule.prelude, scope, named)
            body = ";".join(_allowed(tinycss2.parse_declaration_list(rule.content, True, True)))
            if selectors and body:
                found.append(f"{selectors}{{{body}}}")
    except RecursionError:
        return ""
    return "\n".join(found)


def hides(css: str) -> bool:
    """Whether something of the output is there but not shown."""
    return "display:none" in css


def coloured(css: str) -> bool:
    """Whether declarations or rules set colours, which were chosen for a white page."""
    return any(re.search(rf"(?:^|[;{{]){name}:", css) for name in COLOURS)


def _allowed(parsed: list[Any]) -> Iterator[str]:
    for item in parsed:
        if item.type == "declaration" and item.lower_name in PROPERTIES and all(map(_plain, item.value)):
            value = " ".join(tinycss2.serialize(item.value).split())
            if item.lower_name == "display" and value not in _DISPLAYS:
                continue
            if value and len(value) < 500 and not re.search(r"[<>\\{};@]", value):
                yield f"{item.lower_name}:{value}"


def _plain(token: tinycss2.ast.Node) -> bool:
    """Whether a part of a value is a word, number, colour, text or a function that fetches nothing."""
    if token.type == "function":
        return token.lower_name in _FUNCTIONS and all(map(_plain, token.arguments))
    if token.type == "literal":
        return token.value in ",/+-*"
    return token.type in ("ident", "hash", "number", "percentage", "dimension", "string", "whitespace", "comment")


def _selectors(prelude: list[Any], scope: str, named: Callable[[str], str | None]) -> str:
    """A rule's selectors below `scope`, joined by commas; one that is not understood is left out."""
    groups: list[list[Any]] = [[]]
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            groups.append([])
        else:
            groups[-1].append(token)
    written = (_selector(group, named) for group in groups)
    return ",".join(f"{scope} {selector}" for selector in written if selector)


def _selector(tokens: list[Any], named: Callable[[str], str | None]) -> str:
    out, before = [], ""
    for token in tokens:
        if token.type == "ident":
            kind = {".": "class", ":": "pseudo"}.get(before, "tag")
            if kind == "pseudo" and token.lower_value not in _PSEUDO:
                return ""
            name = named(token.value) if kind == "class" else token.lower_value
            if name is None:
                return ""
            out.append(name)
        elif token.type == "hash" and (name := named(token.value)):
            out.append("#" + name)
        elif token.type == "function" and before == ":" and token.lower_name.startswith("nth-"):
            inner = tinycss2.serialize(token.arguments)
            if not re.fullmatch(r"[\sn0-9+a-z-]+", inner):
                return ""
            out.append(f"{token.lower_name}({inner})")
        elif token.type == "whitespace":
            out.append(" ")
        elif token.type == "literal" and token.value in ".:>*+~":
            out.append(token.value)
        else:
            return ""
        before = token.value if token.type == "literal" else ""
    selector = "".join(out).strip()
    return selector if selector and re.fullmatch(r"[\w\s.:#>*+~()-]+", selector) else ""
