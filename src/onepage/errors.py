"""The two ways in which a command can fail on purpose: each is one clear line on stderr, never a traceback."""

from __future__ import annotations

from collections.abc import Iterable


class UserError(Exception):
    """Something that the person at the keyboard has to mend: what was wrong, in which file, what to do."""

    exit_code = 2


class CheckFailed(UserError):
    """What was to be checked or executed fell short; the command itself was used rightly."""

    exit_code = 1


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or the list of what there is, for the end of a message."""
    import difflib

    known = list(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f" (did you mean {close[0]!r}?)"
    return f" (there is {', '.join(known)})" if known else ""
