"""What differs between two states of a target's inputs, in words that name the thing to look at."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

Inputs = Mapping[str, Any]  # see targets.Planner._target


def differences(before: Inputs, after: Inputs, script: str, paths: Mapping[str, str], lines: list[int]) -> list[str]:
    """Lines such as `models.py: function forward` or `parameter epochs 10 -> 12`.

    `paths` are the files of modules by name; `lines` those at which the script's executing cells begin.
    """
    found = [*_cells(before.get("cells", []), after.get("cells", []), script, lines)]
    found += _code(before.get("code", {}), after.get("code", {}), paths)
    found += [f"{name} {word}" for name, word, _, _ in _mapping(before.get("files", {}), after.get("files", {}))]
    found += _observed(before.get("observed", {}), after.get("observed", {}))
    found += [
        f"parameter {name} {_value(old)} -> {_value(new)}"
        for name, _, old, new in _mapping(before.get("parameters", {}), after.get("parameters", {}))
    ]
    for name, _, old, new in _mapping(before.get("options", {}), after.get("options", {})):
        found.append(f"corpus option {name} {_value(old)} -> {_value(new)}")
    found += _reads(before.get("reads", {}), after.get("reads", {}))
    found += [f"corpus file {name} {word}" for name, word, _, _ in _mapping(_content(before), _content(after))]
    found += _environment(before.get("environment", {}), after.get("environment", {}))
    return found


def _observed(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """What an execution read: see observations.py."""
    for name, _, old, new in _mapping(before, after):
        kind, _, path = name.encode("utf-8", "backslashreplace").decode().partition(":")  # it may be no text
        word = "added" if old == "absent" else "removed" if new == "absent" else "changed"
        yield f"names in {path}/ {word}" if kind in ("list", "sizes") else f"{path} {word}"


def _mapping(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str, Any, Any]]:
    """(name, what happened to it, old, new) of every entry that differs."""
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old != new:
            word = "added" if name not in before else "removed" if name not in after else "changed"
            yield name, word, old, new


def _cells(before: list[str], after: list[str], script: str, lines: list[int]) -> Iterator[str]:
    for kind, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "delete":
            yield f"{script}: {j - i} cell{'s' * (j - i > 1)} removed"
        elif kind != "equal":
            for number in range(k, m):
                place = f":{lines[number]}" if number < len(lines) else ""
                yield f"{script}{place}: cell {'changed' if number - k < j - i else 'added'}"


def _code(before: Mapping[str, Any], after: Mapping[str, Any], paths: Mapping[str, str]) -> Iterator[str]:
    for module, word, old, new in _mapping(before, after):
        file = paths.get(module, module)
        if word != "changed":
            yield f"{file}: module {'now' if word == 'added' else 'no longer'} imported"
            continue
        names = [(name, what) for name, what, _, _ in _mapping(old, new)]
        only_order = all(name == "(order)" for name, _ in names)
        for name, what in names:
            if only_order:
                yield f"{file}: order of definitions"
            elif name != "(order)":
                yield f"{file}: {name.strip('()')}" + ("" if what == "changed" else f" {what}")


def _reads(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name, _, old, new in _mapping(before, after):
        if name == "profile":
            yield f"profile {_value(old)} -> {_value(new)}"
        elif name == "corpus":
            (was,), (now,) = [[*side] or [None] for side in (old or {}, new or {})]
            yield f"corpus {was} -> {now}" if was != now else f"corpus {now} changed"
        else:
            for run, word, _, _ in _mapping(old or {}, new or {}):
                yield f"run {run} {word}"


def _environment(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name, _, old, new in _mapping(before, after):
        if name == "versions":
            for package, _, was, now in _mapping(old or {}, new or {}):
                yield f"version of {package} {was or 'none'} -> {now or 'none'}"
        elif name == "variables":
            yield from (f"environment variable {which} {word}" for which, word, _, _ in _mapping(old or {}, new or {}))
        else:
            yield f"{name} {_value(old)} -> {_value(new)}"


def _content(inputs: Inputs) -> Mapping[str, Any]:
    """The fingerprints of a corpus folder's files."""
    return inputs.get("content", {})


def _value(value: Any) -> str:
    return "none" if value is None else str(value)
