"""Who did what: `group.toml`, its checks, and the work-distribution page made from it.

    [group]
    id = "1"                   # names the hand-in: group_1.zip
    placeholder = true         # optional: the names are not yours yet; delete the line when they are
    note = "..."               # optional: a sentence above the list
    git = true                 # optional: beside each member's parts, the commits in their folders

    [[member]]
    name = "Ada Lovelace"
    parts = ["Data (1a, 1b): wrote the loader, the normalisation and their tests"]
    student = "s1234567"       # optional
    folders = ["src/corpus"]   # optional: where `git` looks for this member's work

Everything in it is plain text: markup in a name is shown, never obeyed.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepage.core import schema, toml_source
from onepage.page.numbers import wording
from onepage.page.numbers.filters import escape

_WHO = (
    r"(?:all|every|each|both|everyone|everybody|we|us|our|team|group|whole|entire|members?|together|jointly|"
    r"none of us|nobody)"
)
_SAME = (
    r"(?:equal(?:ly)?|even(?:ly)?|same (?:amount|share|part|work|extent|contribution|way)|fifty[- ]fifty|"
    r"50\s?[-/%]\s?50|equitabl[ey]|alike|in equal (?:parts?|shares?|measure)|equivalent(?:ly)?)"
)
_SHARE = r"(?:contribut|participat|collaborat|cooperat|effort|workload)"
_WORK = (
    r"(?:work|tasks?|efforts?|workload|parts|questions|assignment|project|labou?r|writing|coding|everything|"
    r"responsibilit(?:y|ies)|(?:among|between|amongst) (?:us|the members|all))"
)
_DIVIDE = r"(?:divid|shar|split|distribut)\w*"
_WHOLE = (
    r"(?:everything|every (?:part|aspect|question)|all (?:the )?(?:parts|aspects|tasks|questions|work)|"
    r"all of (?:it|the work|the tasks)|the whole (?:assignment|project|report))"
)
VAGUE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_WHO}\b.{{0,60}}\b{_SAME}\b",
        rf"\b{_SAME}\b.{{0,60}}\b(?:{_SHARE}|{_WHO}\b)",
        rf"\b{_SHARE}\w*\b.{{0,50}}\b(?:{_SAME}|{_WHOLE})\b",
        rf"\b{_WORK}\b.{{0,40}}\b{_DIVIDE}\b.{{0,30}}\b{_SAME}\b",
        rf"\b{_DIVIDE}\b.{{0,40}}\b{_WORK}\b.{{0,40}}\b{_SAME}\b",
        rf"\b{_DIVIDE}\b.{{0,30}}\b{_SAME}\b.{{0,20}}\b{_WORK}\b",
        rf"\b(?:all|every|each|both|everyone|everybody|we|whole|entire)\b.{{0,40}}\b{_WHOLE}",
        r"\b(?:all|both|everyone|everybody|we|members?)\b.{0,40}"
        r"\b(?:together|jointly|collectively|side by side|as a (?:team|group))\b",
        rf"\b(?:did|worked on|shared|contributed to|helped with|involved in|participated in)\s+"
        rf"(?:a (?:bit|little) of )?{_WHOLE}",
        r"\b(?:joint|collective|shared|team|group)\s+(?:effort|work|responsibility)\b",
        r"\b(?:worked|collaborated|cooperated)\s+(?:closely\s+)?together\b(?!\s+with)",
        r"\b(?:a|one) (?:third|quarter|half) (?:of (?:the|all) work|each)\b|\bfair share\b",
        r"\bieder(?:een)?\b.{0,40}\b(?:evenveel|gelijk\w*)|\balle\b.{0,40}\bgleich\w*|\bà parts égales\b",
    )
)
# "Each language equally often" is about data, not about people.
_DATA = re.compile(
    r"\b(?:data|folds?|set|language|clip|class|speaker|sample|batch|voice|dialect|weight|example|image|file)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Member:
    """One member of the group."""

    name: str
    parts: tuple[str, ...]  # what this member did, each concrete
    student: str = ""
    folders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """The group and its members, and where group.toml says so."""

    id: str
    members: tuple[Member, ...]
    note: str
    placeholder: bool
    git: bool
    source: toml_source.Toml

    def line(self, *where: str | int) -> int:
        """The line of group.toml where something stands."""
        return self.source.line(*where)


SCHEMA = schema.Schema(schema.table({
    "group": schema.table({
        "id": {"type": "string", "format": "id", "description": "letters, digits, - or _: it names the hand-in"},
        "note": schema.LINE,
        "placeholder": schema.FLAG,
        "git": schema.FLAG,
    }, ("id",), "a table [group] with at least id"),
    "member": {
        "type": "array",
        "items": schema.table({
            "name": schema.TEXT,
            "parts": {"type": "array", "items": schema.LINE, "description": "a list of texts"},
            "student": schema.LINE,
            "folders": schema.PATHS,
        }, ("name",), "a member's own table"),
        "description": "tables [[member]], with two brackets, once for each member",
    },
}, ("group",)))  # fmt: skip


def load(path: Path, named: str | None = None) -> Group:
    """Read and validate group.toml; whether it satisfies the assignment is for `check` to say."""
    source = toml_source.load(path, named)
    data = SCHEMA.check(source)
    about = data["group"]
    return Group(
        id=about["id"],
        members=tuple(map(_member, data.get("member", []))),
        note=about.get("note", ""),
        placeholder=about.get("placeholder", False),
        git=about.get("git", False),
        source=source,
    )


def vague(text: str) -> str | None:
    """The words that say "everybody did the same" instead of who did what, or None."""
    flat = " ".join(text.split())
    found = (match.group() for pattern in VAGUE for match in pattern.finditer(flat))
    return next((words for words in found if not _DATA.search(words)), None)


_UNSURE = re.compile(
    rf"\b(?:{_SAME}|{_WHOLE}|together|jointly|various|misc(?:ellaneous)?|stuff|things)\b", re.IGNORECASE
)
_FILLER = re.compile(r"\b(?:lorem|ipsum|todo|tbd|xxx+|placeholder|asdf\w*|qwer\w*|foo|bar|blah?)\b", re.IGNORECASE)


def doubts(group: Group) -> list[str]:
    """Parts that a reader might find to say little, each quoted with its line; for a person to judge."""
    out = []
    for index, member in enumerate(group.members):
        for part in member.parts:
            if vague(part):
                continue
            bare = _bare(part).split()
            found = _UNSURE.search(part) or _FILLER.search(part)
            empty = len(set(bare)) < min(3, len(bare)) or not any(re.search(r"[aeiouyäöüéèáíóúàâêô]", w) for w in bare)
            if (found and not _DATA.search(part)) or empty:
                said = f'"{part}"' + (f' ("{found.group()}")' if found else "")
                place = f"{group.source.path}:{group.line('member', index, 'parts')}"
                out.append(f"{place}: {member.name}: {said} may not say who did what")
    return out


def shortfalls(group: Group, least: int, most: int, words: int) -> list[str]:
    """Where the work distribution falls short of an assignment, each with file and line."""
    path, out = group.source.path, []
    if not least <= len(group.members) <= most:
        span = f"{least} to {most}" if least != most else f"{least}"
        out.append(f"{path}:{group.line('member')}: {len(group.members)} members, {span} are asked for")
    seen: dict[str, str] = {}
    for index, member in enumerate(group.members):
        line = group.line("member", index, "parts")
        if not member.parts:
            out.append(f"{path}:{line}: {member.name} has no part in the work distribution")
        for part in member.parts:
            said = vague(part)
            if said:
                out.append(f'{path}:{line}: {member.name}: "{said}" does not say who did what')
            elif wording.words(part) < words:
                out.append(f'{path}:{line}: {member.name}: "{part}" is too short to be concrete')
            other = seen.setdefault(_bare(part), member.name)
            if other != member.name:
                out.append(f'{path}:{line}: {member.name} and {other} have the same part "{part}"')
    said = vague(group.note)
    if said:
        out.append(f'{path}:{group.line("group", "note")}: "{said}" does not say who did what')
    names = [_bare(member.name) for member in group.members]
    twice = sorted({name for name in names if names.count(name) > 1})
    return out + [f"{path}:{group.line('member')}: two members are named {name}" for name in twice]


def as_markdown(group: Group, root: Path) -> str:
    """The work-distribution page."""
    lines = ["# Work distribution", ""]
    if group.placeholder:
        said = f"The names below are placeholders: edit {escape(group.source.path)}."
        lines += ["::: warning", said, ":::", ""]
    if group.note:
        lines += [escape(group.note), ""]
    for member in group.members:
        name, student = _quoted(member.name), _quoted(member.student)
        lines += [f'::: {{.member name="{name}" student="{student}"}}', ""]
        lines += [f"- {_part(part)}" for part in member.parts] or ["(no part given)"]
        if group.git and member.folders:
            lines += ["", escape(_commits(root, member))]
        lines += ["", ":::", ""]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """Text inside a quoted attribute of pandoc's Markdown."""
    return re.sub(r'(["\\])', r"\\\1", " ".join(text.split()))


def _part(part: str) -> str:
    """A part, its subject ("Data (1a): ...") in bold."""
    head, colon, rest = part.partition(": ")
    if not colon or len(head) > 60:
        return escape(part)
    return f"**{escape(head)}.** {escape(rest[:1].upper() + rest[1:])}"


def _commits(root: Path, member: Member) -> str:
    """What git knows of this member's folders."""
    command = ["git", "-C", str(root), "shortlog", "-sn", "HEAD", "--", *member.folders]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    rows = [line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line]
    counts = ", ".join(f"{name.strip()} {count.strip()}" for count, name in rows)
    return f"Commits in {', '.join(member.folders)}: {counts}" if counts else ""


def _member(data: dict[str, Any]) -> Member:
    parts = tuple(part.strip() for part in data.get("parts", []) if part.strip())
    return Member(data["name"].strip(), parts, data.get("student", ""), tuple(data.get("folders", [])))


def _bare(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()


def zip_name(group: Group) -> str:
    """The hand-in's file name."""
    return f"group_{group.id}.zip"
