"""Executed notebook + current script -> one HTML page with its media beside it.

nbconvert turns the cells into HTML through our own template (`templates/cells`, which extends `basic`); the page
around them is `templates/analysis.html.j2`. The bytes depend on the notebook, the script, the plan's facts and the
templates only, so a page that was made from the same is taken from `build/<report>/pages/` instead.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from onepage.core import files, sealed
from onepage.core.errors import UserError
from onepage.core.places import BUILD, PACKAGE
from onepage.publishing import records
from onepage.review import again, pages, prose
from onepage.review import cells as cells_
from onepage.review.outputs import Media, Origin, cell_outputs, records_in
from onepage.scripts import percent

STYLES = ("page.css", "media.css")
SCRIPTS = ("page.js",)
PAGE = "page of an execution"  # how the folder of one under build/ is marked
PAGE_FILE = "page.html"  # in it
COMMIT = "<!--commit-->"  # where the template has it; a page is kept without, since each edit anywhere brings another


@dataclass(frozen=True)
class Facts:
    """What a page says besides its notebook; all of it enters the cache's key."""

    id: str  # of the target
    kind: str  # "run" or "analysis"
    title: str  # shown when the script's first cell has no `# Title`
    question: str  # of the assignment, "1a, 1b"
    report: str  # name of the report
    script: str  # path below the project
    key: str | None = None  # content key of the execution
    row: str | None = None  # row of experiments.toml, for a run
    facts: tuple[tuple[str, str], ...] = ()  # further label and text pairs for the head
    parameters: tuple[tuple[str, Any], ...] = ()  # as executed
    before: tuple[str, str] | None = None  # (target, title) of the page before
    after: tuple[str, str] | None = None  # (target, title) of the next page
    lang: str = "en"  # of the prose
    home: str | None = "../index.html"  # link to the index
    failure: str | None = None  # why it failed, for a partial notebook


def render_target(plan: dict[str, Any], target: dict[str, Any], root: str | Path, out_dir: str | Path) -> Path:
    """Write `analyses/<id>.html` and its media below `out_dir`; returns the page's path.

    `plan` and `target` are as loaded from plan.json, `root` is the project that their paths are relative to.
    """
    made, name = prepare(plan, target, Path(root)), f"{target['id']}.html"
    page = _with_commit(made.pop(PAGE_FILE).decode("utf-8"), plan.get("code") or {})
    folder, earlier = (Path(place) / "analyses" for place in (out_dir, Path(root) / plan["out"]))
    for each, content in {**made, name: page.encode()}.items():
        again.write(folder / each, content, earlier / each)
    return folder / name


def prepare(plan: dict[str, Any], target: dict[str, Any], root: Path) -> dict[str, bytes]:
    """Make the page and keep it under `build/`, if it is not there already; returns it and its media by name.

    An execution may call this as it ends, in a process that has nbconvert loaded: the report then only copies.
    """
    entry = root / target["entry"]
    notebook = entry / "notebook.ipynb"
    if not notebook.is_file():
        raise UserError(f"{notebook}: not there; {target['id']} has not been executed: run `make report`")
    script = root / target["script"]
    text = percent.read_text(script) if script.is_file() else ""
    facts = _facts(plan, target)
    raw = notebook.read_bytes()
    digest = hashlib.sha256(repr((facts, _own_digest())).encode() + b"\0" + raw + b"\0" + text.encode()).hexdigest()
    kept = root / BUILD / plan["report"] / "pages" / facts.id
    found = _held(kept, digest)
    if found is None:
        page, media = _render(json.loads(raw), text, facts, entry / "files")
        found = {PAGE_FILE: page.encode(), **media.named()}
        _keep(kept, digest, found)
    return found


