"""Content keys: what a target depends on, said in hashes of behaviour.

Code counts by what it does: every definition is hashed as its syntax tree without comments, docstrings and layout.
What a script uses is found statically, as the closure of its imports over our own modules; after the execution this
is held against the modules that were really loaded (see `execute.py`).
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from onepage.core import files, sealed
from onepage.core.places import PACKAGE
from onepage.scripts import parameters, percent, script_check, self_reading

FORMAT = 3  # raise it when a change of the engine should make every stored result count as old

READERS = ("scripts/*", "core/schema", "core/yaml_source", "core/toml_source")  # what facts are made by

Facts = dict[str, Any]  # what is known of one source file; see module_facts and script_facts
Modules = dict[str, Path]  # dotted name -> file (for a package: its __init__.py)


def digest(value: Any) -> str:
    """A short hash of any JSON value, the same on every machine."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


# --- behaviour ---------------------------------------------------------------------------------------------------


def definitions(tree: ast.Module) -> list[tuple[str, str]]:
    """What a module does, in order: (name for people, hash) of every function, class, method, value and statement."""
    found: list[tuple[str, str]] = []
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            methods = [node for node in statement.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
            # methods leave their place behind: the order of a class's body can matter as much as a module's
            rest = [ast.Expr(ast.Name(node.name)) if node in methods else node for node in statement.body]
            shell = ast.ClassDef(**{**{name: getattr(statement, name) for name in statement._fields}, "body": rest})
            found.append((f"class {statement.name}", _hash(shell)))
            found += [(f"method {statement.name}.{node.name}", _hash(node)) for node in methods]
        else:
            found.append((_name(statement), _hash(statement)))
    return found


def merged(pairs: Iterable[Iterable[str]]) -> dict[str, str]:
    """Definition -> hash; "(order)" stands for the sequence, which can matter at a module's top level."""
    pairs = [tuple(pair) for pair in pairs]
    by_name: dict[str, list[str]] = {}
    for name, value in pairs:
        by_name.setdefault(name, []).append(value)
    found = {name: values[0] if len(values) == 1 else digest(values)[:16] for name, values in by_name.items()}
    return {**found, "(order)": digest([name for name, _ in pairs])[:16]}


def described(facts: Facts, marks: Iterable[str]) -> dict[str, str]:
    """What a key says of a source file: its definitions and, where `marks` ask for it, its docstrings and text."""
    own = {self_reading.DOCSTRINGS: facts.get("docstrings", ""), self_reading.TEXT: facts["text"]}
    return {**merged(facts.get("definitions", ())), **{mark: own[mark] for mark in marks}}


def _name(statement: ast.stmt) -> str:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return f"function {statement.name}"
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return "imports"
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return ", ".join(ast.unparse(target) for target in targets)
    return "module level"


def _hash(node: ast.AST) -> str:
    return hashlib.sha256(ast.dump(_without_docstrings(node)).encode()).hexdigest()[:16]


def _without_docstrings(node: ast.AST) -> ast.AST:
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and inner.body:
            first = inner.body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                inner.body = inner.body[1:] or [ast.Pass()]
    return node


def _behaviour(source: str) -> list[tuple[str, str]]:
    """As `definitions`; source that does not parse counts as a whole, so that running it reports the error."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return [("source that does not parse", hashlib.sha256(source.encode()).hexdigest()[:16])]
    if tree.body and ast.get_docstring(tree, clean=False) is not None:
        tree.body = tree.body[1:]
    return definitions(tree)


def cell_digest(source: str) -> str:
    """What one cell does. A bare string is kept (the cell displays it), and so is a last `;` (it hides the display)."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return hashlib.sha256(source.encode()).hexdigest()[:16]
    last = tree.body[-1] if tree.body else None
    tail = "\n".join(percent.lines_of(source)[(last.end_lineno or 1) - 1 :]) if last is not None else ""
    hidden = isinstance(last, ast.Expr) and tail.encode()[last.end_col_offset :].lstrip().startswith(b";")
    return digest([_hash(tree), hidden])[:16]


# --- imports -----------------------------------------------------------------------------------------------------


def imports(tree: ast.AST) -> list[list[Any]]:
    """Every import anywhere in the tree as [level, module, [names]], but for those that only type checkers see."""
    found: list[list[Any]] = []
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            found += [[0, alias.name, []] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append([node.level, node.module or "", [alias.name for alias in node.names]])
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            pending += node.orelse
        else:
            pending += ast.iter_child_nodes(node)
    return sorted(found, key=repr)


def find_modules(packages: Iterable[Path], folder: Path | None = None) -> Modules:
    """Our own modules: everything in the packages, and modules that lie beside the scripts."""
    found: Modules = {}
    for package in packages:
        for place, folders, inside in os.walk(package):
            folders[:] = sorted(name for name in folders if name.isidentifier() and name != "__pycache__")
            parts = (package.name, *Path(place).relative_to(package).parts)
            for name in inside:
                if name.endswith(".py"):
                    inner = parts if name == "__init__.py" else (*parts, name[:-3])
                    found[".".join(inner)] = Path(place, name)
    for file in sorted(folder.glob("*.py")) if folder else ():
        found.setdefault(file.stem, file)
    return found


def closure(start: Iterable[list[Any]], modules: Modules, facts_of: Any, package: str = "") -> list[str]:
    """Names of our modules that the imports `start` (made in `package`) load, directly or through one another."""
    seen: set[str] = set()
    pending = [(entry, package) for entry in start]
    while pending:
        (level, module, names), inside = pending.pop()
        if level:
            base = inside.split(".")[: len(inside.split(".")) - level + 1]
            module = ".".join([*base, module] if module else base)
        for name in (module, *(f"{module}.{name}" for name in names)):
            parts = name.split(".")
            for length in range(1, len(parts) + 1):  # importing a.b.c runs a and a.b first
                known = ".".join(parts[:length])
                if known in modules and known not in seen:
                    seen.add(known)
                    is_package = modules[known].name == "__init__.py"
                    inner = known if is_package else known.rpartition(".")[0]
                    pending += [(entry, inner) for entry in facts_of(modules[known])["imports"]]
    return sorted(seen)


# --- facts, cached by content --------------------------------------------------------------------------------------


def module_facts(text: str, path: str) -> Facts:
    """Of a module: `definitions` (what it does), `imports`, `looks` (self_reading.py)."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        tree = ast.Module([], [])
    found = [list(pair) for pair in _behaviour(text)]
    reading = {"looks": self_reading.looked_at(tree), "docstrings": self_reading.docstrings(tree)}
    return {"definitions": found, "imports": imports(tree), **reading}


def script_facts(text: str, path: str) -> Facts:
    """Of a percent script: header, cells that execute (hash and line), declared parameters, imports.

    `header` is None for a plain module that lies beside the scripts.
    """
    head = percent.header(text, path)
    if head is None:
        return {"header": None, "percent": percent.has_markers(text)}
    script_check.cells(text, path)
    found: list[list[Any]] = []
    cells = []
    for cell in percent.code_cells(text):
        try:
            tree = ast.parse(cell.source)
        except (SyntaxError, ValueError):
            tree = ast.Module([], [])  # executing it will say where
        found += imports(tree)
        if "parameters" not in cell.tags:  # their values are part of the key, the defaults behind them are not
            cells.append({"digest": cell_digest(cell.source), "line": cell.line, "name": cell.name})
    declared = [vars(parameter) for parameter in parameters.declared(text, path)]
    known = {"header": vars(head), "cells": cells, "parameters": declared, "imports": found}
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        tree = ast.Module([], [])
    return {**known, "looks": self_reading.looked_at(tree), "docstrings": self_reading.docstrings(tree)}


class SourceCache:
    """Facts of source files, kept in one JSON file under the hash of each file's text, so nothing can be stale."""

    def __init__(self, root: Path, file: Path) -> None:
        self._root, self._file = root, file
        self._used: dict[str, Facts] = {}
        # a change of the readers themselves makes every cached fact count as unknown
        paths = sorted(path for name in READERS for path in PACKAGE.glob(f"{name}.py"))
        self._engine = digest([files.digest(path) for path in paths])
        cached = sealed.load(file) or {}
        self._cached: Mapping[str, Facts] = cached.get("facts", {}) if cached.get("engine") == self._engine else {}
        self._by_path: dict[tuple[str, Path], Facts] = {}

    def module(self, path: Path) -> Facts:
        return self._facts(path, "module", module_facts)

    def script(self, path: Path) -> Facts:
        return self._facts(path, "script", script_facts)

    def _facts(self, path: Path, kind: str, read: Any) -> Facts:
        if (kind, path) not in self._by_path:
            shown = path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else str(path)
            text = percent.read_text(path, shown)
            key = f"{kind} {shown} {hashlib.sha256(text.encode()).hexdigest()[:32]}"
            facts = self._cached.get(key) or read(text, shown)
            self._used[key] = self._by_path[kind, path] = {**facts, "text": key[-32:]}
        return self._by_path[kind, path]

    def save(self) -> None:
        """Write the facts that were used, if any of them is new."""
        if self._used.keys() != self._cached.keys():
            sealed.save(self._file, {"engine": self._engine, "facts": self._used})
