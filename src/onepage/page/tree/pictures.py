"""Pictures that the page's Markdown names: found beside it, held to be whole, and never taken for another.

They stand in the page's folder or below it: what the report is made from is in there, and is part of its key.
"""

from __future__ import annotations

import io
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from onepage.core import files
from onepage.core.errors import UserError
from onepage.page.tree.pandoc import Node
from onepage.page.tree.walk import nodes, rewrite
from onepage.publishing.geometry import COLUMN, HEIGHT

Where = Callable[[str], str]  # a fragment of the page's text -> "file:line"
TYPES = {"svg": "image/svg+xml", "png": "image/png", "jpeg": "image/jpeg"}
NAMES = "svg, png, jpg"
_LARGEST = 80_000_000  # points: what is larger takes hundreds of megabytes to open, and no page has room for it
_LENGTH = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(%|cm|mm|in|pt|px|em)?\Z")
_MM = {"cm": 10.0, "mm": 1.0, "in": 25.4, "pt": 25.4 / 72, "px": 25.4 / 96, "": 25.4 / 96, "em": 3.2}


@dataclass(frozen=True)
class Picture:
    """A picture of the page."""

    path: Path
    kind: str  # svg, png or jpeg, by its content
    width: str | None = None  # as Typst writes it: 20%, 30mm
    height: str | None = None

    @property
    def name(self) -> str:
        """A name that no other picture has: its content's."""
        return f"{files.digest(self.path)[:16]}.{self.kind}"

    @property
    def mime(self) -> str:
        """Its media type."""
        return TYPES[self.kind]


def find(blocks: Any, page_folder: Path, where: Where) -> dict[str, Picture]:
    """Every picture that these blocks show, by the target that Markdown gives it."""
    found: dict[str, Picture] = {}
    for node in nodes(blocks):
        if node["t"] == "Image":
            target = node["c"][2][0]
            found[target] = found.get(target) or _picture(target, page_folder, where)
            sized(node, found[target], where)
    return found


def sized(node: Node, picture: Picture, where: Where | None = None) -> Picture:
    """The picture with the width and height that its Markdown asks for, cut to the column."""
    asked = dict(node["c"][0][2])
    lengths = {}
    for side, most in (("width", COLUMN), ("height", HEIGHT)):
        if side not in asked:
            continue
        match = _LENGTH.match(asked[side].strip())
        if not match or float(match.group(1)) == 0:
            place = where(f"{side}={asked[side]}") if where else picture.path.name
            raise UserError(f"{place}: {side}={asked[side]} is no length; write 50%, 3cm, 30mm, 1.2in, 90pt or 120px")
        number, unit = float(match.group(1)), match.group(2) or ""
        if unit == "%":
            lengths[side] = f"{min(number, 100):g}%"
        else:
            full = number * _MM[unit] >= most
            lengths[side] = ("100%" if side == "width" else f"{most:g}mm") if full else f"{number * _MM[unit]:.4g}mm"
    return replace(picture, width=lengths.get("width", picture.width), height=lengths.get("height", picture.height))


def without_sizes(node: Node) -> Node:
    """The picture's Markdown, its lengths as CSS takes them."""
    identifier, classes, pairs = node["c"][0]
    plain = [[k, f"{v.strip()}px" if re.fullmatch(r"[\d.]+", v.strip()) and k in ("width", "height") else v]
             for k, v in pairs]  # fmt: skip
    return {**node, "c": [[identifier, classes, plain], *node["c"][1:]]}


def renamed(blocks: Any, change: Callable[[Node], Node | None]) -> Any:
    """The blocks with every picture changed."""
    return rewrite(blocks, lambda node: change(node) if node["t"] == "Image" else None)


def _picture(target: str, page_folder: Path, where: Where) -> Picture:
    shown = unquote(target)
    place = where(shown if where(shown) == where(target) else target)

    def wrong(said: str) -> UserError:
        return UserError(f"{place}: {said}")

    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+:", target) and not Path(page_folder, target).exists():
        raise wrong(f'the picture "{shown}" is elsewhere; download it, and put it beside report.md')
    path = next((p for p in _candidates(target, page_folder) if p.is_file()), None)
    if path is None:
        raise wrong(f'there is no image "{shown}" ({NAMES}) beside it')
    if not path.resolve().is_relative_to(page_folder.resolve()):
        folder = page_folder.name
        raise wrong(f'the picture "{shown}" lies outside {folder}/; copy it there, so that it is part of the report')
    return Picture(path, _kind(path, shown, wrong))


def _candidates(target: str, page_folder: Path) -> Iterator[Path]:
    """Where a target may lead: as it stands, with its percents decoded, in either way of composing letters."""
    for name in dict.fromkeys((target, unquote(target))):
        for form in ("NFC", "NFD"):
            try:
                yield page_folder / unicodedata.normalize(form, name)
            except ValueError:  # a name that no file can have
                return


def _kind(path: Path, shown: str, wrong: Callable[[str], UserError]) -> str:
    """What the file holds, whatever its name says; what cannot be shown, or is not whole, is refused."""
    content = path.read_bytes()
    if not content:
        raise wrong(f'the picture "{shown}" is empty')
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _svg(content, shown, wrong)
    from PIL import Image

    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content)) as image:
            kind = (image.format or "").lower()
            if image.width * image.height > _LARGEST:
                raise wrong(f'the picture "{shown}" is of {image.width} x {image.height} points; make it smaller')
            if kind in TYPES:
                image.load()
                return kind
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        if isinstance(error, Image.UnidentifiedImageError):
            kind = path.suffix.lower().lstrip(".") or "file"
        else:
            raise wrong(f'the picture "{shown}" is damaged ({str(error) or "it ends too early"})') from None
    raise wrong(f'the picture "{shown}" holds {kind}, which the page cannot show; save it as {NAMES}')


def _svg(content: bytes, shown: str, wrong: Callable[[str], UserError]) -> str:
    from xml.etree import ElementTree

    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError) as error:
        raise wrong(f'the picture "{shown}" is no SVG that can be read ({error})') from None
    if root.tag.rpartition("}")[2] != "svg" or not root.tag.startswith("{http://www.w3.org/2000/svg}"):
        raise wrong(f'the picture "{shown}" is no SVG; it begins with <{root.tag.rpartition("}")[2]}>')
    return "svg"
