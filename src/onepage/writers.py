"""The page's tree as HTML and as Typst: figures, tables, claims, values and references in each."""

from __future__ import annotations

import base64
import html
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onepage import pandoc, quantities
from onepage.document import Document, attribute, is_span, rewrite
from onepage.errors import UserError
from onepage.pandoc import Node

TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


@dataclass
class Writer:
    """What both formats share: where things are found, and what a claim's state is."""

    document: Document
    results: dict[str, Any]
    assets: Path  # the folder that figures' paths are relative to
    page_folder: Path  # where images named in Markdown are looked for
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
            return self.reference(*self.document.numbers[attribute(node, "name")], attribute(node, "name"))
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

    def columns(self, node: Node) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str | None]:
        """A table's columns, its rows with texts for cells, and its note, as the page wants them.

        A column of percentages says so once, in its heading, and its cells are plain numbers.
        """
        record = self.results["tables"][attribute(node, "names")]
        chosen = attribute(node, "columns").split() or [column["key"] for column in record["columns"]]
        by_key = {column["key"]: dict(column) for column in record["columns"]}
        columns, intervals = [by_key[key] for key in chosen], attribute(node, "intervals").split()
        percent = {key for key in chosen if _all_fractions([row[key] for row in record["rows"]])}
        for column in columns:
            if column["key"] in percent and "%" not in column["heading"]:
                column["heading"] += ", %"
        rows = [
            {**row, **{key: _cell(row[key], key in intervals, key in percent) for key in chosen}}
            for row in record["rows"]
        ]
        return columns, rows, record.get("note")

    def find(self, name: str) -> Path:
        """An image that the Markdown names, beside report.md or in the report's folder."""
        for folder in (self.page_folder, self.assets):
            path = folder / name
            if path.is_file() and path.suffix.lower() in TYPES:
                return path
        kinds = ", ".join(sorted(TYPES))
        raise UserError(f'there is no image "{name}" ({kinds}) in {self.page_folder} or among the figures')

    def source(self, section: str, name: str) -> str:
        """The address of a published thing on its analysis's page."""
        return f"analyses/{self.results[section][name]['source']['target']}.html#{name}"

    # What each format does its own way.
    def float(self, node: Node, kind: str, inner: tuple[str, str]) -> list[Node]:
        """The raw text before and after a figure's or table's caption."""
        caption = rewrite(node["c"][1], self.change)
        language = "html" if self.to == "html5" else self.to
        before, after = inner
        return [_raw_block(language, before), *caption, _raw_block(language, after)]

    def figure(self, node: Node) -> tuple[str, str]:
        raise NotImplementedError

    def table(self, node: Node) -> tuple[str, str]:
        raise NotImplementedError

    def image(self, node: Node) -> Node:
        raise NotImplementedError

    def reference(self, kind: str, number: int, name: str) -> list[Node]:
        raise NotImplementedError

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
        kind, number = self.document.numbers[names[0]]
        wide = " wide" if attribute(node, "wide") else ""
        return (
            f'<figure id="{names[0]}" class="float{wide}"><div class="panels">{images}</div>'
            f'<figcaption><b>{kind} {number}.</b> ',
            "</figcaption></figure>",
        )  # fmt: skip

    def _img(self, name: str) -> str:
        figure = self.results["figures"][name]
        alt, width, height = html.escape(figure["alt"]), *figure["size"]
        return (
            f'<a href="{self.source("figures", name)}"><img alt="{alt}" width="{96 * width:.0f}" '
            f'height="{96 * height:.0f}" src="{data_uri(self.assets / figure["svg"])}"></a>'
        )

    def table(self, node: Node) -> tuple[str, str]:
        columns, rows, note = self.columns(node)
        name = attribute(node, "names")
        _, number = self.document.numbers[name]
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
        foot = f'<p class="note">{html.escape(note)}</p>' if note else ""
        return (
            f'<figure id="{name}" class="float table"><figcaption><b>Table {number}.</b> ',
            f'</figcaption><div class="scroll" tabindex="0" role="region" aria-label="Table {number}">'
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{foot}</figure>",
        )

    def image(self, node: Node) -> Node:
        attributes, caption, (target, title) = node["c"]
        return {"t": "Image", "c": [attributes, caption, [data_uri(self.find(target)), title]]}

    def reference(self, kind: str, number: int, name: str) -> list[Node]:
        short = "Fig." if kind == "Figure" else kind
        return [_raw("html", f'<a class="ref" href="#{self._anchor(name)}">{short}&nbsp;{number}</a>')]

    def _anchor(self, name: str) -> str:
        """Panels share their figure's number and anchor, which is the first panel's name."""
        number = self.document.numbers[name]
        return next(other for other, each in self.document.numbers.items() if each == number)

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
            return [_raw("html", f'<span class="claim" data-claim="{name}">'), *inlines, _raw("html", f"{mark}</span>")]
        word = "not supported" if state == "failed" else "no such claim"
        mark = f' <strong class="verdict">[{word}: {said}]</strong></span>'
        start = f'<span class="claim {state}" data-claim="{name}"><del>'
        return [_raw("html", start), *inlines, _raw("html", f"</del>{mark}")]


