"""What the text refers to besides figures and tables: equations with an id, and sections.

`$$ E = mc^2 $$ {#eq-energy}` is a numbered equation, a Span of class `equation` round the formula. An empty link,
`[](#eq-energy)` or `[](#method)`, becomes "Eq. (1)" or "Section 2"; where the text has such a link to a section, the
headings show their numbers. A heading of another part than the content has none, and is referred to by its title.
"""

from __future__ import annotations

import re
from collections.abc import Container

from onepage.core.quantities import NBSP
from onepage.page.tree.language import Language
from onepage.page.tree.pandoc import Node
from onepage.page.tree.walk import has_class, identity, nodes, rewrite

EQUATION, SECTION = "Equation", "Section"
WORDS = {  # which pandoc has no translations of
    EQUATION: {"en": "Eq.", "de": "Gl.", "nl": "Verg.", "fr": "Éq.", "es": "Ec.", "it": "Eq.", "pt": "Eq."},
    SECTION: {"en": "Section", "de": "Abschnitt", "nl": "Sectie", "fr": "Section", "es": "Sección", "it": "Sezione",
              "pt": "Seção"},
}  # fmt: skip
_ID = re.compile(r"\{#([\w:.-]+)\}")
_SPACES = ("Space", "SoftBreak")
Numbers = dict[str, tuple[str, int | str, str]]  # id -> (what it is, number, letter)


def lift(blocks: list[Node]) -> list[Node]:
    """Formulas on display that an id follows, each with it as one Span."""

    def change(node: Node) -> Node | None:
        if node["t"] not in ("Para", "Plain"):
            return None
        return {**node, "c": _joined(rewrite(node["c"], change))}

    return rewrite(blocks, change)


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


def number(everything: list[list[Node]]) -> tuple[list[list[Node]], Numbers]:
    """The blocks with a number on every equation that has an id, in reading order, and where each stands."""
    numbers: Numbers = {}

    def change(node: Node) -> Node | None:
        if node["t"] != "Span" or not has_class(node, "equation"):
            return None
        (identifier, classes, _), inside = node["c"]
        count = sum(kind == EQUATION for kind, _, _ in numbers.values()) + 1
        numbers.setdefault(identifier, (EQUATION, count, ""))
        return {"t": "Span", "c": [[identifier, classes, [["number", str(numbers[identifier][1])]]], inside]}

    return [rewrite(blocks, change) for blocks in everything], numbers


def sections(blocks: list[Node], unnumbered: Container[str]) -> Numbers:
    """The numbers of the headings of these blocks; none for those of class `unnumbered` or with such an id."""
    headings = [block for block in blocks if block["t"] == "Header" and block["c"][0] <= 3]
    top = min((heading["c"][0] for heading in headings), default=1)
    counts: list[int] = []
    found: Numbers = {}
    for heading in headings:
        level = heading["c"][0] - top
        if "unnumbered" in heading["c"][1][1] or identity(heading) in unnumbered:
            continue
        counts = [*counts, *[0] * level][: level + 1] if len(counts) <= level else counts[: level + 1]
        counts += [0] * (level + 1 - len(counts))
        counts[level] += 1
        found[identity(heading)] = (SECTION, ".".join(map(str, counts)), "")
    return found


def resolve(everything: list[list[Node]], content: list[Node], unnumbered: Container[str], equations: Numbers,
            language: Language) -> list[list[Node]]:  # fmt: skip
    """The blocks with words in their empty links and, where one leads to a numbered section, numbers on headings."""
    titled = {identity(node): node["c"][2] for node in nodes(everything) if node["t"] == "Header" and identity(node)}
    numbered = sections(content, unnumbered)
    asked = any(_is_empty(node) and node["c"][2][0][1:] in numbered for node in nodes(everything))
    words = {name: f"{_word(EQUATION, language)}{NBSP}({count})" for name, (_, count, _) in equations.items()}
    words |= {name: f"{_word(SECTION, language)}{NBSP}{count}" for name, (_, count, _) in numbered.items()}

    def change(node: Node) -> Node | None:
        if node["t"] == "Header" and asked and identity(node) in numbered:
            level, attributes, title = node["c"]
            said = {"t": "Str", "c": f"{numbered[identity(node)][1]}\u2002"}
            return {"t": "Header", "c": [level, attributes, [said, *rewrite(title, change)]]}
        if not _is_empty(node):
            return None
        name = node["c"][2][0][1:]
        said = [{"t": "Str", "c": words[name]}] if name in words else titled.get(name, [])
        return {**node, "c": [node["c"][0], said, node["c"][2]]}

    return [rewrite(blocks, change) for blocks in everything]


def _is_empty(node: Node) -> bool:
    """Whether this is a link within the page that leaves its words to the page."""
    return node["t"] == "Link" and not node["c"][1] and node["c"][2][0].startswith("#")


def _word(kind: str, language: Language) -> str:
    return WORDS[kind].get(language.code, WORDS[kind]["en"])
