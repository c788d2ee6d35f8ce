"""Who imports whom in src/: the graph that tests/test_house.py holds to the order below, and its pictures.

`python docs/imports.py` writes docs/imports-<package>.svg, which docs/design.md shows; a test holds them to the code.
"""

from __future__ import annotations

import ast
import functools
import glob
import graphlib
import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# Who may import whom: each wing from itself and from those before it. A wing is a package or a module.
ORDER = {
    "onepage": [
        *("context", "version", "core", "publishing", "publish", "scripts", "observing", "plan", "execute"),
        *("page.numbers", "page.tree", "page.layout", "page", "review", "check", "course", "tools"),
        *("cli", "warm_server", "__main__"),
    ],
    "spokenlang": [
        *("errors", "languages", "language_names", "corpus", "network", "study.evaluation", "training", "study"),
        *("deploy", "commands"),
    ],
}
Graph = dict[str, set[str]]


def sources(folder: Path) -> list[Path]:
    """Python below a folder, but for hidden folders, where pip builds."""
    return [folder / name for name in sorted(glob.glob("**/*.py", root_dir=folder, recursive=True))]


def modules(package: str) -> dict[str, Path]:
    """The package's modules by name, each with its file; a folder's is its `__init__.py`."""
    found = {}
    for path in sources(ROOT / "src" / package):
        parts = path.relative_to(ROOT / "src").with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@functools.cache
