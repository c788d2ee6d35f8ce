"""Code that reads itself: where docstrings, or the whole text, are data of the program.

Comments and docstrings re-run nothing, since they do nothing - but for a program that looks at them. So where any of
the code that a result is made by uses one of these, the docstrings (or the texts, comments and all) of all of that
code are part of the key:

- docstrings: `__doc__`, `vars(...)`, `__dict__`, `dir(...)`, `help(...)`, and the modules `inspect`, `doctest`, `pydoc`
  and those that make command lines or schemas of docstrings;
- text: what of `inspect`, `linecache` and `traceback` gives source lines.

Line numbers as data (a frame's `f_lineno`) are not counted.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

DOCSTRINGS, TEXT = "(docstrings)", "(text)"  # as they stand among a module's definitions in a key

_DOC_MODULES = {
    "inspect", "doctest", "pydoc", "click", "typer", "fire", "docopt", "defopt", "jsonargparse", "docstring_parser",
    "pydantic",
}  # fmt: skip
_DOC_NAMES = {"__doc__", "__dict__", "getdoc", "vars", "dir", "help"}
_TEXT_MODULES = {"linecache", "traceback"}
_TEXT_NAMES = {
    "getsource", "getsourcelines", "getcomments", "findsource", "getframeinfo", "getouterframes", "getinnerframes",
    "get_source", "getblock",
}  # fmt: skip


def looked_at(tree: ast.AST) -> list[str]:
    """Which of DOCSTRINGS and TEXT this code may read, of itself or of any other code."""
    names: set[str] = set()
    modules: set[str] = set()
    prose = {id(value) for value in _docstrings(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Import):
            modules.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.add((node.module or "").split(".")[0])
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            names.update(name for name in ("__doc__", *_TEXT_NAMES) if name in node.value)
            modules.add(node.value)  # importlib.import_module("inspect")
    text = bool(names & _TEXT_NAMES or modules & _TEXT_MODULES)
    docstrings = bool(names & _DOC_NAMES or modules & _DOC_MODULES)
    return [mark for mark, found in ((DOCSTRINGS, docstrings or text), (TEXT, text)) if found]


def docstrings(tree: ast.AST) -> str:
    """A hash of all docstrings."""
    texts = [value.value for value in _docstrings(tree)]
    return hashlib.sha256(repr(texts).encode()).hexdigest()[:16]


def marks(facts: Iterable[dict[str, Any]]) -> list[str]:
    """What any of these sources looks at; `facts` as in behaviour.py."""
    found = {mark for each in facts for mark in each.get("looks", ())}
    return [mark for mark in (DOCSTRINGS, TEXT) if mark in found]


def _docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.body:
            first = node.body[0]
            value = first.value if isinstance(first, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value
