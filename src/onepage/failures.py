"""A failing execution: said in terms of the script's own lines, and kept under build/failed/ for reading."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from onepage.notebooks import clean_text, normalised, without_ansi
from onepage.planfile import Plan
from onepage.store import write_text

_CELL = re.compile(r"Cell In\s?\[(\d+)\], line (\d+)")
_NUMBERED = re.compile(r"^(\s*(?:-+>)?\s*)(\d+)(?=\s|$)")
_OWN_NAME = re.compile(r" \(\d+\.py, line \d+\)")  # a syntax error's, by the kernel's name for the cell
_TRACEBACK_LINES = 14


def folder(plan: Plan, target: dict[str, Any]) -> Path:
    """Where a target's failure is kept: notebook.ipynb, failure.json and, if it can be rendered, a page."""
    return plan.root / "build" / "failed" / plan.report / target["id"]


def clear(plan: Plan, target: dict[str, Any]) -> None:
    """Forget an earlier failure."""
    shutil.rmtree(folder(plan, target), ignore_errors=True)


def keep(plan: Plan, target: dict[str, Any], notebook: Any, files: Path, message: str, paths: dict[str, str]) -> Path:
    """Keep a partial notebook, the files that it left and why it ended; returns the folder."""
    place = folder(plan, target)
    shutil.rmtree(place, ignore_errors=True)
    record = {"target": target["id"], "script": target["script"], "key": target["key"], "message": message}
    write_text(place / "failure.json", json.dumps(record, indent=1) + "\n")
    import nbformat

    write_text(place / "notebook.ipynb", nbformat.writes(normalised(notebook, paths)) + "\n")
    shutil.move(files, place / "files")
    _render(plan, target, place, message)
    return place


def explain(
    script: str, notebook: Any, running: int | None, error: BaseException, paths: dict[str, str], log: str = ""
) -> str:
    """`analysis/q2.py:45: ValueError: ...` and the last lines of the traceback.

    `running` is the line of the script at which the cell in execution begins, `log` what the kernel process wrote.
    """
    starts = _starts(notebook)
    failed = [output for cell in notebook.cells for output in cell.get("outputs", ()) if output.output_type == "error"]
    if failed and type(error).__name__ == "PapermillExecutionError":
        output = failed[-1]
        lines = _lines(output, starts, script, paths)
        line = _failing_line(output, starts) or running
        what = _OWN_NAME.sub("", f"{output.ename}: {output.evalue}".strip().splitlines()[0])
        return "\n    ".join([f"{script}:{line}: {clean_text(what, paths)}", *lines[-_TRACEBACK_LINES:]])
    kind = type(error).__name__
    if kind == "CellTimeoutError":
        return f"{script}:{running}: the time-out in the header is over; this cell was running"
    if kind == "DeadKernelError":
        said = ["", *(f"    {line}" for line in log.splitlines()[-_TRACEBACK_LINES:])] if log.strip() else []
        return "\n".join([f"{script}:{running}: the kernel died in this cell (out of memory, or killed)", *said])
    return f"{script}:{running}: {kind}: {clean_text(str(error), paths)}"


def _starts(notebook: Any) -> dict[int, int]:
    """Execution count -> the script's line at which that cell begins."""
    found = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.execution_count and "onepage" in cell.metadata:
            found[cell.execution_count] = cell.metadata["onepage"]["line"]
    return found


def _failing_line(output: Any, starts: dict[int, int]) -> int | None:
    """The line of the script at the outer end of the traceback: the statement that set the failure off."""
    for count, line in _CELL.findall(without_ansi("\n".join(output.traceback))):
        if int(count) in starts:
            return starts[int(count)] + int(line) - 1
    return None


def _lines(output: Any, starts: dict[int, int], script: str, paths: dict[str, str]) -> list[str]:
    """The traceback without colours, its cells' line numbers turned into the script's."""
    lines = []
    offset = 0
    for line in clean_text(without_ansi("\n".join(output.traceback)), paths).splitlines():
        match = _CELL.search(line)
        if match:
            offset = starts.get(int(match[1]), 1) - 1
            line = line.replace(match[0], f"{script}:{int(match[2]) + offset}")
        elif line.startswith("File "):
            offset = 0
        elif offset:
            line = _NUMBERED.sub(lambda found, by=offset: f"{found[1]}{int(found[2]) + by}", line)
        if line.strip(" -") and "Traceback (most recent call last)" not in line:
            lines.append(line.rstrip())
    return lines


def _render(plan: Plan, target: dict[str, Any], place: Path, message: str) -> None:
    """A page of the partial notebook, and a mark in the index of the old report; neither may hide the failure."""
    try:
        from onepage import index, render

        script, page = plan.root / target["script"], place / "index.html"
        render.render_failed(place / "notebook.ipynb", script, message, page, plan=plan.data, target=target)
        index.mark(plan.data, plan.root)
    except Exception as error:
        write_text(place / "page.txt", f"this page could not be rendered: {type(error).__name__}: {error}\n")
