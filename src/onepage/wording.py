"""Words and sentences counted as a person would count them, on text with or without Markdown."""

from __future__ import annotations

import re

ABBREVIATIONS = frozenset((
    "e.g", "i.e", "etc", "cf", "vs", "fig", "figs", "eq", "eqs", "sec", "ref", "refs", "no", "approx", "ca",
    "resp", "al", "dr", "mr", "mrs", "ms", "prof", "st", "incl",
))  # fmt: skip
_WORD = re.compile(r"[^\W_]+(?:['’\-‐‑./:,×%][^\W_]+)*", re.UNICODE)
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)")


def plain(markdown: str) -> str:
    """The text that a reader sees: no markup, link targets, attributes, comments or citations."""
    text = re.sub(r"<!--.*?-->", " ", markdown, flags=re.DOTALL)
    text = re.sub(r"^(```|~~~).*?^\1\s*$", " ", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)(\{[^}]*\})?", r"\1", text)
    text = re.sub(r"\[\^[^\]]*\]:?", " ", text)
    text = re.sub(r"\[[^\[\]]*@[\w:.-]+[^\[\]]*\]", " ", text)
    text = re.sub(r"\[([^\[\]]*)\](\([^)]*\)|\{[^}]*\}|\[[^\]]*\])", r"\1", text)
    text = re.sub(r"^\s*(?:#{1,6}\s|[-*+]\s|\d+[.)]\s|>\s?|:{3,}.*$)", " ", text, flags=re.MULTILINE)
    text = re.sub(r"\{[#.][^}]*\}", " ", text)
    text = re.sub(r"</?\w[^>]*>", " ", text)
    text = re.sub(r"(\*\*|\*|__|~~|`|\$)", "", text)
    text = re.sub(r"(?<!\w)_(\S(?:.*?\S)?)_(?!\w)", r"\1", text)
    return re.sub(r"\\([^\w\s])", r"\1", text)


def words(markdown: str) -> int:
    """How many words: contractions, hyphenated compounds and numbers (`1,000`, `95.4%`) are one each."""
    return len(_WORD.findall(plain(markdown)))


def sentences(markdown: str) -> int:
    """How many sentences: a stop in an abbreviation, number or name ends none; a list item is one."""
    count = 0
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)", markdown):
        text = " ".join(plain(block).split())
        if not _WORD.search(text):
            continue
        count += sum(_ends(text, match) for match in _END.finditer(text))
        tail = text[-1:] not in ".!?…" and not _END.search(text[-3:])
        count += bool(tail)
    return count


def _ends(text: str, match: re.Match) -> bool:
    """Whether this punctuation ends a sentence."""
    before = text[: match.start()]
    after = text[match.end() :].lstrip()
    if not after:
        return True
    word = re.search(r"(\S+)$", before)
    last = word.group(1).lstrip("([\"'“‘") if word else ""
    if match.group()[0] == "." and (last.lower() in ABBREVIATIONS or re.fullmatch(r"(?:[A-Za-z]\.)*[A-Za-z]", last)):
        # "e.g." and an initial end nothing; "I" and "option a" may, before a capital.
        return last in ("I", "a", "b", "c", "d") and after[:1].isupper()
    return after[:1].isupper() or not after[:1].islower()
