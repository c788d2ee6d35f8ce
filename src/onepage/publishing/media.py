"""What an analysis publishes to be heard, and what leads to it: sounds, lists of clips, a matrix, a scatter plot.

    publish.audio("loud", samples, 8000, label="The loudest clip")
    publish.clips("wrong", items, rate=8000, columns={"true": "True", "predicted": "Taken for", ...}, caption=...)
    publish.matrix("confusion", counts, rows=CODES, clips="wrong", caption=...)
    publish.scatter("space", x, y, group=codes, texts=..., ids=..., clips="wrong", caption=..., alt=...)

Sound and pictures become files in the execution's own folder (`context.out()/media/<name>/`); the records refer to
them, and the page takes them along. A cell of a matrix leads to exactly the clips whose two columns are its labels;
a point of a scatter plot leads to the clip with its id. Both need the list on the same page.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from onepage import context
from onepage.publishing import records
from onepage.publishing.tables import PublishError

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
WIDTH, HEIGHT, MARGIN = 1000, 640, 46  # of a scatter plot, in its own units


def audio(
    name: str,
    samples: Any,
    rate: int,
    *,
    label: str,
    meta: Mapping[str, Any] | None = None,
    attribution: Any = None,
    attributed: str = "what the model heard",
    gain: float | None = None,
    codec: str = "flac",
) -> None:
    """Publish a sound: `samples` (n,) in -1..1 at `rate` Hz, with a line of text about it.

    `gain` is the factor it is played with; by default a nearly silent clip is brought up, and the page says by how
    much. `attribution` (any length) is drawn under the spectrogram; `attributed` says what it is.
    """
    label = _begin("audio", name, label)
    if not label.strip():
        _fail("audio", name, "label is empty; say what is to be heard")
    item = _file("audio", name, name, samples, rate, attribution, gain, codec, width=640)
    body = {
        **item,
        "rate": int(rate),
        "label": label,
        "meta": {_written(str(k)): _written(v) if isinstance(v, str) else v for k, v in (meta or {}).items()},
        "codec": codec,
        "attributed": attributed if attribution is not None else None,
    }
    seconds = f"{item['duration']:g} s"
    html = f'<p>{escape(label)} ({seconds})</p><audio controls src="files/{item["file"]}"></audio>'
    _emit("audio", name, body, {"text/html": html, "text/plain": f"audio {name}: {label} ({seconds})"})


def clips(
    name: str,
    items: Sequence[Mapping[str, Any]],
    *,
    rate: int,
    columns: Mapping[str, str],
    caption: str,
    units: Mapping[str, str] | None = None,
    order: str | None = None,
    group: Sequence[str] = (),
    attributed: str = "what the model heard",
    most: int = 120,
    codec: str = "flac",
) -> None:
    """Publish a list of clips that a reader can hear, sort and filter.

    An item is `{"id": ..., "samples": (n,), "attribution": optional, **columns}`. `columns` names the attributes,
    numeric ones can be sorted by, texts filtered by; `units` as in `value`. `order` is the column sorted by at
    first ("-confidence": falling). Without script the list stands in that order within each `group` (columns; by
    default the first two). At most `most` are kept, the first in order; the page says how many are left out.
    """
    caption = _begin("clips", name, caption)
    columns = {str(key): _written(str(heading)) for key, heading in dict(columns).items()}
    chosen = [dict(item) for item in items]
    _check_clips(name, chosen, columns, order, group)
    first = tuple(group) or tuple(columns)[:2]
    if order:
        key = order.removeprefix("-")
        chosen.sort(key=lambda item: item[key], reverse=order.startswith("-"))
    kept = sorted(chosen[:most], key=lambda item: tuple(str(item[key]) for key in first))
    drawn = []
    for item in kept:
        file = _file("clips", name, str(item["id"]), item["samples"], rate, item.get("attribution"), None, codec)
        drawn.append({"id": str(item["id"]), **file, "values": [_plain(item[key]) for key in columns]})
    body = {
        "caption": caption,
        "rate": int(rate),
        "order": order,
        "left_out": max(0, len(chosen) - most),
        "codec": codec,
        "columns": [
            {"key": key, "heading": heading, "unit": (units or {}).get(key)} for key, heading in columns.items()
        ],
        "attributed": attributed if any(item.get("attribution") is not None for item in kept) else None,
        "items": drawn,
    }
    _emit("clips", name, body, {"text/html": _list_html(body), "text/plain": f"clips {name}: {len(drawn)} clips"})


def matrix(
    name: str,
    counts: Any,
    *,
    rows: Sequence[str],
    columns: Sequence[str] | None = None,
    caption: str,
    clips: str | None = None,
    keys: tuple[str, str] = ("true", "predicted"),
    titles: tuple[str, str] = ("True", "Predicted"),
) -> None:
    """Publish a table of counts (a confusion matrix) whose cells lead to the clips of the list `clips`.

    `keys` are the list's columns that hold the row's and the column's label; `titles` head the two sides.
    """
    caption = _begin("matrix", name, caption)
    table = np.asarray(counts)
    columns = list(rows if columns is None else columns)
    if table.shape != (len(rows), len(columns)):
        _fail("matrix", name, f"counts are {table.shape}, the labels {len(rows)} x {len(columns)}")
    shown = [[_plain(cell) for cell in row] for row in table]
    body = {
        "caption": caption,
        "counts": shown,
        "clips": clips,
        "rows": [_written(str(label)) for label in rows],
        "columns": [_written(str(label)) for label in columns],
        "row_key": keys[0],
        "column_key": keys[1],
        "row_title": _written(titles[0]),
        "column_title": _written(titles[1]),
    }
    heads, sides = ([_written(str(label)) for label in labels] for labels in (columns, rows))
    head = "".join(f"<th>{escape(label)}</th>" for label in heads)
    lines = "".join(
        f"<tr><th>{escape(label)}</th>{''.join(f'<td>{c}</td>' for c in row)}</tr>"
        for label, row in zip(sides, shown, strict=True)
    )
    html = f"<table><caption>{escape(caption)}</caption><tr><td></td>{head}</tr>{lines}</table>"
    _emit("matrix", name, body, {"text/html": html, "text/plain": f"matrix {name}: {table.tolist()}"})


def scatter(
    name: str,
    x: Any,
    y: Any,
    *,
    group: Sequence[str],
    caption: str,
    alt: str,
    texts: Sequence[str],
    groups: Sequence[str] | None = None,
    ids: Sequence[Any] | None = None,
    clips: str | None = None,
    titles: tuple[str, str] = ("", ""),
) -> None:
    """Publish points that answer to hover and click: `texts` are shown, and a point whose id is in `clips` leads there.

    `group` colours the points; `groups` orders the colours (by default sorted); `titles` name the axes.
    """
    caption, alt = _begin("scatter", name, caption), _written(alt)
    if not alt.strip():
        _fail("scatter", name, "alt is empty; say what a reader who cannot see it should know")
    group, texts = [_written(str(g)) for g in group], [_written(str(text)) for text in texts]
    ids = [str(i) for i in (range(len(texts)) if ids is None else ids)]
    points = np.stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)], axis=1)
    if not len(points) == len(group) == len(texts) == len(ids) or not np.isfinite(points).all():
        _fail("scatter", name, "x, y, group, texts and ids need one finite entry a point")
    body: dict[str, Any] = {
        "caption": caption,
        "alt": alt,
        "points": [[float(f"{v:.4g}") for v in point] for point in points],
        "group": group,
        "groups": [_written(str(g)) for g in (groups or sorted(set(group)))],
        "texts": texts,
        "ids": ids,
        "clips": clips,
        "titles": [_written(title) for title in titles],
    }
    if missing := set(group) - set(body["groups"]):
        _fail("scatter", name, f"groups lacks {sorted(missing)[0]!r}")
    svg = scatter_paths(body, set())
    _emit("scatter", name, body, {"text/html": svg, "text/plain": f"scatter {name}: {len(points)} points"})


def scatter_paths(record: Mapping[str, Any], linked: set[str]) -> str:
    """The plot as SVG: one path a group (so a point costs 10 bytes), and a link for each point whose id is `linked`."""
    points = np.asarray(record["points"], dtype=float).reshape(-1, 2)
    low, high = (points.min(0), points.max(0)) if len(points) else (np.zeros(2), np.ones(2))
    scale = (np.array([WIDTH, HEIGHT]) - 2 * MARGIN) / np.where(high > low, high - low, 1.0)
    at = np.round((points - low) * scale + MARGIN).astype(int)
    at[:, 1] = HEIGHT - at[:, 1]
    order, group = list(record["groups"]), np.array([record["groups"].index(g) for g in record["group"]], dtype=int)
    lines = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="{escape(record["alt"])}">',
        f'<path class="axis" d="M{MARGIN - 20} {HEIGHT - 26}H{WIDTH - 20}M{MARGIN - 20} {HEIGHT - 26}V20"/>',
    ]
    across, up = record.get("titles") or ("", "")
    lines.append(
        f'<text x="{WIDTH - 20}" y="{HEIGHT - 7}" text-anchor="end">{escape(across)}</text>'
        f'<text x="{MARGIN - 10}" y="24">{escape(up)}</text>'
    )
    for number in range(len(order)):
        index = np.flatnonzero(group == number)
        path = "".join(f"M{a} {b}h0" for a, b in at[index])
        members = " ".join(map(str, index))
        lines.append(f'<path class="cloud series{number % 10}" d="{path}" data-index="{members}"/>')
    for i, identity in enumerate(record["ids"]):
        if identity in linked:
            a, b = at[i]
            label = escape(f"{record['texts'][i]}: listen to clip {identity}")
            target = escape(f"{record['clips']}-{identity}")
            lines.append(
                f'<a href="#{target}" aria-label="{label}" data-index="{i}"><circle class="series{group[i] % 10}"'
                f' cx="{a}" cy="{b}" r="7"/></a>'
            )
    return "\n".join([*lines, "</svg>"])


def _check_clips(
    name: str, items: list[dict[str, Any]], columns: dict[str, str], order: str | None, group: Sequence[str]
) -> None:
    wanted = ["id", "samples", *columns]
    for item in items:
        if missing := [key for key in wanted if key not in item]:
            _fail("clips", name, f"an item lacks {missing[0]!r}")
        if not _ID.match(str(item["id"])):
            _fail("clips", name, f"id {item['id']!r}: letters, digits, '.', '_' and '-', at most 64")
    ids = [str(item["id"]) for item in items]
    alike = Counter(identity.lower() for identity in ids)  # some file systems do not tell case apart
    if len(alike) != len(ids):
        _fail("clips", name, f"id {next(i for i in ids if alike[i.lower()] > 1)!r} stands twice")
    for key in [*group, *([order.removeprefix("-")] if order else [])]:
        if key not in columns:
            _fail("clips", name, f"{key!r} is not among the columns {', '.join(columns)}")


def _file(
    kind: str,
    name: str,
    identity: str,
    samples: Any,
    rate: int,
    attribution: Any,
    gain: float | None,
    codec: str,
    width: int = 320,
) -> dict[str, Any]:
    """Write a clip's sound and strip; returns what the record says of them."""
    from onepage.publishing import sound

    wave = np.asarray(samples, dtype=np.float32).reshape(-1)
    if not np.isfinite(wave).all():
        _fail(kind, name, f"clip {identity}: samples that are not finite")
    factor = sound.listening_gain(wave) if gain is None else float(gain)
    base = f"media/{name}/{identity}"
    suffix = {"opus": "ogg"}.get(codec, codec)
    folder = _folder() / "media" / name
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / f"{identity}.{suffix}").write_bytes(sound.encode(wave * factor, int(rate), codec))
        (folder / f"{identity}.png").write_bytes(sound.strip(wave, int(rate), attribution, width))
    except sound.SoundError as error:
        _fail(kind, name, str(error))
    return {
        "file": f"{base}.{suffix}",
        "strip": f"{base}.png",
        "duration": round(wave.size / rate, 3),
        "gain_db": round(20 * float(np.log10(factor)), 1) if factor > 0 else 0.0,
    }


