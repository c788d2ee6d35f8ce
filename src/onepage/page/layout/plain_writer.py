"""The page's tree in pandoc's own figures, tables and links, for the formats in which people go on writing.

Word's document has the page's numbers as text; LaTeX counts for itself, and comes to the same ones.
"""

from __future__ import annotations

import re
import shutil
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from onepage.core.quantities import NBSP
from onepage.page.layout import drawn
from onepage.page.layout.writers import VERDICTS, Writer, raw_inline
from onepage.page.tree import crossrefs
from onepage.page.tree.pandoc import Node
from onepage.page.tree.walk import attribute, has_class, identity, rewrite, text, with_attribute

NONE: list[Any] = ["", [], []]  # an element's id, classes and attributes where it has none
SIDES = {"left": "AlignLeft", "right": "AlignRight", "center": "AlignCenter"}
LINE, BESIDE = 70, 3  # letters of a line in Word; those that the space beside a table's column takes
_DISPLAYS = re.compile(
    r"\\(begin|end)\{(equation|displaymath|math|align|alignat|flalign|eqnarray|gather|multline)\*?\}(?:\{\d+\})?"
)


@dataclass
class PlainWriter(Writer):
    """What Word's and LaTeX's documents share; pictures are copied into `folder`, SVG ones as the format takes them."""

    folder: Path = Path()
    beside: str = "."  # `folder`, as the document names it
    drawings: Literal["png", "pdf"] = "png"  # what becomes of an SVG

    def figure(self, node: Node, caption: list[Node]) -> list[Node]:
        panels: list[Node] = []
        for name in attribute(node, "names").split():
            record = self.results["figures"][name]
            path = self.panel(name, record)
            sizes = [["width", f"{record['size'][0]:g}in"]]
            image = {"t": "Image", "c": [["", [], sizes], words(record["alt"]), [path, ""]]}
            panels += [*([{"t": "Space"}] if panels else []), image]
        return [self._figure(node, caption, [{"t": "Plain", "c": panels}])]

    def panel(self, name: str, record: dict[str, Any]) -> str:
        """Where a published figure's picture is put."""
        raise NotImplementedError

    def table(self, node: Node, caption: list[Node]) -> list[Node]:
        shown = self.columns(node)
        columns, count = shown.columns, len(shown.columns)
        head = [_row([_cell(words(column["heading"])) for column in columns])]
        if shown.spanner:
            said, first, last = shown.spanner
            over = [*(_cell([]) for _ in range(first)), _cell(words(said), last - first + 1),
                    *(_cell([]) for _ in range(last + 1, count))]  # fmt: skip
            head.insert(0, _row(over))
        rows = []
        for row in shown.rows:
            cells = [words(row[column["key"]]) for column in columns]
            if row.get("_strong"):
                cells = [[{"t": "Strong", "c": cell}] for cell in cells]
            rows.append(_row([_cell([*self.rule(row), *cells[0]]), *map(_cell, cells[1:])]))
        sides = [[{"t": SIDES[column["align"]]}, {"t": "ColWidthDefault"}] for column in columns]
        made = self._table(node, caption, [sides, [NONE, head], [[NONE, 0, [], rows]], [NONE, []]])
        return [made, {"t": "Para", "c": words(shown.note)}] if shown.note else [made]

    def typed(self, node: Node, caption: list[Node], content: list[Node]) -> list[Node]:
        if attribute(node, "kind") == "table":
            return [self._table(node, caption, rewrite(content[0]["c"][2:], self.change))]
        return [self._figure(node, caption, rewrite(content, self.change))]

    def _figure(self, node: Node, caption: list[Node], content: list[Node]) -> Node:
        return {"t": "Figure", "c": [[identity(node), [], []], [None, self.said(node, caption)], content]}

    def _table(self, node: Node, caption: list[Node], content: list[Any]) -> Node:
        return {"t": "Table", "c": [[identity(node), [], []], [None, self.said(node, caption)], *content]}

    def said(self, node: Node, caption: list[Node]) -> list[Node]:
        """A float's caption as the format has it."""
        raise NotImplementedError

    def rule(self, row: dict[str, Any]) -> list[Node]:
        """What draws the line above a table's row that wants one."""
        return []

    def image(self, node: Node) -> Node:
        picture, sides, alt = self.picture(node)
        path, natural = self.taken(picture.path, picture.name)
        sizes = sides or ({"width": f"{natural:.3f}in"} if natural else {})
        return {"t": "Image", "c": [[identity(node), [], list(map(list, sizes.items()))], words(alt), [path, ""]]}

    def taken(self, source: Path, name: str, width: float | None = None) -> tuple[str, float | None]:
        """Copy a picture to `folder`; its path from the document, and the inches it is wide if the file cannot say."""
        self.folder.mkdir(parents=True, exist_ok=True)
        natural = None
        if name.endswith(".svg"):
            name = f"{name.removesuffix('.svg')}.{self.drawings}"
            content, natural = drawn.converted(source, self.drawings, self.page_folder / "theme", width)
            (self.folder / name).write_bytes(content)
        else:
            shutil.copyfile(source, self.folder / name)
        return urllib.parse.quote(f"{self.beside}/{name}".removeprefix("./")), natural

    def citation(self, node: Node, inlines: list[Node]) -> Node:
        return {"t": "Cite", "c": [node["c"][0], inlines]}

    def claim(self, node: Node, inlines: list[Node]) -> list[Node]:
        state, evidence = self.state(node)
        if state == "held":
            return inlines
        said = words(f"[{VERDICTS[state]}: {evidence}]")
        return [{"t": "Strikeout", "c": inlines}, {"t": "Space"}, {"t": "Strong", "c": said}]

    def other(self, node: Node) -> Node | list[Node] | None:
        """Members of the group, each with a line for the name."""
        if has_class(node, "member"):
            name = [{"t": "Strong", "c": words(attribute(node, "name"))}]
            student = attribute(node, "student")
            said = [*name, {"t": "Space"}, *words(student)] if student else name
            return [{"t": "Para", "c": said}, *rewrite(node["c"][1], self.change)]
        if has_class(node, "warning"):
            return [{"t": "Para", "c": [{"t": "Strong", "c": words(text(node["c"][1]))}]}]
        return None