def _nodes(path: Path) -> list[Any]:
    """All of a file's code."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imported(path: Path) -> set[str]:
    """Everything that a file imports, at any depth of its code: modules, and in them the names that it takes."""
    found = set()
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def named(path: Path) -> set[str]:
    """Every text in a file's code, among them the names of modules that it imports when asked, or starts."""
    return {node.value for node in _nodes(path) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def edges(package: str, how: Callable[[Path], set[str]] = imported) -> Graph:
    """module -> the modules of its package that it imports, or those that it knows in another way."""
    files = modules(package)
    known = {name for name, path in files.items() if path.name != "__init__.py"}
    return {module: how(path) & known for module, path in files.items()}


def place(module: str) -> str:
    """The wing that a module belongs to: the longest name of its package's order that it begins with."""
    package, _, rest = module.partition(".")
    return max((wing for wing in ORDER[package] if f"{rest}.".startswith(f"{wing}.")), key=len)


def between(package: str, how: Callable[[Path], set[str]] = imported) -> Graph:
    """wing -> the other wings that it imports from, or knows in another way; in their order."""
    found: Graph = {wing: set() for wing in ORDER[package]}
    for module, others in edges(package, how).items():
        if module != package:  # the package's own first lines belong to no wing
            found[place(module)] |= {place(other) for other in others} - {place(module)}
    return found


def upwards(package: str, how: Callable[[Path], set[str]] = imported) -> set[tuple[str, str]]:
    """The pairs of wings of which the first knows one that comes after it."""
    rank = ORDER[package].index
    graph = between(package, how)
    return {(wing, other) for wing, others in graph.items() for other in others if rank(other) > rank(wing)}


# --- pictures --------------------------------------------------------------------------------------------------------

WIDTH, LINE, PAD, GAP, DOWN = 212, 14, 9, 26, 46  # of a box; of a line; inside; between boxes; between rows
STYLE = """
svg { --paper: #fff; --ink: #16181d; --faint: #5c6470; --line: #7d8896; --box: #f3f5f8; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #14161a; --ink: #e6e8eb; --faint: #a3abb6; --line: #8b95a3; --box: #20242b; }
}
text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: var(--ink); }
.name { font-weight: 700; font-size: 13px; } .says { fill: var(--faint); font-size: 11px; }
rect { fill: var(--box); stroke: var(--line); } .paper { fill: var(--paper); stroke: none; }
path { fill: none; stroke: var(--line); stroke-width: 1.4; } .named { stroke-dasharray: 5 4; }
marker path { fill: var(--line); stroke: none; }
"""


@dataclass
class Spot:
    """A wing's box, or where an arrow passes a row; `x` is its middle."""

    wing: str
    row: int
    width: float
    x: float = 0.0


def reduced(graph: Graph) -> Graph:
    """The graph without what it says already: an edge that a longer way implies."""
    reach: Graph = {}
    for wing in graphlib.TopologicalSorter(graph).static_order():
        reach[wing] = graph[wing].union(*(reach[other] for other in graph[wing]))
    return {
        wing: {other for other in others if not any(other in reach[each] for each in others - {other})}
        for wing, others in graph.items()
    }


def rows(graph: Graph) -> dict[str, int]:
    """Each wing's row, the first being the lowest: above all that it knows, and no deeper than it must be."""
    order = list(graphlib.TopologicalSorter(graph).static_order())
    found: dict[str, int] = {}
    for wing in order:
        found[wing] = 1 + max((found[other] for other in graph[wing]), default=-1)
    for wing in reversed(order):
        above = [found[other] for other in order if wing in graph[other]]
        found[wing] = min(above, default=found[wing] + 1) - 1
    return found


def laid_out(graph: Graph) -> tuple[list[list[Spot]], dict[tuple[str, str], list[Spot]]]:
    """Rows of spots from the lowest to the highest, and the spots that each edge goes through, from its start."""
    level = rows(graph)
    table: list[list[Spot]] = [[] for _ in range(max(level.values()) + 1)]
    boxes = {wing: Spot(wing, row, WIDTH) for wing, row in level.items()}
    for wing in graph:
        table[level[wing]].append(boxes[wing])
    ways = {}
    for wing, others in graph.items():
        for other in sorted(others):
            passed = [Spot("", row, 8) for row in range(level[wing] - 1, level[other], -1)]
            for spot in passed:
                table[spot.row].append(spot)
            ways[wing, other] = [boxes[wing], *passed, boxes[other]]
    beside: dict[int, list[Spot]] = {id(spot): [] for row in table for spot in row}
    for way in ways.values():
        for one, other in itertools.pairwise(way):
            beside[id(one)].append(other)
            beside[id(other)].append(one)
    for row in table:
        _apart(row, {id(spot): 0.0 for spot in row})
    for turn in range(24):  # each row goes where its neighbours are; first in any order, then in the one that it has
        for row in table if turn % 2 else reversed(table):
            wishes = {id(spot): _middle([each.x for each in beside[id(spot)]], spot.x) for spot in row}
            if turn < 12:
                row.sort(key=lambda spot: wishes[id(spot)])
            _apart(row, wishes)
    return table, ways


def _middle(places: list[float], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise


def _apart(row: list[Spot], wishes: dict[int, float]) -> None:
    """Put spots where they wish to be, in their order, and push them apart until none covers another."""
    for spot in row:
        spot.x = wishes[id(spot)]
    for _ in range(40):
        for left, right in itertools.pairwise(row):
            lacking = (left.width + right.width) / 2 + GAP - (right.x - left.x)
            if lacking > 0:
                left.x -= lacking / 2
                right.x += lacking / 2


def drawn(package: str) -> str:
    """The wings of a package and who imports from whom, as SVG: the same code gives the same bytes."""
    imports, names = between(package), between(package, named)
    for wing, other in upwards(package, named):
        names[wing].discard(other)
    graph = reduced({wing: imports[wing] | names[wing] for wing in imports})
    table, ways = laid_out(graph)
    texts = {wing: list(_said(package, wing)) for wing in graph}
    heights = [max(len(texts[spot.wing]) for spot in row if spot.wing) * LINE + 2 * PAD for row in table]
    tops = [20.0 + sum(heights[row + 1 :]) + DOWN * (len(table) - 1 - row) for row in range(len(table))]
    left = min(spot.x - spot.width / 2 for row in table for spot in row) - 20
    width = max(spot.x + spot.width / 2 for row in table for spot in row) + 20 - left
    height = tops[0] + heights[0] + 20
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
        f"<title>The wings of {package}: each arrow leads to a wing that is imported from</title>",
        f"<style>{STYLE}</style>",
        '<marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z"/></marker>',
        '<rect class="paper" width="100%" height="100%"/>',
    ]
    for (wing, other), way in ways.items():
        ends = [(spot.x - left, tops[spot.row], tops[spot.row] + heights[spot.row]) for spot in way]
        kind = "" if other in imports[wing] else ' class="named"'
        out.append(f'<path{kind} d="{_curve(ends)}" marker-end="url(#end)"/>')
    for row, top, tall in zip(table, tops, heights, strict=True):
        for spot in row:
            if spot.wing:
                out += _box(texts[spot.wing], spot.x - left - WIDTH / 2, top, tall)
    return "\n".join([*out, "</svg>", ""])


def _curve(ends: list[tuple[float, float, float]]) -> str:
    """A curve from the foot of the first to the head of the last, straight past the rows between."""
    path = f"M{ends[0][0]:.0f} {ends[0][2]:.0f}"
    for before, after in itertools.pairwise(ends):
        half = (before[2] + after[1]) / 2
        path += f"C{before[0]:.0f} {half:.0f} {after[0]:.0f} {half:.0f} {after[0]:.0f} {after[1]:.0f}"
        if after is not ends[-1]:
            path += f"V{after[2]:.0f}"
    return path


def _box(lines: list[str], x: float, top: float, tall: float) -> list[str]:
    kinds = ("name", *("says",) * len(lines))
    return [
        f'<rect x="{x:.0f}" y="{top:.0f}" width="{WIDTH}" height="{tall:.0f}" rx="6"/>',
        *(
            f'<text class="{kind}" x="{x + PAD:.0f}" y="{top + PAD + LINE * (n + 1) - 4:.0f}">{escape(line)}</text>'
            for n, (kind, line) in enumerate(zip(kinds, lines, strict=False))
        ),
    ]


def _said(package: str, wing: str) -> Iterator[str]:
    """A wing's name, then what its first line says of it, as far as the first colon, in lines that fit."""
    from onepage.review.map_drawing import width

    files = modules(package)
    yield wing
    about = ast.get_docstring(_nodes(files[f"{package}.{wing}"])[0]) or ""
    words = about.partition("\n")[0].partition(": ")[0].replace("`", "").rstrip(".").split()
    line = ""
    for word in words:
        if line and width(f"{line} {word}", 11) > WIDTH - 2 * PAD:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        yield line


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "src"))
    for package in ORDER:
        Path(__file__).with_name(f"imports-{package}.svg").write_text(drawn(package), encoding="utf-8")
