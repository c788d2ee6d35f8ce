"""Lines up an executed notebook with the script as it is now.

The store keeps what a script's code did; what the script says around it (Markdown, comments, layout) may have
changed since without anything having to run again. So a page takes prose, code and line numbers from the script,
and outputs from the notebook. Cells meet by what their code does, not by how it is written.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from onepage.scripts import percent

_PARAMETER = re.compile(r"\s*(?P<name>\w+)\s*(?::[^=]+)?=.*?#\s*(?P<about>.+?)\s*$")
_NOT_OURS = {"injected-parameters", "papermill-error-cell-tag"}


@dataclass
class Cell:
    """One cell of a page."""

    kind: str  # "code" or "markdown"
    source: str
    line: int | None  # of the first line of `source` in the script
    tags: frozenset[str] = frozenset()
    outputs: list[dict[str, Any]] = field(default_factory=list)


def script_cells(text: str) -> list[Cell]:
    """The cells of a percent script, with their lines; the header belongs to none."""
    found = []
    for cell in percent.cells(text):
        lines = cell.source.split("\n")
        blank = next((i for i, line in enumerate(lines) if line.strip()), None)
        if cell.kind in ("code", "markdown") and blank is not None:
            source = "\n".join(lines[blank:]).rstrip()
            found.append(Cell(cell.kind, source, cell.line + blank, frozenset(cell.tags)))
    return found


def notebook_cells(notebook: dict[str, Any]) -> list[Cell]:
    """The cells of an executed notebook, without those that papermill put in."""
    cells = []
    for cell in notebook["cells"]:
        tags = frozenset(cell.get("metadata", {}).get("tags", []))
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        if not tags & _NOT_OURS and cell["cell_type"] in ("code", "markdown"):
            cells.append(Cell(cell["cell_type"], source.strip("\n"), None, tags, list(cell.get("outputs", []))))
    return cells


def merge(script: list[Cell], executed: list[Cell]) -> tuple[list[Cell], bool]:
    """(cells of the page, whether the script's code is the code that was executed).

    If it is not (the script was edited and has failed since), the page shows what was executed, with the line
    numbers of whatever is still the same.
    """
    ours, theirs = ([c for c in cells if c.kind == "code" and behaviour(c.source)] for cells in (script, executed))
    left, right = ([behaviour(c.source) for c in cells] for cells in (ours, theirs))
    if left == right:
        for current, run in zip(ours, theirs, strict=True):
            current.outputs = run.outputs
        return script, True
    for i, j, size in difflib.SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks():
        for k in range(size):
            theirs[j + k].line = ours[i + k].line
    return executed, False


def behaviour(source: str) -> str:
    """What a cell's code does: its syntax tree without comments, docstrings and layout."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return "\n".join(line for line in map(str.strip, source.splitlines()) if line and not line.startswith("#"))
    node: Any
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [
                s
                for s in body
                if not (
                    isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) and isinstance(s.value.value, str)
                )
            ]
    return ast.dump(tree) if tree.body else ""


def line_of(cell: Cell, name: str | None) -> int | None:
    """The script's line of the call in `cell` that publishes `name`, else the cell's first line."""
    if cell.line is None:
        return None
    try:
        nodes = list(ast.walk(ast.parse(cell.source))) if name else []
    except SyntaxError:
        nodes = []
    calls = [node for node in nodes if isinstance(node, ast.Call) and node.args]
    lines = [call.lineno for call in calls if isinstance(call.args[0], ast.Constant) and call.args[0].value == name]
    return cell.line + lines[0] - 1 if lines else cell.line


def parameters(cells: list[Cell]) -> dict[str, str]:
    """Name -> comment, from the cell tagged `parameters`."""
    return {name: about for cell in cells if "parameters" in cell.tags for name, about in _comments(cell.source)}


def _comments(source: str) -> Iterator[tuple[str, str]]:
    for line in source.splitlines():
        if match := _PARAMETER.match(line):
            yield match["name"], match["about"]