@dataclass
class WordWriter(PlainWriter):
    """The page for Word."""

    to: str = "docx"

    def panel(self, name: str, record: dict[str, Any]) -> str:
        return self.taken(self.assets / record["png"], f"{name}.png")[0]

    def said(self, node: Node, caption: list[Node]) -> list[Node]:
        """The caption below its number."""
        number = {"t": "Strong", "c": words(f"{self.numbered(node)}.")}
        first, *rest = caption or [{"t": "Plain", "c": []}]
        return [{**first, "c": [number, {"t": "Space"}, *first["c"]]}, *rest]

    def _table(self, node: Node, caption: list[Node], content: list[Any]) -> Node:
        """A table with columns as wide as what stands in them; Word would have them all alike."""
        sides, head, bodies, foot = content
        longest = [0] * len(sides)
        for _, cells in (*head[1], *(row for body in bodies for row in (*body[2], *body[3])), *foot[1]):
            column = 0
            for _, _, _, across, blocks in cells:
                if across == 1 and column < len(sides):
                    longest[column] = max(longest[column], len(text(blocks)))
                column += across
        whole = max(LINE, sum(longest) + len(sides) * BESIDE)
        if all(width["t"] == "ColWidthDefault" for _, width in sides):
            shares = [{"t": "ColWidth", "c": round((each + BESIDE) / whole, 4)} for each in longest]
            sides = [[side, share] for (side, _), share in zip(sides, shares, strict=True)]
        return super()._table(node, caption, [sides, head, bodies, foot])

    def reference(self, name: str) -> list[Node]:
        label, anchor = self.label(name)
        return [{"t": "Link", "c": [NONE, words(label), [f"#{anchor}", ""]]}]

    def other(self, node: Node) -> Node | list[Node] | None:
        """Paragraphs, in parts where a numbered formula stands between these."""
        if node["t"] not in ("Para", "Plain") or not any(map(crossrefs.is_equation, node["c"])):
            return super().other(node)
        out: list[Node] = [{"t": node["t"], "c": []}]
        for inline in node["c"]:
            if crossrefs.is_equation(inline):
                out += [self._equation(inline), {"t": "Para", "c": []}]
            else:
                out[-1]["c"] += rewrite([inline], self.change)
        return [block for block in out if block["t"] == "Table" or text(block["c"]).strip()]

    def _equation(self, node: Node) -> Node:
        """A formula in the middle and its number at the right: a table without lines."""
        number = {"t": "Span", "c": [[identity(node), [], []], words(f"({attribute(node, 'number')})")]}
        sides = [["AlignCenter", 0.9], ["AlignRight", 0.1]]
        columns = [[{"t": side}, {"t": "ColWidth", "c": share}] for side, share in sides]
        row = _row([_cell(node["c"][1]), _cell([number])])
        content = [NONE, [None, []], columns, [NONE, []], [[NONE, 0, [], [row]]], [NONE, []]]
        return {"t": "Table", "c": content}


