"""The page's tree as HTML and as Typst: figures, tables, claims, values and references in each."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepage import pandoc, quantities
from onepage.document import Document, attribute, is_span, rewrite, text
from onepage.errors import UserError
from onepage.pandoc import Node

TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


@dataclass(frozen=True)
class Columns:
    """A published table as it stands on the page."""

    columns: list[dict[str, Any]]
    rows: list[dict[str, Any]]  # key -> text
    note: str | None
    spanner: tuple[str, int, int] | None  # a heading above the columns from first to last


@dataclass
class Writer:
    """What both formats share: where things are found, and what a claim's state is."""

    document: Document
    results: dict[str, Any]
    assets: Path  # the folder that figures' paths are relative to
    page_folder: Path  # where images named in Markdown stand
    to: str = ""  # pandoc's name of the format

    def write(self, blocks: list[Node]) -> str:
        """A part of the page in this format."""
        return pandoc.write(rewrite(blocks, self.change), self.to)

    def change(self, node: Node) -> Node | list[Node] | None:
        """Replace what the page gives a meaning of its own; leave the rest to pandoc."""
        if node["t"] == "Div" and "figure" in node["c"][0][1]:
            return self.float(node, "figure", self.figure(node))
        if node["t"] == "Div" and "table" in node["c"][0][1]:
            return self.float(node, "table", self.table(node))
        if node["t"] == "Image":
            return self.image(node)
        if node["t"] == "Cite":
            return {"t": "Span", "c": [["", ["citation"], []], rewrite(node["c"][1], self.change)]}
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
    def float(self, node: Node, kind: str, inner: tuple[str, str]) -> list[Node]:
        """The raw text before and after a figure's or table's caption."""
        caption = rewrite(node["c"][1], self.change)
        before, after = inner
        return [self.raw(before), *caption, self.raw(after)]

    def raw(self, text: str) -> Node:
        """A block of this format's own text."""
        return {"t": "RawBlock", "c": ["html" if self.to == "html5" else self.to, text]}

    def figure(self, node: Node) -> tuple[str, str]:
        raise NotImplementedError

    def table(self, node: Node) -> tuple[str, str]:
        raise NotImplementedError

    def image(self, node: Node) -> Node:
        raise NotImplementedError

    def reference(self, name: str) -> list[Node]:
        raise NotImplementedError

    def label(self, name: str) -> tuple[str, str]:
        """How the text refers to a figure or table, and the first panel's name, which is its anchor."""
        kind, number, letter = self.document.numbers[name]
        first = next(o for o, each in self.document.numbers.items() if each[:2] == (kind, number))
        return f"{'Fig.' if kind == 'Figure' else kind}{quantities.NBSP}{number}{letter}", first

    def value(self, names: list[str], inlines: list[Node]) -> list[Node]:
        raise NotImplementedError

    def claim(self, node: Node, inlines: list[Node]) -> list[Node]:
        raise NotImplementedError

    def other(self, node: Node) -> Node | list[Node] | None:
        return None


