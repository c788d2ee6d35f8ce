"""report.md, appendix.md, group.toml and results.json, brought together into one document."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from onepage.page import brief as briefs
from onepage.page import group
from onepage.page.layout.typeset import Front, theme_file
from onepage.page.numbers import template
from onepage.page.tree import bibliography, document, language, lint, pandoc
from onepage.page.tree.drafts import Draft, draft, named_below, titled


@dataclass(frozen=True)
class Composed:
    """Everything that the page is made of, before it is set."""

    document: document.Document
    front: Front
    group: group.Group
    use: template.Use
    drafts: tuple[Draft, ...]
    typed: tuple[lint.Typed, ...]  # numbers that nobody computed
    rules: lint.Rules  # which of them the brief allows
    cited: tuple[tuple[str, str], ...] = ()  # the bibliography's path and text, if there is one


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
    references = page_folder / "references.bib"
    cited = bibliography.load(references, named_below(references, root)) if references.is_file() else None
    csl = theme_file("numeric.csl", page_folder)
    front = _front(report, people, results)
    tree = document.read(sources, cited, csl, page_folder, front.language, _published(results))
    typed = (*_typed_in_header(report), *tree.typed, *_typed_in_group(people))
    rules = briefs.load(page_folder / "brief.toml", named_below(page_folder / "brief.toml", root)).rules
    front = replace(front, note=f"{lint.statement(typed, rules)} {front.note}")
    texts = ((cited.path, cited.text),) if cited else ()
    return Composed(tree, front, people, use, tuple(drafts), typed, rules, texts)


def _typed_in_header(report: Draft) -> list[lint.Typed]:
    """Numbers typed in what the title block and the PDF's metadata say."""
    texts = []
    for key in ("title", "subtitle", "affiliation", "keywords"):
        content = report.front.get(key, "")
        line = pandoc.find_line(report.text, f"{key}:")
        texts += [(str(each), line) for each in (content if isinstance(content, list) else [content])]
    return lint.typed_in_texts(texts, report.path)


def _typed_in_group(people: group.Group) -> list[lint.Typed]:
    """Numbers typed in the work distribution; a student's number is none."""
    texts = [(people.note, people.line("group", "note"))] if people.note else []
    for index, member in enumerate(people.members):
        texts += [(part, people.line("member", index, "parts")) for part in member.parts]
    return lint.typed_in_texts(texts, people.source.path)


def _published(results: dict[str, Any]) -> list[tuple[str, str]]:
    """The texts that analyses brought, each with its script."""
    return [
        (f'{record["source"]["script"]}: {kind} "{name}"', record[key])
        for section, kind, key in (("figures", "figure", "caption"), ("tables", "table", "caption"),
                                   ("answers", "answer", "text"), ("claims", "claim", "text"))
        for name, record in results[section].items()
    ]  # fmt: skip


def _front(report: Draft, people: group.Group, results: dict[str, Any]) -> Front:
    words = report.front.get("keywords", [])
    words = [word.strip() for word in words.split(",")] if isinstance(words, str) else words
    made = results["provenance"]
    note = f"Corpus {made['corpus']['name']}"
    key = (made["corpus"].get("key") or "")[:8]
    note += f" ({key}), profile {made['profile']}" if key else f", profile {made['profile']}"
    note += f', changed by P="{made["given"]}".' if made.get("given") else "."
    return Front(
        title=report.front["title"],
        subtitle=report.front.get("subtitle", ""),
        affiliation=report.front.get("affiliation", ""),
        keywords=tuple(words),
        language=language.parse(report.front.get("lang"), report.place("lang")),
        authors=tuple(member.name for member in people.members),
        note=note,
    )
