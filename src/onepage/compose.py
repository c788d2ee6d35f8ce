"""report.md, appendix.md, group.toml and results.json, brought together into one document."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepage import document, group, pandoc, template
from onepage.drafts import Draft, draft, named_below, titled
from onepage.errors import UserError
from onepage.typeset import Front, theme_file
from onepage.writers import TYPES


@dataclass(frozen=True)
class Composed:
    """Everything that the page is made of, before it is set."""

    document: document.Document
    front: Front
    group: group.Group
    use: template.Use
    drafts: tuple[Draft, ...]


def compose(page_folder: Path, results: dict[str, Any], root: Path) -> Composed:
    """Fill in and parse the page; every error names a file and a line."""
    report = titled(draft(page_folder / "report.md", root))
    people = group.load(page_folder / "group.toml", named_below(page_folder / "group.toml", root))
    text, use = template.render(report.body, report.path, results)
    sources = [
        pandoc.Source("content", report.path, text, report.text),
        pandoc.Source("distribution", people.source.path, group.as_markdown(people, root)),
    ]
    drafts = [report]
    if (page_folder / "appendix.md").is_file():
        appendix = draft(page_folder / "appendix.md", root)
        text, more = template.render(appendix.body, appendix.path, results)
        sources.append(pandoc.Source("appendix", appendix.path, text, appendix.text))
        use.shown.extend(more.shown)
        use.consulted |= more.consulted
        for kind in ("figures", "tables", "answers"):
            getattr(use, kind).extend(getattr(more, kind))
        drafts.append(appendix)
    bibliography = page_folder / "references.bib"
    tree = document.read(
        sources, bibliography if bibliography.is_file() else None, theme_file("numeric.csl", page_folder)
    )
    _images(tree, page_folder, drafts)
    return Composed(tree, _front(report, people, results), people, use, tuple(drafts))


def _images(tree: document.Document, page_folder: Path, drafts: list[Draft]) -> None:
    """Images that the Markdown names stand beside it."""
    for node in document.nodes([tree.abstract, *tree.parts.values()]):
        if node["t"] != "Image":
            continue
        name = node["c"][2][0]
        path = page_folder / name
        if path.is_file() and path.suffix.lower() in TYPES:
            continue
        source = next((each for each in drafts if name in each.text), drafts[0])
        line = pandoc.find_line(source.text, name)
        raise UserError(f'{source.path}:{line}: there is no image "{name}" ({", ".join(sorted(TYPES))}) beside it')


def _front(report: Draft, people: group.Group, results: dict[str, Any]) -> Front:
    words = report.front.get("keywords", [])
    words = [word.strip() for word in words.split(",")] if isinstance(words, str) else words
    made = results["provenance"]
    note = f"Every number on this page is computed by make report. Corpus {made['corpus']['name']}"
    key = (made["corpus"].get("key") or "")[:8]
    note += f" ({key}), profile {made['profile']}." if key else f", profile {made['profile']}."
    return Front(
        title=report.front["title"],
        subtitle=report.front.get("subtitle", ""),
        affiliation=report.front.get("affiliation", ""),
        keywords=tuple(words),
        language=report.front.get("lang", "en"),
        authors=tuple(member.name for member in people.members),
        note=note,
    )
