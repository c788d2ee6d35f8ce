"""report.md, appendix.md, results.json and what a course adds, brought together into one document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from onepage.page import brief as briefs
from onepage.page.layout.typeset import Front, theme_file
from onepage.page.numbers import template
from onepage.page.tree import bibliography, document, language, lint, pandoc
from onepage.page.tree.drafts import Draft, draft, named_below, titled


@dataclass(frozen=True)
class Added:
    """What is put beside report.md from elsewhere: by a course, its work distribution. The page knows no more of it."""

    sources: tuple[pandoc.Source, ...] = ()  # further parts; `original` is the text of the file that each is made from
    authors: tuple[str, ...] = ()  # in place of the header's
    typed: tuple[lint.Typed, ...] = ()  # numbers that nobody computed
    judges: Mapping[str, Callable[..., Any]] = field(default_factory=dict)  # kind of demand -> what `check` asks of it


@dataclass(frozen=True)
class Composed:
    """Everything that the page is made of, before it is set."""

    document: document.Document
    front: Front
    added: Added
    use: template.Use
    drafts: tuple[Draft, ...]
    typed: tuple[lint.Typed, ...]  # numbers that nobody computed
    rules: lint.Rules  # which of them the brief allows
    cited: tuple[tuple[str, str], ...] = ()  # the bibliography's path and text, if there is one
    notes: tuple[str, ...] = ()  # what is written and not shown


def compose(page_folder: Path, results: dict[str, Any], root: Path, added: Added) -> Composed:
    """Fill in and parse the page; every error names a file and a line."""
    report = titled(draft(page_folder / "report.md", root))
    text, use = template.render(report.body, report.path, results)
    sources = [pandoc.Source("content", report.path, text, report.text), *added.sources]
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
    front = _front(report, added, results)
    tree = document.read(sources, cited, csl, page_folder, front.language, _published(results))
    typed = (*_typed_in_header(report), *tree.typed, *added.typed)
    rules = briefs.load(page_folder / "brief.toml", named_below(page_folder / "brief.toml", root)).rules
    front = replace(front, note=f"{lint.statement(typed, rules)} {front.note}")
    texts = ((cited.path, cited.text),) if cited else ()
    return Composed(tree, front, added, use, tuple(drafts), typed, rules, texts, _unshown(report, added))


def _typed_in_header(report: Draft) -> list[lint.Typed]:
    """Numbers typed in what the title block and the PDF's metadata say."""
    texts = []
    for key in ("title", "subtitle", "affiliation", "keywords"):
        content = report.front.get(key, "")
        line = pandoc.find_line(report.text, f"{key}:")
        texts += [(str(each), line) for each in (content if isinstance(content, list) else [content])]
    return lint.typed_in_texts(texts, report.path)


def _unshown(report: Draft, added: Added) -> tuple[str, ...]:
    if added.authors and "author" in report.front:
        return (f"{report.place('author')}: author is not shown, since {added.sources[0].path} names the authors",)
    return ()


def _published(results: dict[str, Any]) -> list[tuple[str, str]]:
    """The texts that analyses brought, each with its script."""
    return [
        (f'{record["source"]["script"]}: {kind} "{name}"', record[key])
        for section, kind, key in (("figures", "figure", "caption"), ("tables", "table", "caption"),
                                   ("answers", "answer", "text"), ("claims", "claim", "text"))
        for name, record in results[section].items()
    ]  # fmt: skip


def _front(report: Draft, added: Added, results: dict[str, Any]) -> Front:
    words = report.front.get("keywords", [])
    words = [word.strip() for word in words.split(",")] if isinstance(words, str) else words
    named = report.front.get("author", [])
    named = [named] if isinstance(named, str) else named
    return Front(
        title=report.front["title"],
        subtitle=report.front.get("subtitle", ""),
        affiliation=report.front.get("affiliation", ""),
        keywords=tuple(words),
        language=language.parse(report.front.get("lang"), report.place("lang")),
        authors=added.authors or tuple(" ".join(each.split()) for each in named),
        date=report.front.get("date", ""),
        note=_note(results["provenance"]),
    )


def _note(made: dict[str, Any]) -> str:
    """What the report was made from, for the footer."""
    name, key = made["corpus"]["name"], (made["corpus"].get("key") or "")[:8]
    said = [f"corpus {name} ({key})" if key else f"corpus {name}"] if name else []
    note = ", ".join([*said, f"profile {made['profile']}"])
    note += f', changed by P="{made["given"]}".' if made.get("given") else "."
    return note[0].upper() + note[1:]
