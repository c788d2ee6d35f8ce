"""Every function of ours that reads a file, found in the code: by the calls that none of them can do without."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"
CALLS = {
    "open", "read_text", "read_bytes", "load", "fromfile", "safe_open", "ZipFile", "SoundFile", "memmap", "open_memmap",
    "open_code", "load_from_string", "read_csv", "fdopen", "read_npz", "genfromtxt", "loadtxt", "SourceFileLoader",
}  # fmt: skip
LOADERS = {"json", "np", "torch", "torch.jit", "pickle", "yaml", "tomllib", "onnx", "joblib", "marshal", "shelve"}
OURS = {
    "toml_source.read_text",
    "percent.read_text",
    "read_text",
    "ClipStore.open",
    "os.open",
}  # themselves found, or none


def found() -> set[str]:
    """`package/module.py:function` for each."""
    names = set()
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if any(word in text for word in CALLS):
            names |= {f"{path.relative_to(SOURCE).as_posix()}:{name}" for name in _readers(ast.parse(text), "")}
    return names


def _readers(node: ast.AST, inside: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if isinstance(child, ast.Call) and _reads(child):
            yield inside
        yield from _readers(child, f"{inside}.{child.name}".strip(".") if named else inside)


def _reads(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    receiver, _, last = name.rpartition(".")
    if name in OURS or last not in CALLS or (last == "load" and receiver not in LOADERS):
        return False
    words = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = [word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)]
    return not any(mode in ("w", "wb", "x", "a", "ab", "xb", "w+") for mode in modes)


if __name__ == "__main__":
    print(*sorted(found()), sep="\n")