@dataclass
class LatexWriter(PlainWriter):
    """The page for LaTeX."""

    to: str = "latex"
    drawings: Literal["png", "pdf"] = "pdf"

    def panel(self, name: str, record: dict[str, Any]) -> str:
        return self.taken(self.assets / record["svg"], f"{name}.svg", record["size"][0])[0]

    def said(self, node: Node, caption: list[Node]) -> list[Node]:
        return caption

    def rule(self, row: dict[str, Any]) -> list[Node]:
        return [raw_inline("latex", "\\midrule\n")] if row.get("_rule") else []

    def reference(self, name: str) -> list[Node]:
        label, anchor = self.label(name)
        return self._counted(label.partition(NBSP)[0], anchor, after=self.document.numbers[name][2])

    def heading(self, node: Node) -> Node:
        level, attributes, title = with_attribute(node, "number", "")["c"]
        return {"t": "Header", "c": [level, attributes, rewrite(title, self.change)]}

    def equation(self, node: Node) -> Node:
        label, formula = _label(identity(node)), _inner(node["c"][1][0]["c"][1])
        return raw_inline("latex", f"\\begin{{equation}}\\label{{{label}}}\n{formula}\n\\end{{equation}}")

    def other(self, node: Node) -> Node | list[Node] | None:
        """References by LaTeX's own counters; headings that it shall not count."""
        if node["t"] == "Math":
            return {"t": "Math", "c": [node["c"][0], _inner(node["c"][1])]}
        if node["t"] == "Header":
            level, (name, classes, pairs), title = node["c"]
            attributes = [name, [*classes, "unnumbered"], pairs]
            return {"t": "Header", "c": [level, attributes, rewrite(title, self.change)]}
        if node["t"] == "Link" and "ref" in node["c"][0][1]:
            word, _, number = text(node["c"][1]).partition(NBSP)
            before, after = ("(", ")") if number.startswith("(") else ("", "")
            return self._counted(word, node["c"][2][0][1:], before, after)
        return super().other(node)

    def _counted(self, word: str, anchor: str, before: str = "", after: str = "") -> list[Node]:
        """`Fig.~\\ref{fig:loss}b`."""
        return [*words(f"{word}{NBSP}{before}"), raw_inline("latex", f"\\ref{{{_label(anchor)}}}"), *words(after)]


def words(content: str) -> list[Node]:
    """A text as inlines."""
    return [{"t": "Str", "c": content}] if content else []


def _row(cells: list[Any]) -> list[Any]:
    return [NONE, cells]


def _cell(inlines: list[Node], across: int = 1) -> list[Any]:
    side = {"t": "AlignCenter" if across > 1 else "AlignDefault"}
    return [NONE, side, 1, across, [{"t": "Plain", "c": inlines}]]


def _label(identity: str) -> str:
    """An id as pandoc writes it in a label."""
    return re.sub(r"[^A-Za-z0-9_\-+=:;.]", lambda sign: f"ux{ord(sign.group()):x}", identity)


def _inner(tex: str) -> str:
    """A formula whose environments are those that may stand within a display."""

    def within(match: re.Match[str]) -> str:
        side, name = match.group(1, 2)
        if name in ("equation", "displaymath", "math"):
            return ""
        return f"\\{side}{{{'gathered' if name in ('gather', 'multline') else 'aligned'}}}"

    return _DISPLAYS.sub(within, tex)