@dataclass
class TypstWriter(Writer):
    """Typst in the words of theme/page.typ; images are copied into `folder`."""

    to: str = "typst"
    folder: Path = Path()
    scaled: list[str] = field(default_factory=list)  # figures that the page has to shrink

    def figure(self, node: Node) -> tuple[str, str]:
        names = attribute(node, "names").split()
        panels = []
        for name in names:
            record = self.results["figures"][name]
            shutil.copyfile(self.assets / record["svg"], self.folder / f"{name}.svg")
            width, height = record["size"]
            alt = typst_string(record["alt"])
            panels.append(f'(path: {typst_string(name + ".svg")}, width: {width}in, height: {height}in, alt: {alt})')
        kind, number = self.document.numbers[names[0]]
        options = self._options(node)
        return f"#op-figure({number}, ({', '.join(panels)},){options})[", f"] <fig:{names[0]}>"

    def table(self, node: Node) -> tuple[str, str]:
        columns, rows, note = self.columns(node)
        name = attribute(node, "names")
        head = ", ".join(typst_string(c["heading"]) for c in columns)
        sides = ", ".join(c["align"] for c in columns)
        body = ", ".join(
            f"(cells: ({', '.join(typst_string(row[c['key']]) for c in columns)},), "
            f"rule: {_bool(row.get('_rule'))}, strong: {_bool(row.get('_strong'))})"
            for row in rows
        )
        said = f", note: {typst_string(note)}" if note else ""
        number = self.document.numbers[name][1]
        call = f"#op-table({number}, ({sides},), ({head},), ({body},){said}{self._options(node)})["
        return call, f"] <fig:{name}>"

    def _options(self, node: Node) -> str:
        place, wide = attribute(node, "place"), attribute(node, "wide")
        return (f", place: {typst_string(place)}" if place else "") + (", wide: true" if wide else "")

    def image(self, node: Node) -> Node:
        (identity, classes, pairs), caption, (target, _) = node["c"]
        source = self.find(target)
        alt = dict(pairs).get("alt") or "".join(i.get("c", " ") for i in caption if i["t"] in ("Str", "Space"))
        shutil.copyfile(source, self.folder / source.name)
        return _raw("typst", f"#image({typst_string(source.name)}, alt: {typst_string(alt)})")

    def reference(self, kind: str, number: int, name: str) -> list[Node]:
        short = "Fig." if kind == "Figure" else kind
        first = next(o for o, each in self.document.numbers.items() if each == (kind, number))
        return [_raw("typst", f"#link(<fig:{first}>)[{short}~{number}]")]

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
        """The bibliography: entries with hanging numbers."""
        if node["t"] == "Div" and "csl-entry" in node["c"][0][1]:
            inside = node["c"][1][0]["c"]
            left = [i for i in inside if is_span(i, "csl-left-margin")]
            right = [i for i in inside if not is_span(i, "csl-left-margin")]
            end = _raw_block("typst", f"] <{node['c'][0][0]}>")
            start = [_raw_block("typst", "#op-reference["), {"t": "Plain", "c": left}, _raw_block("typst", "][")]
            return [*start, {"t": "Plain", "c": rewrite(right, self.change)}, end]
        return None


def typst_string(text: str) -> str:
    """A Typst string literal."""
    return json.dumps(text, ensure_ascii=False)


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
    text = quantities.shown(value, unit, digits)
    if percent:
        text = text.removesuffix("%")
    if not interval or low is None or high is None:
        return text
    half = (high - low) / 2
    return f"{text} ±{quantities.shown(half, unit, digits).removesuffix('%')}"


def _bool(content: Any) -> str:
    return "true" if content else "false"


def _raw(language: str, text: str) -> Node:
    return {"t": "RawInline", "c": [language, text]}


def _raw_block(language: str, text: str) -> Node:
    return {"t": "RawBlock", "c": [language, text]}
