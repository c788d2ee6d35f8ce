"""One executed output to HTML: our records by their kind, everything else in its best plain form.

Images, sound and data do not go into the page: they become files beside it, and the page refers to them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from onepage.execute.notebooks import overwritten
from onepage.publishing import records, tables
from onepage.review import bundles, pages, prose, sanitised
from onepage.review.cells import Cell, line_of

PIXELS_PER_INCH = 150  # figures are drawn for a printed column; a screen shows them half as large again
DATA_ROWS = 40  # figures with at most so many rows of data show them as a table, too
MOST_OUTPUTS = 200  # of one cell, besides what is published
_ESCAPE = "\x1b"


@dataclass
class Media:
    """The files that stand beside one page."""

    folder: str  # relative to the page: "media/q1_waveforms"
    source: Path | None = None  # where the execution left its files
    files: dict[str, bytes] = field(default_factory=dict)
    css: list[str] = field(default_factory=list)  # what outputs add to the page's style sheet
    places: int = 0  # given out so far

    def add(self, name: str, content: bytes) -> str:
        """Keep `content` as `name`; returns the page's link to it."""
        self.files[name] = content
        return f"{self.folder}/{name}"

    def named(self) -> dict[str, bytes]:
        """Each file by its path beside the page."""
        return {f"{self.folder}/{name}": content for name, content in self.files.items()}

    def place(self, where: str) -> bundles.Place:
        """A place for the next output that nothing describes."""
        self.places += 1

        def keep(suffix: str, content: bytes) -> str:
            return self.add(f"{sanitised.name_of(content)}.{suffix}", content)

        return bundles.Place(where, f"out-{self.places}", keep, self.css)

    def left(self, path: str) -> str | None:
        """Link to a file that the execution left under its own folder, or None if it is not there."""
        if self.source is None:
            return None
        found = (self.source / path).resolve()
        if not found.is_file() or not found.is_relative_to(self.source.resolve()):
            return None
        digest = hashlib.sha256(path.encode()).hexdigest()[:6]
        below = list(dict.fromkeys((*Path(path).parts[1:-1], Path(path).stem)))  # media/song/song.flac is song.flac
        plain = re.fullmatch(r"[A-Za-z0-9._/-]+", path) and ".." not in path
        return self.add(("-".join(below) if plain else digest) + found.suffix, found.read_bytes())


@dataclass(frozen=True)
class Origin:
    """Where an output came from; printed under each."""

    script: str
    target: str
    key: str | None
    kind: str  # "run" or "analysis"


def records_in(cells: list[Cell]) -> Iterator[dict[str, Any]]:
    """The records of a page, in order."""
    for cell in cells:
        for output in cell.outputs:
            record = output.get("data", {}).get(records.MIME)
            if isinstance(record, dict) and "kind" in record and "name" in record:
                yield record


def cell_outputs(cell: Cell, media: Media, origin: Origin, lists: dict[str, dict[str, Any]]) -> list[str]:
    """HTML of a code cell's outputs. `lists` are the page's records of clips by name, for what links to them."""
    groups: list[tuple[str, list[Any]]] = []
    for output in cell.outputs:
        record = output.get("data", {}).get(records.MIME)
        kind = record["kind"] if isinstance(record, dict) and "kind" in record else output.get("output_type", "")
        if kind == "stream":
            kind = f"stream {output.get('name')}"
        item = (record, output) if isinstance(record, dict) else (None, output)
        if groups and groups[-1][0] == kind and kind.startswith(("value", "claim", "stream")):
            groups[-1][1].append(item)
        else:
            groups.append((kind, [item]))
    loose = [number for number, (_, items) in enumerate(groups) if items[0][0] is None][MOST_OUTPUTS:]
    left_out = set(loose)
    shown = [group for number, group in enumerate(groups) if number not in left_out]
    drawn = [_group(kind, items, cell, media, origin, lists) for kind, items in shown]
    if loose:
        drawn.append(f'<p class="note rest">... {len(loose):,} more outputs of this cell, in the notebook</p>')
    return [html for html in drawn if html]


