"""The six languages of the assignment, in the order of its labels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """One class of the task."""

    code: str  # ISO 639-1; also the name of the language's folder when recordings are imported
    name: str  # English name, as reports print it
    branch: str  # branch of Indo-European: West Germanic or Romance


LANGUAGES: tuple[Language, ...] = (
    Language("de", "German", "West Germanic"),
    Language("en", "English", "West Germanic"),
    Language("es", "Spanish", "Romance"),
    Language("fr", "French", "Romance"),
    Language("nl", "Dutch", "West Germanic"),
    Language("pt", "Portuguese", "Romance"),
)
"""Ordered as the labels 0 to 5 of the assignment's arrays."""

CODES: tuple[str, ...] = tuple(language.code for language in LANGUAGES)
"""Language codes in label order: `CODES[label]`."""


def label_of(code: str) -> int:
    """Label of a language code; `ValueError` if it is none of the six."""
    return CODES.index(code)
