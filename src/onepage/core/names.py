"""Names that become ids of targets: of scripts, and of the runs of experiments.toml.

An id stands in Make's rules, in shell commands, in paths and in HTML. So it is made of what means itself in all of
them, and is held against this one rule before anything runs; nothing after it needs to escape an id.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection
from importlib.machinery import PathFinder

from onepage.core.errors import UserError

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=-]{0,119}")
_STEM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,59}")
_TAKEN = {"corpus": "the corpus's own id", "profile": "what `reads` calls the profile"}


def check_script(stem: str, folder: str, packages: Collection[str]) -> None:
    """Hold a script's name against what an id may be; `packages` are the top-level names of our own code."""
    file = f"{folder}/{stem}.py"
    if not _STEM.fullmatch(stem):
        better = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-")[:60] or "q1"
        raise UserError(
            f"{file!r}: a script's name is made of the letters a-z and A-Z, digits, _ and -, does not begin with -, and"
            f" has at most 60 of them; rename it, such as to {better}.py"
        )
    taken = _TAKEN.get(stem.lower())
    if taken is None and stem in packages:
        taken = "a package of the project"
    if taken is None and stem in sys.stdlib_module_names:
        taken = "a module of Python's standard library"
    if taken is None and PathFinder.find_spec(stem, [path for path in sys.path if path.endswith("-packages")]):
        taken = "an installed package"
    if taken:
        raise UserError(f"{file}: {stem!r} is {taken}, which this script would hide; rename it, such as to q_{stem}.py")


def claim(name: str, origin: str, taken: dict[str, tuple[str, str]]) -> None:
    """Enter an id into `taken`; two that differ in case only are one file on many disks."""
    if not _ID.fullmatch(name):
        raise UserError(
            f"{origin}: {name!r} cannot be an id: ids are made of letters, digits and _ . + = -, at most 120 of them"
        )
    other = taken.setdefault(name.lower(), (name, origin))
    if other != (name, origin):
        raise UserError(f"{origin} and {other[1]} would both be called {name}; rename one of them")
