"""Demands on the page: its pages, sections, figures and tables, its numbers, claims and references."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from onepage import publish
from onepage.check.evidence import Evidence, Finding, count
from onepage.core import quantities
from onepage.core.errors import unknown
from onepage.page.compose import Composed
from onepage.page.numbers import wording
from onepage.page.tree import document
from onepage.page.tree.document import Section

ROUGHLY, READABLE = 0.97, 0.8  # scales of a figure: below the first it is said, below the second it falls short


def _pages(options: dict[str, Any], evidence: Evidence) -> Finding:
    made, finding = evidence.typeset, Finding()
    for part, wanted in options.items():
        pages = made.parts[part]
        if pages == wanted or (part == "appendix" and pages <= wanted):
            continue
        said = f"report.pdf: {part} takes {count(pages, 'page')}, {wanted} asked for"
        if part == "content" and pages > wanted:
            said += f"; it is {made.overflow:.0f} mm of column (about {count(made.lines, 'line')}) too long"
        finding.shortfalls.append(said)
    finding.found = ", ".join(f"{part} {made.parts[part]}" for part in options)
    return finding


def _layout(options: dict[str, Any], evidence: Evidence) -> Finding:
    made = evidence.typeset
    finding = Finding(f"body {made.body:g} pt, {quantities.percent(made.blank, 0)} empty")
    if made.body < options["body"]:
        finding.shortfalls.append(f"report.pdf: body text of {made.body:g} pt, at least {options['body']:g} asked for")
    most = options.get("blank")
    if most is not None and made.blank > most and made.parts["content"] == 1:
        said = f"{quantities.percent(made.blank, 0)} of the content page is empty; there is room for more"
        finding.warnings.append(f"report.pdf: {said}")
    for names, scale in _shrunk(evidence):
        said = f"the figure of {names} is shrunk to {quantities.percent(scale, 0)}, and its text with it"
        remedy = "publish it narrower, or place it with wide=true"
        kept = finding.shortfalls if scale < READABLE else finding.warnings
        kept.append(f"{evidence.composed.drafts[0].path}: {said}; {remedy}")
    if not made.tagged:
        finding.warnings.append("report.pdf: not tagged for accessibility (PDF/UA)")
    return finding


def _shrunk(evidence: Evidence) -> Iterator[tuple[str, float]]:
    """Figures of the content page that are wider than their place, and what they are scaled to."""
    for node in document.nodes(evidence.composed.document.parts["content"]):
        if node["t"] != "Div" or "figure" not in node["c"][0][1]:
            continue
        names = document.attribute(node, "names").split()
        width = sum(evidence.results["figures"][name]["size"][0] for name in names)
        scale = (publish.PAGE if document.attribute(node, "wide") else publish.COLUMN) / width
        if scale < ROUGHLY:
            yield " and ".join(names), scale


def _sections(options: dict[str, Any], evidence: Evidence) -> Finding:
    sections = evidence.composed.document.sections
    path, at = evidence.composed.drafts[0].path, -1
    finding = Finding(f"{len(options['titles'])} in order")
    for title in options["titles"]:
        place = next((i for i, s in enumerate(sections["content"]) if _titled(s, title)), None)
        if place is None:
            apart = any(_titled(s, title) for s in sections.get("appendix", []))
            tail = "; it stands in the appendix only, which counts as absent" if apart else ""
            finding.shortfalls.append(f'{path}: the section "{title}" is missing{tail}')
            continue
        section = sections["content"][place]
        if place < at:
            finding.shortfalls.append(f'{path}:{_heading(evidence, section)}: "{title}" is out of order')
        words = wording.words(section.text)
        if words < options.get("words", 1):
            least = options.get("words", 1)
            said = f'"{title}" has {count(words, "word")}, at least {least} asked for'
            finding.shortfalls.append(f"{path}:{_heading(evidence, section)}: {said}")
        at = max(at, place)
    return finding


def _figure(options: dict[str, Any], evidence: Evidence) -> Finding:
    return _floats("figure", "figures", options, evidence, options.get("least", 1))


def _table(options: dict[str, Any], evidence: Evidence) -> Finding:
    finding = _floats("table", "tables", options, evidence, 1)
    if "rows" in options and not options.get("names"):
        sections = evidence.composed.document.sections["content"]
        sections = [s for s in sections if "section" not in options or _titled(s, options["section"])]
        rows = [n for s in sections for n in s.rows]
        rows += [len(evidence.results["tables"][name]["rows"]) for s in sections for name in s.tables if name]
        if rows and max(rows) < options["rows"]:
            said = f"the longest table has {count(max(rows), 'row')}, at least {options['rows']} asked for"
            finding.shortfalls.append(f"{evidence.composed.drafts[0].path}: {said}")
    for name in options.get("names", []):
        length = len(evidence.results["tables"].get(name, {}).get("rows", []))
        if 0 < length < options.get("rows", 1):
            said = f'the table "{name}" has {count(length, "row")}, at least {options["rows"]} asked for'
            finding.shortfalls.append(f"{evidence.composed.drafts[0].path}: {said}")
    return finding


def _floats(kind: str, plural: str, options: dict[str, Any], evidence: Evidence, least: int) -> Finding:
    title = options.get("section")
    path = evidence.composed.drafts[0].path
    sections = [s for s in evidence.composed.document.sections["content"] if title is None or _titled(s, title)]
    if not sections:
        return Finding("", [f'{path}: the section "{title}" is missing'])
    names = [name for section in sections for name in getattr(section, plural)]
    names = list(dict.fromkeys(names))
    place = f'"{title}"' if title else "the content page"
    finding = Finding(", ".join(name or "typed in Markdown" for name in names) or "none")
    line = _heading(evidence, sections[0]) if title else 1
    if len(names) < least:
        said = f"{place} has {count(len(names), kind)}, at least {least} asked for"
        finding.shortfalls.append(f"{path}:{line}: {said}")
    for name in options.get("names", []):
        if name not in names:
            apart = any(name in getattr(s, plural) for s in evidence.composed.document.sections.get("appendix", []))
            tail = " (in the appendix it counts as absent)" if apart else ""
            finding.shortfalls.append(f'{path}:{line}: {place} lacks the {kind} "{name}"{tail}')
    return finding


def _discussion(options: dict[str, Any], evidence: Evidence) -> Finding:
    path = evidence.composed.drafts[0].path
    section = _find(evidence, options["section"])
    if section is None:
        return Finding("", [f'{path}: the section "{options["section"]}" is missing'])
    line, finding = _heading(evidence, section), Finding()
    language = evidence.composed.front.language.tag
    said = next((word for word in options["about"] if wording.mentions(section.text, word, language)), None)
    if said is None:
        wanted = " or ".join(f'"{word}"' for word in options["about"])
        finding.shortfalls.append(f'{path}:{line}: "{section.title}" says nothing of {wanted}')
    floats = section.figures + section.tables
    if not floats:
        finding.shortfalls.append(f'{path}:{line}: "{section.title}" has no figure or table to discuss')
    finding.found = f'"{said}" beside {", ".join(floats)}' if said and floats else ""
    return finding


def _bullets(options: dict[str, Any], evidence: Evidence) -> Finding:
    path = evidence.composed.drafts[0].path
    section = _find(evidence, options["section"])
    if section is None:
        return Finding("", [f'{path}: the section "{options["section"]}" is missing'])
    finding = Finding(count(section.bullets, "bullet"))
    if section.bullets < options["least"]:
        said = f"{count(section.bullets, 'bullet')}, at least {options['least']} asked for"
        finding.shortfalls.append(f'{path}:{_heading(evidence, section)}: "{section.title}" has {said}')
    return finding


def _numbers(options: dict[str, Any], evidence: Evidence) -> Finding:
    wrong = [str(each) for each in evidence.composed.typed if not evidence.brief.rules.permits(each)]
    return Finding(f"{count(len(evidence.composed.use.shown), 'number')} from results.json", wrong)


def _claims(options: dict[str, Any], evidence: Evidence) -> Finding:
    published, composed = evidence.results["claims"], evidence.composed
    held = {use.name for use in composed.document.claims if broken(use, published) is None}
    finding = Finding(f"{count(len(held), 'finding')} bound")
    if len(held) < options["least"]:
        said = f"{count(len(held), 'finding')} bound to claims that hold, at least {options['least']} asked for"
        finding.shortfalls.append(f"{composed.drafts[0].path}: {said}")
    return finding


def bound_claims(composed: Composed, results: dict[str, Any]) -> Finding:
    """Whether every sentence that is bound to a claim says what the claim says: asked of every report."""
    published = results["claims"]
    finding = Finding(f"{count(len(composed.document.claims), 'sentence')} bound")
    for use in composed.document.claims:
        said = broken(use, published)
        if said is not None:
            finding.shortfalls.append(f"{_claim_line(composed, use.name)}: {said}")
    uncited = [name for name in published if name not in composed.use.consulted]
    uncited = [name for name in uncited if name not in {use.name for use in composed.document.claims}]
    if uncited:
        finding.warnings.append(f"{composed.drafts[0].path}: published claims that nobody cites: {', '.join(uncited)}")
    return finding


def broken(use: document.ClaimUse, published: dict[str, Any]) -> str | None:
    """What is wrong with a bound sentence, or None."""
    if not use.name:
        return "a sentence in .claim has no #name"
    if use.name not in published:
        return unknown("claim", use.name, published)
    if published[use.name]["holds"] == use.negated:
        return f'the claim {use.name} does not hold ({published[use.name]["evidence"]}): "{use.text}"'
    return None if wording.words(use.text) else f"the claim {use.name} is bound to no words"


def _references(options: dict[str, Any], evidence: Evidence) -> Finding:
    cited = len(evidence.composed.document.cited)
    finding = Finding(f"{count(cited, 'work')} cited")
    if cited < options["least"]:
        path = evidence.composed.drafts[0].path
        finding.shortfalls.append(f"{path}: {count(cited, 'work')} cited, at least {options['least']} asked for")
    return finding


def _claim_line(composed: Composed, name: str) -> str:
    """Where the sentence stands."""
    for draft in composed.drafts:
        for number, line in enumerate(draft.text.splitlines(), 1):
            if re.search(rf"#{re.escape(name)}(?![\w.-])", line):
                return f"{draft.path}:{number}"
    return composed.drafts[0].path


def _titled(section: Section, title: str) -> bool:
    """Whether a heading is the demanded one: its first words are, whatever the case."""
    flat = [" ".join(re.findall(r"\w+", text.lower())) for text in (section.title, title)]
    return flat[0] == flat[1] or flat[0].startswith(flat[1] + " ")


def _find(evidence: Evidence, title: str) -> Section | None:
    return next((s for s in evidence.composed.document.sections["content"] if _titled(s, title)), None)


def _heading(evidence: Evidence, section: Section) -> int:
    """The line of a section's heading in report.md."""
    for number, line in enumerate(evidence.composed.drafts[0].text.splitlines(), 1):
        if line.startswith("#") and section.title in line:
            return number
    return 1


JUDGES: dict[str, Callable[[dict[str, Any], Evidence], Finding]] = {
    "pages": _pages, "layout": _layout, "sections": _sections, "figure": _figure, "table": _table,
    "discussion": _discussion, "bullets": _bullets, "numbers": _numbers, "claims": _claims,
    "references": _references,
}  # fmt: skip
