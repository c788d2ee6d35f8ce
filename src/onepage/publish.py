"""What an analysis hands to the report: figures, tables, values, claims, answers and files.

Each call shows an ordinary notebook output that also carries `application/vnd.onepage+json`, a record
`{"kind", "name", ...}`: a person sees the figure in any notebook viewer, `records` finds the record. Run as
a plain script, without IPython, the same calls print one line.

Names match `[a-z0-9][a-z0-9._-]*` and are unique in the whole report, whatever the kind, since each is an
anchor on its analysis's page. A dot groups values: `six.test_accuracy` is `{{ six.test_accuracy }}` in
report.md.
"""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from onepage import context
from onepage.core import quantities
from onepage.publishing import drawing, geometry, records, tables
from onepage.publishing.tables import PublishError

# The page's geometry, for figures: a column, the gutter, and both columns together, in inches.
COLUMN = round(geometry.COLUMN / geometry.INCH, 2)
GUTTER = round(geometry.GUTTER / geometry.INCH, 2)
PAGE = 2 * COLUMN + GUTTER

# Matplotlib settings that make a figure look like the page it will stand on. STIX has the metrics; in the
# SVG its name is exchanged for the page's own serif, which matplotlib does not ship.
STYLE: dict[str, Any] = {
    "font.family": "serif", "font.serif": ["STIXGeneral"], "mathtext.fontset": "stix", "font.size": 8.0,
    "axes.titlesize": 8.5, "axes.labelsize": 8.0, "xtick.labelsize": 7.5, "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5, "figure.titlesize": 8.5, "figure.figsize": (COLUMN, 1.5),
    "figure.constrained_layout.use": True, "figure.constrained_layout.w_pad": 0.02,
    "figure.constrained_layout.h_pad": 0.02, "figure.dpi": 150, "savefig.dpi": 300,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.5, "axes.titlepad": 3.0,
    "axes.labelpad": 2.0, "axes.axisbelow": True, "lines.linewidth": 1.1, "lines.markersize": 3.0,
    "patch.linewidth": 0.5, "grid.linewidth": 0.35, "grid.color": "#d9d9d9", "hatch.linewidth": 0.5,
    "xtick.major.width": 0.5, "ytick.major.width": 0.5, "xtick.major.size": 2.2, "ytick.major.size": 2.2,
    "xtick.major.pad": 2.0, "ytick.major.pad": 2.0, "legend.frameon": False, "legend.handlelength": 1.4,
    "legend.borderaxespad": 0.3, "legend.labelspacing": 0.25, "legend.columnspacing": 1.0,
    "legend.handletextpad": 0.5, "image.interpolation": "nearest",
}  # fmt: skip


def figure(
    name: str, fig: Any, *, alt: str, caption: str,
    data: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]] | None = None,
) -> None:  # fmt: skip
    """Publish a matplotlib figure at its own size, as SVG and PNG.

    `alt` says in a sentence or two what a reader who cannot see the figure should know; `caption` stands
    below it (Markdown). `data` are the plotted numbers: columns `{name: values}` or a list of rows.
    """
    if not alt or not alt.strip():
        raise PublishError(f'figure("{name}"): alt is empty; say what a reader who cannot see it should know')
    if not caption or not caption.strip():
        raise PublishError(f'figure("{name}"): caption is empty')
    width, height = (round(float(side), 3) for side in fig.get_size_inches())
    body = {
        "alt": _one_line(alt),
        "caption": _one_line(caption),
        "data": tables.columns(data, f'figure("{name}"): data'),
        "size": [width, height],
    }
    text = f"figure {name} ({width:g} x {height:g} in): {body['caption']}"
    if records.shell() is None:
        records.emit("figure", name, body, {"text/plain": text})
        _show()
        return
    bundle = {
        "image/svg+xml": drawing.svg(name, fig),
        "image/png": base64.b64encode(_png(fig)).decode("ascii"),
        "text/plain": text,
    }
    records.emit("figure", name, body, bundle)
    _close(fig)


def table(
    name: str,
    rows: Sequence[Mapping[str, Any]] | Mapping[str, Sequence[Any]],
    *,
    caption: str,
    columns: Mapping[str, str] | None = None,
    align: Mapping[str, str] | str | None = None,
    note: str | None = None,
) -> None:
    """Publish a table: rows as dicts, or columns as sequences.

    A cell is text, a number, or `{"value", "low", "high", "unit", "digits"}`. `columns` chooses, orders and
    names them; `align` is "left", "right" or "center" by key, or one letter a column ("lrr"); numbers stand
    right by default. A row with a true `_rule` gets a line above it, one with `_strong` is set in bold.
    """
    where = f'table("{name}")'
    listed = tables.rows(rows, where)
    headings = {str(key): str(heading) for key, heading in (columns or {}).items()}
    keys = list(headings) or [key for key in listed[0] if not key.startswith("_")]
    made = tables.cells(listed, keys, where)
    sides = tables.alignment(name, keys, align, made)
    body = {
        "caption": _one_line(caption),
        "note": _one_line(note) if note else None,
        "columns": [{"key": k, "heading": headings.get(k, k), "align": sides[k]} for k in keys],
        "rows": made,
    }
    records.emit("table", name, body, {"text/html": tables.as_html(body), "text/plain": tables.as_text(name, body)})


