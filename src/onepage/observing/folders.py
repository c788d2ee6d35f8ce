"""What is in a folder and below it, without what editors and caches leave there for a while."""

from __future__ import annotations

import os
import re
from pathlib import Path

_PASSING = re.compile(
    r"(^\..*\.sw.$)|(^\.#)|(~$)|(^#.*#$)|(^4913$)|(^__pycache__$)|(^\.DS_Store$)|(^\.ipynb_checkpoints$)"
)


def is_passing(name: str) -> bool:
    """Whether a file or folder of this name is an editor's or a cache's, and no input."""
    return _PASSING.search(name) is not None


def names_in(folder: Path) -> list[str]:
    """The names in a folder."""
    return sorted(name for name in os.listdir(folder) if not is_passing(name))


def folders_below(folder: Path) -> list[Path]:
    """A folder and those below it; links to folders are followed, each once."""
    found, seen = [], set()
    for place, folders, _ in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = [] if real in seen else sorted(name for name in folders if not is_passing(name))
        if real not in seen:
            found.append(Path(place))
        seen.add(real)
    return found


def files_below(folder: Path) -> list[Path]:
    """All files below a folder, in order."""
    paths = (place / name for place in folders_below(folder) for name in names_in(place))
    return sorted(path for path in paths if path.is_file())
