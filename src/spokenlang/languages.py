"""The languages of a corpus, the assignment's six unless it says otherwise, and which of them a task tells apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """One class of the task."""

    code: str  # ISO 639-1 where there is one, else ISO 639-3; also the name of its folder of recordings
    name: str  # English name, as reports print it
    branch: str  # branch of its family, or the family where that is all that people name; "" where neither is known


LANGUAGES: tuple[Language, ...] = (
    Language("de", "German", "Germanic"),
    Language("en", "English", "Germanic"),
    Language("es", "Spanish", "Romance"),
    Language("fr", "French", "Romance"),
    Language("nl", "Dutch", "Germanic"),
    Language("pt", "Portuguese", "Romance"),
)
"""Ordered as the labels 0 to 5 of the assignment's arrays."""

CODES: tuple[str, ...] = tuple(language.code for language in LANGUAGES)
"""Codes of the six in label order: `CODES[label]`."""

TASKS = ("six", "binary")
"""All languages of the corpus (the assignment has six), or two of them by one logit."""

PAIR = ("en", "es")
"""What the assignment's binary task tells apart."""


def told_apart(task: str, languages: Sequence[str], spoken: Sequence[str]) -> tuple[str, ...]:
    """Codes of the languages that a task tells apart, in the order of its classes.

    Args:
        task: one of `TASKS`.
        languages: a corpus's class list.
        spoken: those of them that it has clips of, at least two.
    """
    if task == "six":
        return tuple(languages)
    return PAIR if set(PAIR) <= set(spoken) else tuple(spoken[:2])