@runtime_checkable
class Interval(Protocol):
    """An estimate with the ends of its interval."""

    @property
    def value(self) -> float: ...

    @property
    def low(self) -> float | None: ...

    @property
    def high(self) -> float | None: ...


def value(
    name: str, value: float | Interval, *, low: float | None = None, high: float | None = None, unit: str | None = None,
    n: int | None = None, seeds: Sequence[int] | None = None, about: str | None = None,
) -> None:  # fmt: skip
    """Publish a number, with its interval [low, high]; unit "fraction" is shown as a percentage.

    `n` is how many things it was measured on, `seeds` the runs that it is the mean of, `about` what it is. In place of
    the number an interval may stand: any object with `.value`, `.low` and `.high`, and `.n` and `.seeds` where it has
    them. What the call says itself goes before what the object says.
    """
    if isinstance(value, Interval):
        low, high = (value.low if low is None else low), (value.high if high is None else high)
        n = getattr(value, "n", None) if n is None else n
        seeds = getattr(value, "seeds", None) if seeds is None else seeds
        value = value.value
    number = tables.number(value, f'value("{name}")')
    least, most = (None if end is None else tables.number(end, f'value("{name}")') for end in (low, high))
    whole = least is None or (most is not None and least <= number <= most)
    if (low is None) != (high is None) or not whole:
        raise PublishError(f'value("{name}"): the interval ({low}, {high}) does not hold the value {value}')
    body = {
        "value": number, "low": least, "high": most, "unit": unit,
        "n": None if n is None else _whole(n, f'value("{name}"): n'),
        "seeds": None if seeds is None else [_whole(seed, f'value("{name}"): seeds') for seed in seeds], "about": about,
    }  # fmt: skip
    text = f"{name} = {quantities.interval(number, least, most, unit)}" + (f"  ({about})" if about else "")
    records.emit("value", name, body, {"text/plain": text})


def claim(name: str, holds: bool, *, text: str, evidence: str, test: str | None = None, p: float | None = None) -> None:
    """Publish a finding that a sentence of report.md may be bound to; `holds` is computed from the results.

    `text` states the finding, `evidence` the numbers that it rests on; `test` names the statistical test.
    """
    if type(holds).__name__ not in ("bool", "bool_"):  # numpy's own bool is welcome, a truthy number is not
        raise PublishError(f'claim("{name}"): holds is {holds!r}; it must be True or False')
    if not text.strip() or not str(evidence).strip():
        raise PublishError(f'claim("{name}"): text and evidence must not be empty')
    body = {
        "holds": bool(holds), "text": _one_line(text), "evidence": _one_line(str(evidence)), "test": test,
        "p": None if p is None else tables.number(p, f'claim("{name}")'),
    }  # fmt: skip
    verdict = "holds" if body["holds"] else "DOES NOT HOLD"
    records.emit("claim", name, body, {"text/plain": f"claim {name} {verdict}: {body['text']} [{body['evidence']}]"})


def answer(name: str, text: str) -> None:
    """Publish the answer to a question of the assignment, in Markdown; brief.toml may limit its length."""
    if not text.strip():
        raise PublishError(f'answer("{name}"): the text is empty')
    body = {"text": "\n".join(line.strip() for line in text.strip().splitlines())}
    bundle = {"text/markdown": body["text"], "text/plain": f"answer {name}: {body['text']}"}
    records.emit("answer", name, body, bundle)


def file(name: str, path: str | Path) -> None:
    """Publish a file that shall stand in the report's folder as `name` (predictions.csv, model.pt)."""
    source = Path(path)
    records.check_name("file", name)
    if name in records.OWN:
        raise PublishError(f'file("{name}"): the report has {name} of its own; publish the file under another name')
    if not source.is_file():
        raise PublishError(f'file("{name}"): there is no file {source}')
    inside = _under_out(name, source)
    size = source.stat().st_size
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    body = {"path": inside, "bytes": size, "sha256": digest}
    records.emit("file", name, body, {"text/plain": f"file {name} ({size:,} bytes)"})


def __getattr__(name: str) -> Any:
    if name in records.MEDIA:  # imported on first use
        from onepage.publishing import media

        return getattr(media, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _whole(content: Any, where: str) -> int:
    number = tables.number(content, where)
    if number != int(number):
        raise PublishError(f"{where}: {content!r} is not a whole number")
    return int(number)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _png(fig: Any) -> bytes:
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=300, metadata={"Software": None})
    return buffer.getvalue()


def _show() -> None:
    """What a plain script does with its figures where there is a screen to show them on."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot and pyplot.get_backend().lower() not in ("agg", "svg", "pdf", "ps", "cairo", "template"):
        pyplot.show()


def _close(fig: Any) -> None:
    """Close the figure, or the inline backend would show it a second time at the end of the cell."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot:
        pyplot.close(fig)


def _under_out(name: str, source: Path) -> str:
    """The file's path below the execution's own folder, where it is brought first if it lies elsewhere."""
    out = Path(context.out()).resolve()
    source = source.resolve()
    if not source.is_relative_to(out):
        kept = out / "published" / name  # what the script itself left as `name` stays
        kept.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, kept)
        source = kept
    return source.relative_to(out).as_posix()
