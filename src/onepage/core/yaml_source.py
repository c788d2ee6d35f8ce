"""YAML headers, read with the lines remembered, and nothing in them but texts, numbers, lists and tables.

pyyaml takes the last of two equal keys, builds a date out of `2024-01-01` and hands on aliases that hold themselves;
of such things the errors here say what stands where.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from onepage.core.errors import UserError, quoted
from onepage.core.schema import DEEPEST, Place, Source

LONGEST = 20_000  # characters of a header
_TAG = "tag:yaml.org,2002:"
_SCALARS = {_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp")}


class Yaml(Source):
    """A YAML header: its data, and where things stand in the file that it heads."""

    def __init__(self, path: str, data: Any, lines: Mapping[Place, int]) -> None:
        super().__init__(path, data)
        self._lines = lines

    def positions(self) -> Mapping[Place, int]:
        return self._lines


def parse(text: str, named: str, first: int = 1) -> Yaml:
    """Read a header whose text begins in line `first` of the file `named`."""
    if len(text) > LONGEST:
        raise UserError(f"{named}:{first}: the header has {len(text):,} characters; at most {LONGEST:,} are read")
    reader = _Reader(text, named, first)
    return Yaml(named, reader.data, reader.lines)


class _Reader:
    """Turns pyyaml's nodes into data."""

    def __init__(self, text: str, named: str, first: int) -> None:
        self._text, self._named, self._first = text, named, first
        self.lines: dict[Place, int] = {}
        self._seen: set[int] = set()
        self._loader: yaml.SafeLoader | None = None
        self._refuse_depth()
        try:
            self._loader = yaml.SafeLoader(text)
            node = self._loader.get_single_node()
        except yaml.YAMLError as error:
            raise self._invalid(error) from None
        except RecursionError:
            raise self._error(self._reached(), f"nested more than {DEEPEST} levels deep") from None
        except (ValueError, OverflowError) as error:  # "\U00ffffff"
            raise self._error(self._reached(), f"not valid YAML: {error}") from None
        self.data = None if node is None else self._build(node, ())

    def _refuse_depth(self) -> None:
        """Brackets in one another cost pyyaml the square of their number; no header has this many, text included."""
        depth = 0
        for match in re.finditer(r"[\[\]{}]", self._text):
            depth += 1 if match.group() in "[{" else -1
            if depth > 2 * DEEPEST:
                raise self._error(match.start(), f"nested more than {DEEPEST} levels deep")

    def _build(self, node: yaml.Node, place: Place) -> Any:
        at = node.start_mark.index
        self.lines.setdefault(place, self._line(at))
        if id(node) in self._seen:
            raise self._error(at, "an alias (*name) is not read here; write the value again")
        self._seen.add(id(node))
        if len(place) > DEEPEST:
            raise self._error(at, f"nested more than {DEEPEST} levels deep")
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self._table(node, place)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self._build(each, (*place, i)) for i, each in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag in _SCALARS:
            return self._scalar(node)
        raise self._error(at, f"a tag ({quoted(node.tag.replace(_TAG, '!!'))}) is not read here; write a plain value")

    def _table(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            at = key.start_mark.index
            if not isinstance(key, yaml.ScalarNode) or key.tag != _TAG + "str":
                shown = quoted(key.value) if isinstance(key, yaml.ScalarNode) else "a list or a table"
                raise self._error(at, f"{shown} cannot be a key; a key is a word, or stands in quotes")
            if key.value in found:
                raise self._error(at, f"the key {quoted(key.value)} stands there twice")
            self.lines[*place, key.value] = self._line(at)
            found[key.value] = self._build(value, (*place, key.value))
        return found

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        at = node.start_mark.index
        try:
            value = self._loader.construct_object(node)  # type: ignore[union-attr]
        except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, ArithmeticError):
            kind = {"timestamp": "date", "int": "number", "float": "number"}.get(node.tag.removeprefix(_TAG), "value")
            raise self._error(at, f"{quoted(node.value)} is no {kind}; put it in quotes") from None
        if isinstance(value, str) and any("\ud800" <= sign <= "\udfff" for sign in value):
            raise self._error(at, f"{quoted(value)} holds half a character")
        return value

    def _invalid(self, error: yaml.YAMLError) -> UserError:
        if isinstance(error, yaml.reader.ReaderError):
            return self._error(error.position, f"holds the character U+{error.character:04X}; remove it")
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        said = " ".join(str(getattr(error, "problem", None) or getattr(error, "context", None) or error).split())
        return self._error(mark.index if mark else 0, f"not valid YAML: {said}")

    def _reached(self) -> int:
        return self._loader.get_mark().index if self._loader else 0

    def _line(self, index: int) -> int:
        """The line of the file; YAML's own count takes other signs than ends of lines for such."""
        return self._first + self._text.count("\n", 0, min(index, len(self._text.rstrip("\n"))))

    def _error(self, index: int, message: str) -> UserError:
        return UserError(f"{self._named}:{self._line(index)}: {message}")
