"""What stands behind a cell's `# %%`: a title, a kind in brackets, and metadata, in every form that jupytext reads.

    # %% A title [markdown] name="first" tags=['a', 'b'] hidden
    # %% {"name": "first", "tags": ["a"]}

The rules are jupytext's (cell_metadata.py there), followed step by step; a test holds the two together.
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

NOT_READ = "incorrectly_encoded_metadata"  # jupytext's own name for metadata that it cannot read

_FLAG = re.compile(r"[a-zA-Z_.]+[a-zA-Z0-9_.]*\Z")
_KEY = re.compile(r"[a-zA-Z0-9_.@/-]+\Z")
_KINDS = {"[markdown]": "markdown", "[raw]": "raw", "[md]": "markdown"}


def read(options: str) -> tuple[str, dict[str, Any]]:
    """(kind of the cell, its metadata); what cannot be read stands in the metadata under `NOT_READ`."""
    title, metadata = _title_and_metadata(options)
    kind = "code"
    for mark, meant in _KINDS.items():
        if mark in title:
            title, kind = title.replace(mark, "").strip(), meant
            break
    if title.startswith("%"):
        metadata["cell_depth"] = len(title) - len(title.lstrip("%"))
        title = title.lstrip("%").strip()
    if title:
        metadata["title"] = title
    return kind, metadata


def _title_and_metadata(text: str) -> tuple[str, dict[str, Any]]:
    text = text.strip()
    brace, equals = text.find("{"), text.find("=")
    if brace >= 0 and not 0 <= equals < brace:  # metadata as JSON, with a title before it
        try:
            found = _value(text[brace:])
        except (ValueError, SyntaxError):
            found = None
        found = found if isinstance(found, dict) else {NOT_READ: text[brace:]}
        return text[:brace].strip(), found
    words = text[:equals].split(" ") if equals >= 0 else text.split(" ")
    if equals >= 0:  # the last word before the first `=` is a key
        while words and not words[-1]:
            words.pop()
        words = words[:-1]
    while words and (not words[-1].strip() or words[-1].startswith(".")):
        words.pop()
    title = " ".join(words)
    return title, _pairs(text[len(title) :])


def _pairs(text: str) -> dict[str, Any]:
    """`a=1 b="x y" c` from its right end, each value as long as it has to be to be a value."""
    text = text.strip()
    if not text:
        return {}
    space = text.rfind(" ")
    if not text.startswith("--") and _FLAG.match(text[space + 1 :]):
        return {text[space + 1 :]: None, **(_pairs(text[:space]) if space > 0 else {})}
    equals = len(text)
    while (equals := text.rfind("=", 0, equals)) >= 0:
        space = text[:equals].rstrip().rfind(" ")
        key = text[space + 1 : equals].strip()
        if _KEY.match(key):
            try:
                value = _value(text[equals + 1 :])
            except (ValueError, SyntaxError):
                continue
            return {**(_pairs(text[:space]) if space > 0 else {}), key: value}
    return {NOT_READ: text}


def _value(text: str) -> Any:
    """JSON, else a Python literal."""
    text = text.strip()
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return ast.literal_eval(text)
