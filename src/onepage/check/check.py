"""A table of what the assignment demands, each demand met, or where and how it falls short.

Before the brief's own demands comes what holds for every report: it is whole, as it was built, and says what
its sources and results say now.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onepage.check import demands_page, demands_work
from onepage.check.evidence import Evidence, Finding, count
from onepage.core import config, files, places
from onepage.core.errors import UserError
from onepage.page import brief as briefs
from onepage.page import results
from onepage.page.compose import Added, Composed, compose
from onepage.page.layout import glyphs
from onepage.page.layout.typeset import Typeset, typeset
from onepage.page.tree.drafts import named_below
from onepage.page.tree.pandoc import find_line
from onepage.plan import planfile

JUDGES = demands_page.JUDGES | demands_work.JUDGES
LAST = ("pages", "layout", "file")  # kinds of demands that wait for the PDF


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    id: str
    demand: str
    state: str  # met, short, or not asked
    found: str
    shortfalls: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """As the report's index shows it."""
        return {
            "demand": self.demand, "holds": self.state != "short", "found": self.found,
            "where": "; ".join([*self.shortfalls, *self.warnings]),
        }  # fmt: skip


def check(plan: planfile.Plan, added: Added) -> list[Row]:
    """Hold a built report against its sources, its results and its brief."""
    report = plan.root / plan.data["out"]
    page_folder = plan.root / config.load(plan.root).page
    found = results.load_results(report)
    composed = compose(page_folder, found, plan.root, added)
    with tempfile.TemporaryDirectory(prefix="onepage-") as folder:
        try:
            made = typeset(composed.document, composed.front, found, report, page_folder, Path(folder))
        except FileNotFoundError as error:
            raise UserError(f"{error.filename}: missing; run `make report`") from None
    return [
        *integrity(plan, report, found, made),
        *judge(page_folder, composed, found, lambda: made, report, plan.root),
    ]


def judge(
    page_folder: Path,
    composed: Composed,
    found: dict[str, Any],
    finished: Callable[[], Typeset],
    report: Path,
    root: Path,
) -> list[Row]:
    """The brief's demands, in its order; `finished` is asked for the PDF when nothing else is left to do."""
    path = page_folder / "brief.toml"
    brief = briefs.load(path, named_below(path, root))
    evidence = Evidence(brief, composed, found, finished, report, root)
    judges = {**JUDGES, **composed.added.judges}
    rows: dict[int, Row] = {}
    for number, demand in sorted(enumerate(brief.demands), key=lambda item: item[1].kind in LAST):
        if why := _not_asked(demand, found):
            rows[number] = Row(demand.id, demand.says, "not asked", why)
            continue
        rows[number] = _row(demand.id, demand.says, judges[demand.kind](demand.options, evidence))
    evidence.names.save()
    whole = _row("references", "What the text refers to is on the page", _dangling(composed))
    shown = _row("shown", "What is written is shown", _shown(evidence))
    bound = demands_page.bound_claims(composed, found)
    holding = _row("claims-hold", "Every sentence that is bound to a claim says what the results say", bound)
    return [whole, shown, holding, *(rows[number] for number in range(len(brief.demands)))]


def _not_asked(demand: briefs.Demand, found: dict[str, Any]) -> str:
    """Why a demand is not made of these results; "" where it is."""
    if demand.profiles and found["provenance"]["profile"] not in demand.profiles:
        return f"asked in profile {' and '.join(demand.profiles)} only"
    return f"the results have no {demand.needs}" if demand.needs and demand.needs not in found["values"] else ""


def integrity(plan: planfile.Plan, report: Path, found: dict[str, Any], made: Typeset) -> list[Row]:
    """Whether the report is whole, and what its results and sources make."""
    whole = Finding(shortfalls=list(_manifest(report)))
    whole.found = f"{count(len(places.manifest(report)), 'file')} as built"
    same = Finding(found=f"{count(len(found['values']), 'value')}, {count(len(found['claims']), 'claim')}")
    same.shortfalls = list(_altered(plan, found))
    fresh = Finding(found="report.pdf is what its sources make")
    pdf = report / "report.pdf"
    if not pdf.is_file() or pdf.read_bytes() != made.pdf:
        fresh.shortfalls.append("report.pdf: not what report.md and results.json make now; run `make report`")
    return [
        _row("whole", "The report is complete and as it was built", whole),
        _row("results", "results.json is what the analyses published", same),
        _row("fresh", "The page says what its sources say", fresh),
    ]


