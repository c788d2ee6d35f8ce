"""Notebooks between scripts, papermill and the store: made ready, and made the same on every machine.

The stored notebook holds what an execution showed. Its prose and comments may be older than the script's, since a
change of those re-runs nothing; rendering takes them from the script as it is.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onepage.scripts import percent

if TYPE_CHECKING:
    from nbformat import NotebookNode

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
END_TAG = "onepage-end"

# Runs after the script's own cells and tells that they have all run; never part of what is stored.
_END = "import onepage.observing.hook\nonepage.observing.hook.reach_end()\n"

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,16}\b")
_BASE64 = re.compile(r"(base64,[A-Za-z0-9+/=]+)")
# A path begins after what is no part of a name: not within a URL or a longer path, but after a colour, after an
# escaped line break (as in a repr) and after file://.
_BEFORE = r"(?<![\w.~/+%@-])|(?<=\\[nrt])|(?<=file://)|\x1b\[[0-9;]*m"
_AFTER = r"(?![\w+~@%-]|\.\w)"


def prepared(path: Path) -> NotebookNode:
    """The script as a notebook that papermill can execute, each code cell marked with its line in the script.

    Of a cell's tags only `parameters` reaches papermill: no other is to change what is executed.
    """
    import nbformat.v4

    makers = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    made = []
    for cell in percent.cells(percent.read_text(path)):
        kept: dict[str, Any] = {
            key: cell.metadata[key] for key in ("name", "tags", "title", "alt") if key in cell.metadata
        }
        if cell.kind == "code":
            kept["onepage"] = {"line": cell.line}
        made.append(makers.get(cell.kind, nbformat.v4.new_raw_cell)(cell.source, metadata=kept))
    made.append(nbformat.v4.new_code_cell(_END, metadata={"tags": [END_TAG]}))
    info = {"name": "python"}
    return nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": dict(KERNEL), "language_info": info})


def program(path: Path, parameters: Mapping[str, Any], cwd: Path) -> dict[str, Any]:
    """What the kernel's shell has to know of the script (see shell.py)."""
    text = percent.read_text(path)
    code = [cell for cell in percent.cells(text) if cell.kind == "code"]
    declared = percent.parameters_cell(text)
    first = declared.line if declared else 0
    return {
        "script": str(path),
        "argv": [os.path.relpath(path, cwd)],
        "doc": percent.docstring(text),
        "text": text,
        "cells": [(cell.line, cell.source) for cell in code],
        "parameters": dict(parameters),
        "parameter_lines": (first, first + declared.source.count("\n") + 1 if declared else 0),
    }


def normalised(notebook: NotebookNode, replacements: Mapping[str, str]) -> NotebookNode:
    """Without what differs from one run to the next: ids, times, paths, addresses, the order of output streams."""
    cells = []
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if END_TAG in tags or "papermill-error-cell-tag" in tags:
            continue
        kept = {
            key: value for key, value in cell.metadata.items() if key in ("name", "tags", "title", "alt", "onepage")
        }
        cell.metadata = type(cell.metadata)(kept)
        cell.metadata.pop("onepage", None) if cell.cell_type != "code" else None
        if cell.cell_type == "code":
            cell.outputs = [_clean(output, replacements) for output in _merged_streams(cell.outputs)]
        cells.append(cell)
    number = 0
    for index, cell in enumerate(cells):
        cell["id"] = f"cell-{index}"
        if cell.cell_type == "code":
            number += percent.has_code(cell.source)
            cell.execution_count = number if percent.has_code(cell.source) else None
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = cell.execution_count
    notebook.cells = cells
    info = {
        "name": "python",
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "pygments_lexer": "ipython3",
    }
    notebook.metadata = type(notebook.metadata)({"kernelspec": dict(KERNEL), "language_info": info})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def replacements(root: Path, out: Path, private: Path) -> dict[str, str]:
    """Paths that may show up in outputs, and what stands for them; the longest first."""
    found = {str(out): "files", str(private): "tmp", sys.prefix: "python", str(root): "."}
    found.update(
        {folder: "site-packages" for folder in sys.path if folder.endswith(("site-packages", "dist-packages"))}
    )
    found.update({sys.base_prefix: "python", str(Path.home()): "~"} if len(str(Path.home())) > 2 else {})
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def clean_text(text: str, paths: Mapping[str, str]) -> str:
    """Paths and memory addresses, replaced by what is the same everywhere; encoded bytes are left as they are.

    A path counts where it begins and ends as one: `/srv/x` is not in `/srv/xyz`, `/srv/x.bak`, `a/srv/x` or
    `https://host/srv/x`. Every step is linear in the text: an output may be one line of megabytes.
    """
    there = tuple(path for path in paths if path.strip("/") and path in text)
    if pattern := _path_pattern(there):

        def short(match: re.Match[str]) -> str:
            name = paths[match["path"]]
            if match["slash"]:
                name = "" if name == "." else f"{name}/"
            return f"{match['before']}{name}"

        # Base64 knows slashes and letters, so a path may stand in it by chance.
        parts = _BASE64.split(text)
        parts[::2] = [pattern.sub(short, part) for part in parts[::2]]
        text = "".join(parts)
    return _ADDRESS.sub("at 0x0", text)


@cache
def _path_pattern(paths: tuple[str, ...]) -> re.Pattern[str] | None:
    if not paths:
        return None
    longest = "|".join(re.escape(path) for path in sorted(paths, key=len, reverse=True))
    return re.compile(rf"(?P<before>{_BEFORE})(?P<path>{longest})(?:(?P<slash>/+)(?=[\w.~@%+-])|{_AFTER})")


def overwritten(text: str) -> str:
    """Of a line that was overwritten with `\\r`, as progress bars do, only what stood at last."""
    if "\r" not in text:
        return text
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def without_ansi(text: str) -> str:
    """Without terminal colours."""
    return _ANSI.sub("", text)


def _merged_streams(outputs: list[Any]) -> list[Any]:
    """Neighbouring stream outputs as one of stdout and one of stderr: their interleaving is a matter of timing."""
    found: list[Any] = []
    texts: dict[str, list[str]] = {}  # of the streams that stand together, stdout first
    makers: dict[str, Any] = {}

    def put() -> None:
        for name in sorted(texts, key=lambda name: name != "stdout"):
            makers[name].text = "".join(texts[name])
            found.append(makers[name])
        texts.clear()

    for output in outputs:
        if output.output_type == "stream":
            if output.name not in texts:
                makers[output.name] = output
            texts.setdefault(output.name, []).append(output.text)
        else:
            put()
            found.append(output)
    put()
    return found


def _clean(output: Any, paths: Mapping[str, str]) -> Any:
    if output.output_type == "stream":
        output.text = clean_text(overwritten(output.text), paths)
    elif output.output_type == "error":
        output.traceback = [clean_text(line, paths) for line in output.traceback]
        output.evalue = clean_text(output.evalue, paths)
    else:
        for kind, data in output.data.items():
            if isinstance(data, str) and (kind.startswith("text/") or kind == "image/svg+xml"):
                output.data[kind] = clean_text(data, paths)
    return output
