"""Ways in which files come to harm, and ways in which bytes do: for tests that break what is read."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st

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


# --- bytes -----------------------------------------------------------------------------------------------------------

HUGE = [
    b"\xff" * 4,
    b"\xff" * 8,
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0" * 8,
    b"9" * 400,
    b"-1",
    b"1e999",
    b"nan",
]
TEXTS = ["\ufeff", "\u202e", "\ud7ff", "\u2028", "\x00", "\x1b[2J", "é", "../../etc/passwd", "/etc/passwd", "{{7*7}}",
         '"', "'", ",", ";", "\t", "\n", "\r", "[", "{", "}", "null", "true", "-0", "[" * 2000, "9" * 5000]  # fmt: skip


@st.composite
def edited(draw: st.DrawFn, good: bytes) -> bytes:
    """A file that is right but for one to four edits: flipped bits, cuts, splices, huge numbers, strange letters."""
    content = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        # the first bytes, which say what the rest is, come to harm as often as all others together
        most = max(len(content) - 1, 0)
        at = draw(st.one_of(st.integers(0, min(most, 200)), st.integers(0, most)))
        how = draw(st.sampled_from(["flip", "cut", "drop", "splice", "put", "over", "byte"]))
        if how == "flip" and content:
            content[at] ^= 1 << draw(st.integers(0, 7))
        elif how == "cut":
            del content[at:]
        elif how == "drop":
            del content[at : at + draw(st.integers(1, 64))]
        elif how == "splice":
            start = draw(st.integers(0, most))
            content[at:at] = content[start : start + draw(st.integers(1, 256))]
        elif how == "byte":
            content[at : at + 1] = draw(st.binary(min_size=1, max_size=8))
        else:
            piece = draw(st.sampled_from([*HUGE, *(text.encode() for text in TEXTS)]))
            content[at : at + (len(piece) if how == "over" else 0)] = piece
    return bytes(content)


def anything(good: bytes) -> st.SearchStrategy[bytes]:
    """What a hostile file may hold: a good one, edited; its beginning and then noise; noise alone."""
    begun = st.tuples(st.integers(0, min(len(good), 100)), st.binary(max_size=300))
    return st.one_of(edited(good), edited(good), begun.map(lambda pair: good[: pair[0]] + pair[1]))
