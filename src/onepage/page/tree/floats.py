"""Figures and tables, published or typed in Markdown: blocks of their own, under one numbering; ids that are unique.

A published one is a Div of class `figure` or `table` that holds its caption. A typed one, a picture alone in a
paragraph or a table with a caption, is a Div of class `typed` that holds a Div with the caption, then the thing itself.
Both carry their number. What has no caption has no number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from onepage.core.errors import UserError, nearest
from onepage.page.tree.pandoc import Node
from onepage.page.tree.walk import (
    attribute,
    has_class,
    identity,
    is_span,
    nodes,
    renamed,
    rewrite,
    text,
    with_attribute,
)  # fmt: skip

Where = Callable[[str], str]  # a fragment of the page's text -> "file:line"
Numbers = dict[str, tuple[str, int, str]]  # published name, or typed id -> ("Figure" | "Table", number, letter)
KINDS = {"figure": "Figure", "table": "Table"}
TYPED = {"Figure": "figure", "Table": "table"}  # pandoc's blocks -> what they are


def lift(blocks: list[Node], where: Where) -> list[Node]:
    """`figure()` and `table()` stand in paragraphs of their own; make each, and each typed one, a block of its own."""

    def change(node: Node) -> Node | list[Node] | None:
        if node["t"] in TYPED:
            return _typed(node)
        if node["t"] not in ("Para", "Plain"):
            return None
        inside = [i for i in node["c"] if i["t"] not in ("Space", "SoftBreak", "LineBreak")]
        floats = [i for i in inside if is_span(i, "figure") or is_span(i, "table")]
        if not floats or len(floats) < len(inside):
            return None
        return [{"t": "Div", "c": [i["c"][0], [{"t": "Plain", "c": i["c"][1]}]]} for i in floats]

    lifted = rewrite(blocks, change)
    for node in nodes(lifted):
        if is_span(node, "figure") or is_span(node, "table"):
            _inside(node, "stands inside a paragraph", where)
        elif node["t"] in ("Code", "CodeBlock", "Str", "RawBlock", "RawInline", "Math"):
            content = node["c"] if isinstance(node["c"], str) else node["c"][1]
            for kind in KINDS:
                if f'{{.{kind} names="' in content:
                    name = content.split(f'{{.{kind} names="', 1)[1].split('"')[0].split()[0]
                    raise UserError(f'{where(name)}: {kind}("{name}") stands inside code; leave it a line of its own')
    return lifted


def _inside(node: Node, said: str, where: Where) -> None:
    name = attribute(node, "names").split()[0]
    kind = next(kind for kind in KINDS if kind in node["c"][0][1])
    raise UserError(f'{where(name)}: {kind}("{name}") {said}; leave an empty line before and after it')


def _typed(node: Node) -> Node | None:
    """A picture or table with a caption, as a numbered Div; None for a table without one."""
    kind = TYPED[node["t"]]
    (identifier, _, _), (_, caption) = node["c"][:2]
    if not text(caption):
        return node["c"][2] if node["t"] == "Figure" else None
    bare = [["", *node["c"][0][1:]], [None, []], *node["c"][2:]]
    content = node["c"][2] if node["t"] == "Figure" else [{"t": "Table", "c": bare}]
    # Blocks of a caption become lines of one paragraph, as a published caption is.
    said = [inline for block in caption for inline in (*_inlines(block), {"t": "Space"})][:-1]
    inside = [{"t": "Div", "c": [["", ["caption"], []], [{"t": "Plain", "c": said}]]}, *content]
    return {"t": "Div", "c": [[identifier, ["typed"], [["kind", kind]]], inside]}


def _inlines(block: Node) -> list[Node]:
    return block["c"] if block["t"] in ("Para", "Plain") else [{"t": "Str", "c": text(block)}]


def kind_of(node: Node) -> str | None:
    """`figure` or `table` for a float's Div."""
    if node["t"] != "Div":
        return None
    if has_class(node, "typed"):
        return attribute(node, "kind")
    return next((kind for kind in KINDS if has_class(node, kind)), None)


def number(everything: list[list[Node]]) -> tuple[list[list[Node]], Numbers]:
    """The blocks with a number on every float, in reading order, and where each name stands.

    Panels of one figure share its number and have letters. A typed float is found by its id.
    """
    numbers: Numbers = {}
    counts = dict.fromkeys(KINDS, 0)

    def change(node: Node) -> Node | None:
        kind = kind_of(node)
        if kind is None:
            return None
        counts[kind] += 1
        identifier = identity(node)
        names = attribute(node, "names").split() or ([identifier] if identifier else [])
        for index, name in enumerate(names):
            letter = chr(ord("a") + index) if len(names) > 1 else ""
            numbers.setdefault(name, (KINDS[kind], counts[kind], letter))
        return with_attribute(node, "number", str(counts[kind]))

    return [rewrite(blocks, change) for blocks in everything], numbers


def identify(everything: list[list[Node]], where: Where) -> list[list[Node]]:
    """Every id once: a float's own is `fig:` and its first panel's name, and of two alike the second gets a number.

    A link within the page leads to an id, or to what is published by that name; another is named.
    """
    taken: set[str] = set()
    floats: dict[str, str] = {}

    def give(wanted: str) -> str:
        name, count = wanted, 1
        while name in taken:
            count += 1
            name = f"{wanted}-{count}"
        taken.add(name)
        return name

    def name(node: Node) -> Node | None:
        below = rewrite(node["c"], name) if "c" in node else None
        node = node if below is None else {**node, "c": below}
        wanted = identity(node)
        names = attribute(node, "names").split() if kind_of(node) else []
        if names:
            given = give(f"fig:{names[0]}")
            for each in names:
                floats.setdefault(each, given)
            return renamed(node, given)
        return renamed(node, give(wanted)) if wanted else node

    def link(node: Node) -> Node | None:
        if node["t"] != "Link" or not node["c"][2][0].startswith("#"):
            return None
        target = node["c"][2][0][1:]
        if target in taken:
            return None
        if target not in floats:
            near = nearest(target, sorted({*taken, *floats}))
            raise UserError(f"{where('#' + target)}: a link to #{target}, but nothing on the page has that id{near}")
        return {**node, "c": [*node["c"][:2], [f"#{floats[target]}", node["c"][2][1]]]}

    named: list[Any] = [rewrite(blocks, name) for blocks in everything]
    return [rewrite(blocks, link) for blocks in named]
