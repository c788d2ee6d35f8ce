"""The page's tree as Typst, in the words of theme/page.typ."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepage.page.layout.writers import VERDICTS, Writer, raw_inline
from onepage.page.tree.pandoc import Node
from onepage.page.tree.walk import attribute, identity, is_span, nodes, rewrite, text


@dataclass
class TypstWriter(Writer):
    """Typst in the words of theme/page.typ; images are copied into `folder`."""

    to: str = "typst"
    comment: str = "// {}"
    folder: Path = Path()

    def figure(self, node: Node, caption: list[Node]) -> list[Node]:
        names = attribute(node, "names").split()
        panels = []
        for name in names:
            record = self.results["figures"][name]
            copy = self.folder / "figures" / f"{name}.svg"
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(self.assets / record["svg"], copy)
            width, height = record["size"]
            path, alt = typst_string(f"/figures/{name}.svg"), typst_string(record["alt"])
            panels.append(f"(path: {path}, width: {width}in, height: {height}in, alt: {alt})")
        number, options = attribute(node, "number"), self._options(node)
        call = f"#op-figure({number}, ({', '.join(panels)},){options})["
        return [self.raw(call), *caption, self.raw(f"] {_label(node)}")]

    def table(self, node: Node, caption: list[Node]) -> list[Node]:
        shown = self.columns(node)
        columns, rows, note = shown.columns, shown.rows, shown.note
        head = ", ".join(typst_string(c["heading"]) for c in columns)
        sides = ", ".join(c["align"] for c in columns)
        body = ", ".join(
            f"(cells: ({', '.join(typst_string(row[c['key']]) for c in columns)},), "
            f"rule: {_bool(row.get('_rule'))}, strong: {_bool(row.get('_strong'))})"
            for row in rows
        )
        said = f", note: {typst_string(note)}" if note else ""
        if shown.spanner:
            said += f", spanner: ({typst_string(shown.spanner[0])}, {shown.spanner[1]}, {shown.spanner[2]})"
        call = f"#op-table({attribute(node, 'number')}, ({sides},), ({head},), ({body},){said}{self._options(node)})["
        return [self.raw(call), *caption, self.raw(f"] {_label(node)}")]

    def typed(self, node: Node, caption: list[Node], content: list[Node]) -> list[Node]:
        number, label = attribute(node, "number"), _label(node)
        if attribute(node, "kind") == "table":
            return [*self._typed_table(number, content[0]), *caption, self.raw(f"] {label}")]
        inside = rewrite(content, self.change)
        return [self.raw(f"#op-typed-figure({number})["), *inside, self.raw("]["), *caption, self.raw(f"] {label}")]

    def plain_table(self, node: Node) -> list[Node]:
        return [*self._typed_table("none", node), self.raw(f"] {_label(node)}")]

    def _typed_table(self, number: str, node: Node) -> list[Node]:
        """The call of op-typed-table up to its caption, its cells being Markdown of their own."""
        _, _, columns, head, bodies, foot = node["c"]
        default = {"AlignRight": "right", "AlignCenter": "center"}
        sides = [default.get(side["t"], "left") for side, _ in columns]
        texts: list[list[str]] = [[] for _ in columns]
        heading = self._cells(head[1], sides, texts)
        rows = self._cells([row for body in bodies for row in (*body[2], *body[3])] + foot[1], sides, texts)
        said = ", ".join("(" + "".join(f"{typst_string(t)}, " for t in column) + ")" for column in texts)
        start = self.raw(f"#op-typed-table({number}, ({', '.join(sides)},), ({said},), (")
        return [start, *heading, self.raw("), ("), *rows, self.raw("))[")]

    def _cells(self, rows: list[Any], sides: list[str], texts: list[list[str]]) -> list[Node]:
        """Rows as calls of table.cell; the words of what stands in one column alone go into `texts`."""
        made: list[Node] = []
        taken: dict[int, int] = {}  # column -> rows that a cell from above still takes
        for _, cells in rows:
            column = 0
            for _, side, down, across, blocks in cells:
                while taken.get(column):
                    taken[column] -= 1
                    column += 1
                if across == 1 and column < len(texts):
                    texts[column].append(text(blocks))
                for each in range(column, column + across):
                    taken[each] = down - 1
                own = {"AlignRight": ", align: right", "AlignCenter": ", align: center"}.get(side["t"], "")
                call = f"table.cell(colspan: {across}, rowspan: {down}{own})["
                made += [self.raw(call), *rewrite(blocks, self.change), self.raw("],")]
                column += across
            for each in range(column, len(sides)):
                taken[each] = max(0, taken.get(each, 0) - 1)
        return made

    def anchors(self, blocks: list[Node]) -> list[str]:
        """The labels that these blocks define, for links from elsewhere."""
        found = []
        for node in nodes(blocks):
            found.append(identity(node))
        return [name for name in dict.fromkeys(found) if name]

    def noted(self, blocks: list[Node]) -> tuple[list[Node], list[Node]]:
        """The blocks with the mere numbers of their footnotes, and the footnotes, for what follows to bring along.

        The abstract spans both columns, and Typst shows no footnotes of what does.
        """
        notes: list[Node] = []

        def change(node: Node) -> Node | None:
            if node["t"] != "Note":
                return None
            notes.extend([self.raw("#op-unmarked["), {"t": "Plain", "c": [node]}, self.raw("]")])
            return raw_inline("typst", f"#super[{len(notes) // 3}]")

        return rewrite(blocks, change), notes

    def _options(self, node: Node) -> str:
        place, wide = attribute(node, "place"), attribute(node, "wide")
        return (f", place: {typst_string(place)}" if place else "") + (", wide: true" if wide else "")

    def image(self, node: Node) -> Node:
        picture, lengths, alt = self.picture(node)
        copy = self.folder / "pictures" / picture.name
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(picture.path, copy)
        sides = "".join(f", {side}: {length}" for side, length in lengths.items())
        call = f"#op-picture({typst_string(f'/pictures/{picture.name}')}, {typst_string(alt)}{sides})"
        return raw_inline("typst", call)

    def reference(self, name: str) -> list[Node]:
        label, anchor = self.label(name)
        return [raw_inline("typst", f"#link(label({typst_string(anchor)}))[{label}]")]

    def claim(self, node: Node, inlines: list[Node]) -> list[Node]:
        state, evidence = self.state(node)
        if state == "held":
            return inlines
        end = f"][{VERDICTS[state]}: #{typst_string(evidence)}]"
        return [raw_inline("typst", "#op-failed["), *inlines, raw_inline("typst", end)]

    def equation(self, node: Node) -> list[Node]:
        start = raw_inline("typst", f"#op-equation({attribute(node, 'number')})[")
        return [start, *rewrite(node["c"][1], self.change), raw_inline("typst", f"]{_label(node)}")]

    def other(self, node: Node) -> Node | list[Node] | None:
        """Formulas with their TeX as alternative text; the bibliography's entries; members and their warning."""
        if node["t"] == "Math":
            said = f"#{{ set math.equation(alt: {typst_string(node['c'][1])}); ["
            return [raw_inline("typst", said), node, raw_inline("typst", "] }")]
        if node["t"] == "Div" and "member" in node["c"][0][1]:
            about = ", ".join(typst_string(attribute(node, key)) for key in ("name", "student"))
            return [self.raw(f"#op-member({about})["), *rewrite(node["c"][1], self.change), self.raw("]")]
        if node["t"] == "Div" and "warning" in node["c"][0][1]:
            return [self.raw("#op-warning["), *rewrite(node["c"][1], self.change), self.raw("]")]
        if node["t"] == "Div" and "csl-entry" in node["c"][0][1]:
            inside = node["c"][1][0]["c"]
            left = [i for i in inside if is_span(i, "csl-left-margin")]
            right = [i for i in inside if not is_span(i, "csl-left-margin")]
            end = self.raw(f"] {_label(node)}")
            return [
                self.raw("#op-reference["), {"t": "Plain", "c": left}, self.raw("]["),
                {"t": "Plain", "c": rewrite(right, self.change)}, end,
            ]  # fmt: skip
        return None


def typst_string(content: str) -> str:
    """A Typst string literal."""
    return json.dumps(re.sub(r"[\x00-\x1f\x7f]+", " ", content), ensure_ascii=False)


def _label(node: Node) -> str:
    """The label of an element with an id."""
    name = identity(node)
    return f"#label({typst_string(name)})" if name else ""


def _bool(content: Any) -> str:
    return "true" if content else "false"