def _list_html(body: Mapping[str, Any]) -> str:
    """The list for any notebook viewer that finds the entry's files beside the notebook."""
    head = "".join(f"<th>{escape(column['heading'])}</th>" for column in body["columns"])
    lines = "".join(
        f"<tr><td>{item['id']}</td>{''.join(f'<td>{escape(str(v))}</td>' for v in item['values'])}"
        f'<td><audio controls preload="none" src="files/{item["file"]}"></audio></td></tr>'
        for item in body["items"]
    )
    return f"<table><caption>{escape(body['caption'])}</caption><tr><th>clip</th>{head}<th></th></tr>{lines}</table>"


def _plain(value: Any) -> str | int | float:
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value if np.isfinite(value) else str(value)
    return _written(str(value))


def _begin(kind: str, name: str, text: str) -> str:
    """Refuse a name that is none before any file is written under it; returns the text about the thing."""
    records.check_name(kind, name)
    return _written(text)


def _written(text: str) -> str:
    """The text without what no page can hold: control characters and halves of characters."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(" " if char in "\t\n\r" else char for char in text if char.isprintable() or char in "\t\n\r")


def _folder() -> Path:
    return Path(context.out())


def _emit(kind: str, name: str, body: dict[str, Any], bundle: dict[str, Any]) -> None:
    records.emit(kind, name, body, bundle)


def _fail(kind: str, name: str, message: str) -> None:
    raise PublishError(f'{kind}("{name}"): {message}')
