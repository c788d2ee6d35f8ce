"""The one kind of error that a user can mend."""

from __future__ import annotations


class InputError(Exception):
    """Something that the user handed in is wrong.

    The message is a single line that says what was found, in which file, and what to do about it. The command
    lines print it as it is, without a traceback (unless `--debug` is given).
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
