"""Records of what analyses publish: written into a notebook's outputs, and read back from it.

Each is an ordinary output that also carries `application/vnd.onepage+json`, a record `{"kind", "name", ...}`: a person
sees the figure in any notebook viewer, `records` finds the record.

Names match `[a-z0-9][a-z0-9._-]*` and are unique in the whole report, whatever the kind, since each is an anchor on
its analysis's page.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from onepage.publishing import tables
from onepage.publishing.tables import PublishError

MIME = "application/vnd.onepage+json"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")
# What a report's folder holds besides published files: tools/page.py and review/index.py write it.
OWN = {"report.pdf", "report.html", "report.png", "index.html", "timing.js", "results.json", "manifest.json",
       "report.docx", "report.tex", "latex", "analyses", "assets"}  # fmt: skip

MEDIA = {"audio", "clips", "matrix", "scatter"}  # kinds that media.py defines: what one can listen to

_published: dict[str, tuple[str, int]] = {}


@dataclass(frozen=True)
class Record:
    """One published thing, as read back from an executed notebook."""

    kind: str  # figure, table, value, claim, answer, file, or a kind of media.py
    name: str
    body: dict[str, Any]  # the record, less kind and name
    cell: str  # the cell's name, else "cell <number>"
    bundle: Mapping[str, Any] = field(repr=False)  # the output's data by media type


def emit(kind: str, name: str, body: Mapping[str, Any], bundle: Mapping[str, Any]) -> None:
    """Show `bundle` (media type -> content) as an output that carries the record; without IPython, print."""
    _claim_name(kind, name)
    record = {"kind": kind, "name": name, **tables.jsonable(body, f'{kind}("{name}")')}
    if shell() is None:
        print(bundle.get("text/plain", f"{kind} {name}"))
        return
    from IPython.display import display

    display({**bundle, MIME: record}, raw=True)


def records(notebook: Any) -> list[Record]:
    """The records of an executed notebook (a path or an nbformat notebook), in order of publishing."""
    if isinstance(notebook, str | Path):
        notebook = json.loads(Path(notebook).read_text(encoding="utf-8"))
    found = []
    for number, cell in enumerate(notebook["cells"]):
        for output in cell.get("outputs", []):
            body = output.get("data", {}).get(MIME)
            if body is None:
                continue
            rest = {key: content for key, content in body.items() if key not in ("kind", "name")}
            where = cell.get("metadata", {}).get("name") or f"cell {number + 1}"
            # A notebook file may hold a text as a list of its lines.
            bundle = {kind: "".join(c) if isinstance(c, list) else c for kind, c in output["data"].items()}
            found.append(Record(body["kind"], body["name"], rest, where, bundle))
    return found


def shell() -> Any:
    """IPython's running shell, or None; IPython is never imported for the question's sake."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def check_name(kind: str, name: str) -> None:
    """Refuse what is no name of a published thing; it becomes an id and part of paths."""
    if not isinstance(name, str) or not NAME.match(name):
        raise PublishError(
            f"{kind}({name!r}): a name is made of lower-case letters, digits, '.', '_', '-', the first of "
            "them a letter or digit"
        )


def _claim_name(kind: str, name: str) -> None:
    """Refuse a malformed name, and one that another line of this script has published already."""
    check_name(kind, name)
    frame: FrameType | None = sys._getframe(1)
    while frame and frame.f_globals.get("__name__", "").startswith("onepage."):
        frame = frame.f_back
    here = (frame.f_code.co_filename, frame.f_lineno) if frame else ("", 0)
    # The same line again is a cell run again by hand; across scripts `results` finds what is published twice.
    if _published.setdefault(name, here) != here:
        raise PublishError(f'{kind}("{name}"): the name "{name}" is published already in this script')
