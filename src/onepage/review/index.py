"""The front page of a report: what was found, what was run, what holds, and where everything came from.

`index.html` depends on the plan, the results and the checks only. Run times differ from build to build, so they stand
in `timing.js` beside it, the one file of a report's folder that is in no manifest and is never compared; the page
reads it if scripts are on and says nothing of time otherwise.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from onepage.core import files, sealed
from onepage.core.errors import UserError
from onepage.core.places import BUILD
from onepage.execute import failures
from onepage.execute.progress import took
from onepage.page.results import load_results
from onepage.plan.planfile import with_corpus
from onepage.publishing import records
from onepage.review import map as maps
from onepage.review import map_drawing, pages

HEADLINES = 6
DOCUMENTS = {"report.pdf": "PDF", "report.html": "As a web page", "report.docx": "For Word", "report.tex": "LaTeX"}
TEMPLATE = "index.html.j2"
STYLES = ("page.css", "index.css")
SCRIPTS = ("page.js", "index.js")


def write_index(
    plan: Mapping[str, Any],
    results: Mapping[str, Any],
    out_dir: str | Path,
    checks: Sequence[Mapping[str, Any]] | None = None,
    claims: Mapping[str, Any] | None = None,
    *,
    root: str | Path = ".",
    states: Mapping[str, str] | None = None,
    headline: Sequence[str] | None = None,
) -> Path:
    """Write `index.html` and `timing.js` into the report's folder; returns the index.

    `checks` are `{"demand", "holds", "found", "where"}`; `claims` is results["claims"] unless given. `states` names
    the targets that are not fresh ("stale", "failed"); `headline` the values to show large (by default the first
    that have an interval). What is needed to write the page again is kept under `build/`, for `mark`.
    """
    root, out_dir = Path(root), Path(out_dir)
    claims = dict(results.get("claims", {}) if claims is None else claims)
    states = {name: state for name, state in (states or {}).items() if state != "fresh"}
    kept = {"checks": [dict(check) for check in checks or ()], "headline": list(headline or ()), "states": states}
    runs = [each for each in plan["targets"] if each["kind"] == "run"]
    written = {name: said for name, said in DOCUMENTS.items() if (out_dir / name).is_file()}
    nodes = maps.graph(plan, states, "report.html" if "report.html" in written else "#the-page")
    page = pages.page(
        TEMPLATE,
        STYLES,
        SCRIPTS,
        local_scripts=True,
        lang=plan.get("lang") or "en",
        plan=plan,
        analyses=_cards(plan, results, claims, states, root / BUILD / "failed" / plan["report"], out_dir),
        headline=_headline(results, headline),
        values=_values(results),
        claims=_claims(claims),
        checks=kept["checks"],
        picture="report.png" if (out_dir / "report.png").is_file() else None,
        files=written,
        nodes=nodes,
        pictures=map_drawing.pictures(nodes),
        published=results.get("files", {}),
        **_run_table(runs, root, states),
    )
    files.write(out_dir / "timing.js", _timing(with_corpus(dict(plan)), root))
    sealed.save(root / BUILD / plan["report"] / "index.json", kept)
    return files.write(out_dir / "index.html", page)


def mark(plan: Mapping[str, Any], root: str | Path = ".", states: Mapping[str, str] | None = None) -> bool:
    """Say in an existing index which targets are stale or failed (none: it is whole again); True if it was rewritten.

    For a build that stopped half-way: the report's folder still holds the previous good pages. Unless given, the
    states are those that the store and `build/failed/` show.
    """
    root = Path(root)
    states = dict(maps.current_states(plan, root) if states is None else states)
    out_dir, memory = root / plan["out"], root / BUILD / plan["report"] / "index.json"
    kept = sealed.load(memory)
    try:
        results = load_results(out_dir)
    except UserError:
        kept = None
    if kept is None:
        return False  # nothing has been built yet that could be marked
    if kept["states"] == {name: state for name, state in states.items() if state != "fresh"}:
        return False
    write_index(plan, results, out_dir, kept["checks"], root=root, states=states, headline=kept["headline"] or None)
    return True


def _cards(
    plan: Mapping[str, Any], results: Mapping[str, Any], claims: Mapping[str, Any], states: Mapping[str, str],
    failed: Path, out_dir: Path,
) -> list[dict[str, Any]]:  # fmt: skip
    """The analyses' cards; that of a failed one leads to its page below `failed`."""
    cards = [_card(each, results, claims, states) for each in plan["targets"] if each["kind"] == "analysis"]
    for card in cards:
        failure = failed / card["id"] / failures.PAGE
        shown = card["state"] == "failed" and failure.is_file()
        card["failure"] = Path(os.path.relpath(failure, out_dir)).as_posix() if shown else None
    return cards


