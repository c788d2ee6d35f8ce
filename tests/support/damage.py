"""Ways in which files come to harm, and ways in which bytes do: for tests that break what is read."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

Harm = Callable[[Path, random.Random], None]


def _cut(path: Path, chance: random.Random) -> None:
    os.truncate(path, chance.randrange(path.stat().st_size))


def _flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def _empty(path: Path, chance: random.Random) -> None:
    os.truncate(path, 0)


def _tear(path: Path, chance: random.Random) -> None:
    """What a power cut leaves: the length is there, the end of the content is not."""
    content = path.read_bytes()
    kept = chance.randrange(len(content))
    path.write_bytes(content[:kept] + bytes(len(content) - kept))


def _remove(path: Path, chance: random.Random) -> None:
    path.unlink()


def _folder(path: Path, chance: random.Random) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def _lock_away(path: Path, chance: random.Random) -> None:
    path.chmod(0)


HARMS: dict[str, Harm] = {
    "cut short": _cut, "bit flipped": _flip, "empty": _empty, "torn": _tear, "gone": _remove, "a folder": _folder,
    "unreadable": _lock_away,
}  # fmt: skip


def harm(path: Path, how: str, chance: random.Random) -> bool:
    """Do a file that harm; False where there is nothing that it could be done to (a bit of an empty file)."""
    if not path.stat().st_size and how in ("cut short", "bit flipped", "empty", "torn"):
        return False
    HARMS[how](path, chance)
    return True


def mend(path: Path, content: bytes) -> None:
    """Put back what was there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)