@dataclass
class HtmlWriter(Writer):
    """HTML whose images are inside it."""

    to: str = "html5"

    def figure(self, node: Node) -> tuple[str, str]:
        names = attribute(node, "names").split()
        images = "".join(self._img(name) for name in names)
        kind, number, _ = self.document.numbers[names[0]]
        wide = " wide" if attribute(node, "wide") else ""
        return (
            f'<figure id="{names[0]}" class="float{wide}"><div class="panels">{images}</div>'
            f'<figcaption><b>{kind} {number}.</b> ',
            "</figcaption></figure>",
        )  # fmt: skip

    def _img(self, name: str) -> str:
        figure = self.results["figures"][name]
        alt, width, height = html.escape(figure["alt"]), *figure["size"]
        link = f'<a href="{self.source("figures", name)}" style="flex:{width:g}">'
        size = f'width="{96 * width:.0f}" height="{96 * height:.0f}"'
        return f'{link}<img alt="{alt}" {size} src="{data_uri(self.assets / figure["svg"])}"></a>'

    def table(self, node: Node) -> tuple[str, str]:
        shown = self.columns(node)
        columns, rows, note = shown.columns, shown.rows, shown.note
        name = attribute(node, "names")
        number = self.document.numbers[name][1]
        head = "".join(
            f'<th scope="col" class="{c["align"]}">{html.escape(c["heading"])}</th>' for c in columns
        )
        body = ""
        for row in rows:
            kinds = " ".join(word for word in ("rule", "strong") if row.get("_" + word))
            first, *rest = columns
            cells = f'<th scope="row" class="{first["align"]}">{html.escape(row[first["key"]])}</th>'
            cells += "".join(f'<td class="{c["align"]}">{html.escape(row[c["key"]])}</td>' for c in rest)
            body += f'<tr class="{kinds}">{cells}</tr>' if kinds else f"<tr>{cells}</tr>"
        above = ""
        if shown.spanner:
            said, first, last = shown.spanner
            wide, rest = last - first + 1, len(columns) - last - 1
            above = f'<tr class="over"><td colspan="{first}"></td><th scope="colgroup" colspan="{wide}">'
            above += f"{html.escape(said)}</th>{f'<td colspan={rest}></td>' if rest else ''}</tr>"
        foot = f'<p class="note">{html.escape(note)}</p>' if note else ""
        return (
            f'<figure id="{name}" class="float table"><figcaption><b>Table {number}.</b> ',
            f'</figcaption><div class="scroll" tabindex="0" role="region" aria-label="Table {number}">'
            f"<table><thead>{above}<tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{foot}</figure>",
        )

    def image(self, node: Node) -> Node:
        attributes, caption, (target, title) = node["c"]
        return {"t": "Image", "c": [attributes, caption, [data_uri(self.page_folder / target), title]]}

    def reference(self, name: str) -> list[Node]:
        label, anchor = self.label(name)
        return [_raw("html", f'<a class="ref" href="#{anchor}">{label}</a>')]

    def value(self, names: list[str], inlines: list[Node]) -> list[Node]:
        record = self.results["values"][names[0]]
        exact = quantities.interval(record["value"], record["low"], record["high"], record["unit"])
        title = f"{', '.join(names)}: {exact}; {record['source']['script']}"
        link = f'<a class="value" href="{self.source("values", names[0])}" title="{html.escape(title)}">'
        return [_raw("html", link), *inlines, _raw("html", "</a>")]

    def claim(self, node: Node, inlines: list[Node]) -> list[Node]:
        state, evidence = self.state(node)
        name, said = html.escape(node["c"][0][0]), html.escape(evidence)
        if state == "held":
            link = f'<a class="evidence" href="{self.source("claims", node["c"][0][0])}" title="{said}"'
            mark = f'{link} aria-label="evidence: {said}">&#8201;<sup>&#9679;</sup></a>'
            start = f'<span class="claim" data-claim="{name}">'
            return [_raw("html", start), *inlines, _raw("html", f"{mark}</span>")]
        word = "not supported" if state == "failed" else "no such claim"
        mark = f' <strong class="verdict">[{word}: {said}]</strong></span>'
        start = f'<span class="claim {state}" data-claim="{name}"><del>'
        return [_raw("html", start), *inlines, _raw("html", f"</del>{mark}")]


    def other(self, node: Node) -> Node | list[Node] | None:
        """A member of the group: name, number and parts."""
        if node["t"] == "Div" and "member" in node["c"][0][1]:
            name, student = (html.escape(attribute(node, key)) for key in ("name", "student"))
            number = f' <span class="student">{student}</span>' if student else ""
            start = self.raw(f'<section class="member"><h3>{name}{number}</h3><div>')
            return [start, *rewrite(node["c"][1], self.change), self.raw("</div></section>")]
        return None


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

    def _options(self, node: Node) -> str:
        place, wide = attribute(node, "place"), attribute(node, "wide")
        return (f", place: {typst_string(place)}" if place else "") + (", wide: true" if wide else "")

    def image(self, node: Node) -> Node:
        attributes, caption, (target, _) = node["c"]
        source = self.page_folder / target
        alt = dict(attributes[2]).get("alt") or text(caption)
        shutil.copyfile(source, self.folder / source.name)
        return _raw("typst", f"#image({typst_string(source.name)}, alt: {typst_string(alt)})")

    def reference(self, name: str) -> list[Node]:
        label, anchor = self.label(name)
        return [_raw("typst", f"#link(<fig:{anchor}>)[{label}]")]

    def value(self, names: list[str], inlines: list[Node]) -> list[Node]:
        return inlines

    def claim(self, node: Node, inlines: list[Node]) -> list[Node]:
        state, evidence = self.state(node)
        if state == "held":
            return inlines
        word = "not supported" if state == "failed" else "no such claim"
        end = f"][{word}: #{typst_string(evidence)}]"
        return [_raw("typst", "#op-failed["), *inlines, _raw("typst", end)]

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


def data_uri(path: Path) -> str:
    """A file as a data: address."""
    kind = TYPES[path.suffix.lower()]
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


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


def _bool(content: Any) -> str:
    return "true" if content else "false"


def _raw(language: str, text: str) -> Node:
    return {"t": "RawInline", "c": [language, text]}


