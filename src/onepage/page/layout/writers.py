"""What writing the page's tree takes in any format: tables' texts, claims' states, where evidence lies.

`html_writer` and `typst_writer` add how each format says it.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepage.core import quantities
from onepage.core.errors import UserError
from onepage.page.tree import crossrefs, floats, pandoc, pictures
from onepage.page.tree.document import Document
from onepage.page.tree.pandoc import Node
from onepage.page.tree.walk import attribute, has_class, is_span, nodes, rewrite, text, with_attribute


@dataclass(frozen=True)
class Columns:
    """A published table as it stands on the page."""

    columns: list[dict[str, Any]]
    rows: list[dict[str, Any]]  # key -> text
    note: str | None
    spanner: tuple[str, int, int] | None  # a heading above the columns from first to last


VERDICTS = {"failed": "not supported", "unbound": "no such claim"}  # on a sentence that is struck out


@dataclass
class Writer:
    """What both formats share: where things are found, and what a claim's state is."""

    document: Document
    results: dict[str, Any]
    assets: Path  # the folder that figures' paths are relative to
    page_folder: Path  # where images named in Markdown stand
    to: str = ""  # pandoc's name of the format
    comment: str = ""  # how it writes a comment

    def write(self, *parts: list[Node]) -> list[str]:
        """Parts of the page in this format, by one call of pandoc."""
        changed = [self.changed(part) for part in parts]
        # no part can hold the hash of them all
        end = self.comment.format(hashlib.sha256(repr(changed).encode()).hexdigest())
        written = pandoc.write([block for part in changed for block in (*part, self.raw(end))], self.to)
        return written.split(f"{end}\n")[: len(parts)]

    def changed(self, part: list[Node]) -> list[Node]:
        """A part of the page as pandoc shall have it."""
        return rewrite(part, self.change)

    def change(self, node: Node) -> Node | list[Node] | None:
        """Replace what the page gives a meaning of its own; leave the rest to pandoc."""
        if node["t"] == "Div" and has_class(node, "figure"):
            return self.figure(node, rewrite(node["c"][1], self.change))
        if node["t"] == "Div" and has_class(node, "table"):
            return self.table(node, rewrite(node["c"][1], self.change))
        if node["t"] == "Div" and has_class(node, "typed"):
            caption, *content = node["c"][1]
            return self.typed(node, rewrite(caption["c"][1], self.change), content)
        if node["t"] == "Table":
            return self.plain_table(node)
        if node["t"] == "Link" and not node["c"][1] and node["c"][2][0].startswith("#"):
            name = next((n for n in self.document.numbers if self.places[n] == node["c"][2][0][1:]), None)
            return self.reference(name) if name else None
        if node["t"] == "Image":
            return self.image(node)
        if node["t"] == "Header" and attribute(node, "number"):
            return self.heading(node)
        if crossrefs.is_equation(node):
            return self.equation(node)
        if node["t"] == "Cite":
            return self.citation(node, rewrite(node["c"][1], self.change))
        if is_span(node, "ref"):
            name = attribute(node, "name")
            if name not in self.document.numbers:  # `check` says where
                return {"t": "Strong", "c": [{"t": "Str", "c": f"[{name}?]"}]}
            return self.reference(name)
        if is_span(node, "value"):
            return self.value(attribute(node, "names").split(), rewrite(node["c"][1], self.change))
        if is_span(node, "claim"):
            return self.claim(node, rewrite(node["c"][1], self.change))
        return self.other(node)

    def state(self, node: Node) -> tuple[str, str]:
        """Whether a bound sentence holds: "held", "failed" or "unbound", and its evidence."""
        name = node["c"][0][0]
        claim = self.results["claims"].get(name)
        if claim is None:
            return "unbound", f"no claim {name} is published"
        held = claim["holds"] != ("not" in node["c"][0][1])
        return ("held" if held else "failed"), claim["evidence"]

    def columns(self, node: Node) -> Columns:
        """A table as the page wants it.

        A column of percentages says so once, in its heading or in the spanner above, and its cells are plain
        numbers.
        """
        record = self.results["tables"][attribute(node, "names")]
        chosen = attribute(node, "columns").split() or [column["key"] for column in record["columns"]]
        by_key = {column["key"]: dict(column) for column in record["columns"]}
        columns, intervals = [by_key[key] for key in chosen], attribute(node, "intervals").split()
        percent = {key for key in chosen if _all_fractions([row[key] for row in record["rows"]])}
        spanner = attribute(node, "spanner")
        for column in columns:
            if column["key"] in percent and not spanner and "%" not in column["heading"]:
                column["heading"] += ", %"
        rows = [
            {**row, **{key: _cell(row[key], key in intervals, key in percent) for key in chosen}}
            for row in record["rows"]
        ]
        spanned = [index for index, key in enumerate(chosen) if key in percent]
        if spanner and (len(spanned) < 2 or spanned[-1] - spanned[0] + 1 != len(spanned) or spanned[0] == 0):
            raise UserError(
                f'table("{attribute(node, "names")}"): a spanner needs two or more neighbouring columns of '
                "percentages after the first column"
            )
        over = (spanner, spanned[0], spanned[-1]) if spanner else None
        return Columns(columns, rows, record.get("note"), over)

    def source(self, section: str, name: str) -> str:
        """The address of a published thing on its analysis's page."""
        return f"analyses/{self.results[section][name]['source']['target']}.html#{name}"

    # What each format does its own way.
    def raw(self, said: str) -> Node:
        """A block of this format's own text."""
        return {"t": "RawBlock", "c": [{"html5": "html", "docx": "openxml"}.get(self.to, self.to), said]}

    def figure(self, node: Node, caption: list[Node]) -> list[Node]:
        """A published figure."""
        raise NotImplementedError

    def table(self, node: Node, caption: list[Node]) -> list[Node]:
        """A published table."""
        raise NotImplementedError

    def image(self, node: Node) -> Node:
        raise NotImplementedError

    def picture(self, node: Node) -> tuple[pictures.Picture, dict[str, str], str]:
        """A picture that Markdown shows: its file, those sides that have a length, and what stands in its place."""
        attributes, caption, (target, _) = node["c"]
        picture = pictures.sized(node, self.document.pictures[target])
        sides = {side: length for side, length in (("width", picture.width), ("height", picture.height)) if length}
        return picture, sides, dict(attributes[2]).get("alt") or text(caption) or picture.path.stem

    def reference(self, name: str) -> list[Node]:
        raise NotImplementedError

    def equation(self, node: Node) -> Node | list[Node]:
        """A formula on display that has a number."""
        raise NotImplementedError

    def heading(self, node: Node) -> Node:
        """A heading that has a number, which stands before its text."""
        level, _, title = node["c"]
        number = {"t": "Str", "c": f"{attribute(node, 'number')}\N{EN SPACE}"}
        bare = with_attribute(node, "number", "")
        return {"t": "Header", "c": [level, bare["c"][1], [number, *rewrite(title, self.change)]]}

    def typed(self, node: Node, caption: list[Node], content: list[Node]) -> list[Node]:
        """A picture or table that is typed in Markdown and has a caption."""
        raise NotImplementedError

    def plain_table(self, node: Node) -> Node | list[Node] | None:
        """A table that is typed in Markdown and has no caption."""
        return None

    @functools.cached_property
    def places(self) -> dict[str, str]:
        """The id of the float where each name stands."""
        found: dict[str, str] = {}
        for node in nodes([self.document.abstract, *self.document.parts.values()]):
            if floats.kind_of(node):
                identifier = node["c"][0][0]
                for name in (*attribute(node, "names").split(), identifier):
                    found.setdefault(name, identifier)
        return found

    def numbered(self, node: Node) -> str:
        """What a figure's or table's caption begins with: `Figure 3`."""
        return f"{self.document.language.word(floats.KINDS[str(floats.kind_of(node))])} {attribute(node, 'number')}"

    def label(self, name: str) -> tuple[str, str]:
        """How the text refers to a figure or table, and its anchor."""
        kind, number, letter = self.document.numbers[name]
        word = self.document.language.word(kind)
        return f"{'Fig.' if word == 'Figure' else word}{quantities.NBSP}{number}{letter}", self.places[name]

    def citation(self, node: Node, inlines: list[Node]) -> Node:
        return {"t": "Span", "c": [["", ["citation"], []], inlines]}

    def value(self, names: list[str], inlines: list[Node]) -> list[Node]:
        """A published number, as it is written."""
        return inlines

    def claim(self, node: Node, inlines: list[Node]) -> list[Node]:
        raise NotImplementedError

    def other(self, node: Node) -> Node | list[Node] | None:
        return None


def _all_fractions(cells: list[Any]) -> bool:
    given = [cell for cell in cells if cell is not None]
    return bool(given) and all(isinstance(cell, dict) and cell.get("unit") == "fraction" for cell in given)


def _cell(content: Any, interval: bool, percent: bool) -> str:
    if not isinstance(content, dict):
        return quantities.cell(content)
    value, low, high = (content.get(key) for key in ("value", "low", "high"))
    if value is None:
        return quantities.DASH
    unit, digits = content.get("unit"), content.get("digits")
    written = quantities.shown(value, unit, digits)
    if percent:
        written = written.removesuffix("%")
    if not interval or low is None or high is None:
        return written
    half = (high - low) / 2
    return f"{written} ±{quantities.shown(half, unit, digits).removesuffix('%')}"


def raw_inline(language: str, text: str) -> Node:
    """Text in the format's own language, inside a paragraph."""
    return {"t": "RawInline", "c": [language, text]}
