"""The map of the pipeline as SVG: in columns for a wide screen, in one column for a narrow one.

Every text is cut to its box beforehand, by the widest that each letter may be, and its whole is in the title and in
the list beside the picture. The same graph gives the same bytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from onepage.review import map as maps
from onepage.review.map import BANDS, Node

HEIGHT, GAP, TOP = 60, 12, 26  # of a box; between two; above the first, for the heading
WIDE, BETWEEN = 1130, 64  # the whole picture in columns; between two columns
NARROW, GUTTER = 356, 56  # the picture in one column; what its edges have at the left
PAD, TALL = 10, 900  # inside a box; a taller picture's columns begin at the top, else they are centred
_NARROW_LETTERS, _WIDE_LETTERS = "ijl.,:;'|!I()[]ft /\\-", "mwMW@%&—…"


@dataclass(frozen=True)
class _Place:
    x: float
    y: float
    width: float


def pictures(nodes: Sequence[Node]) -> dict[str, Markup]:
    """`wide` and `narrow`: the map, drawn twice; a page shows the one that it has room for."""
    return {"wide": _columns(nodes), "narrow": _column(nodes)}


def _columns(nodes: Sequence[Node]) -> Markup:
    columns = _layers(nodes)
    width = max(140.0, (WIDE - BETWEEN * (len(columns) - 1)) / max(len(columns), 3))
    tallest = max(len(column) for column in columns) * (HEIGHT + GAP)
    places, headings, seen = {}, [], set()
    for number, column in enumerate(columns):
        x = number * (width + BETWEEN) + 1
        title = BANDS[column[0].kind]
        if title not in seen:
            headings.append((x, 14.0, title))
            seen.add(title)
        free = (tallest - len(column) * (HEIGHT + GAP)) / 2 if tallest <= TALL else 0
        for row, node in enumerate(column):
            places[node.id] = _Place(x, TOP + free + row * (HEIGHT + GAP), width)

    def edge(start: _Place, end: _Place) -> str:
        """A curve from box to box; through the columns between them it runs straight, between two boxes."""
        x, y, goal = start.x + start.width, start.y + HEIGHT / 2, end.y + HEIGHT / 2
        path = f"M{_at(x)} {_at(y)}"
        for column in columns:
            first = places[column[0].id]
            if start.x < first.x < end.x:
                lanes = [first.y - GAP / 2 + row * (HEIGHT + GAP) for row in range(len(column) + 1)]
                lane = min(lanes, key=lambda lane: (abs(lane - (y + goal) / 2), lane))
                path += _bend(x, y, first.x, lane) + f"H{_at(first.x + width)}"
                x, y = first.x + width, lane
        return path + _bend(x, y, end.x, goal)

    size = (len(columns) * (width + BETWEEN) - BETWEEN + 2, TOP + tallest)
    return _picture("wide", size, nodes, places, headings, edge)


def _bend(x: float, y: float, to: float, down: float) -> str:
    half = (to - x) / 2
    return f"C{_at(x + half)} {_at(y)} {_at(to - half)} {_at(down)} {_at(to)} {_at(down)}"


def _column(nodes: Sequence[Node]) -> Markup:
    places, headings, y = {}, [], 0.0
    for kind, title in BANDS.items():
        inside = [node for node in nodes if node.kind == kind]
        if inside:
            headings.append((float(GUTTER), y + 14, title))
            for row, node in enumerate(inside):
                places[node.id] = _Place(GUTTER, y + TOP + row * (HEIGHT + GAP), NARROW - GUTTER - 1)
            y += TOP + len(inside) * (HEIGHT + GAP) + 6

    def edge(start: _Place, end: _Place) -> str:
        down, to = start.y + HEIGHT / 2 + 6, end.y + HEIGHT / 2 - 6
        out = max(4.0, GUTTER - 14 - 8 * min(5.0, (to - down) / 150))
        return f"M{GUTTER} {_at(down)}C{_at(out)} {_at(down)} {_at(out)} {_at(to)} {GUTTER} {_at(to)}"

    return _picture("narrow", (NARROW, y), nodes, places, headings, edge)


def _layers(nodes: Sequence[Node]) -> list[list[Node]]:
    """The columns: corpus; runs, those that read others' results further to the right; analyses; page."""
    by_id = {node.id: node for node in nodes}
    depth: dict[str, int] = {}
    for node in nodes:
        before = [depth[read] for read in node.reads if by_id[read].kind == "runs"]
        depth[node.id] = 1 + max(before, default=0)
    found: list[list[Node]] = []
    for kind in BANDS:
        inside = [node for node in nodes if node.kind == kind]
        levels = sorted({depth[node.id] for node in inside}) if kind == "runs" else [None]
        found += [[node for node in inside if level is None or depth[node.id] == level] for level in levels]
    return [column for column in found if column]