def _group(
    kind: str, items: list[Any], cell: Cell, media: Media, origin: Origin, lists: dict[str, dict[str, Any]]
) -> str:
    if items[0][0] is None:
        if kind.startswith("stream"):
            return _stream(kind, "".join(bundles.joined(output.get("text", "")) for _, output in items))
        if kind == "error":
            return _error(items[0][1])
        place = media.place(f"Output of line {cell.line}" if cell.line else "Output")
        return bundles.shown(items[0][1].get("data", {}), place)
    found = [dict(record, line=line_of(cell, record["name"]), id=pages.anchor(record["name"])) for record, _ in items]
    maker = _CONTEXTS.get(kind)
    context = maker(found[0], items[0][1].get("data", {}), media, lists) if maker else {}
    template = pages.environment().get_template("records.html.j2").module
    macro = getattr(template, kind if kind in _KINDS else "unknown")
    return str(macro(found if kind in ("value", "claim") else found[0], origin, context))


def _figure(record: dict[str, Any], bundle: dict[str, Any], media: Media, lists: dict[str, Any]) -> dict[str, Any]:
    name, context = record["id"], {"caption": prose.inline(record.get("caption", "")), "svg": None, "png": None}
    size = record.get("size")
    if svg := bundle.get("image/svg+xml"):
        text = bundles.joined(svg)
        context["svg"] = media.add(f"{name}.svg", text.encode())
        size = size or _svg_inches(text)
    if png := bundle.get("image/png"):
        context["png"] = media.add(f"{name}.png", base64.b64decode(bundles.joined(png)))
    context["width"], context["height"] = (round(side * PIXELS_PER_INCH) for side in size) if size else (None, None)
    data = record.get("data")
    context["csv"] = media.add(f"{name}.csv", tables.as_csv(data["columns"], data["rows"])) if data else None
    context["shown"] = data if data and len(data["rows"]) <= DATA_ROWS else None
    return context


def _table(record: dict[str, Any], bundle: dict[str, Any], media: Media, lists: dict[str, Any]) -> dict[str, Any]:
    keys = [column["key"] for column in record["columns"]]
    heads, lines = [], []
    for key in keys:
        spread = any(isinstance(row[key], dict) for row in record["rows"])
        heads += [key, f"{key}_low", f"{key}_high"] if spread else [key]
    for row in record["rows"]:
        line = []
        for key in keys:
            cell = row[key] if isinstance(row[key], dict) else {"value": row[key]}
            line += [cell.get("value"), cell.get("low"), cell.get("high")] if f"{key}_low" in heads else [cell["value"]]
        lines.append(line)
    note = record.get("note")
    return {
        "caption": prose.inline(record.get("caption", "")),
        "note": prose.inline(note) if note else None,
        "csv": media.add(f"{record['id']}.csv", tables.as_csv(heads, lines)),
    }


def _answer(record: dict[str, Any], bundle: dict[str, Any], media: Media, lists: dict[str, Any]) -> dict[str, Any]:
    return {"html": prose.markdown(record.get("text", ""), shift=2)}


def _audio(record: dict[str, Any], bundle: dict[str, Any], media: Media, lists: dict[str, Any]) -> dict[str, Any]:
    return {"file": media.left(record["file"]), "strip": media.left(record["strip"])}


def _clips(record: dict[str, Any], bundle: dict[str, Any], media: Media, lists: dict[str, Any]) -> dict[str, Any]:
    files = [{"file": media.left(item["file"]), "strip": media.left(item["strip"])} for item in record["items"]]
    heads = ["clip", *(column["key"] for column in record["columns"])]
    lines = [[item["id"], *item["values"]] for item in record["items"]]
    return {
        "caption": prose.inline(record.get("caption", "")),
        "files": files,
        "csv": media.add(f"{record['id']}.csv", tables.as_csv(heads, lines)),
    }


