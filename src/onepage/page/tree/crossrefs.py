"""What the text refers to besides figures and tables: equations with an id, and sections.

`$$ E = mc^2 $$ {#eq-energy}` is a numbered equation, a Span of class `equation` round the formula. An empty link,
`[](#eq-energy)` or `[](#method)`, becomes "Eq. (1)" or "Section 2", a Link of class `ref`; where the text has such a
link to a section, the headings of the content carry their numbers. A heading of another part has none, and is referred
to by its title.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from onepage.core.quantities import NBSP
from onepage.page.tree.language import Language
from onepage.page.tree.pandoc import Node
from onepage.page.tree.walk import identity, is_span, nodes, rewrite, with_attribute

WORDS = {  # which pandoc has no translations of
    "Equation": {"en": "Eq.", "de": "Gl.", "nl": "Verg.", "fr": "Éq.", "es": "Ec.", "it": "Eq.", "pt": "Eq."},
    "Section": {"en": "Section", "de": "Abschnitt", "nl": "Sectie", "fr": "Section", "es": "Sección", "it": "Sezione",
                "pt": "Seção"},
}  # fmt: skip
DEEPEST = 3  # levels of headings that have numbers
_ID = re.compile(r"\{#([\w:.-]+)\}")
_SPACES = ("Space", "SoftBreak")


def lift(blocks: list[Node]) -> list[Node]:
    """Formulas on display that an id follows, each with it as one Span."""

    def change(node: Node) -> Node | None:
        if node["t"] not in ("Para", "Plain"):
            return None
        return {**node, "c": _joined(rewrite(node["c"], change))}  # a footnote has paragraphs of its own

    changed: list[Node] = rewrite(blocks, change)
    return changed


def _joined(inlines: list[Node]) -> list[Node]:
    out: list[Node] = []
    for node in inlines:
        met = _ID.match(node["c"]) if node["t"] == "Str" else None
        before = len(out) - 1
        while met and before >= 0 and out[before]["t"] in _SPACES:
            before -= 1
        if met and before >= 0 and out[before]["t"] == "Math" and out[before]["c"][0]["t"] == "DisplayMath":
            out[before:] = [{"t": "Span", "c": [[met.group(1), ["equation"], []], [out[before]]]}]
            rest = node["c"][met.end() :]
            out += [{"t": "Str", "c": rest}] if rest else []
        else:
            out.append(node)
    return out


def resolve(
    everything: list[list[Node]], content: int, unnumbered: Callable[[Node], bool], language: Language
) -> list[list[Node]]:
    """The blocks with numbers on equations and words in empty links.

    `content` says which of them are the content's, whose headings are numbered where a link leads to one, but for
    those that are `unnumbered`.
    """
    known = [node for node in nodes(everything) if identity(node)]
    titled = {identity(node): node["c"][2] for node in known if node["t"] == "Header"}
    equations = {identity(node): str(number) for number, node in enumerate(filter(is_equation, known), 1)}
    sections = _sections(everything[content], unnumbered)
    if not any(_is_empty(node) and _target(node) in sections for node in nodes(everything)):
        sections = {}
    words = {name: f"{_word('Equation', language)}{NBSP}({number})" for name, number in equations.items()}
    words |= {name: f"{_word('Section', language)}{NBSP}{number}" for name, number in sections.items()}

    def change(node: Node) -> Node | None:
        if node["t"] == "Header":
            level, attributes, title = node["c"]
            header = {"t": "Header", "c": [level, attributes, rewrite(title, change)]}
            return with_attribute(header, "number", sections.get(identity(node), ""))
        if is_equation(node):
            return with_attribute(node, "number", equations[identity(node)])
        if not _is_empty(node) or not (_target(node) in words or _target(node) in titled):
            return None  # an empty link to a figure or table is for the formats' writers
        said = [{"t": "Str", "c": words[_target(node)]}] if _target(node) in words else titled[_target(node)]
        classes = ["ref"] if _target(node) in words else []
        return {"t": "Link", "c": [["", classes, []], said, node["c"][2]]}

    return [rewrite(blocks, change) for blocks in everything]


def is_equation(node: Node) -> bool:
    """Whether this is a formula with an id, and so with a number."""
    return is_span(node, "equation") and bool(identity(node)) and [each["t"] for each in node["c"][1]] == ["Math"]


def _sections(blocks: list[Node], unnumbered: Callable[[Node], bool]) -> dict[str, str]:
    """The numbers of these blocks' headings, by id; none for those of class `unnumbered`."""
    headings = [block for block in blocks if block["t"] == "Header" and block["c"][0] <= DEEPEST]
    top = min((heading["c"][0] for heading in headings), default=1)
    counts: list[int] = []
    found: dict[str, str] = {}
    for heading in headings:
        if unnumbered(heading) or "unnumbered" in heading["c"][1][1]:
            continue
        level = heading["c"][0] - top
        counts = [*counts, *[0] * (level + 1)][: level + 1]
        counts[level] += 1
        found[identity(heading)] = ".".join(map(str, counts))
    return found


def _is_empty(node: Node) -> bool:
    """Whether this is a link within the page that leaves its words to the page."""
    return node["t"] == "Link" and not node["c"][1] and node["c"][2][0].startswith("#")


def _target(node: Node) -> str:
    return str(node["c"][2][0][1:])


def _word(kind: str, language: Language) -> str:
    return WORDS[kind].get(language.code, WORDS[kind]["en"])
