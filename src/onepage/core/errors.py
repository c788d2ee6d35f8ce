"""The two ways in which a command can fail on purpose: each is one clear line on stderr, never a traceback."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 600  # characters of one line of a message: what is wrong with a megabyte is said in less
LISTED = 12  # names that a hint lists


class UserError(Exception):
    """Something that the person at the keyboard has to mend: what was wrong, in which file, what to do.

    The message may quote a file: what a terminal would obey is shown as an escape, and long lines are shortened.
    """

    exit_code = 2

    def __init__(self, message: object = "") -> None:
        super().__init__(printable(str(message)))


class CheckFailed(UserError):
    """What was to be checked or executed fell short; the command itself was used rightly."""

    exit_code = 1


def printable(text: str) -> str:
    """`text` as a terminal may show it: control characters as escapes, every line of a readable length."""
    return "\n".join(_shortened(_escaped(line)) for line in text.split("\n"))


def quoted(value: object, longest: int = 60) -> str:
    """A value of somebody's file for a message: on one line, and short."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "nothing"}[value]
    if isinstance(value, dict | list | tuple):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and value.bit_length() > 128:
        return "a number of very many digits"
    if isinstance(value, str):
        return repr(value if len(value) <= longest else value[: longest - 1] + "…")
    return str(value)[:longest]


def nearest(name: object, known: Iterable[object]) -> str:
    """For the end of a message about a name that there is not: ` (did you mean 'x'?)`, or what there is."""
    import difflib

    name, names = str(name), [str(each) for each in known]
    if not names:
        return " (there is none)"
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6) if len(name) < 200 else []
    folded = name.casefold().replace("-", "_")
    close = close or [each for each in names if each.casefold().replace("-", "_") == folded][:1]
    last = name.rpartition(".")[2]
    close = close or ([each for each in names if each.rpartition(".")[2] == last and "." in each][:3] if last else [])
    if close:
        return f" (did you mean {' or '.join(quoted(each) for each in close)}?)"
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f" (there is {', '.join(_escaped(each[:60]) for each in names[:LISTED])}{more})"


def unknown(kind: str, name: object, known: Iterable[object]) -> str:
    """`there is no value 'x' (did you mean 'y'?)`."""
    names = [str(each) for each in known]
    shown = str(name) if len(str(name)) <= 60 else f"{str(name)[:59]}…"
    if not names:
        return f'there is no {kind} "{_escaped(shown)}" (there is no {kind} at all)'
    return f'there is no {kind} "{_escaped(shown)}"{nearest(name, names)}'


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or unicodedata.category(sign) == "Zs" else repr(sign)[1:-1] for sign in text
    )


def _shortened(line: str) -> str:
    if len(line) <= LONGEST:
        return line
    place = re.match(r"[^:]{1,200}:\d+: ", line)  # what names the file stays
    kept = max(LONGEST * 3 // 4, place.end() if place else 0)
    return f"{line[:kept]} … {line[kept - LONGEST + 3 :]}"
