"""What `display(...)` left, a bundle of one thing in several media types -> HTML: the richest that a page can hold.

Pictures come first, then HTML, Markdown, LaTeX and JSON. A type that cannot be shown is passed over; where nothing
richer than the object's name is left, a line says which types there were. Whatever is shown has a limit, and what
lies beyond it is told.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import Any

from onepage.review import declared, drawings, prose, sanitised

SHOWN = 100_000  # characters of text that a page shows of one output
FORMULA = 20_000  # characters of LaTeX or Markdown that are set; what is longer stands as text
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NAMELESS = re.compile(r"\s*<[\w.]+(?:\[[^<>]*\])? (?:object|at 0x)[^<>]{0,200}>\s*\Z")
_LARGEST_PICTURE = 12_000_000  # bytes


@dataclass
class Place:
    """Where on which page an output stands."""

    where: str  # "Output of line 12", for who cannot see it
    scope: str  # id of the output's element
    keep: Callable[[str, bytes], str]  # (suffix, content) -> link
    css: list[str] = field(default_factory=list)  # rules for the page's style sheet


def shown(data: dict[str, Any], place: Place) -> str:
    """HTML of a bundle."""
    data = {kind: joined(content) for kind, content in data.items() if isinstance(kind, str)}
    said: list[str] = []
    for kind, draw in _KINDS.items():
        if kind in data:
            html = draw(data[kind], place, said, data)
            if html:
                return html + _note([text for text in said if text])
            said.append(kind)
    said += [kind for kind in data if kind not in _KINDS and kind != "text/plain"]
    plain = data.get("text/plain")
    plain = plain if isinstance(plain, str) else ""
    if said and (not plain.strip() or _NAMELESS.match(plain)):
        return _note(said, f"{place.where} cannot be shown on a page")
    return (preformatted(plain, "loose") if plain.strip() else "") + _note(said)


def joined(content: Any) -> Any:
    """A notebook file may hold a text as a list of its lines."""
    return "".join(content) if isinstance(content, list) and all(isinstance(part, str) for part in content) else content


def limited(text: str, most: int = SHOWN) -> tuple[str, str]:
    """(what of a text is shown, a line about the rest or the empty string)."""
    if len(text) <= most:
        return text, ""
    at = text.rfind("\n", most // 2, most) + 1 or most
    return text[:at], beyond(len(text) - at)


def beyond(rest: int) -> str:
    """The line about what a page does not show."""
    if not rest:
        return ""
    size, unit = next(pair for pair in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "bytes")) if rest >= pair[0])
    return f"... {rest / size:.{0 if size == 1 or rest >= 10 * size else 1}f} {unit} more, in the notebook"


def printable(text: str) -> str:
    """Without control characters and halves of characters, which no page can hold; terminal codes stay."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub(lambda match: match[0] if match[0] == "\x1b" else "", text)


def preformatted(text: str, kind: str) -> str:
    """A text as it stands, as far as it is shown."""
    text, rest = limited(text)
    more = f'<p class="note rest">{rest}</p>' if rest else ""
    return f'<pre class="{kind}" tabindex="0">{escape(printable(text.replace(chr(27), "")))}</pre>{more}'


def _html(content: Any, place: Place, said: list[str], data: dict[str, Any]) -> str:
    if not isinstance(content, str):
        return ""
    found = sanitised.clean(content, place.scope, place.keep)
    if found.empty:
        said.extend(f"<{name}>" if name.isalnum() else name for name in found.missed)
        return ""
    said.extend(f"<{name}>" for name in found.missed if name in _SEEN_TO_MISS)
    said.extend(name for name in found.missed if " " in name)
    rest = beyond(found.rest)
    if found.css:
        place.css.append(found.css)
    light = " light" if declared.coloured(found.css) else ""
    plain = data.get("text/plain")
    folded = ""
    if declared.hides(found.css) and isinstance(plain, str) and not _NAMELESS.match(plain):
        folded = _folded("As text", plain)
    return (
        f'<div class="loose scroll{light}" id="{place.scope}" tabindex="0" role="group" '
        f'aria-label="{escape(place.where)}">{found.html}</div>'
        + (f'<p class="note rest">{rest}</p>' if rest else "")
        + folded
    )


_SEEN_TO_MISS = {"iframe", "object", "embed", "applet", "video", "canvas"}


def _fragment(html: str, place: Place) -> str:
    """HTML that was made from an output's text, held to the same list."""
    found = sanitised.clean(html, place.scope, place.keep)
    return "" if found.empty else f'<div class="loose" id="{place.scope}">{found.html}</div>'


def _markdown(content: Any, place: Place, said: list[str], data: dict[str, Any]) -> str:
    if not isinstance(content, str) or not content.strip():
        return ""
    if len(content) > FORMULA:
        return preformatted(content, "loose")
    try:
        return _fragment(prose.markdown(printable(content), shift=2), place)
    except RecursionError:
        return preformatted(content, "loose")


def _latex(content: Any, place: Place, said: list[str], data: dict[str, Any]) -> str:
    if not isinstance(content, str) or not content.strip():
        return ""
    html = prose.latex(content) if len(content) <= FORMULA else None
    return (_fragment(html, place) if html else "") or preformatted(content, "loose")


def _json(content: Any, place: Place, said: list[str], data: dict[str, Any]) -> str:
    try:
        text = content if isinstance(content, str) else json.dumps(content, indent=1, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return ""
    return _folded(f"JSON: {text.count(chr(10)) + 1:,} lines", text)


def _svg(content: Any, place: Place, said: list[str], data: dict[str, Any]) -> str:
    if not isinstance(content, str):
        return ""
    try:
        return _picture(drawings.clean(content).encode(), "svg", place)
    except drawings.Unfit as error:
        said.append(f"a drawing ({error})")
        return ""


def _raster(suffix: str) -> Callable[[Any, Place, list[str], dict[str, Any]], str]:
    def draw(content: Any, place: Place, said: list[str], data: dict[str, Any]) -> str:
        try:
            raw = base64.b64decode(content) if isinstance(content, str) else b""
        except (binascii.Error, ValueError):
            raw = b""
        if not raw.startswith(sanitised.MAGIC[suffix]):
            said.append("a picture that is none")
            return ""
        if len(raw) > _LARGEST_PICTURE:
            said.append(f"a picture of {len(raw) / 1e6:.0f} MB")
            return ""
        return _picture(raw, suffix, place)

    return draw


def _picture(raw: bytes, suffix: str, place: Place) -> str:
    alt = escape(f"{place.where}; it was not given a description")
    return f'<p class="loose"><img src="{place.keep(suffix, raw)}" alt="{alt}" loading="lazy"></p>'


_KINDS: dict[str, Callable[[Any, Place, list[str], dict[str, Any]], str]] = {
    "image/svg+xml": _svg,
    "image/png": _raster("png"),
    "image/jpeg": _raster("jpg"),
    "image/gif": _raster("gif"),
    "image/webp": _raster("webp"),
    "text/html": _html,
    "text/markdown": _markdown,
    "text/latex": _latex,
    "application/json": _json,
    "application/geo+json": _json,
}


def _folded(summary: str, text: str) -> str:
    return f'<details class="messages"><summary>{escape(summary)}</summary>{preformatted(text, "stream")}</details>'


def _note(missed: list[str], says: str = "Not shown here") -> str:
    if not missed:
        return ""
    kinds = ", ".join(escape(printable(kind)[:80]) for kind in dict.fromkeys(missed))
    return f'<p class="note missed">{escape(says)}: {kinds}. It is in the notebook.</p>'
