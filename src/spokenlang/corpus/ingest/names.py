"""Names of files as text that can be written anywhere and compared with what people typed."""

from __future__ import annotations

import os
import unicodedata


def shown(name: str | os.PathLike[str]) -> str:
    r"""A file's name for people and tables; bytes that are no UTF-8 appear as \xff."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def tidy(text: str) -> str:
    """A name without what nobody sees: composed characters, single spaces, none at the ends."""
    return unicodedata.normalize("NFC", " ".join(text.split()))