def _matrix(record: dict[str, Any], bundle: dict[str, Any], media: Media, lists: dict[str, Any]) -> dict[str, Any]:
    """Which clips each cell leads to, and how dark it is (its share of its row, in tenths)."""
    linked = lists.get(record.get("clips") or "")
    first: dict[Any, Any] = {}
    if linked:
        keys = [column["key"] for column in linked["columns"]]
        at = [keys.index(key) for key in (record["row_key"], record["column_key"])]
        for item in linked["items"]:
            pair = tuple(str(item["values"][i]) for i in at)
            first.setdefault(pair, [0, f"{pages.anchor(linked['name'])}-{item['id']}"])[0] += 1
    rows = []
    for label, counts in zip(record["rows"], record["counts"], strict=True):
        total = sum(counts) or 1
        rows.append(
            (
                label,
                total,
                [
                    (count, round(10 * count / total), first.get((str(label), str(column))), column)
                    for column, count in zip(record["columns"], counts, strict=True)
                ],
            )
        )
    lines = [[label, *counts] for label, counts in zip(record["rows"], record["counts"], strict=True)]
    return {
        "caption": prose.inline(record.get("caption", "")),
        "rows": rows,
        "list": pages.anchor(linked["name"]) if linked else None,
        "csv": media.add(f"{record['id']}.csv", tables.as_csv([record["row_key"], *record["columns"]], lines)),
    }


def _scatter(record: dict[str, Any], bundle: dict[str, Any], media: Media, lists: dict[str, Any]) -> dict[str, Any]:
    from onepage.publishing.media import scatter_paths

    linked = lists.get(record.get("clips") or "")
    known = {item["id"] for item in linked["items"]} if linked else set()
    prefix = pages.anchor(linked["name"]) + "-" if linked else ""
    lines = [
        [i, group, *point, text]
        for i, group, point, text in zip(record["ids"], record["group"], record["points"], record["texts"], strict=True)
    ]
    texts = json.dumps(record["texts"], ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return {
        "caption": prose.inline(record.get("caption", "")),
        "texts": texts,
        "prefix": prefix,
        "plot": scatter_paths(record, known),
        "csv": media.add(f"{record['id']}.csv", tables.as_csv(["id", "group", "x", "y", "text"], lines)),
    }


_CONTEXTS = {
    "figure": _figure,
    "table": _table,
    "answer": _answer,
    "audio": _audio,
    "clips": _clips,
    "matrix": _matrix,
    "scatter": _scatter,
}
_KINDS = {*_CONTEXTS, "value", "claim", "file"}


def _error(output: dict[str, Any]) -> str:
    """A cell's exception, its traceback folded."""
    from nbconvert.filters.ansi import ansi2html

    trace, rest = bundles.limited("\n".join(output.get("traceback", [])))
    said = bundles.limited(str(output.get("evalue")), 5000)
    more = "".join(f'<p class="note rest">{line}</p>' for line in (rest, said[1]) if line)
    trace = _classes_only(ansi2html(bundles.printable(trace)))
    return (
        f'<div class="error" role="note"><p><b>{escape(str(output.get("ename")))}</b>: '
        f'{escape(bundles.printable(said[0]).replace(_ESCAPE, ""))}</p><details class="messages"><summary>The '
        f'kernel\'s whole traceback</summary><pre tabindex="0">{trace}</pre>'
        f"</details>{more}</div>"
    )


def _stream(kind: str, text: str) -> str:
    from nbconvert.filters.ansi import ansi2html

    text = overwritten(text).rstrip()
    if not text.strip():
        return ""
    lines = text.count("\n") + 1
    text, rest = bundles.limited(text)
    body = f'<pre class="stream" tabindex="0">{_classes_only(ansi2html(bundles.printable(text)))}</pre>'
    body += f'<p class="note rest">{rest}</p>' if rest else ""
    if kind == "stream stdout" and lines <= 25:
        return body
    title = "Messages" if kind == "stream stderr" else f"Printed: {lines} lines"
    return f'<details class="messages"><summary>{title}</summary>{body}</details>'


def _classes_only(html: str) -> str:
    """nbconvert's spans without style attributes, which the page's policy refuses; their text is escaped already."""
    return re.sub(r'<span( class="[^"<>]*")? style="[^"<>]*">', r"<span\1>", html)


def _svg_inches(text: str) -> tuple[float, float] | None:
    tag = text[max(text.find("<svg"), 0) :].partition(">")[0]
    found = [re.search(rf'\s{side}="([\d.]+)(pt|px|)"', tag) for side in ("width", "height")]
    width, height = (float(m[1]) / (72 if m[2] == "pt" else 96) if m else None for m in found)
    return None if width is None or height is None else (width, height)
