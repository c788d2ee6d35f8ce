"""Letters that no font of the page has: Typst says which, and here is where they come from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_SAID = re.compile(r"the text `\"(.*?)\"` could not be displayed", re.DOTALL)
REMEDY = "no font of the page has it; put one that does into theme/fonts/"


def missing(diagnostic: str) -> tuple[str, ...]:
    """The signs that Typst's message about a PDF names, each once."""
    signs: dict[str, None] = {}
    for said in _SAID.findall(diagnostic):
        # Typst shows a text as Rust does: \u{1f600} for what has no shape of its own.
        plain = re.sub(r"\\u\{([0-9a-f]+)\}", lambda match: chr(int(match.group(1), 16)), said)
        signs.update(dict.fromkeys(plain.replace('\\"', '"').replace("\\\\", "\\")))
    return tuple(signs)


def notes(signs: Iterable[str], texts: Iterable[tuple[str, str]], results: dict[str, Any], report: Path) -> list[str]:
    """A line for each place that one of these signs stands in; `texts` are (path, text) of what people wrote."""
    waiting = list(signs)
    wanted, places = set(waiting), dict[str, list[str]]()
    for where, text in (*_lines(texts), *_published(results, report)):
        found = [sign for sign in dict.fromkeys(text) if sign in wanted]
        if found:
            places.setdefault(where, []).extend(found)
    seen = {sign for found in places.values() for sign in found}
    rest = [sign for sign in waiting if sign not in seen]
    if rest:
        places["report.pdf"] = rest
    return [f"{where}: {_named(found)}: {REMEDY}" for where, found in places.items()]


def _lines(texts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for path, text in texts:
        for number, line in enumerate(text.split("\n"), 1):
            yield f"{path}:{number}", line


def _published(results: dict[str, Any], report: Path) -> Iterator[tuple[str, str]]:
    """What analyses published, and the text in their figures."""
    for section, kind in (("figures", "figure"), ("tables", "table"), ("answers", "answer"), ("claims", "claim")):
        for name, record in results.get(section, {}).items():
            where = f'{record["source"]["script"]}: {kind} "{name}"'
            kept = {key: content for key, content in record.items() if key not in ("source", "alt")}
            drawn = ""
            if kind == "figure":
                picture = report / record["svg"]
                svg = picture.read_text(encoding="utf-8") if picture.is_file() else ""
                drawn = "".join(re.findall(r">([^<>]*)</", re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)))
            yield where, f"{kept}{drawn}"


def _named(signs: list[str]) -> str:
    shown = [f"{sign} (U+{ord(sign):04X} {unicodedata.name(sign, 'unnamed')})" for sign in dict.fromkeys(signs)]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")
