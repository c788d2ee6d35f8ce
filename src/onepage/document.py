"""The page as a tree: Markdown read once by pandoc, taken apart into parts and sections, with what it cites.

`writers` turns the tree into HTML and Typst; `check` asks it what stands where.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onepage import pandoc
from onepage.errors import UserError
from onepage.pandoc import Node, Source, find_line


@dataclass(frozen=True)
class ClaimUse:
    """A sentence bound to a claim."""

    name: str
    negated: bool  # the sentence states that the claim does not hold
    text: str
    part: str


@dataclass
class Section:
    """A heading and what stands below it, up to the next of its level."""

    title: str
    level: int
    text: str = ""
    figures: list[str] = field(default_factory=list)  # published names, or paths of images
    tables: list[str] = field(default_factory=list)  # published names, or "" for one typed in Markdown
    bullets: int = 0  # items of bulleted lists


@dataclass
class Document:
    """The page's parts as pandoc's blocks."""

    parts: dict[str, list[Node]]
    abstract: list[Node]
    numbers: dict[str, tuple[str, int, str]]  # published name -> ("Figure" | "Table", number, panel's letter)
    claims: list[ClaimUse]
    cited: list[str]  # bibliography keys
    dangling: list[tuple[str, str]]  # (part, name) of what the text refers to and the page does not show
    sections: dict[str, list[Section]]


def read(sources: list[Source], bibliography: Path | None, csl: Path) -> Document:
    """Parse the filled-in sources together, so that figures and citations are numbered throughout."""
    tree = pandoc.read(sources, bibliography, csl)
    parts: dict[str, list[Node]] = {source.part: [] for source in sources}
    order = iter(sources)
    source = next(order)
    for block in tree["blocks"]:
        if block["t"] == "Div" and pandoc.BREAK in block["c"][0][1]:
            source = next(order, source)
        else:
            parts[source.part].append(block)
    for part, blocks in parts.items():
        source = next(each for each in sources if each.part == part)
        parts[part] = _lift(blocks, source)
    abstract = [b for b in parts["content"] if _has_class(b, "abstract")]
    parts["content"] = [b for b in parts["content"] if b not in abstract]
    inside = [child for block in abstract for child in block["c"][1]]
    everything = [inside, *parts.values()]
    numbers = _numbers(everything)
    dangling = [
        (part, attribute(node, "name"))
        for part, blocks in [("content", inside), *parts.items()]
        for node in nodes(blocks)
        if is_span(node, "ref") and attribute(node, "name") not in numbers
    ]
    return Document(
        parts=parts,
        abstract=inside,
        numbers=numbers,
        dangling=dangling,
        claims=[use for part, blocks in [("content", inside), *parts.items()] for use in _claims(part, blocks)],
        cited=list(dict.fromkeys(k for blocks in everything for k in _citations(blocks))),
        sections={part: _sections(blocks) for part, blocks in parts.items()},
    )


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
    """An attribute of a Span or Div, or the empty string."""
    return next((value for name, value in node["c"][0][2] if name == key), "")


def _has_class(node: Node, name: str) -> bool:
    return node["t"] in ("Span", "Div") and name in node["c"][0][1]


def is_span(node: Node, name: str) -> bool:
    """Whether this is a Span of that class."""
    return node["t"] == "Span" and name in node["c"][0][1]


def _lift(blocks: list[Node], source: Source) -> list[Node]:
    """`figure()` and `table()` stand in paragraphs of their own; make each a block of its own."""

    def change(node: Node) -> Node | list[Node] | None:
        if node["t"] not in ("Para", "Plain"):
            return None
        inside = [i for i in node["c"] if i["t"] not in ("Space", "SoftBreak", "LineBreak")]
        floats = [i for i in inside if is_span(i, "figure") or is_span(i, "table")]
        if not floats:
            return None
        if len(floats) < len(inside):
            name = attribute(floats[0], "names")
            line = find_line(source.original, name)
            kind = floats[0]["c"][0][1][0]
            raise UserError(
                f'{source.path}:{line}: {kind}("{name}") stands inside a paragraph; '
                "leave an empty line before and after it"
            )
        return [{"t": "Div", "c": [i["c"][0], [{"t": "Plain", "c": i["c"][1]}]]} for i in floats]

    return rewrite(blocks, change)


def _numbers(everything: list[list[Node]]) -> dict[str, tuple[str, int, str]]:
    """Numbers in reading order; panels of one figure share its number and have letters."""
    numbers: dict[str, tuple[str, int, str]] = {}
    counts = {"figure": 0, "table": 0}
    for node in nodes(everything):
        kind = next((k for k in counts if _has_class(node, k) and node["t"] == "Div"), None)
        if kind is None:
            kind = {"Figure": "figure", "Table": "table"}.get(node["t"])
            if kind:
                counts[kind] += 1
            continue
        counts[kind] += 1
        names = attribute(node, "names").split()
        for index, name in enumerate(names):
            letter = chr(ord("a") + index) if len(names) > 1 else ""
            numbers.setdefault(name, (kind.capitalize(), counts[kind], letter))
    return numbers


def _claims(part: str, blocks: list[Node]) -> list[ClaimUse]:
    return [
        ClaimUse(node["c"][0][0], "not" in node["c"][0][1], text(node["c"][1]), part)
        for node in nodes(blocks)
        if is_span(node, "claim")
    ]


def _citations(blocks: list[Node]) -> list[str]:
    return [each["citationId"] for node in nodes(blocks) if node["t"] == "Cite" for each in node["c"][0]]


def _sections(blocks: list[Node]) -> list[Section]:
    """Sections in order; what stands before the first heading is a section without a title."""
    found = [Section("", 0)]
    for block in blocks:
        if block["t"] == "Header":
            found.append(Section(text(block["c"][2]), block["c"][0]))
            continue
        for section in _open(found):
            section.text += text([block]) + "\n"
            for node in nodes([block]):
                _note(node, section)
    return found if found[0].text.strip() else found[1:]


def _open(found: list[Section]) -> list[Section]:
    """The last section and those around it."""
    level, around = found[-1].level, [found[-1]]
    for section in reversed(found[:-1]):
        if 0 < section.level < level:
            around.append(section)
            level = section.level
    return around


def _note(node: Node, section: Section) -> None:
    if node["t"] == "Div" and "figure" in node["c"][0][1]:
        section.figures += attribute(node, "names").split()
    elif node["t"] == "Div" and "table" in node["c"][0][1]:
        section.tables += attribute(node, "names").split()
    elif node["t"] == "Image":
        section.figures.append(node["c"][2][0])
    elif node["t"] == "Table":
        section.tables.append("")
    elif node["t"] == "BulletList":
        section.bullets += len(node["c"])
