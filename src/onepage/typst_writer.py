"""The page's tree as Typst, in the words of theme/page.typ."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepage.document import attribute, is_span, nodes, rewrite, text
from onepage.pandoc import Node
from onepage.writers import Writer, raw_inline


@dataclass
class TypstWriter(Writer):
    """Typst in the words of theme/page.typ; images are copied into `folder`."""

    to: str = "typst"
    folder: Path = Path()

    def figure(self, node: Node) -> tuple[str, str]:
        names = attribute(node, "names").split()
        panels = []
        for name in names:
            record = self.results["figures"][name]
            shutil.copyfile(self.assets / record["svg"], self.folder / f"{name}.svg")
            width, height = record["size"]
            path, alt = typst_string(f"{name}.svg"), typst_string(record["alt"])
            panels.append(f"(path: {path}, width: {width}in, height: {height}in, alt: {alt})")
        number = self.document.numbers[names[0]][1]
        options = self._options(node)
        return f"#op-figure({number}, ({', '.join(panels)},){options})[", f"] <fig:{names[0]}>"

    def table(self, node: Node) -> tuple[str, str]:
        shown = self.columns(node)
        columns, rows, note = shown.columns, shown.rows, shown.note
        name = attribute(node, "names")
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
        number = self.document.numbers[name][1]
        call = f"#op-table({number}, ({sides},), ({head},), ({body},){said}{self._options(node)})["
        return call, f"] <fig:{name}>"

    def anchors(self, blocks: list[Node]) -> list[str]:
        """The labels that these blocks define, for links from elsewhere."""
        found = []
        for node in nodes(blocks):
            if node["t"] in ("Header", "Div", "Span") and not is_span(node, "claim"):
                found.append(node["c"][1 if node["t"] == "Header" else 0][0])
            if node["t"] == "Div" and ({"figure", "table"} & set(node["c"][0][1])):
                found.append(f"fig:{attribute(node, 'names').split()[0]}")
        return [name for name in dict.fromkeys(found) if name]

    def _options(self, node: Node) -> str:
        place, wide = attribute(node, "place"), attribute(node, "wide")
        return (f", place: {typst_string(place)}" if place else "") + (", wide: true" if wide else "")

    def image(self, node: Node) -> Node:
        attributes, caption, (target, _) = node["c"]
        source = self.page_folder / target
        alt = dict(attributes[2]).get("alt") or text(caption)
        shutil.copyfile(source, self.folder / source.name)
        return raw_inline("typst", f"#image({typst_string(source.name)}, alt: {typst_string(alt)})")

    def reference(self, name: str) -> list[Node]:
        label, anchor = self.label(name)
        return [raw_inline("typst", f"#link(<fig:{anchor}>)[{label}]")]

    def value(self, names: list[str], inlines: list[Node]) -> list[Node]:
        return inlines

    def claim(self, node: Node, inlines: list[Node]) -> list[Node]:
        state, evidence = self.state(node)
        if state == "held":
            return inlines
        word = "not supported" if state == "failed" else "no such claim"
        end = f"][{word}: #{typst_string(evidence)}]"
        return [raw_inline("typst", "#op-failed["), *inlines, raw_inline("typst", end)]

    def other(self, node: Node) -> Node | list[Node] | None:
        """The bibliography's entries with hanging numbers; the work distribution's members and warning."""
        if node["t"] == "Div" and "member" in node["c"][0][1]:
            about = ", ".join(typst_string(attribute(node, key)) for key in ("name", "student"))
            return [self.raw(f"#op-member({about})["), *rewrite(node["c"][1], self.change), self.raw("]")]
        if node["t"] == "Div" and "warning" in node["c"][0][1]:
            return [self.raw("#op-warning["), *rewrite(node["c"][1], self.change), self.raw("]")]
        if node["t"] == "Div" and "csl-entry" in node["c"][0][1]:
            inside = node["c"][1][0]["c"]
            left = [i for i in inside if is_span(i, "csl-left-margin")]
            right = [i for i in inside if not is_span(i, "csl-left-margin")]
            end = self.raw(f"] <{node['c'][0][0]}>")
            return [
                self.raw("#op-reference["), {"t": "Plain", "c": left}, self.raw("]["),
                {"t": "Plain", "c": rewrite(right, self.change)}, end,
            ]  # fmt: skip
        return None


def typst_string(content: str) -> str:
    """A Typst string literal."""
    return json.dumps(re.sub(r"[\x00-\x1f\x7f]+", " ", content), ensure_ascii=False)


def _bool(content: Any) -> str:
    return "true" if content else "false"
