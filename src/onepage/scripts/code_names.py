"""The names that a Python file uses, in full: `nn.LSTM` is `torch.nn.LSTM` where `nn` came from torch."""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from onepage.core import files, sealed

PASSES = 4  # of looking through assignments: `a = nn; b = a; b.LSTM`


@functools.cache
def names(source: bytes) -> tuple[tuple[int, str], ...]:
    """Every dotted name and imported module of a file, each with its line."""
    tree = ast.parse(source)
    scope = _Scope(tree)
    found = dict.fromkeys(_named(tree, scope))
    return tuple(found)


def uses(name: str, wanted: str) -> bool:
    """Whether the full `name` is, ends in, or lies below `wanted`; a library may define it deeper than it offers it."""
    if f".{wanted}." in f".{name}.":
        return True
    parts, asked = name.split("."), wanted.split(".")
    if len(asked) < 2 or parts[0] != asked[0]:
        return False
    rest = iter(parts)
    return all(part in rest for part in asked)


class Memory:
    """What has been looked for in sources before: from one build to the next most of them stay as they are."""

    def __init__(self, file: Path) -> None:
        self._file, self._reader = file, files.digest(Path(__file__))
        kept = sealed.load(file) or {}
        self._known: dict[str, list[tuple[int, str]]] = kept["found"] if kept.get("reader") == self._reader else {}
        self._used: dict[str, list[tuple[int, str]]] = {}

    def among(self, source: bytes, wanted: Sequence[str]) -> list[tuple[int, str]]:
        """The names of a source that are among those `wanted`, with their lines; `SyntaxError` if it is not Python."""
        key = hashlib.sha256(repr(list(wanted)).encode() + b"\0" + source).hexdigest()
        if key not in self._used:
            self._used[key] = self._known[key] if key in self._known else _among(source, wanted)
        return self._used[key]

    def save(self) -> None:
        """Keep what was asked for since; where nothing can be written, it is looked for again."""
        if self._used.keys() != self._known.keys():
            with contextlib.suppress(OSError):
                sealed.save(self._file, {"reader": self._reader, "found": self._used})


def _among(source: bytes, wanted: Sequence[str]) -> list[tuple[int, str]]:
    if not any(all(part.encode() in source for part in want.split(".")) for want in wanted):
        ast.parse(source)
        return []  # a name that is not in the text is not in the code: most files need no walk
    return [(line, name) for line, name in names(source) if any(uses(name, want) for want in wanted)]


class _Scope:
    """What the names of a file stand for."""

    def __init__(self, tree: ast.AST) -> None:
        self.known: dict[str, set[str]] = {}
        self.stars: list[str] = []
        nodes = list(ast.walk(tree))
        self.own = {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._bind(alias.asname or alias.name.split(".")[0], alias.name if alias.asname else "")
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if alias.name == "*":
                        self.stars.append(node.module or "")
                    else:
                        self._bind(alias.asname or alias.name, f"{node.module or ''}.{alias.name}".strip("."))
        pairs = [pair for node in nodes for pair in _assigned(node)]
        for _ in range(PASSES):
            for target, value in pairs:
                dotted = _dotted(target)
                for name in self.resolve(value) if dotted else ():
                    if "." in name or name in self.known.get(name, ()):
                        self.known.setdefault(dotted, set()).add(name)

    def _bind(self, name: str, stands_for: str) -> None:
        self.known.setdefault(name, set()).add(stands_for or name)

    def resolve(self, node: ast.expr) -> set[str]:
        """The full names that an expression may be."""
        if isinstance(node, ast.Name):
            if node.id in self.known:
                return self.known[node.id]
            stars = {f"{module}.{node.id}" for module in self.stars} if node.id not in self.own else set()
            return stars | {node.id}
        if isinstance(node, ast.Attribute):
            return self._below(node.value, node.attr, _dotted(node))
        if isinstance(node, ast.Call):
            called = self.resolve(node.func)
            literal = [
                each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
            ]
            if called & {"getattr", "builtins.getattr"} and len(node.args) > 1 and literal:
                return self._below(node.args[0], str(literal[0]), "")
            if called & {"importlib.import_module", "__import__", "builtins.__import__"} and literal:
                return {str(literal[0])}
        if isinstance(node, ast.NamedExpr):
            return self.resolve(node.value)
        return set()

    def _below(self, value: ast.expr, attribute: str, dotted: str) -> set[str]:
        if dotted in self.known:
            return self.known[dotted]
        return {f"{base}.{attribute}" for base in self.resolve(value)} or {attribute}


def _named(tree: ast.AST, scope: _Scope) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module or ''}.{alias.name}".strip(".")) for alias in node.names)
        elif isinstance(node, ast.Name | ast.Attribute | ast.Call):
            yield from ((node.lineno, name) for name in sorted(scope.resolve(node)))


def _assigned(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Targets and what they are given."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Tuple | ast.List) and isinstance(node.value, ast.Tuple | ast.List):
                yield from zip(target.elts, node.value.elts, strict=False)
            else:
                yield target, node.value
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield node.target, node.value


def _dotted(node: ast.expr) -> str:
    """`a.b.c` of an attribute of names, else nothing."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])
