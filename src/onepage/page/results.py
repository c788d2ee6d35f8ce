"""Everything published, with where it came from: `results.json`, and the assets and files beside it.

The page, the checks and `make compare` read results.json and nothing else. Runs may publish too; what they
publish is shown on their own pages only, since every seed of a run publishes the same names.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from onepage.core import files, schema
from onepage.core.errors import UserError
from onepage.page.numbers import wording
from onepage.publishing import records, tables

KINDS = {"value": "values", "claim": "claims", "figure": "figures", "table": "tables", "answer": "answers",
         "file": "files"}  # fmt: skip


def _known(about: str, required: tuple[str, ...] = (), **properties: dict[str, Any]) -> dict[str, Any]:
    """The schema of a table of which these keys are looked at; others may stand there too."""
    made = {"type": "object", "properties": properties, "description": about}
    return {**made, "required": list(required)} if required else made


_VALUE = {"type": ["number", "string", "boolean", "null"], "description": "a number or a text"}
_NUMBER = {"type": ["number", "null"], "description": "a number"}
_TEXT = {"type": ["string", "null"], "description": "a text"}
_LIST = {"type": "array", "description": "a list"}
_TABLE = {"type": "object", "description": "a table"}
_SOURCE = _known("a table that says where it is from", script=_TEXT, cell=_TEXT, target=_TEXT, key=_TEXT)
_TARGET = {"type": ["object", "null"], "properties": {"key": _TEXT, "kind": _TEXT,
           "parameters": {"type": ["object", "null"]}}, "description": "a table"}  # fmt: skip
SCHEMA = schema.Schema(_known(
    "a table",
    values=schema.named(
        _known("a value", ("value",), value=_VALUE, low=_NUMBER, high=_NUMBER, unit=_TEXT, source=_SOURCE)
    ),
    claims=schema.named(_known("a claim", ("holds",), holds=schema.FLAG, text=_TEXT, source=_SOURCE)),
    figures=schema.named(_known("a figure", svg=_TEXT, png=_TEXT, data=_TEXT, source=_SOURCE)),
    tables=schema.named(_known("a table of results", columns=_LIST, rows=_LIST, source=_SOURCE)),
    answers=schema.named(_known("an answer", ("text",), text=schema.LINE, source=_SOURCE)),
    files=schema.named(_TABLE),
    provenance=_known(
        "a table", report=_TEXT, profile=_TEXT, device=_TEXT, corpus=_known("a table", name=_TEXT, key=_TEXT),
        code=_known("a table", commit=_TEXT), versions=schema.named(_TEXT),
        targets=schema.named(_TARGET),
    ),
))  # fmt: skip
"""What is looked at in a report's results.json, which may be anybody's."""


@dataclass
class Collected:
    """What the analyses of one plan have published."""

    results: dict[str, Any]  # results.json
    assets: dict[str, bytes] = field(default_factory=dict)  # path in the report's folder -> content
    files: dict[str, Path] = field(default_factory=dict)  # path in the report's folder -> where it lies now


def load_results(report: Path) -> dict[str, Any]:
    """The results.json of a report's folder."""
    path = report / "results.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        said = f"{path}: not there, so this is not a report's folder; `make report` writes it"
        raise UserError(said) from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not JSON ({error}); delete the folder, run `make report`") from None
    return SCHEMA.check(schema.Source(str(path), found))


def collect(plan: dict[str, Any], root: Path) -> Collected:
    """Read every analysis's executed notebook below `root`; a name published twice is an error."""
    results: dict[str, Any] = {section: {} for section in KINDS.values()}
    collected = Collected(results)
    owner: dict[str, str] = {}
    for target in plan["targets"]:
        if target["kind"] != "analysis":
            continue
        entry = root / target["entry"]
        for record in _records(entry / "notebook.ipynb", target):
            place = f"{target['script']} ({record.cell})"
            if record.name in owner:
                raise UserError(
                    f'the name "{record.name}" is published twice: in {owner[record.name]} and in {place}; '
                    "rename one of them"
                )
            owner[record.name] = place
            if record.kind in KINDS:
                source = {key: target[key] for key in ("script", "key")}
                source |= {"cell": record.cell, "target": target["id"]}
                body = _body(record, entry, collected, place)
                results[KINDS[record.kind]][record.name] = {**body, "source": source}
    results["provenance"] = provenance(plan)
    return collected


def provenance(plan: dict[str, Any]) -> dict[str, Any]:
    """What made the results, less what differs between two places that made the same."""
    given = plan.get("request", {}).get("parameters", "")  # P=
    return {
        "report": plan["report"],
        "profile": plan["profile"],
        "corpus": {key: plan["corpus"].get(key) for key in ("name", "key")},
        "device": plan["device"],
        **({"given": given} if given else {}),
        "code": plan["code"],
        "versions": plan["versions"],
        "targets": {
            target["id"]: {key: target.get(key) for key in ("script", "kind", "row", "parameters", "key", "seed")}
            for target in plan["targets"]
        },
    }


def as_json(content: Any) -> str:
    """JSON as the report's files are written: readable, strict, the same bytes for the same content."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _records(notebook: Path, target: dict[str, Any]) -> list[records.Record]:
    try:
        return records.records(notebook)
    except FileNotFoundError:
        raise UserError(f"{target['script']}: its executed notebook {notebook} is missing; run `make report`") from None
    except (OSError, KeyError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"{notebook}: no notebook ({error}); delete its folder, run `make report`") from None


def _body(record: records.Record, entry: Path, collected: Collected, place: str) -> dict[str, Any]:
    if record.kind == "figure":
        return _figure(record, collected)
    if record.kind == "table":
        path = f"assets/{record.name}.csv"
        keys = [column["key"] for column in record.body["columns"]]
        rows = [[_flat(row[key]) for key in keys] for row in record.body["rows"]]
        collected.assets[path] = tables.as_csv(keys, rows)
        return {**record.body, "data": path}
    if record.kind == "answer":
        text = record.body["text"]
        return {"text": text, "words": wording.words(text), "sentences": wording.sentences(text)}
    if record.kind == "file":
        return _file(record, entry, collected, place)
    return dict(record.body)


def _figure(record: records.Record, collected: Collected) -> dict[str, Any]:
    svg, png = f"assets/{record.name}.svg", f"assets/{record.name}.png"
    collected.assets[svg] = record.bundle["image/svg+xml"].encode("utf-8")
    collected.assets[png] = base64.b64decode(record.bundle["image/png"])
    data = record.body.get("data")
    if data:
        path = f"assets/{record.name}.csv"
        collected.assets[path] = tables.as_csv(data["columns"], data["rows"])
    kept = {key: record.body[key] for key in ("alt", "caption", "size")}
    return {"svg": svg, "png": png, "data": path if data else None, **kept}


def _file(record: records.Record, entry: Path, collected: Collected, place: str) -> dict[str, Any]:
    kept = entry / "files" / record.body["path"]
    if not kept.is_file() or PurePosixPath(record.body["path"]).is_absolute():
        raise UserError(f'{place} publishes "{record.name}", but {kept} is missing; run `make report`')
    if files.digest(kept) != record.body["sha256"]:
        raise UserError(f"{kept}: changed since {place} published it; delete its folder, run `make report`")
    collected.files[record.name] = kept
    return {"path": record.name, "bytes": record.body["bytes"], "sha256": record.body["sha256"]}


def _flat(cell: Any) -> Any:
    return cell.get("value") if isinstance(cell, dict) else cell