def _picture(
    kind: str, size: tuple[float, float], nodes: Sequence[Node], places: Mapping[str, _Place],
    headings: Sequence[tuple[float, float, str]], edge: Callable[[_Place, _Place], str],
) -> Markup:  # fmt: skip
    number = {node.id: index for index, node in enumerate(nodes)}
    out = [f'<svg class="map-{kind}" viewBox="0 0 {_at(size[0])} {_at(size[1])}" width="{_at(size[0])}" '
           f'height="{_at(size[1])}" role="group" aria-label="Map: corpus, runs, analyses, page">']  # fmt: skip
    out += [
        f'<path class="edge" data-ends="{number[one]} {number[other]}" d="{edge(places[one], places[other])}"/>'
        for one, other in maps.edges(nodes)
    ]
    out += [f'<text class="band" x="{_at(x)}" y="{_at(y)}">{title}</text>' for x, y, title in headings]
    out += [_box(node, places[node.id], number[node.id]) for node in nodes]
    return Markup("\n".join([*out, "</svg>"]))


def _box(node: Node, place: _Place, number: int) -> str:
    """A node: a link with its name, its state, the place for its time, and what it reads."""
    x, y, inside = place.x + PAD, place.y, place.width - 2 * PAD
    count = f" ×{len(node.targets)}" if len(node.targets) > 1 else ""
    label = fitted(node.label, inside - width(count, 13), 13) + count
    targets = escape(" ".join(node.targets))
    read = fitted("reads " + ", ".join(node.told), inside, 11) if node.told else ""
    texts = [
        f'<text class="name" x="{_at(x)}" y="{_at(y + 19)}">{escape(label)}</text>',
        f'<circle class="dot" cx="{_at(x + 4)}" cy="{_at(y + 31.5)}" r="3.5"/>',
        f'<text class="is" x="{_at(x + 13)}" y="{_at(y + 36)}">{escape(fitted(node.standing, inside - 70, 12))}</text>',
        f'<text class="time" x="{_at(x + inside)}" y="{_at(y + 36)}"></text>',
        f'<text class="reads" x="{_at(x)}" y="{_at(y + 52)}">{escape(read)}</text>' if read else "",
    ]
    rect = f'<rect class="box" x="{_at(place.x)}" y="{_at(y)}" width="{_at(place.width)}" height="{HEIGHT}" rx="7"/>'
    return (
        f'<a class="node {node.state}" href="{escape(node.href)}" data-node="{number}" data-target="{targets}" '
        f'aria-label="{escape(node.said)}"><title>{escape(node.said)}</title>{rect}{"".join(texts)}</a>'
    )


def _at(number: float) -> str:
    return f"{round(number, 1):g}"


def width(text: str, size: float) -> float:
    """The most that a text takes in any sans-serif font, in the unit of `size`."""
    return size * sum(map(_letter, text))


def _letter(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in ("W", "F") or ord(letter) > 0x2E7F:
        return 1.4 if ord(letter) > 0xFFFF else 1.05
    if letter in _NARROW_LETTERS:
        return 0.42
    if letter in _WIDE_LETTERS or ord(letter) > 0x24F:
        return 1.15  # a W in bold DejaVu Sans takes 1.1
    return 0.8 if letter.isupper() else 0.64


def fitted(text: str, room: float, size: float) -> str:
    """The text, or as much of its beginning as there is room for, and an ellipsis."""
    if width(text, size) <= room:
        return text
    kept, left = "", room - width("…", size)
    for letter in text:
        left -= width(letter, size)
        if left < 0:
            break
        kept += letter
    return kept.rstrip() + "…"
