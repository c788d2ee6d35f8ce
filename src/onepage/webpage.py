"""The same page as one HTML file: everything inside it, readable on a phone, in light and in dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

from onepage.document import Document, Node, rewrite
from onepage.html_writer import HtmlWriter
from onepage.toml_source import read_text
from onepage.typeset import Front, theme_file


def webpage(document: Document, front: Front, results: dict[str, Any], assets: Path, page_folder: Path) -> str:
    """The HTML of the whole report; links lead to the analyses beside it."""
    writer = HtmlWriter(document, results, assets, page_folder)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    named = {name: theme_file(name, page_folder) for name in ("page.html", "page.css")}
    parts = {name: writer.write(_below_title(blocks)) for name, blocks in document.parts.items()}
    return environment.from_string(read_text(named["page.html"], str(named["page.html"]))).render(
        front=front,
        css=read_text(named["page.css"], str(named["page.css"])),
        abstract=writer.write(document.abstract) if document.abstract else "",
        content=parts["content"],
        distribution=parts.get("distribution", ""),
        appendix=parts.get("appendix", ""),
    )


def _below_title(blocks: list[Node]) -> list[Node]:
    """Headings one level down: the title is the page's only first-level heading."""

    def change(node: Node) -> Node | None:
        if node["t"] == "Header":
            level, *rest = node["c"]
            return {"t": "Header", "c": [min(level + 1, 6), *rest]}
        return None

    return rewrite(blocks, change)
