"""Published tables and numbers: brought into the types that JSON has, and shown as HTML and as text."""

from __future__ import annotations

import csv
import datetime
import decimal
import fractions
import html
import io
import math
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from onepage.core import quantities


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
    """A Python number from Python's, numpy's or torch's, or a Decimal or Fraction; not from a bool, NaN or infinity."""
    plain = _plain(content)
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        raise PublishError(f"{where}: {_quoted(content)} is not a number")
    if not math.isfinite(plain):
        raise PublishError(f"{where}: {plain} is not a finite number; where it is undefined, leave it out (None)")
    return plain


def jsonable(content: Any, where: str) -> Any:
    """`content` in the types that JSON has; `where` names it, and in it each key and place that is at fault."""
    if isinstance(content, Mapping):
        return {str(key): jsonable(item, f"{where}, {key}") for key, item in content.items()}
    if not isinstance(content, str) and hasattr(content, "tolist"):
        content = content.tolist()
    if isinstance(content, list | tuple | range):
        return [jsonable(item, f"{where}[{at}]") for at, item in enumerate(content)]
    return _scalar(content, where)


def cell(content: Any, where: str) -> Any:
    """One cell of a table: text, a number, a date, yes or no, None, or a number with its interval."""
    if isinstance(content, Mapping):
        if unknown := [key for key in content if key not in CELL]:
            raise PublishError(f"{where}: unknown key {_quoted(unknown[0])}; a cell has {', '.join(CELL)}")
        if "value" not in content:
            raise PublishError(f'{where}: a cell that is a dict needs "value"')
        found = {key: _scalar(content[key], f"{where}, {key}") for key in content}
        for key in ("value", "low", "high"):
            if found.get(key) is not None:
                found[key] = number(found[key], f"{where}, {key}")
        return found
    return _scalar(content, where)


CELL = ("value", "low", "high", "unit", "digits")


def _scalar(content: Any, where: str) -> Any:
    """Text, a number, yes or no or None as JSON has them; what has no one way of being written is refused."""
    plain = _plain(content)
    if plain is None or isinstance(plain, bool):
        return plain
    if isinstance(plain, str):
        return str(plain).encode("utf-8", "replace").decode("utf-8")
    if isinstance(plain, datetime.date | datetime.time):
        if plain != plain:  # pandas' NaT
            raise PublishError(f"{where}: not a time (NaT); where it is undefined, leave it out (None)")
        return plain.isoformat(" ") if isinstance(plain, datetime.datetime) else plain.isoformat()
    if isinstance(plain, PurePath):
        if plain.is_absolute():
            raise PublishError(
                f"{where}: {_quoted(str(plain))} names a folder of this machine; publish a relative path"
            )
        return plain.as_posix()
    if isinstance(plain, int | float):
        return number(plain, where)
    hint = {
        "bytes": "decode them", "complex": "publish its parts", "list": "one cell holds one thing", "dict": "one cell "
        "holds one thing", "timedelta": "publish its total_seconds()", "set": "publish a sorted text",
    }.get(type(plain).__name__, "publish its str() or its value")  # fmt: skip
    raise PublishError(f"{where}: {_quoted(content)} is a {type(content).__name__}; {hint}")


def _plain(content: Any) -> Any:
    """What numpy, torch, pandas and the decimal module hold, as Python's own."""
    if isinstance(content, str | bool | None):
        return content
    if type(content).__name__ == "datetime64":
        text = str(content)
        return float("nan") if text == "NaT" else text.replace("T", " ")
    if type(content).__name__ == "NAType":
        return float("nan")
    if isinstance(content, decimal.Decimal | fractions.Fraction):
        if isinstance(content, decimal.Decimal) and content.is_nan():
            return float("nan")  # a signalling one would raise
        return int(content) if _is_whole(content) else float(content)
    if hasattr(content, "tolist"):
        try:
            content = content.tolist()
        except (TypeError, ValueError, RuntimeError):
            return content
    # numpy's longdouble stays one
    return float(content) if type(content).__name__ == "longdouble" else content


def _is_whole(content: decimal.Decimal | fractions.Fraction) -> bool:
    try:
        return content == int(content)
    except (ValueError, OverflowError):  # NaN and infinity
        return False


def as_csv(columns: Iterable[Any], rows: Iterable[Iterable[Any]]) -> bytes:
    """A file of comma-separated values, the same bytes everywhere; what is None stays empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return buffer.getvalue().encode("utf-8")


def _quoted(content: Any) -> str:
    text = " ".join(repr(content).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def rows(rows: Any, where: str) -> list[dict[str, Any]]:
    """A list of rows, their keys texts, from rows, from columns of equal length, or from a data frame."""
    if hasattr(rows, "to_dicts"):  # polars
        rows = rows.to_dicts()
    elif hasattr(rows, "to_dict") and hasattr(rows, "columns"):  # pandas
        rows = rows.to_dict("records")
    if isinstance(rows, Mapping):
        if wrong := [key for key, column in rows.items() if isinstance(column, str) or not hasattr(column, "__iter__")]:
            raise PublishError(f"{where}: column {_quoted(wrong[0])} is {_quoted(rows[wrong[0]])}, not a list of cells")
        made = {key: list(column) for key, column in rows.items()}
        if len({len(column) for column in made.values()}) > 1:
            lengths = ", ".join(f"{key} {len(column)}" for key, column in made.items())
            raise PublishError(f"{where}: the columns are of different lengths ({lengths})")
        rows = [dict(zip(made, line, strict=True)) for line in zip(*made.values(), strict=True)]
    if not isinstance(rows, str) and hasattr(rows, "__iter__"):
        rows = list(rows)
    if not isinstance(rows, list):
        raise PublishError(f"{where}: {_quoted(rows)} is not a list of rows")
    if not rows:
        raise PublishError(f"{where}: there are no rows")
    return [_row(row, f"{where}, row {number}") for number, row in enumerate(rows, 1)]


def _row(row: Any, where: str) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        raise PublishError(f"{where}: {_quoted(row)} is not a dict of column and cell")
    named = {str(key): content for key, content in row.items()}
    if len(named) != len(row):
        raise PublishError(f"{where}: two columns have the same name as text")
    return named


def cells(listed: list[dict[str, Any]], keys: list[str], where: str) -> list[dict[str, Any]]:
    """The rows with those columns, each cell fit for JSON; what is not is told with its row and column."""
    made = []
    for at, row in enumerate(listed, 1):
        if missing := [key for key in keys if key not in row]:
            raise PublishError(f'{where}: a row lacks the column "{missing[0]}" (row {at})')
        made.append({key: cell(row[key], f'{where}, row {at}, column "{key}"') for key in keys})
        made[-1] |= {key: bool(row[key]) for key in ("_rule", "_strong") if key in row}
    return made


def columns(data: Any, where: str) -> dict[str, list[Any]] | None:
    """Plotted data as `{"columns": [...], "rows": [[...]]}`, from rows or columns; it may have gaps."""
    if data is None:
        return None
    listed = rows(data, where)
    keys = list(listed[0])
    gaps = [{key: _missing_as_none(content) for key, content in row.items()} for row in listed]
    return {"columns": keys, "rows": [list(row.values()) for row in cells(gaps, keys, where)]}


def _missing_as_none(content: Any) -> Any:
    """Plotted data may have gaps; JSON has no NaN."""
    plain = _plain(content)
    return None if isinstance(plain, float) and not math.isfinite(plain) else content


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
