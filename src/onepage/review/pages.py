"""What all HTML pages share: templates, the inlined style and script, the security policy, formats, safe names.

A page is one file plus its media. Style and script are inlined, and the page's own content-security policy names
them by hash: nothing else may run, and nothing may be fetched from anywhere but the page's own folder. That holds
for a page opened from a disk as it does for one that is served.
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from onepage.core import quantities
from onepage.publishing import records

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"


@cache
def environment() -> Environment:
    """The pages' Jinja environment: everything is escaped unless a template says otherwise."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters.update(number=number, interval=interval, cell=cell_text, anchor=anchor, short=short, asked=asked)
    return env


@cache
def static(name: str) -> str:
    """Text of a file in `static/`, without its indentation and its lines of comment: it stands in every page."""
    lines = map(str.strip, (STATIC / name).read_text("utf-8").splitlines())
    return "\n".join(
        line for line in lines if line and not line.startswith("//") and not re.fullmatch(r"/\*.*\*/", line)
    )


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def shell(
    styles: Iterable[str], scripts: Iterable[str], *, local_scripts: bool = False, rules: Iterable[str] = ()
) -> dict[str, Any]:
    """Context for `shell.html.j2`: inlined style and script with the policy that admits exactly them.

    `local_scripts` also admits script files beside the page (the index reads `timing.js`). `rules` are a page's own,
    after those of the style sheets.
    """
    style = "\n".join([*(static(name) for name in styles), *rules])
    script = "\n".join(static(name) for name in scripts)
    policy = [
        "default-src 'none'",
        "img-src 'self' data:",
        "media-src 'self' data:",
        f"style-src 'sha256-{_hash(style)}'",
        f"script-src 'sha256-{_hash(script)}'" + (" 'self'" if local_scripts else ""),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return {"page_style": Markup(style), "page_script": Markup(script), "policy": "; ".join(policy)}


def page(
    template: str, styles: Iterable[str], scripts: Iterable[str], *, local_scripts: bool = False,
    rules: Iterable[str] = (), **context: Any,
) -> str:  # fmt: skip
    """A whole page from `templates/<template>`."""
    context.setdefault("lang", "en")
    shared = shell(styles, scripts, local_scripts=local_scripts, rules=rules)
    made = environment().get_template(template).render(**shared, **context)
    return made.encode("utf-8", "replace").decode("utf-8")  # halves of characters cannot be written


def safe_name(name: str) -> str:
    """A record's name as an id and a file name; whatever is not a plain name is replaced, and told apart by a hash."""
    if records.NAME.match(name) and ".." not in name and len(name) <= 120:
        return name
    slug = slugify(name)[:60] or "unnamed"
    return f"{slug}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def anchor(name: str) -> str:
    """The id of a record's element."""
    return safe_name(str(name))


def slugify(text: str) -> str:
    """`Was heißt „laut“?` -> `was-heisst-laut`: lower-case ASCII for ids of headings."""
    text = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")


def asked(question: object) -> str:
    """The head's line about a question: `Question 1a`, `Questions 1a, 1b`; a word stands for itself (`Bonus`)."""
    text = str(question)
    if not text[:1].isdigit():
        return text[:1].upper() + text[1:]
    return f"Questions {text}" if "," in text else f"Question {text}"


def short(key: str | None) -> str:
    """The first characters of a content key, enough for a person to tell two apart."""
    return (key or "")[:10]


def number(value: Any, unit: str | None = None, digits: int | None = None) -> str:
    """A value alone, the way its unit is written."""
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        return quantities.cell(value) if isinstance(value, bool) else str(value)
    return quantities.shown(value, unit, digits)


def interval(value: Any, low: Any, high: Any, unit: str | None = None, digits: int | None = None) -> str:
    """The interval alone, `95.0–95.6`; the empty string when there is none."""
    if low is None or high is None:
        return ""
    both, alone = quantities.interval(value, low, high, unit, digits), quantities.shown(value, unit, digits)
    return both.removeprefix(alone).strip().removeprefix("(").removesuffix(")")


def cell_text(cell: Any) -> Markup:
    """A table's cell: text, a number, or a value with its interval in small type."""
    if isinstance(cell, dict):
        text = escape(number(cell.get("value"), cell.get("unit"), cell.get("digits")))
        ends = interval(*(cell.get(part) for part in ("value", "low", "high", "unit", "digits")))
        return text + Markup(' <small class="range">{}</small>').format(ends) if ends else text
    return escape(quantities.cell(cell))
