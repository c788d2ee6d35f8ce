"""Strict parameters: declared in a script's tagged cell, with a type and a comment each.

    # %% tags=["parameters"]
    epochs: int = 14  # passes over the training clips
    task: str         # no default: every row of experiments.toml has to give it

papermill only warns of an unknown name and its command line guesses at types; here a misspelt name, a wrong type
or a missing value is an error before anything runs.
"""

from __future__ import annotations

import ast
import io
import json
import math
import shlex
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onepage.core.errors import UserError, nearest
from onepage.scripts.percent import Cell, parameters_cell

_SCALARS = {"int": int, "float": float, "bool": bool, "str": str}
TYPES = (*_SCALARS, "list[int]", "list[float]", "list[str]")


@dataclass(frozen=True)
class Parameter:
    """One declared parameter."""

    name: str  # as the script calls it
    type: str  # one of TYPES
    default: Any  # a plain value, or None where a value has to be given
    required: bool  # whether there is no default
    about: str  # its comment
    line: int  # where it is declared, in the file


def declared(text: str, path: str) -> list[Parameter]:
    """The parameters that a script declares, in order."""
    cell = parameters_cell(text)
    if cell is None:
        return []
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        raise UserError(f"{path}:{cell.line + (error.lineno or 1) - 1}: {error.msg} in the parameters cell") from None
    comments = _comments(cell)
    found: list[Parameter] = []
    for statement in tree.body:
        line = cell.line + statement.lineno - 1
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
            raise UserError(f"{path}:{line}: the parameters cell holds only lines like `epochs: int = 14  # passes`")
        name, kind = statement.target.id, ast.unparse(statement.annotation)
        if kind not in TYPES:
            raise UserError(f"{path}:{line}: parameter {name} has type {kind}; it may be {', '.join(TYPES)}")
        about = next(
            (comments[n] for n in range(statement.lineno, (statement.end_lineno or 0) + 1) if n in comments),
            "",
        )
        if not about:
            raise UserError(f"{path}:{line}: parameter {name} needs a comment that says what it is")
        if any(parameter.name == name for parameter in found):
            raise UserError(f"{path}:{line}: parameter {name} is declared twice")
        default = None
        if statement.value is not None:
            try:
                default = convert(ast.literal_eval(statement.value), kind, f"{path}:{line}: parameter {name}")
            except ValueError:
                raise UserError(f"{path}:{line}: the default of parameter {name} should be a plain value") from None
        found.append(Parameter(name, kind, default, statement.value is None, about, line))
    return found


def resolve(declaration: Sequence[Parameter], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Every declared parameter's value: the given one, else the default. Unknown and missing ones are errors."""
    known = {parameter.name: parameter for parameter in declaration}
    for name in given:
        if name not in known:
            raise UserError(f"{where}: unknown parameter {name!r}{nearest(name, known)}")
    values = {}
    for name, parameter in known.items():
        if name in given:
            values[name] = convert(given[name], parameter.type, f"{where}: parameter {name}")
        elif parameter.required:
            raise UserError(f"{where}: parameter {name} ({parameter.type}) has no default and no value")
        else:
            values[name] = parameter.default
    return values


def convert(value: Any, kind: str, where: str) -> Any:
    """Hold a value against a declared type; an int may stand for a float, nothing else is converted."""
    if kind.startswith("list["):
        if not isinstance(value, list | tuple):
            raise UserError(f"{where} should be a {kind}, not {value!r}")
        return [convert(item, kind[5:-1], where) for item in value]
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not _SCALARS[kind]:
        raise UserError(f"{where} should be a {kind}, not {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"{where} should be a finite number, not {value!r}")
    return value


def overrides(words: str, declarations: Mapping[str, Sequence[Parameter]]) -> dict[str, dict[str, Any]]:
    """Parse `P="epochs=3 seed=1"` into script -> {name: value}, for every script that declares the name."""
    try:
        pairs = [word.partition("=") for word in shlex.split(words)]
    except ValueError as error:
        raise UserError(f'P="{words}": {error}') from None
    known = {parameter.name for declaration in declarations.values() for parameter in declaration}
    result: dict[str, dict[str, Any]] = {script: {} for script in declarations}
    for name, equals, text in pairs:
        if not equals:
            raise UserError(f'P="{words}": {name!r} should be name=value')
        if name not in known:
            raise UserError(f'P="{words}": no script has a parameter {name!r}{nearest(name, sorted(known))}')
        for script, declaration in declarations.items():
            for parameter in declaration:
                if parameter.name == name:
                    result[script][name] = _from_text(text, parameter.type, f'P="{words}": parameter {name}')
    return result


def _from_text(text: str, kind: str, where: str) -> Any:
    """A value typed on the command line, read as what the script declares it to be."""
    if kind == "str":
        return text
    if kind.startswith("list["):
        items = text.strip()
        items = items[1:-1] if items.startswith("[") and items.endswith("]") else items
        parts = [item.strip().strip("\"'") for item in items.split(",") if item.strip()]
        return [_from_text(item, kind[5:-1], where) for item in parts]
    if kind == "bool":
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() in words:
            return words[text.lower()]
    else:
        try:
            return convert(_SCALARS[kind](text), kind, where)
        except ValueError:
            pass
    raise UserError(f"{where} should be a {kind}, not {text!r}")


def _comments(cell: Cell) -> dict[int, str]:
    """Line in the cell -> the comment on it."""
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(cell.source + "\n").readline):
        if token.type == tokenize.COMMENT:
            found[token.start[0]] = token.string.lstrip("# ").strip()
    return found


def label(value: Any) -> str:
    """A value as it stands in a run's id: short, and safe in a file name."""
    if isinstance(value, list):
        return "_".join(map(label, value))
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(c if (c.isascii() and c.isalnum()) or c in "._-" else "_" for c in text)
