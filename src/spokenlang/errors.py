"""The one kind of error that a user can mend."""

from __future__ import annotations

import unicodedata

LONGEST = 900  # characters of a message; what is wrong with a megabyte is said in less


class InputError(Exception):
    """Something that the user handed in is wrong.

    The message is a single line that says what was found, in which file, and what to do about it. The command
    lines print it as it is, without a traceback (unless `--debug` is given).
    """

    def __init__(self, message: str) -> None:
        super().__init__(_shortened("".join(map(_shown, " ".join(message.split())))))


def _shown(sign: str) -> str:
    """A sign as a terminal may print it: what it would obey comes as an escape."""
    return sign if sign.isprintable() or unicodedata.category(sign) == "Zs" else repr(sign)[1:-1]


def _shortened(line: str) -> str:
    """A line of a readable length: its beginning, which names the file, and its end, which says what to do."""
    return line if len(line) <= LONGEST else f"{line[: LONGEST * 2 // 3]} … {line[-LONGEST // 3 :]}"
