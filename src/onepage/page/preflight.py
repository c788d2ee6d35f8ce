"""What the page needs, looked over by `onepage plan`: a mistake in report.md is not found after an hour of training.

What the text names of results cannot be known before they are there. Everything else can: whether the files of the
page's folder can be read as what they are, and whether the brief asks for runs and parameters that exist. A file is
looked over when it, or what it is held against, has changed.
"""

from __future__ import annotations

import fnmatch
import functools
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onepage.core import sealed
from onepage.core.errors import UserError, nearest, quoted
from onepage.core.schema import Source
from onepage.plan.planfile import with_corpus
from onepage.plan.store import is_done
from onepage.plan.targets import Planner
from onepage.scripts.behaviour import digest

if TYPE_CHECKING:
    from onepage.page.tree import pandoc

Declared = Mapping[str, Iterable[str]]  # row of experiments.toml -> parameters that its script declares
Looks = Mapping[str, Callable[[], None]]  # file or folder in the page's -> raises for what is wrong with it


def check(planner: Planner, plan: dict[str, Any], record: Path, further: Looks) -> None:
    """Raise for the first mistake in the page; what `record` says of files as they are now is not asked again.

    `further` are looks at files that are of the page's folder and not of the page.

    Where nothing has to be executed, setting the page comes next, and finds the same in no more time.
    """
    tables = planner.tables
    if tables is None or all(is_done(planner.config.root / target["entry"]) for target in with_corpus(plan)):
        return
    root, folder = planner.config.root, planner.config.root / planner.config.page
    runs = tables.data["runs"]
    declared = {row: [p.name for p in planner.scripts[table["script"]].parameters] for row, table in runs.items()}
    known = sealed.load(record) or {}
    states = {}
    for name, look in {**looks(folder, root, tables, declared), **further}.items():
        inside = f"{planner.config.page}/{name}".rstrip("/")
        files = {each: state for each, state in planner.page["files"].items() if f"{each}/".startswith(f"{inside}/")}
        against = [tables.data, declared] if name == "brief.toml" else []
        states[name] = digest([files, planner.page["code"], against])
        if known.get(name) != states[name]:
            look()
    sealed.save(record, states)


def looks(folder: Path, root: Path, runs: Source, declared: Declared) -> dict[str, Callable[[], None]]:
    """What is looked over, and how; each imports what it needs, which is most of the time that it takes."""
    return {
        "report.md": lambda: text(folder / "report.md", root),
        "appendix.md": lambda: text(folder / "appendix.md", root),
        "": lambda: _markdown(folder, root),
        "brief.toml": lambda: _brief(folder / "brief.toml", root, runs, declared),
        "references.bib": lambda: _references(folder / "references.bib", root),
        "theme": lambda: _theme(folder / "theme", root),
    }


def text(path: Path, root: Path) -> None:
    """report.md, or appendix.md where there is one: header, language and template."""
    from onepage.page.numbers import template
    from onepage.page.tree import drafts, language

    if path.name == "report.md" or path.exists():
        draft = drafts.draft(path, root)
        language.parse(draft.front.get("lang"), draft.place("lang"))
        template.compiled(draft.body, draft.path)
        if path.name == "report.md":
            drafts.titled(draft)


def _markdown(folder: Path, root: Path) -> None:
    """The bibliography, and what the text cites of it; the pictures that the text shows."""
    from onepage.page.numbers import template
    from onepage.page.tree import bibliography, drafts, pandoc, pictures
    from onepage.page.tree.walk import nodes

    path = folder / "references.bib"
    works = bibliography.load(path, drafts.named_below(path, root)) if path.exists() else None
    keys = [entry.key for entry in works.entries] if works else []
    for name in ("report.md", "appendix.md"):
        if not (folder / name).exists():
            continue
        draft = drafts.draft(folder / name, root)
        outline = template.outline(draft.body, draft.path)
        tree = json.loads(pandoc.run(["-f", pandoc.READER, "-t", "json"], outline).stdout)
        source = pandoc.Source("content", draft.path, outline, draft.text)
        for node in nodes(tree["blocks"]):
            if node["t"] == "Cite":
                for key in (each["citationId"] for each in node["c"][0]):
                    if key not in keys and template.FILLED not in key:
                        where = path.name if works else f"any bibliography; there is no {path.name}"
                        raise pandoc.no_citation(key, [source], where, keys)
            elif node["t"] == "Image" and template.FILLED not in node["c"][2][0]:
                pictures.find([node], folder, functools.partial(_place, source))


def _place(source: pandoc.Source, said: str) -> str:
    """Where in a file what is said of it stands."""
    from onepage.page.tree import pandoc

    return f"{source.path}:{pandoc.find_line(source.original, said)}"


def _references(path: Path, root: Path) -> None:
    from onepage.page.tree import bibliography, drafts

    if path.exists():
        bibliography.load(path, drafts.named_below(path, root))


def _brief(path: Path, root: Path, runs: Source, declared: Declared) -> None:
    """The brief, where there is one, and whether the profiles, rows and parameters that it names exist."""
    from onepage.core import toml_source
    from onepage.page import brief
    from onepage.page.tree import drafts

    if not path.exists():
        return
    source = toml_source.load(path, drafts.named_below(path, root))
    profiles = runs.data["profiles"]
    for index, demand in enumerate(brief.read(source).demands):
        for at, name in enumerate(demand.profiles):
            if name not in profiles:
                said = f"demand.profiles: there is no profile {quoted(name)}{nearest(name, profiles)}"
                raise source.error(said, "demand", index, "profiles", at)
        if demand.kind == "parameter":
            _parameter(source, demand.options, index, declared)


def _parameter(source: Source, options: dict[str, Any], index: int, declared: Declared) -> None:
    for at, pattern in enumerate(options["rows"]):
        rows = fnmatch.filter(declared, pattern)
        if not rows:
            said = f"demand.rows: experiments.toml has no row {quoted(pattern)}{nearest(pattern, declared)}"
            raise source.error(said, "demand", index, "rows", at)
        known = sorted({name for row in rows for name in declared[row]})
        if options["name"] not in known:
            said = f"demand.name: no script of {pattern} has a parameter {quoted(options['name'])}"
            raise source.error(said + nearest(options["name"], known), "demand", index, "name")


def _theme(folder: Path, root: Path) -> None:
    """The project's own design, as far as it can be read without a page to set."""
    from onepage.core import toml_source
    from onepage.page.tree import drafts

    texts = {}
    for name in ("page.html", "numeric.csl", "page.typ", "page.css"):
        if (folder / name).exists():
            named = drafts.named_below(folder / name, root)
            texts[name] = (named, toml_source.read_text(folder / name, named))
    if "page.typ" in texts:
        from onepage.page.layout import typeset

        typeset.look_over(folder.parent)
    if "page.html" in texts:
        from onepage.page.numbers import template

        named, design = texts["page.html"]
        template.well_formed(design, named)
    if "numeric.csl" in texts:
        import xml.etree.ElementTree as xml

        named, style = texts["numeric.csl"]
        try:
            xml.fromstring(style.encode())
        except xml.ParseError as error:
            raise UserError(f"{named}:{error.position[0]}: not a citation style: {error}") from None