def table(rows: list[Row]) -> str:
    """The table as text: shortfalls and warnings below their demand."""
    words = {"met": "met", "short": "SHORT", "not asked": "-"}
    width = min(72, max(len(row.demand) for row in rows))
    lines = []
    for row in rows:
        said = row.demand if len(row.demand) <= width else row.demand[: width - 1] + "…"
        lines.append(f"{words[row.state]:5}  {said:{width}}  {row.found}".rstrip())
        lines += [f"       {shortfall}" for shortfall in row.shortfalls]
        lines += [f"       note: {warning}" for warning in row.warnings]
    short = sum(row.state == "short" for row in rows)
    met = sum(row.state == "met" for row in rows)
    lines.append(f"{met} met, {short} short" + (", nothing to mend" if not short else ""))
    return "\n".join(lines)


def _row(identity: str, demand: str, finding: Finding) -> Row:
    state = "short" if finding.shortfalls else "met"
    return Row(identity, demand, state, finding.found, finding.shortfalls, finding.warnings)


def _dangling(composed: Composed) -> Finding:
    """Figures and tables that the text refers to and nobody placed."""
    finding = Finding(found=f"{len(composed.document.numbers)} figures and tables")
    for _, name in dict.fromkeys(composed.document.dangling):
        said = f'ref("{name}"), but it is not on the page'
        for draft in composed.drafts:
            found = re.search(rf"ref\([\"']{re.escape(name)}[\"']\)", draft.text)
            if found:
                line = draft.text.count("\n", 0, found.start()) + 1
                finding.shortfalls.append(f"{draft.path}:{line}: {said}")
                break
    return finding


def _shown(evidence: Evidence) -> Finding:
    """What the page shows otherwise than it was written, or not at all: letters that no font has, and the like."""
    composed, made = evidence.composed, evidence.typeset
    texts = [(draft.path, draft.text) for draft in composed.drafts]
    texts += [*((source.path, source.original) for source in composed.added.sources), *composed.cited]
    missing = glyphs.notes(made.missing, texts, evidence.results, evidence.report)
    language = composed.front.language.note
    where = f"{composed.drafts[0].path}:{find_line(composed.drafts[0].text, 'lang:')}"
    warnings = [*missing, *composed.document.notes, *composed.notes, *([f"{where}: {language}"] if language else [])]
    return Finding(f"{count(len(made.missing), 'sign')} without a glyph", warnings=warnings)


def _manifest(report: Path) -> Iterator[str]:
    listed = places.manifest(report)
    if not listed:
        yield "manifest.json: missing or not readable; run `make report`"
    for name, digest in listed.items():
        path = report / name
        if not path.is_file():
            yield f"{name}: missing in the report's folder; run `make report`"
        elif files.digest(path) != digest:
            yield f"{name}: changed since it was built; run `make report`"


def _altered(plan: planfile.Plan, found: dict[str, Any]) -> Iterator[str]:
    """Results that are not what the executed notebooks hold."""
    entries = [plan.root / t["entry"] / "notebook.ipynb" for t in plan.targets if t["kind"] == "analysis"]
    if not all(path.is_file() for path in entries):
        return  # a report that came without its store
    fresh = results.collect(planfile.identified(plan).data, plan.root).results
    for section in results.KINDS.values():
        for name in sorted(fresh[section].keys() | found.get(section, {}).keys()):
            ours, theirs = found.get(section, {}).get(name), fresh[section].get(name)
            if ours == theirs:
                continue
            if theirs is None:
                yield f"results.json: {section}.{name} is published by no analysis"
                continue
            script = theirs["source"]["script"]
            if ours is None:
                yield f"results.json: {section}.{name} of {script} is missing"
                continue
            keys = [key for key in theirs if ours.get(key) != theirs[key]]
            what = f"{keys[0]} is {ours.get(keys[0])!r}, {script} published {theirs[keys[0]]!r}" if keys else "differs"
            yield f"results.json: {section}.{name}: {what[:160]}"
