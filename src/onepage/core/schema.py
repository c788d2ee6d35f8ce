"""What may stand in the files that people write, as JSON schemas; one check for all of them.

Of any file, TOML or YAML, parsed into a `Source`, `Schema.check` says in one line what is wrong first: file, line,
what it is, what to do. A schema's own keys beyond JSON Schema's: `description`, what the value should be, in the words
of the message; `format`, one of FORMATS. It is draft 4, in which 1.0 is no integer.
"""

from __future__ import annotations

import datetime
import functools
import math
import os.path
import re
import string
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from onepage.core.errors import UserError, nearest, quoted

DEEPEST = 40  # levels of tables and lists in one another
Place = tuple[str | int, ...]  # where something stands in a file: keys, and numbers of list members

TEXT = {"type": "string", "format": "text", "description": "a text"}
LINE = {"type": "string", "description": "a text"}  # which may be empty
TEXTS = {"type": "array", "items": TEXT, "description": "a list of texts"}
COUNT = {"type": "integer", "minimum": 0, "description": "a whole number"}
NUMBER = {"type": "number", "description": "a number"}
FLAG = {"type": "boolean", "description": "true or false"}
PATH = {"type": "string", "format": "path", "description": "a path below the project"}
PATHS = {"type": "array", "items": PATH, "description": "a list of paths below the project"}
MODULE = {"type": "string", "format": "module", "description": "the name of a module, such as package.module"}
GLOBS = {
    "type": "array", "minItems": 1, "items": {"type": "string", "format": "glob", "description": "a pattern"},
    "description": "a list of patterns below the project",
}  # fmt: skip
_NOUNS = {
    "string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "array": "a list", "object": "a table",
}  # fmt: skip


def table(
    properties: Mapping[str, dict[str, Any]], required: tuple[str, ...] = (), about: str = "a table"
) -> dict[str, Any]:
    """The schema of a table with these keys and no others."""
    made = {"type": "object", "properties": dict(properties), "additionalProperties": False, "description": about}
    return {**made, "required": list(required)} if required else made


def named(member: dict[str, Any], about: str = "a table") -> dict[str, Any]:
    """The schema of a table whose keys are names that people choose."""
    return {"type": "object", "additionalProperties": member, "description": about}


class Source:
    """A parsed file: its data, and where things stand in it."""

    def __init__(self, path: str, data: Any) -> None:
        self.path = path  # as errors shall name it
        self.data = data

    def positions(self) -> Mapping[Place, int] | None:
        """Place -> line; None where lines are not known. Asked for once, and only where there is something to say."""
        return None

    @functools.cached_property
    def _positions(self) -> Mapping[Place, int] | None:
        return self.positions()

    def line(self, *where: str | int) -> int:
        """The line of `data[where[0]][where[1]]...`, or of the nearest thing around it."""
        known = self._positions or {}
        return next((known[where[:end]] for end in range(len(where), 0, -1) if where[:end] in known), 1)

    def place(self, *where: str | int) -> str:
        """`path:line`."""
        return self.path if self._positions is None else f"{self.path}:{self.line(*where)}"

    def error(self, message: str, *where: str | int) -> UserError:
        """`path:line: message`."""
        return UserError(f"{self.place(*where)}: {message}")


