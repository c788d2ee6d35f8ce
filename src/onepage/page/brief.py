"""The assignment as data: `brief.toml` and what may stand in it.

    [brief]
    title = "Introduction to Deep Learning: practical assignment"

    [numbers]
    typed = ["8 kHz"]            # digits that report.md may type by hand; "/.../" is a regular expression
    words = true                 # optional: numerals in words count as well ("one" and its like do not)

    [hand-in]                    # optional: what `make submission` packs beside report.pdf
    entry = "reports/page/predict.py"
    include = ["src/**/*.py", "requirements.lock"]

    [[demand]]
    id = "answer-3c"             # how `onepage check` names it
    says = "explain in 100 words or less"
    where = "Question 3c"        # optional: the place in the assignment
    profiles = ["full"]          # optional: asked in these profiles only
    needs = "net.test_accuracy"  # optional: asked of results that have this value only
    kind = "answer"              # what is looked at; the other keys depend on it
    name = "q3c"
    words = 100

KINDS lists every kind with its keys; `onepage check --format` prints it. Another course's brief is another
such file: nothing in the code knows this assignment.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepage.core import schema as schemas
from onepage.core import toml_source
from onepage.core.errors import unknown
from onepage.core.schema import COUNT, FLAG, GLOBS, NUMBER, TEXT, Source
from onepage.page.tree.lint import Rules

_PLAIN = {"type": ["string", "number", "boolean"]}
VALUES = {"type": "array", "minItems": 1, "items": _PLAIN, "description": "a list of values"}
TEXTS = {**schemas.TEXTS, "minItems": 1}
MEMBERS = {
    "type": "array", "items": COUNT, "minItems": 2, "maxItems": 2,
    "description": "two whole numbers, [fewest, most]",
}  # fmt: skip
RANGE = {
    "type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2, "description": "two numbers, [lowest, highest]",
}  # fmt: skip

# kind -> (what it demands, {key: (schema, required, meaning)})
KINDS: dict[str, tuple[str, dict[str, tuple[dict[str, Any], bool, str]]]] = {
    "pages": ("so many pages of each part", {
        "content": (COUNT, False, "pages of content, exactly"),
        "distribution": (COUNT, False, "pages of work distribution, exactly"),
        "appendix": (COUNT, False, "pages of appendix, at most"),
    }),
    "layout": ("a page that is readable and full", {
        "body": (NUMBER, True, "points, the smallest body text"),
        "blank": (NUMBER, False, "the share of the content page that may be empty; more is a warning"),
    }),
    "sections": ("sections of the content page, in this order and not only in the appendix", {
        "titles": (TEXTS, True, "headings; the first words are enough"),
        "words": (COUNT, False, "the fewest words in each"),
    }),
    "figure": ("figures in a section of the content page", {
        "section": (TEXT, False, "its heading; without it, anywhere in the content"),
        "names": (TEXTS, False, "published names of which all must be there"),
        "least": (COUNT, False, "how many at least (1)"),
    }),
    "table": ("tables in a section of the content page", {
        "section": (TEXT, False, "its heading"),
        "names": (TEXTS, False, "published names of which all must be there"),
        "rows": (COUNT, False, "the fewest rows"),
    }),
    "discussion": ("a passage about something, around a figure or table of its section", {
        "section": (TEXT, True, "its heading"),
        "about": (TEXTS, True, "words of which one must occur, in any inflection; optimi* is any word that begins so"),
    }),
    "bullets": ("a bulleted list in a section", {
        "section": (TEXT, True, "its heading"),
        "least": (COUNT, True, "items at least"),
    }),
    "group": ("a work distribution that says who did what", {
        "members": (MEMBERS, True, "fewest and most members"),
        "words": (COUNT, False, "the fewest words of a part (4)"),
    }),
    "published": ("figures, tables, values or answers that an analysis publishes", {
        "names": (TEXTS, True, "their names"),
    }),
    "answer": ("a published answer of limited length", {
        "name": (TEXT, True, "its name"),
        "words": (COUNT, False, "words at most"),
        "sentences": (COUNT, False, "sentences at most"),
    }),
    "parameter": ("a parameter of runs within bounds", {
        "rows": (TEXTS, True, "rows of experiments.toml"),
        "name": (TEXT, True, "the parameter"),
        "between": (RANGE, False, "lowest and highest, both allowed"),
        "one_of": (VALUES, False, "the allowed values"),
    }),
    "value": ("a published value within bounds", {
        "name": (TEXT, True, "its name"),
        "at_least": (NUMBER, False, "lowest"),
        "at_most": (NUMBER, False, "highest"),
    }),
    "spacing": ("a figure whose data are recorded in regular steps", {
        "figure": (TEXT, True, "its name"),
        "column": (TEXT, True, "the column of its data"),
        "every": (NUMBER, True, "the step"),
    }),
    "code": ("Python that uses, or never uses, certain names", {
        "files": (GLOBS, True, "patterns below the project"),
        "uses": (TEXTS, False, "names of which one must occur (torch.optim.Adam, or Adam)"),
        "never": (TEXTS, False, "names of which none may occur"),
        "plain": (FLAG, False, "true: every file is a plain .py script that parses, no notebook among them"),
    }),
    "file": ("a file in the report's folder", {
        "name": (schemas.PATH, True, "its name"),
        "columns": (TEXTS, False, 'the header of a .csv file; "..." at its end: and further columns'),
    }),
    "hand-in": ("the archive's name", {
        "name": (TEXT, True, "the name, with {id} for the group's"),
    }),
    "numbers": ("no digit typed by hand in the page's text, beyond [numbers] typed", {}),
    "claims": ("findings bound to claims that hold", {
        "least": (COUNT, True, "bound sentences at least"),
    }),
    "references": ("works cited from the bibliography", {
        "least": (COUNT, True, "works at least"),
    }),
}  # fmt: skip
COMMON: dict[str, dict[str, Any]] = {
    "id": TEXT,
    "says": TEXT,
    "kind": TEXT,
    "where": TEXT,
    "profiles": TEXTS,
    "needs": TEXT,
}


@dataclass(frozen=True)
class Demand:
    """One thing that the assignment demands."""

    id: str
    says: str  # the assignment's words
    kind: str
    options: dict[str, Any]
    where: str  # place in the assignment
    line: int  # in brief.toml
    profiles: tuple[str, ...] = ()  # asked in these only; empty: in all
    needs: str = ""  # a value without which it is not asked


@dataclass(frozen=True)
class HandIn:
    """What goes into the archive beside the report."""

    entry: str  # the script at its top, which makes the predictions
    include: tuple[str, ...]  # patterns of further files, below the project


@dataclass(frozen=True)
class Brief:
    """A whole assignment."""

    path: str
    title: str
    rules: Rules  # for typed numbers
    demands: tuple[Demand, ...]
    hand_in: HandIn | None = None


@functools.cache
def schema(kind: str | None = None) -> schemas.Schema:
    """The schema of brief.toml, or of a demand of one kind."""
    if kind is None:
        typed: dict[str, Any] = {
            "type": "array",
            "items": {"type": "string", "format": "regex"},
            "description": "a list of texts",
        }
        hand_in = schemas.table({"entry": schemas.PATH, "include": GLOBS}, ("entry", "include"), "a table [hand-in]")
        demands: dict[str, Any] = {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object"},
            "description": "tables [[demand]]",
        }
        tables: dict[str, dict[str, Any]] = {
            "brief": schemas.table({"title": TEXT}, ("title",), "a table [brief] with a title"),
            "numbers": schemas.table({"typed": typed, "words": FLAG}, about="a table [numbers]"),
            "hand-in": hand_in,
            "demand": demands,
        }
        return schemas.Schema(schemas.table(tables, ("brief", "demand")))
    keys: dict[str, dict[str, Any]] = {**COMMON, **{name: content for name, (content, _, _) in KINDS[kind][1].items()}}
    required = ["id", "says", "kind", *(name for name, (_, required, _) in KINDS[kind][1].items() if required)]
    return schemas.Schema(schemas.table(keys, tuple(required)))


def load(path: Path, named: str | None = None) -> Brief:
    """Read and validate brief.toml; errors name the line. Without one there are no demands."""
    if not os.path.lexists(path):
        return Brief(named or str(path), "", Rules(), ())
    return read(toml_source.load(path, named))


def read(source: Source) -> Brief:
    """The brief that a file's tables describe."""
    schema().check(source)
    demands, seen = [], set()
    for index, data in enumerate(source.data["demand"]):
        kind = data.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            raise source.error(unknown("kind of demand", "" if kind is None else kind, KINDS), "demand", index, "kind")
        schema(kind).check(source, "demand", index)
        _sound(source, data, ("demand", index))
        if data["id"] in seen:
            raise source.error(f'two demands have the id "{data["id"]}"', "demand", index, "id")
        seen.add(data["id"])
        options = {key: content for key, content in data.items() if key not in COMMON}
        line, profiles = source.line("demand", index), tuple(data.get("profiles", ()))
        where, needs = data.get("where", ""), data.get("needs", "")
        demands.append(Demand(data["id"], data["says"], kind, options, where, line, profiles, needs))
    numbers = source.data.get("numbers", {})
    rules = Rules(tuple(numbers.get("typed", ())), numbers.get("words", False))
    packed = source.data.get("hand-in")
    hand_in = HandIn(packed["entry"], tuple(packed["include"])) if packed else None
    return Brief(source.path, source.data["brief"]["title"], rules, tuple(demands), hand_in)


def _sound(source: Source, data: dict[str, Any], place: tuple[str | int, ...]) -> None:
    """What no schema says: two ends the right way round."""
    for low, high in (("members", None), ("between", None), ("at_least", "at_most")):
        ends: Any = data.get(low) if high is None else [data.get(low), data.get(high)]
        if ends and None not in ends and ends[0] > ends[1]:
            raise source.error(f"demand.{low}: {ends[0]:g} is above {ends[1]:g}", *place, low)


def format_text() -> str:
    """Every kind of demand and its keys."""
    lines = []
    for kind, (meaning, keys) in KINDS.items():
        lines.append(f'kind = "{kind}": {meaning}')
        lines += [f"    {key}{'' if required else ' (optional)'}: {said}" for key, (_, required, said) in keys.items()]
    return "\n".join(lines)
