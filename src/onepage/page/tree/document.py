"""The page as a tree: Markdown read once by pandoc, taken apart into parts and sections, with what it cites.

`writers` turns the tree into HTML and Typst; `check` asks it what stands where.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from onepage.core.errors import UserError
from onepage.page.numbers import marks
from onepage.page.tree import crossrefs, floats, foreign, lint, pandoc, pictures
from onepage.page.tree.bibliography import Bibliography
from onepage.page.tree.language import ENGLISH, Language
from onepage.page.tree.pandoc import Node, Source, find_line
from onepage.page.tree.pictures import Picture
from onepage.page.tree.walk import attribute, has_class, is_span, nodes, rewrite, text

__all__ = ["ClaimUse", "Document", "Section", "attribute", "is_span", "nodes", "read", "rewrite", "text"]

REFERENCES = {"references", "bibliography", "literature", "works cited"}  # and the words of the page's language


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
    rows: list[int] = field(default_factory=list)  # of the tables typed in Markdown
    bullets: int = 0  # items of bulleted lists that say something; those of a list within an item are its parts


@dataclass
class Document:
    """The page's parts as pandoc's blocks."""

    parts: dict[str, list[Node]]
    abstract: list[Node]
    numbers: floats.Numbers
    claims: list[ClaimUse]
    cited: list[str]  # bibliography keys
    dangling: list[tuple[str, str]]  # (part, name) of what the text refers to and the page does not show
    sections: dict[str, list[Section]]
    language: Language = ENGLISH
    pictures: dict[str, Picture] = field(default_factory=dict)  # those that the Markdown names, by their targets
    where: Callable[[str], str] = str  # a fragment of its text -> "file:line"
    typed: list[lint.Typed] = field(default_factory=list)  # numbers that nobody computed
    notes: list[str] = field(default_factory=list)  # what to know about it that keeps it from nothing


def read(
    sources: list[Source], bibliography: Bibliography | None, csl: Path, page_folder: Path,
    language: Language = ENGLISH, published: Sequence[tuple[str, str]] = (),
) -> Document:  # fmt: skip
    """Parse the filled-in sources together, so that figures and citations are numbered throughout.

    `published` are texts that analyses brought, each with the place that it is from.
    """
    where = functools.partial(_where, sources, published)
    keys = {entry.key for entry in bibliography.entries} if bibliography else set()
    typed: list[lint.Typed] = []
    placed: list[int] = []  # how many places for the references the text itself has

    def change(blocks: list[Node]) -> list[Node]:
        blocks = crossrefs.lift(blocks)
        typed.extend(_typed(blocks, sources))
        blocks = marks.restore(blocks)
        blocks = floats.lift(foreign.settle(_plain_captions(blocks, keys), where), where)
        unknown = next((key for key in _citations(blocks) if key not in keys), None)
        if unknown is not None:
            raise pandoc.no_citation(unknown, sources, _name(bibliography), keys)
        placed.append(sum(node["t"] == "Div" and node["c"][0][0] == "refs" for node in nodes(blocks)))
        if placed[0] > 1:
            raise UserError(f"{where('{#refs}')}: the references have two places; leave one ::: {{#refs}}")
        return blocks

    with _written(bibliography) as path:
        tree = pandoc.read(sources, path, csl, change=change, language=language.tag)
    parts = _parts(tree["blocks"], sources)
    if not placed[0]:
        _place_references(parts, language)
    parts, numbers = _settled({"abstract": _take_abstract(parts), **parts}, language, where)
    inside = parts.pop("abstract")
    everything = [("content", inside), *parts.items()]
    cited = list(dict.fromkeys(key for _, blocks in everything for key in _citations(blocks)))
    return Document(
        parts=parts,
        abstract=inside,
        numbers=numbers,
        dangling=_dangling(everything, numbers),
        claims=[use for part, blocks in everything for use in _claims(part, blocks)],
        cited=cited,
        sections={part: _sections(blocks) for part, blocks in parts.items()},
        language=language,
        where=where,
        pictures=pictures.find([inside, *parts.values()], page_folder, where),
        typed=typed,
        notes=bibliography.notes(cited) if bibliography else [],
    )


@contextlib.contextmanager
def _written(bibliography: Bibliography | None) -> Iterator[Path | None]:
    """The bibliography as pandoc can read it, in a file of its own."""
    with tempfile.TemporaryDirectory(prefix="onepage-") as folder:
        path = Path(folder, "references.bib")
        path.write_text(bibliography.text if bibliography else "", encoding="utf-8")
        yield path if bibliography else None


def _take_abstract(parts: dict[str, list[Node]]) -> list[Node]:
    """What stands in the abstract, which leaves the content."""
    abstract = [block for block in parts["content"] if has_class(block, "abstract")]
    parts["content"] = [block for block in parts["content"] if block not in abstract]
    return [child for block in abstract for child in block["c"][1]]


def _settled(
    parts: dict[str, list[Node]], language: Language, where: floats.Where
) -> tuple[dict[str, list[Node]], floats.Numbers]:
    """The parts with numbers and ids on all that has some, and words in what refers to it; where each name stands."""
    numbered, numbers = floats.number(list(parts.values()))
    without = functools.partial(_is_for_references, language=language)
    named = crossrefs.resolve(floats.identify(numbered, where), list(parts).index("content"), without, language)
    return dict(zip(parts, named, strict=True)), numbers


def _dangling(everything: list[tuple[str, list[Node]]], numbers: Container[str]) -> list[tuple[str, str]]:
    """(part, name) of every reference to what is not on the page."""
    refs = ((part, node) for part, blocks in everything for node in nodes(blocks) if is_span(node, "ref"))
    return [(part, name) for part, node in refs if (name := attribute(node, "name")) not in numbers]


def _name(bibliography: Bibliography | None) -> str:
    return Path(bibliography.path).name if bibliography else "any bibliography; there is no references.bib"


def _where(sources: list[Source], published: Sequence[tuple[str, str]], fragment: str) -> str:
    """`file:line` of a fragment of the page's text."""
    first = fragment.strip().split("\n")[0].strip()
    for wanted in (f'"{first}"', f"'{first}'", first):
        for source in sources:
            lines = (source.original or source.text).splitlines()
            number = next((n for n, line in enumerate(lines, 1) if first and wanted in line), None)
            if number:
                return f"{source.path}:{number}"
    place = next((place for place, content in published if first and first in content), None)
    if place:
        return place
    filled = next((source for source in sources if first in source.text), sources[0])
    rendered = next((line for line in filled.text.splitlines() if first in line), first)
    return f"{filled.path}:{find_line(filled.original, rendered)}"


