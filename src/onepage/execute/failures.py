"""A failing execution: said in terms of the script's own lines, and kept under build/failed/ for reading."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

from onepage.core import files, places
from onepage.core.errors import CheckFailed
from onepage.core.places import BUILD
from onepage.execute.notebooks import clean_text, normalised, without_ansi
from onepage.plan.planfile import Plan

_FRAME = re.compile(r'^ *File "(?P<file>[^"\n]+)", line (?P<line>\d+)', re.MULTILINE)
_CHAINED = re.compile(r"^(?:The above exception was|During handling of the above).*$", re.MULTILINE)
_OWN_NAME = re.compile(r" \([^\s()]+\.py, line \d+\)")  # a syntax error's, said again
PAGE = "index.html"  # of what is kept of a failure
_TRACEBACK_LINES = 14
_SIGNALS = {
    "SIGKILL": "killed from outside, most often by the system because memory ran out",
    "SIGSEGV": "a segmentation fault in compiled code",
    "SIGBUS": "a bus error in compiled code, or a full disk under a memory-mapped file",
    "SIGABRT": "aborted by compiled code",
    "SIGFPE": "an arithmetic error in compiled code",
    "SIGILL": "an instruction that this processor does not have",
    "SIGXCPU": "the limit on processor time",
    "SIGTERM": "asked to end from outside",
}


class Failed(CheckFailed):
    """An execution that failed: what is said of it, where it is kept, and the message alone."""

    def __init__(self, said: str, kept: Path, message: str) -> None:
        super().__init__(said)
        self.kept, self.message = kept, message


def folder(plan: Plan, target: dict[str, Any]) -> Path:
    """Where a target's failure is kept: notebook.ipynb, failure.json and, if it can be rendered, its page."""
    return plan.root / BUILD / "failed" / plan.report / target["id"]


def clear(plan: Plan, target: dict[str, Any]) -> None:
    """Forget an earlier failure."""
    places.forget_failure(plan.root, plan.report, target["id"])


def keep(plan: Plan, target: dict[str, Any], notebook: Any, left: Path, message: str, paths: dict[str, str]) -> Path:
    """Keep a partial notebook, the files that it left and why it ended; returns the folder."""
    place = folder(plan, target)
    clear(plan, target)
    files.own(place, places.FAILURE)
    record = {"target": target["id"], "script": target["script"], "key": target["key"], "message": message}
    files.write(place / "failure.json", json.dumps(record, indent=1) + "\n")
    import nbformat

    files.write(place / "notebook.ipynb", nbformat.writes(normalised(notebook, paths)) + "\n")
    files.move(left, place / "files")
    return place


def explain(
    script: str,
    notebook: Any,
    running: int | None,
    error: BaseException,
    paths: dict[str, str],
    log: str = "",
    ended: int | None = None,
) -> str:
    """`analysis/q2.py:45: ValueError: ...` and the last lines of the traceback.

    `running` is the line of the script at which the cell in execution begins, `log` what the kernel process wrote,
    `ended` its exit code if it has ended (below 0: the signal that ended it).
    """
    failed = [output for cell in notebook.cells for output in cell.get("outputs", ()) if output.output_type == "error"]
    if failed and type(error).__name__ == "PapermillExecutionError":
        output = failed[-1]
        trace = clean_text(without_ansi("\n".join(output.traceback)), paths)
        line = _failing_line(trace, script) or running
        what = _OWN_NAME.sub("", f"{output.ename}: {output.evalue}".strip().splitlines()[0])
        lines = [line.rstrip() for line in trace.splitlines() if line.strip(" -")]
        lines = [line for line in lines if line != "Traceback (most recent call last):"]
        return "\n    ".join([f"{script}:{line}: {clean_text(what, paths)}", *lines[-_TRACEBACK_LINES:]])
    kind = type(error).__name__
    if kind == "CellTimeoutError":
        return f"{script}:{running}: the time-out in the header is over; this cell was running"
    if kind == "DeadKernelError":
        said = ["", *(f"    {line}" for line in log.splitlines()[-_TRACEBACK_LINES:])] if log.strip() else []
        return "\n".join([f"{script}:{running}: {_death(ended)}", *said])
    return f"{script}:{running}: {kind}: {clean_text(str(error), paths)}"


def _death(ended: int | None) -> str:
    """How the kernel's process came to its end in this cell."""
    if ended is None:
        return "the kernel died in this cell, nobody knows of what"
    if ended >= 0:
        return (
            f"this cell ended the whole process, with exit code {ended} (os._exit or the like); let it run to its end"
        )
    try:
        name = signal.Signals(-ended).name
    except ValueError:
        name = f"signal {-ended}"
    return f"the kernel died in this cell: {name}, {_SIGNALS.get(name, 'which something has sent it')}"


def _failing_line(trace: str, script: str) -> int | None:
    """The line of the script at the outer end of the traceback: the statement that set the failure off."""
    last = _CHAINED.split(trace)[-1]  # of exceptions that led to one another, the one that was not caught
    return next((int(frame["line"]) for frame in _FRAME.finditer(last) if frame["file"] == script), None)
