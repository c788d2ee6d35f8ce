"""Walking and rewriting pandoc's trees."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from onepage.page.tree.pandoc import Node

# Where an element keeps its (id, classes, key-values).
IDENTIFIED = {
    "Div": 0, "Span": 0, "Code": 0, "CodeBlock": 0, "Link": 0, "Image": 0, "Figure": 0, "Table": 0, "Header": 1,
}  # fmt: skip


def nodes(tree: Any) -> Iterator[Node]:
    """Every element below (and including) `tree`, in reading order."""
    waiting = [tree]  # a stack: nested generators would hand every element up through all that is above it
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item))
        elif isinstance(item, dict):
            if "t" in item:
                yield item
            waiting.append(item.get("c", []))


def rewrite(tree: Any, change: Callable[[Node], Node | list[Node] | None]) -> Any:
    """A copy of `tree`; `change` gives an element's replacement, or None to keep it and go below it."""
    if isinstance(tree, list):
        out = []
        for item in tree:
            new = rewrite(item, change)
            # Only an element may become several; a list that stands for structure stays one item.
            out.extend(new) if isinstance(new, list) and isinstance(item, dict) else out.append(new)
        return out
    if isinstance(tree, dict) and "t" in tree:
        new = change(tree)
        if new is not None:
            return new
        return {**tree, "c": rewrite(tree["c"], change)} if "c" in tree else tree
    return tree


def text(tree: Any) -> str:
    """The words of inlines or blocks."""
    out = []
    for node in nodes(tree):
        if node["t"] in ("Str",):
            out.append(node["c"])
        elif node["t"] in ("Space", "SoftBreak", "LineBreak"):
            out.append(" ")
        elif node["t"] in ("Code", "Math"):
            out.append(node["c"][1])
        elif node["t"] == "Quoted":
            out.append("")
        elif node["t"] in ("Para", "Plain", "Header", "Div"):
            out.append("\n")
    return re.sub(r"[ \t]*\n\s*", "\n", "".join(out)).strip()


def attribute(node: Node, key: str) -> str:
    """An attribute of an element that can have some, or the empty string."""
    return next((value for name, value in node["c"][IDENTIFIED[node["t"]]][2] if name == key), "")


def with_attribute(node: Node, key: str, value: str) -> Node:
    """The element with this value of an attribute; without the attribute where the value is empty."""
    place = IDENTIFIED[node["t"]]
    identity, classes, pairs = node["c"][place]
    content = list(node["c"])
    content[place] = [identity, classes, [*(p for p in pairs if p[0] != key), *([[key, value]] if value else [])]]
    return {**node, "c": content}


def has_class(node: Node, name: str) -> bool:
    """Whether this is a Span or Div of that class."""
    return node["t"] in ("Span", "Div") and name in node["c"][0][1]


def is_span(node: Node, name: str) -> bool:
    """Whether this is a Span of that class."""
    return node["t"] == "Span" and name in node["c"][0][1]


def identity(node: Node) -> str:
    """The element's id, or the empty string; a claim's name is none."""
    place = IDENTIFIED.get(node["t"])
    return "" if place is None or is_span(node, "claim") else node["c"][place][0]


def renamed(node: Node, identity: str) -> Node:
    """The element with another id."""
    place = IDENTIFIED[node["t"]]
    content = list(node["c"])
    content[place] = [identity, *content[place][1:]]
    return {**node, "c": content}