def _plain_captions(blocks: list[Node], keys: set[str]) -> list[Node]:
    """In captions, `@` cites only what the bibliography has, and a picture is its own words."""

    def plain(node: Node) -> Node | list[Node] | None:
        if node["t"] == "Cite" and not {each["citationId"] for each in node["c"][0]} <= keys:
            return rewrite(node["c"][1], plain)
        return rewrite(node["c"][1], plain) if node["t"] == "Image" else None

    def change(node: Node) -> Node | None:
        if not (is_span(node, "figure") or is_span(node, "table")):
            return None
        return {"t": "Span", "c": [node["c"][0], rewrite(node["c"][1], plain)]}

    return rewrite(blocks, change)


def _parts(blocks: list[Node], sources: list[Source]) -> dict[str, list[Node]]:
    """The blocks of each source."""
    parts: dict[str, list[Node]] = {source.part: [] for source in sources}
    order = iter(sources)
    source = next(order)
    for block in blocks:
        if block["t"] == "Div" and pandoc.BREAK in block["c"][0][1]:
            source = next(order, source)
        else:
            parts[source.part].append(block)
    return parts


def _typed(blocks: list[Node], sources: list[Source]) -> list[lint.Typed]:
    """What is typed in the parts that people write."""
    parts = _parts(blocks, sources)
    return [typed for each in sources if each.original for typed in lint.typed_in_tree(parts[each.part], each)]


def _place_references(parts: dict[str, list[Node]], language: Language) -> None:
    """Where the text has no place for them, pandoc leaves the references at the end of whatever came last.

    They stand below the heading "References", where there is one; else at the end of the appendix, or, without
    one, of the content, below a heading of their own.
    """
    last = parts[list(parts)[-1]]
    if not (last and last[-1]["t"] == "Div" and last[-1]["c"][0][0] == "refs"):
        return
    listed = last.pop()
    for part in ("appendix", "content"):
        for index, block in enumerate(parts.get(part, [])):
            if _is_for_references(block, language):
                rest = parts[part][index + 1 :]
                offset = next((i for i, each in enumerate(rest) if each["t"] == "Header"), len(rest))
                parts[part].insert(index + 1 + offset, listed)
                return
    blocks = parts.get("appendix") or parts["content"]
    level = 2 if parts.get("appendix") and any(b["t"] == "Header" and b["c"][0] == 2 for b in blocks) else 1
    title = [{"t": "Str", "c": language.word("References")}]
    blocks += [{"t": "Header", "c": [level, ["references", [], []], title]}, listed]


def _is_for_references(block: Node, language: Language) -> bool:
    """Whether this is the heading below which the references stand."""
    titles = REFERENCES | {language.word(word).casefold() for word in ("References", "Bibliography")}
    return block["t"] == "Header" and text(block["c"][2]).strip(" .:").casefold() in titles


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
            section.bullets += _bullets(block)
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
        section.rows.append(sum(len(body[3]) for body in node["c"][4]))


def _bullets(tree: object) -> int:
    """Items of the outermost bulleted lists, but for empty ones."""
    if isinstance(tree, list):
        return sum(map(_bullets, tree))
    if not isinstance(tree, dict):
        return 0
    if tree.get("t") == "BulletList":
        return sum(bool(text(item).strip() or any(n["t"] == "Image" for n in nodes(item))) for item in tree["c"])
    return _bullets(tree.get("c"))