def render_failed(
    notebook_path: str | Path,
    script: str | Path,
    message: str,
    out: str | Path,
    *,
    plan: dict[str, Any] | None = None,
    target: dict[str, Any] | None = None,
) -> Path:
    """Write the page of a partial notebook to `out`, with `message` above it and its media beside it.

    With `plan` and `target` the page says what any other page says of its provenance.
    """
    notebook_path, script, out = Path(notebook_path), Path(script), Path(out)
    notebook = json.loads(notebook_path.read_text("utf-8"))
    text = percent.read_text(script) if script.is_file() else ""
    if plan and target:
        facts = replace(_facts(plan, target), before=None, after=None, home=None, failure=message)
    else:
        facts = Facts(
            id=script.stem,
            kind="analysis",
            title=script.stem,
            report="failed",
            question="",
            script=script.as_posix(),
            home=None,
            failure=message,
        )
    page, media = _render(notebook, text, facts, notebook_path.parent / "files", folder=f"{out.stem}-media")
    for name, content in media.named().items():
        files.write(out.parent / name, content)
    return files.write(out, _with_commit(page, plan.get("code") or {} if plan else {}))


def _facts(plan: dict[str, Any], target: dict[str, Any]) -> Facts:
    alike = [t for t in plan["targets"] if t["kind"] == target["kind"] and t.get("row") == target.get("row")]
    at = next((i for i, t in enumerate(alike) if t["id"] == target["id"]), 0)
    near = [
        (alike[i]["id"], alike[i].get("title") or alike[i]["id"]) if 0 <= i < len(alike) else None
        for i in (at - 1, at + 1)
    ]
    corpus = plan.get("corpus") or {}
    shown = [
        ("seed", target.get("seed")),
        ("profile", plan.get("profile")),
        ("corpus", corpus.get("name")),
        ("device", plan.get("device")),
        ("key", pages.short(target.get("key"))),
    ]
    title = target.get("title") or target["id"]
    return Facts(
        id=target["id"],
        kind=target["kind"],
        question=str(target.get("question") or ""),
        report=plan["report"],
        title=f"{title}: {target['id']}" if target["kind"] == "run" and title != target["id"] else title,
        script=target["script"],
        key=target.get("key"),
        row=target.get("row"),
        before=near[0],
        after=near[1],
        facts=tuple((label, str(text)) for label, text in shown if text not in (None, "")),
        parameters=tuple(sorted((target.get("parameters") or {}).items())),
        lang=plan.get("lang") or "en",
    )


def _render(
    notebook: dict[str, Any], text: str, facts: Facts, files: Path, folder: str | None = None
) -> tuple[str, Media]:
    executed = cells_.notebook_cells(notebook)
    found, current = cells_.merge(cells_.script_cells(text), executed)
    published = list(records_in(found))
    outline = prose.Outline({"main", *(pages.anchor(record["name"]) for record in published)})
    title, found = _title(found, facts)
    media = Media(folder or f"media/{facts.id}", files)
    origin = Origin(facts.script, facts.id, facts.key, facts.kind)
    body = _body(found, media, origin, outline, published, facts)
    kinds = {record["kind"] for record in published}
    about = cells_.parameters(found)
    page = pages.page(
        "analysis.html.j2",
        STYLES,
        (*SCRIPTS, "listen.js") if kinds & records.MEDIA else SCRIPTS,
        rules=media.css,
        title=title,
        body=body,
        current=current or not text,
        headings=[h for h in outline.headings if h[0] <= 3],
        published=published,
        parameters=[{"name": n, "value": json.dumps(v), "about": about.get(n)} for n, v in facts.parameters],
        before=_turn(facts.before),
        after=_turn(facts.after),
        **{
            name: getattr(facts, name)
            for name in (
                "kind",
                "question",
                "report",
                "script",
                "key",
                "row",
                "facts",
                "lang",
                "home",
                "failure",
            )
        },
    )
    return page, media


def _title(found: list[cells_.Cell], facts: Facts) -> tuple[str, list[cells_.Cell]]:
    """A leading `# Title` in the script is the page's title (a run's page is named by its run)."""
    if not found or found[0].kind != "markdown":
        return facts.title, found
    title, rest = prose.title_of(found[0].source)
    if title is None:
        return facts.title, found
    first = cells_.Cell("markdown", rest, found[0].line, found[0].tags)
    return (title if facts.kind == "analysis" else facts.title), [first, *found[1:]]


