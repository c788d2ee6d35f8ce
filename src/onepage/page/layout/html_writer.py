"""The page's tree as HTML, with its images inside it and links to the evidence."""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass, field
from pathlib import Path

from onepage.core import quantities
from onepage.page.layout.writers import VERDICTS, Writer, raw_inline
from onepage.page.tree import pictures
from onepage.page.tree.pandoc import Node
from onepage.page.tree.walk import attribute, rewrite


@dataclass
class HtmlWriter(Writer):
    """HTML whose images are inside it."""

    to: str = "html5"
    comment: str = "<!-- {} -->"
    noted: int = 0  # footnotes so far: their numbers go on from part to part, as in the PDF
    notes: list[tuple[int, list[Node]]] = field(default_factory=list)  # those of the part that is being written

    def changed(self, part: list[Node]) -> list[Node]:
        """A part of the page, its footnotes below it."""
        self.notes = []
        return [*super().changed(part), *self._footnotes()]

    def _footnotes(self) -> list[Node]:
        """The list of footnotes. pandoc's own begins at one in every part, with the ids that the last one had."""
        if not self.notes:
            return []
        start = f'<section class="footnotes" role="doc-endnotes"><ol start="{self.notes[0][0]}">'
        items = [self.raw(start)]
        for number, blocks in self.notes:
            back = f'<a href="#op:noteref-{number}" class="footnote-back" role="doc-backlink">\u21a9\ufe0e</a>'
            *before, last = blocks
            if last["t"] in ("Para", "Plain"):
                last = {**last, "c": [*last["c"], raw_inline("html", f"\u00a0{back}")]}
            else:
                last = {"t": "Div", "c": [["", [], []], [last, {"t": "Para", "c": [raw_inline("html", back)]}]]}
            items += [self.raw(f'<li id="op:note-{number}">'), *before, last, self.raw("</li>")]
        return [*items, self.raw("</ol></section>")]

    def figure(self, node: Node, caption: list[Node]) -> list[Node]:
        names = attribute(node, "names").split()
        images = "".join(self._img(name) for name in names)
        wide = " wide" if attribute(node, "wide") else ""
        start = f'<figure id="{_id(node)}" class="float{wide}"><div class="panels">{images}</div>'
        return [self.raw(f"{start}<figcaption><b>{html.escape(self.numbered(node))}.</b> "), *caption,
                self.raw("</figcaption></figure>")]  # fmt: skip

    def typed(self, node: Node, caption: list[Node], content: list[Node]) -> list[Node]:
        said = [
            self.raw(f"<figcaption><b>{html.escape(self.numbered(node))}.</b> "),
            *caption,
            self.raw("</figcaption>"),
        ]
        table = attribute(node, "kind") == "table"
        inside = self.plain_table(content[0]) if table else rewrite(content, self.change)
        start = f'<figure id="{_id(node)}" class="float{" table" if table else ""}">'
        return [self.raw(start), *(said + inside if table else inside + said), self.raw("</figure>")]

    def plain_table(self, node: Node) -> list[Node]:
        inside = {"t": "Table", "c": rewrite(node["c"], self.change)}
        return [self.raw('<div class="scroll" tabindex="0">'), inside, self.raw("</div>")]

    def _img(self, name: str) -> str:
        figure = self.results["figures"][name]
        alt, (width, height) = html.escape(figure["alt"]), figure["size"]
        link = f'<a href="{self.source("figures", name)}" style="flex:{width:g}">'
        size = f'width="{96 * width:.0f}" height="{96 * height:.0f}"'
        return f'{link}<img alt="{alt}" {size} src="{data_uri(self.assets / figure["svg"], "image/svg+xml")}"></a>'

    def table(self, node: Node, caption: list[Node]) -> list[Node]:
        shown = self.columns(node)
        columns, rows, note = shown.columns, shown.rows, shown.note
        number = html.escape(self.numbered(node))
        head = "".join(f'<th scope="col" class="{c["align"]}">{html.escape(c["heading"])}</th>' for c in columns)
        body = ""
        for row in rows:
            kinds = " ".join(word for word in ("rule", "strong") if row.get("_" + word))
            first, *rest = columns
            cells = f'<th scope="row" class="{first["align"]}">{html.escape(row[first["key"]])}</th>'
            cells += "".join(f'<td class="{c["align"]}">{html.escape(row[c["key"]])}</td>' for c in rest)
            body += f'<tr class="{kinds}">{cells}</tr>' if kinds else f"<tr>{cells}</tr>"
        above = ""
        if shown.spanner:
            said, start, end = shown.spanner
            wide, after = end - start + 1, len(columns) - end - 1
            above = f'<tr class="over"><td colspan="{start}"></td><th scope="colgroup" colspan="{wide}">'
            above += f"{html.escape(said)}</th>{f'<td colspan={after}></td>' if after else ''}</tr>"
        foot = f'<p class="note">{html.escape(note)}</p>' if note else ""
        return [
            self.raw(f'<figure id="{_id(node)}" class="float table"><figcaption><b>{number}.</b> '), *caption,
            self.raw(f'</figcaption><div class="scroll" tabindex="0" role="region" aria-label="{number}">'
                     f"<table><thead>{above}<tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{foot}</figure>"),
        ]  # fmt: skip

    def image(self, node: Node) -> Node:
        target, title = node["c"][2]
        picture = self.document.pictures[target]
        attributes, caption, _ = pictures.without_sizes(node)["c"]
        return {"t": "Image", "c": [attributes, caption, [data_uri(picture.path, picture.mime), title]]}

    def reference(self, name: str) -> list[Node]:
        label, anchor = self.label(name)
        return [raw_inline("html", f'<a class="ref" href="#{html.escape(anchor)}">{html.escape(label)}</a>')]

    def value(self, names: list[str], inlines: list[Node]) -> list[Node]:
        record = self.results["values"][names[0]]
        exact = quantities.interval(record["value"], record["low"], record["high"], record["unit"])
        title = f"{', '.join(names)}: {exact}; {record['source']['script']}"
        link = f'<a class="value" href="{self.source("values", names[0])}" title="{html.escape(title)}">'
        return [raw_inline("html", link), *inlines, raw_inline("html", "</a>")]

    def claim(self, node: Node, inlines: list[Node]) -> list[Node]:
        state, evidence = self.state(node)
        name, said = html.escape(node["c"][0][0]), html.escape(evidence)
        if state == "held":
            link = f'<a class="evidence" href="{self.source("claims", node["c"][0][0])}" title="{said}"'
            mark = f'{link} aria-label="evidence: {said}">&#8201;<sup>&#9679;</sup></a>'
            start = f'<span class="claim" data-claim="{name}">'
            return [raw_inline("html", start), *inlines, raw_inline("html", f"{mark}</span>")]
        mark = f' <strong class="verdict">[{VERDICTS[state]}: {said}]</strong></span>'
        start = f'<span class="claim {state}" data-claim="{name}"><del>'
        return [raw_inline("html", start), *inlines, raw_inline("html", f"</del>{mark}")]

    def equation(self, node: Node) -> list[Node]:
        number = raw_inline("html", f'<span class="number">({attribute(node, "number")})</span></span>')
        return [raw_inline("html", f'<span class="equation" id="{_id(node)}">'), *node["c"][1], number]

    def other(self, node: Node) -> Node | list[Node] | None:
        """A footnote; a member of the group: name, number and parts."""
        if node["t"] == "Note":
            self.noted += 1
            self.notes.append((self.noted, rewrite(node["c"], self.change)))
            link = f'<a href="#op:note-{self.noted}" id="op:noteref-{self.noted}" class="footnote-ref"'
            return raw_inline("html", f'{link} role="doc-noteref"><sup>{self.noted}</sup></a>')
        if node["t"] == "Div" and "member" in node["c"][0][1]:
            name, student = (html.escape(attribute(node, key)) for key in ("name", "student"))
            number = f' <span class="student">{student}</span>' if student else ""
            start = self.raw(f'<section class="member"><h3>{name}{number}</h3><div>')
            return [start, *rewrite(node["c"][1], self.change), self.raw("</div></section>")]
        return None


def _id(node: Node) -> str:
    return html.escape(node["c"][0][0])


def data_uri(path: Path, mime: str) -> str:
    """A file as a data: address."""
    return f"data:{mime};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
