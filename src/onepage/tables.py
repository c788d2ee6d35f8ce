"""Published tables and numbers: brought into the types that JSON has, and shown as HTML and as text."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from typing import Any

from onepage import quantities


class PublishError(ValueError):
    """What was to be published is not fit for it."""


def as_html(body: Mapping[str, Any]) -> str:
    """A table's record as HTML, every text escaped."""
    head = "".join(
        f'<th scope="col" style="text-align:{c["align"]}">{html.escape(str(c["heading"]))}</th>'
        for c in body["columns"]
    )
    lines = []
    for row in body["rows"]:
        kinds = [word for word, key in (("rule", "_rule"), ("strong", "_strong")) if row.get(key)]
        cells = "".join(
            f'<td style="text-align:{c["align"]}">{html.escape(quantities.cell(row[c["key"]]))}</td>'
            for c in body["columns"]
        )
        lines.append(f'<tr class="{" ".join(kinds)}">{cells}</tr>' if kinds else f"<tr>{cells}</tr>")
    caption = html.escape(body["caption"])
    note = ""
    if body.get("note"):
        span = len(body["columns"])
        note = f'<tfoot><tr><td colspan="{span}">{html.escape(body["note"])}</td></tr></tfoot>'
    return (
        f'<table class="onepage"><caption>{caption}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody>{note}</table>"
    )


def as_text(name: str, body: Mapping[str, Any]) -> str:
    """A table's record as aligned plain text."""
    lines = [[str(c["heading"]) for c in body["columns"]]]
    lines += [[quantities.cell(row[c["key"]]) for c in body["columns"]] for row in body["rows"]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(body["columns"]))]
    sides = [str.rjust if c["align"] == "right" else str.ljust for c in body["columns"]]
    drawn = ["  ".join(s(t, w) for s, t, w in zip(sides, line, widths, strict=True)) for line in lines]
    return "\n".join([f"table {name}: {body['caption']}", *(line.rstrip() for line in drawn)])


def number(content: Any, where: str) -> int | float:
    """A Python number from Python's, numpy's or torch's; not from a bool, NaN or infinity."""
    plain = content.item() if hasattr(content, "item") else content
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        raise PublishError(f"{where}: {content!r} is not a number")
    if not math.isfinite(plain):
        raise PublishError(f"{where}: {plain} is not a finite number; where it is undefined, leave it out")
    return plain


def jsonable(content: Any, where: str) -> Any:
    """`content` in the types that JSON has."""
    if isinstance(content, Mapping):
        return {str(key): jsonable(item, where) for key, item in content.items()}
    if content is None or isinstance(content, str | bool):
        return content
    if hasattr(content, "tolist"):
        content = content.tolist()
    if isinstance(content, list | tuple | range):
        return [jsonable(item, where) for item in content]
    if isinstance(content, bool):  # numpy's
        return content
    return number(content, where)


def rows(rows: Any, where: str) -> list[dict[str, Any]]:
    """A list of rows from rows or from columns of equal length."""
    if isinstance(rows, Mapping):
        lengths = {len(column) for column in rows.values()}
        if len(lengths) != 1:
            raise PublishError(f"{where}: the columns are of different lengths")
        rows = [dict(zip(rows, line, strict=True)) for line in zip(*rows.values(), strict=True)]
    if not rows:
        raise PublishError(f"{where}: there are no rows")
    return [dict(row) for row in rows]


def columns(data: Any) -> dict[str, list] | None:
    """Plotted data as `{"columns": [...], "rows": [[...]]}`, from rows or columns."""
    if data is None:
        return None
    listed = rows(data, "figure's data")
    keys = list(listed[0])
    return {"columns": keys, "rows": [[_missing_as_none(row[key]) for key in keys] for row in listed]}


def _missing_as_none(content: Any) -> Any:
    """Plotted data may have gaps; JSON has no NaN."""
    plain = content.item() if hasattr(content, "item") else content
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain


def alignment(
    name: str, keys: list[str], align: Mapping[str, str] | str | None, rows: list[dict[str, Any]]
) -> dict[str, str]:
    """The side of each column, by key: as asked, else numbers right and text left."""
    letters = {"l": "left", "r": "right", "c": "center"}
    sides = {k: "left" if all(isinstance(r[k], str) or r[k] is None for r in rows) else "right" for k in keys}
    if isinstance(align, str):
        if len(align) != len(keys) or set(align) - set(letters):
            raise PublishError(f'table("{name}"): align "{align}" needs l, r or c for each of {len(keys)}')
        return {key: letters[letter] for key, letter in zip(keys, align, strict=True)}
    for key, side in (align or {}).items():
        if key not in sides or side not in letters.values():
            raise PublishError(f'table("{name}"): align: {key!r} = {side!r} is no column or no side')
        sides[key] = side
    return sides