class Schema:
    """A JSON schema, compiled when it is first needed."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self.definition = {"$schema": "http://json-schema.org/draft-04/schema#", **definition}

    @functools.cached_property
    def _validate(self) -> Callable[[Any], Any]:
        import fastjsonschema  # a plan that finds nothing changed does not come here

        def holds(says: Callable[[str], str | None]) -> Callable[[str], bool]:
            return lambda text: says(text) is None

        formats = {name: holds(says) for name, says in FORMATS.items()}
        return fastjsonschema.compile(self.definition, formats=formats, use_default=False)

    def compile(self) -> None:
        """Now, rather than when it is first needed."""
        _ = self._validate

    def check(self, source: Source, *where: str | int) -> Any:
        """The part of the file at `where`, which is as the schema wants it, or the error that says why it is not."""
        data = source.data
        for part in where:
            data = data[part]
        for place, _, value in _walk(data):
            if len(place) > DEEPEST:
                raise source.error(f"nested more than {DEEPEST} levels deep", *where, *place)
            if said := _unplain(value):
                raise source.error(f"{_shown((*where, *place))}{said}", *where, *place)
        found = self._first(data)
        if found:
            rule, definition, value, place = found
            said, at = _explain(rule, definition, value, (*where, *place))
            raise source.error(said, *at)
        return data

    def _first(self, data: Any) -> tuple[str, dict[str, Any], Any, Place] | None:
        """The first thing that the schema does not admit: rule, definition, value and place."""
        from fastjsonschema import JsonSchemaValueException

        try:
            self._validate(data)
        except JsonSchemaValueException as error:
            places = [(place, value) for place, name, value in _walk(data) if name == error.name] or [((), data)]
            place = next((place for place, value in places if value is error.value), places[0][0])
            for branch in error.definition.get("anyOf", ()) if error.rule == "anyOf" else ():
                kinds: dict[type, str] = {list: "array", dict: "object"}
                kind = kinds.get(type(error.value))
                inner = Schema(branch)._first(error.value) if kind and branch.get("type") == kind else None
                if inner:  # what is wrong inside the list, rather than that it is no other kind of thing
                    return (*inner[:3], (*place, *inner[3]))
            return str(error.rule), error.definition, error.value, place
        return None


def _walk(data: Any) -> Iterator[tuple[Place, str, Any]]:
    """Everything in `data`, with its place and the name that fastjsonschema gives it."""
    waiting: list[tuple[Place, str, Any]] = [((), "data", data)]
    while waiting:
        place, name, value = waiting.pop()
        yield place, name, value
        if isinstance(value, dict):
            waiting.extend(((*place, key), f"{name}.{key}", each) for key, each in reversed(value.items()))
        elif isinstance(value, list):
            waiting.extend(((*place, i), f"{name}[{i}]", each) for i, each in reversed(list(enumerate(value))))


def _unplain(value: Any) -> str | None:
    """What is wrong with a value that no settings file has a use for."""
    if isinstance(value, datetime.date | datetime.time):
        return f"{value.isoformat()[:40]} is a date or a time; put it in quotes"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is no finite number"
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return f"{quoted(value)} is too large a number"
    return None


def _explain(rule: str, definition: dict[str, Any], value: Any, place: Place) -> tuple[str, Place]:
    """A finding in the words of someone who edits a file, and where it stands."""
    shown = _shown(place)
    if rule in ("required", "additionalProperties"):
        known = definition.get("properties", {})
        strange = [key for key in value if key not in known] if "additionalProperties" in definition else []
        if strange and definition["additionalProperties"] is False:
            return f"{shown}unknown key {quoted(strange[0])}{nearest(strange[0], known)}", (*place, strange[0])
        missing = next(key for key in definition["required"] if key not in value)
        about = known.get(missing, {}).get("description", "")
        return f"{shown}lacks {missing}" + (f": {about}" if about else ""), place
    if rule == "enum":
        return f"{shown}there is no {quoted(value)}{nearest(value, definition['enum'])}", place
    if rule == "format":
        return f"{shown}{quoted(value)} {FORMATS[definition['format']](value)}", place
    if rule == "minItems" and not value:
        return f"{shown}should not be empty: write {_wanted(definition)}", place
    if rule in ("minItems", "maxItems"):
        least, most = definition.get("minItems", 0), definition.get("maxItems")
        span = f"{least}" if least == most else f"{least} or more" if most is None else f"{least} to {most}"
        return f"{shown}has {len(value)} members, {span} are wanted", place
    if rule == "uniqueItems":
        twice = next(each for i, each in enumerate(value) if each in value[:i])
        return f"{shown}names {quoted(twice)} twice", place
    if rule in ("minimum", "maximum"):
        word = {"minimum": "at least", "maximum": "at most"}[rule]
        word = "above" if definition.get("exclusiveMinimum") and rule == "minimum" else word
        return f"{shown}{quoted(value)} should be {_wanted(definition)}, {word} {definition[rule]}", place
    return f"{shown}{_wrong(value)} should be {_wanted(definition)}{_hint(value, definition)}", place


def _wanted(definition: dict[str, Any]) -> str:
    return definition.get("description") or _NOUNS.get(str(definition.get("type")), "something else")


def _wrong(value: Any) -> str:
    return quoted(value) if value is not None else "without a value"


def _hint(value: Any, definition: dict[str, Any]) -> str:
    """What to do, where it can be told."""
    if definition.get("type") == "string" and isinstance(value, bool):
        return "; put it in quotes (in YAML, the words yes, no, on and off are true or false without them)"
    if definition.get("type") == "string" and isinstance(value, int | float):
        return "; put it in quotes"
    if definition.get("type") == "array" and isinstance(value, str):
        return f"; write [{quoted(value)}]"
    return ""


def _shown(place: Place) -> str:
    """`runs.six.seeds: `, or nothing for the whole file."""
    return f"{dotted(place)}: " if place else ""


def dotted(place: Place) -> str:
    """A place as people write it; which of several members it is, the line says."""
    names = [part for part in place if isinstance(part, str)]
    return ".".join(name if re.fullmatch(r"[\w-]{1,60}", name) else quoted(name) for name in names)


# --- formats: what is wrong with a text, or None ---------------------------------------------------------------------


def _text(text: str) -> str | None:
    return None if text.strip() else "should not be empty"


def _path(text: str) -> str | None:
    if not text.strip():
        return "should be a path below the project"
    if not text.isprintable():
        return "holds characters that no path should have"
    if len(text) > 1000 or any(len(part.encode()) > 255 for part in text.split("/")):
        return "is longer than a path can be"
    if os.path.isabs(text) or re.match(r"[A-Za-z]:|~|\\", text):
        return "should be a path below the project, relative to its folder"
    if os.path.normpath(text).split(os.sep)[0] == os.pardir:
        return "leaves the project; a path below it is wanted"
    return None


def _glob(text: str) -> str | None:
    if said := _path(text):
        return said.replace("a path", "a pattern")
    if ".." in PurePath(text).parts:
        return "leaves the project; a pattern below it is wanted"
    if any("**" in part and part != "**" for part in PurePath(text).parts):
        return "is no pattern: ** stands alone between two slashes"
    return None if PurePath(text).parts else "is no pattern"


def _regex(text: str) -> str | None:
    """`/.../` is a regular expression, anything else stands for itself."""
    if not text.strip():
        return "should not be empty"
    if len(text) > 2 and text[0] == text[-1] == "/":
        try:
            re.compile(text[1:-1])
        except (re.error, OverflowError, RecursionError) as error:
            return f"is not a regular expression: {error}"
    return None


def _module(text: str) -> str | None:
    whole = all(part.isidentifier() for part in text.split("."))
    return None if whole else "is not the name of a module, such as package.module"


def _name(text: str) -> str | None:
    whole = re.fullmatch(r"[A-Za-z0-9][\w.+-]*", text, re.ASCII)
    return None if whole else "is not a name: letters, digits and . _ + - are"


def _id(text: str) -> str | None:
    return None if re.fullmatch(r"[A-Za-z0-9_-]+", text) else "must be letters, digits, - or _: it names the hand-in"


def command(*fields: str, needs: tuple[str, ...] = ()) -> Callable[[str], str | None]:
    """The format of a command line with these {placeholders}."""

    def says(text: str) -> str | None:
        import shlex

        try:
            found = list(string.Formatter().parse(text))
            shlex.split(text)
        except ValueError as error:
            return f"cannot be read as a command: {str(error)[:1].lower()}{str(error)[1:]}"
        if not text.strip() or "\0" in text:
            return "is no command" if text else None
        for _, name, layout, conversion in found:
            if name is None:
                continue
            if name not in fields or layout or conversion:
                return f"has the placeholder {quoted('{' + name + '}')}{nearest(name, fields)}"
        lacking = [name for name in needs if name not in [each[1] for each in found]]
        return f"does not say where {{{lacking[0]}}} goes" if lacking else None

    return says


FORMATS: dict[str, Callable[[str], str | None]] = {
    "text": _text, "path": _path, "glob": _glob, "regex": _regex, "module": _module,
    "name": _name, "id": _id,
    "make-command": command("name", "options", "out", needs=("out",)), "check-command": command("folder"),
}  # fmt: skip