def _body(
    found: list[cells_.Cell],
    media: Media,
    origin: Origin,
    outline: prose.Outline,
    published: list[dict[str, Any]],
    facts: Facts,
) -> str:
    """The cells as HTML, by nbconvert."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    lists = {record["name"]: record for record in published if record["kind"] == "clips"}
    nodes = []
    for number, cell in enumerate(found):
        if cell.kind == "markdown":
            html = prose.markdown(cell.source, outline)
            if html:
                nodes.append(new_markdown_cell(cell.source, id=f"c{number}", metadata={"onepage": {"html": html}}))
            continue
        last = (cell.line or 0) + cell.source.count("\n")
        shown = {
            "id": f"code-{cell.line or number}",
            "failed": any(o.get("output_type") == "error" for o in cell.outputs),
            "lines": ""
            if cell.line is None
            else f"{facts.script}:{cell.line}" + (f"–{last}" if last > cell.line else ""),
        }
        drawn = cell_outputs(cell, media, origin, lists)
        outputs = [new_output("display_data", data={"text/html": html}) for html in drawn]
        nodes.append(new_code_cell(cell.source, id=f"c{number}", outputs=outputs, metadata={"onepage": shown}))
    body, _ = _exporter().from_notebook_node(new_notebook(cells=nodes))
    return body


# Pygments marks every name, operator and blank; only what the style sheet colours is worth its bytes.
_COLOURED = r"k[ncdr]?|ow|s[12abdei]?|m[fhi]|il|c[1mh]?|n[fcd]"
_PLAIN_SPAN = re.compile(rf'<span class="(?!(?:{_COLOURED})")[a-z0-9]+">([^<]*)</span>')


def _slim(code: str) -> str:
    return _PLAIN_SPAN.sub(r"\1", code).replace("<pre><span></span>", '<pre tabindex="0">', 1)


@cache
def _exporter() -> Any:
    from nbconvert.exporters.templateexporter import TemplateExporter
    from nbconvert.filters.highlight import Highlight2HTML

    colour = Highlight2HTML("python")
    exporter = TemplateExporter(
        template_name="cells",
        extra_template_basedirs=[str(pages.TEMPLATES)],
        file_extension=".html",
        template_extension=".html.j2",
        default_preprocessors=[],
        filters={"highlight_code": lambda *args, **options: _slim(colour(*args, **options))},
    )
    exporter.output_mimetype = "text/html"
    return exporter


@cache
def _own_digest() -> str:
    """Changes when any code, template, style or script of this package does: whatever a page is made with."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _turn(near: tuple[str, str] | None) -> dict[str, str] | None:
    return {"href": f"{near[0]}.html", "title": near[1]} if near else None


def _held(kept: Path, digest: str) -> dict[str, bytes] | None:
    """What is kept, if it was made from this and is as it was written."""
    found: dict[str, bytes] = {}

    def hashed(path: Path) -> str:
        found[str(path)] = path.read_bytes()
        return hashlib.sha256(found[str(path)]).hexdigest()

    try:
        first, _, sums = (kept / "digest").read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    names = [name for name in files.listing(kept) if name not in ("digest", files.MARKER)]
    if first != digest or sealed.fault(kept, sums, names, hashed):
        return None
    return dict(zip(names, found.values(), strict=True))


def _keep(kept: Path, digest: str, made: dict[str, bytes]) -> None:
    files.remove(kept, PAGE)
    files.own(kept, PAGE)
    for name, content in made.items():
        files.write(kept / name, content)
    files.write(kept / "digest", f"{digest}\n{sealed.sums(kept, made)}")  # last: without it the rest does not count


def _with_commit(page: str, code: dict[str, Any]) -> str:
    """The page with the project's commit in its last line."""
    before, _, after = page.rpartition(COMMIT)
    changed = " with changes not committed" if code.get("dirty") else ""
    said = f" · commit <code>{escape(code['commit'])}</code>{changed}" if code.get("commit") else ""
    return before + said + after
