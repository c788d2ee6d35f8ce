"""For the tests of what pages show of outputs: bundles in, HTML and its elements out."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from IPython.core.formatters import DisplayFormatter
from nbformat.v4 import new_output

from onepage.review import outputs
from onepage.review.cells import Cell

ORIGIN = outputs.Origin("analysis/q1.py", "q1", "key", "analysis")


class Elements(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.tags}


class Shown:
    """The outputs of one cell as a page shows them."""

    def __init__(self, *found: dict[str, Any], files: Path | None = None) -> None:
        self.media = outputs.Media("media/q1", files)
        cell = Cell("code", "display(x)", 3, outputs=list(found))
        self.html = "\n".join(outputs.cell_outputs(cell, self.media, ORIGIN, {}))
        self.css = "\n".join(self.media.css)
        self.page = Elements(self.html)
        self.text = " ".join(self.page.text.split())


def bundle(**data: Any) -> dict[str, Any]:
    """`bundle(text_html=...)`: a display_data output; `_` stands for the slash."""
    named = {kind.replace("_", "/", 1).replace("svg", "svg+xml"): content for kind, content in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": named}


def displayed(thing: object) -> dict[str, Any]:
    """What IPython makes of an object, as an output in a notebook."""
    data, metadata = DisplayFormatter().format(thing)
    plain = {kind: b64encode(c).decode() if isinstance(c, bytes) else c for kind, c in data.items()}
    return json.loads(json.dumps(new_output("display_data", data=plain, metadata=metadata)))


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    """A stream output."""
    return {"output_type": "stream", "name": name, "text": text}


_LOADS = {"src", "srcset", "poster", "background", "data", "action", "formaction", "cite", "longdesc", "xlink:href"}


def assert_harmless(html: str, css: str = "") -> None:
    """Nothing that runs, nothing that is fetched from elsewhere, nothing that leaves its place."""
    page = Elements(html)
    forbidden = {
        "script",
        "iframe",
        "object",
        "embed",
        "form",
        "input",
        "base",
        "link",
        "meta",
        "style",
        "svg",
        "frame",
    }
    assert not page.names & forbidden, page.names & forbidden
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            value = re.sub(r"[\x00-\x20]", "", (value or "").lower())
            assert not name.startswith("on"), (tag, name)
            assert name not in ("style", "srcdoc", "name"), (tag, name)
            assert not re.match(r"(java|vb)script:|data:text|file:", value), (tag, name, value)
            if name in _LOADS:
                assert value.startswith("media/q1/"), (tag, name, value)
            if name == "href":
                assert re.match(r"https?://|mailto:|#|media/q1/", value), (tag, name, value)
            if name == "id":
                assert re.match(r"out-\d", value), value
    assert not re.search(r"url\(|@import|expression|position|javascript|</|<", css, re.IGNORECASE), css
    for line in css.splitlines():
        assert re.match(r"#out-\d+ ", line), line
