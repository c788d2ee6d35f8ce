"""Processes that an execution starts: how they come to observe themselves, and whether one will."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from typing import Any

VARIABLE = "ONEPAGE_OBSERVE"  # names a JSON file: {"log", "root", "ignore": [folders]}
CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child")  # on the PYTHONPATH of executions

_PYTHON = re.compile(r"(python|pypy)[\d.]*w?(\.exe)?$")
_LAST_FLAGS = "cm"  # of a Python: what comes after them is the program's
_FLAGS_WITH_VALUE = "WX"
_UNHOOKED = "IES"  # flags that keep a Python from looking at PYTHONPATH or sitecustomize


def will_observe(program: str, words: list[str], env: Mapping[Any, Any], cwd: str) -> bool:
    """Whether a process is a Python that will start this observer too."""
    get = {os.fsdecode(name): os.fsdecode(value) for name, value in env.items()}.get
    python_path = (get("PYTHONPATH") or "").split(os.pathsep)
    if get(VARIABLE) != os.environ.get(VARIABLE) or CHILD not in python_path:
        return False
    flags: list[str] | None = words[1:]
    if not _PYTHON.match(os.path.basename(program)):
        found = os.path.join(cwd, program) if "/" in program else shutil.which(program, path=get("PATH"))
        flags = _flags_of_script(found) if found else None
    return flags is not None and not _is_unhooked(flags)


def _flags_of_script(file: str) -> list[str] | None:
    """The words after Python's name in a script's first line; None if it is no Python script."""
    with open(file, "rb") as stream:
        first = stream.readline(300).decode("utf-8", "replace")
    if not first.startswith("#!"):
        return None
    words = first.removeprefix("#!").split()
    at = next((number for number, word in enumerate(words) if _PYTHON.match(os.path.basename(word))), None)
    return None if at is None else words[at + 1 :]


def _is_unhooked(flags: list[str]) -> bool:
    words = iter(flags)
    for word in words:
        if not word.startswith("-") or word == "-":
            return False
        if word.startswith("--"):
            if word == "--check-hash-based-pycs":
                next(words, None)
            continue
        for number, letter in enumerate(word[1:], 2):
            if letter in _UNHOOKED:
                return True
            if letter in _LAST_FLAGS:
                return False
            if letter in _FLAGS_WITH_VALUE:
                if number == len(word):
                    next(words, None)
                break
    return False