def _card(
    target: Mapping[str, Any], results: Mapping[str, Any], claims: Mapping[str, Any], states: Mapping[str, str]
) -> dict[str, Any]:
    def own(section: Mapping[str, Any]) -> dict[str, Any]:
        return {name: item for name, item in section.items() if item.get("source", {}).get("target") == target["id"]}

    figures = own(results.get("figures", {}))
    figure = next(iter(figures.values()), None)
    value = next(({"name": name, **item} for name, item in own(results.get("values", {})).items()), None)
    counts = [(len(own(results.get(kind, {}))), kind) for kind in ("figures", "tables", "values", "claims")]
    return {
        "id": target["id"],
        "href": f"analyses/{target['id']}.html",
        "title": target.get("title") or target["id"],
        "question": target.get("question"),
        "figure": figure,
        "value": value,
        "state": states.get(target["id"], "fresh"),
        "counts": ", ".join(f"{n} {kind[:-1] if n == 1 else kind}" for n, kind in counts if n),
        "fallen": [name for name, item in own(claims).items() if not item["holds"]],
    }


def _values(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "href": _href(item, name), **item} for name, item in results.get("values", {}).items()]


def _headline(results: Mapping[str, Any], wanted: Sequence[str] | None) -> list[dict[str, Any]]:
    every = _values(results)
    if wanted:
        by_name = {item["name"]: item for item in every}
        return [by_name[name] for name in wanted if name in by_name]
    certain = [item for item in every if item.get("low") is not None]
    return (certain or every)[:HEADLINES]


def _claims(claims: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = [{"name": name, "href": _href(item, name), **item} for name, item in claims.items()]
    return sorted(listed, key=lambda item: item["holds"])  # what has fallen comes first


def _href(item: Mapping[str, Any], name: str) -> str:
    target = item.get("source", {}).get("target")
    return f"analyses/{target}.html#{pages.anchor(name)}" if target else f"#{pages.anchor(name)}"


def _run_table(runs: Sequence[Mapping[str, Any]], root: Path, states: Mapping[str, str]) -> dict[str, Any]:
    """One row a run: where it departs from the usual parameters, and the values that it published itself."""
    usual: dict[str, str] = {}
    for name in dict.fromkeys(name for run in runs for name in run.get("parameters") or {}):
        texts = Counter(json.dumps((run.get("parameters") or {}).get(name)) for run in runs)
        usual[name] = texts.most_common(1)[0][0]
    rows, columns = [], {}

    def begins(number: int) -> bool:
        return not number or runs[number - 1].get("row") != runs[number].get("row")

    for number, run in enumerate(runs):
        published = _run_values(root / run["entry"] / "notebook.ipynb")
        columns.update({record.name: record.body.get("about") or record.name for record in published})
        special = {
            name: json.dumps(value)
            for name, value in (run.get("parameters") or {}).items()
            if name != "seed" and json.dumps(value) != usual[name]
        }
        rows.append(
            {
                "id": run["id"],
                "row": run.get("row"),
                "anchor": maps.row_anchor(str(run.get("row"))) if begins(number) else None,
                "seed": run.get("seed"),
                "key": run.get("key"),
                "href": f"analyses/{run['id']}.html",
                "state": states.get(run["id"], "fresh"),
                "special": special,
                "values": {record.name: record.body for record in published},
            }
        )
    return {"runs": rows, "run_columns": columns}


def _run_values(notebook: Path) -> list[records.Record]:
    try:
        return [record for record in records.records(notebook) if record.kind == "value"]
    except (OSError, ValueError, KeyError):
        return []


def _timing(targets: Sequence[Mapping[str, Any]], root: Path) -> str:
    """Seconds that each target took when it was executed, wherever and whenever that was."""
    known = {target["id"]: took(root / target["entry"]) for target in targets}
    seconds = {name: round(each, 1) for name, each in known.items() if each is not None}
    return f"// Not compared between builds: run times differ.\nvar onepageSeconds = {json.dumps(seconds)};\n"
