"""The same page as one HTML file: everything inside it, readable on a phone, in light and in dark."""

from __future__ import annotations

import functools
import mimetypes
import re
from pathlib import Path
from typing import Any

import jinja2

from onepage.core.errors import UserError
from onepage.core.toml_source import read_text
from onepage.page.layout.html_writer import HtmlWriter, data_uri
from onepage.page.layout.typeset import Front, theme_file
from onepage.page.tree.document import Document
from onepage.page.tree.pandoc import Node
from onepage.page.tree.walk import rewrite


def webpage(document: Document, front: Front, results: dict[str, Any], assets: Path, page_folder: Path) -> str:
    """The HTML of the whole report; links lead to the analyses beside it."""
    writer = HtmlWriter(document, results, assets, page_folder)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    named = {name: theme_file(name, page_folder) for name in ("page.html", "page.css")}
    # the abstract first: it has the first footnotes
    abstract, *written = writer.write(document.abstract, *map(_below_title, document.parts.values()))
    parts = dict(zip(document.parts, written, strict=True))
    return environment.from_string(read_text(named["page.html"], str(named["page.html"]))).render(
        front=front,
        css=_inlined(read_text(named["page.css"], str(named["page.css"])), named["page.css"]),
        asset=functools.partial(_asset, named["page.html"]),
        abstract=abstract,
        content=parts["content"],
        distribution=parts.get("distribution", ""),
        appendix=parts.get("appendix", ""),
    )


def _inlined(css: str, path: Path) -> str:
    """The style with the theme's own fonts and images inside it: `url(fonts/a.woff2)`."""

    def inline(match: re.Match[str]) -> str:
        target = match.group(2)
        if re.match(r"[a-z]+:|#|//", target):
            return match.group()
        line = css.count("\n", 0, match.start()) + 1
        return f'url("{_asset(path, target, line)}")'

    return re.sub(r"url\(\s*(['\"]?)([^'\")]+)\1\s*\)", inline, css)


def _asset(beside: Path, name: str, line: int | None = None) -> str:
    """A file of the theme as a data: address; page.html calls it for a logo: `<img src="{{ asset("logo.svg") }}">`."""
    path = beside.parent / name
    where = f"{beside}:{line}" if line else str(beside)
    if not path.resolve().is_relative_to(beside.parent.resolve()) or not path.is_file():
        raise UserError(f'{where}: there is no file "{name}" beside it')
    return data_uri(path, mimetypes.guess_type(path.name)[0] or "application/octet-stream")


def _below_title(blocks: list[Node]) -> list[Node]:
    """Headings one level down: the title is the page's only first-level heading."""

    def change(node: Node) -> Node | None:
        if node["t"] == "Header":
            level, *rest = node["c"]
            return {"t": "Header", "c": [min(level + 1, 6), *rest]}
        return None

    return rewrite(blocks, change)
