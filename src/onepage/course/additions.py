"""What a course adds to a report that has a group.toml: authors, a page that says who did what, demands."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

from onepage.check.evidence import Evidence, Finding, count
from onepage.core import config
from onepage.core.errors import UserError
from onepage.course import GROUP
from onepage.course import group as groups
from onepage.page.compose import Added
from onepage.page.tree import lint, pandoc
from onepage.page.tree.drafts import named_below
from onepage.plan.planfile import Plan


def of(page_folder: Path, root: Path) -> Added:
    """What there is to add; without a group, the judges that say so of demands on one."""
    people = group(page_folder, root)
    named = named_below(page_folder / GROUP, root)
    if people is None:
        said = Finding("no group", [f"{named}: there is none, and the brief demands one; it names the members"])
        return Added(judges={kind: lambda options, evidence: said for kind in ("group", "hand-in")})
    source = pandoc.Source("distribution", named, groups.as_markdown(people, root), people.source.text)
    return Added(
        sources=(source,),
        authors=tuple(member.name for member in people.members),
        typed=tuple(_typed(people)),
        judges={"group": functools.partial(_group, people), "hand-in": functools.partial(_hand_in, people)},
    )


def of_plan(plan: Plan) -> Added:
    """The same for a planned report."""
    return of(plan.root / config.load(plan.root).page, plan.root)


def group(page_folder: Path, root: Path) -> groups.Group | None:
    """The group, if this report is one's."""
    path = page_folder / GROUP
    return groups.load(path, named_below(path, root)) if os.path.lexists(path) else None


def require_group(page_folder: Path, root: Path) -> groups.Group:
    """The group; `UserError` where nobody has said who hands in."""
    people = group(page_folder, root)
    if people is None:
        missing = named_below(page_folder / GROUP, root)
        raise UserError(f"{missing}: missing, which names the group that hands in; `onepage init --course` writes one")
    return people


def look_over(page_folder: Path, root: Path) -> None:
    """Raise for the first mistake in group.toml, if there is one."""
    group(page_folder, root)


def _typed(people: groups.Group) -> list[lint.Typed]:
    """Numbers typed in the work distribution; a student's number is none."""
    texts = [(people.note, people.line("group", "note"))] if people.note else []
    for index, member in enumerate(people.members):
        texts += [(part, people.line("member", index, "parts")) for part in member.parts]
    return lint.typed_in_texts(texts, people.source.path)


def _group(people: groups.Group, options: dict[str, Any], evidence: Evidence) -> Finding:
    least, most = (int(end) for end in options["members"])
    finding = Finding(count(len(people.members), "member"))
    finding.shortfalls = groups.shortfalls(people, least, most, options.get("words", 4))
    finding.warnings = groups.doubts(people)
    if people.placeholder:
        line = people.line("group", "placeholder")
        finding.warnings.append(f"{people.source.path}:{line}: the members are placeholders; put your own names")
    return finding


def _hand_in(people: groups.Group, options: dict[str, Any], evidence: Evidence) -> Finding:
    name, wanted = groups.zip_name(people), options["name"].replace("{id}", people.id)
    return Finding(name, [] if name == wanted else [f"the archive is named {name}, {wanted} asked for"])
