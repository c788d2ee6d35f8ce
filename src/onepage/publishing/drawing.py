"""A matplotlib figure as SVG: text stays text, in the page's own font; what that font cannot show becomes shapes."""

from __future__ import annotations

import functools
import io
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SERIF = "'Libertinus Serif', 'Linux Libertine O', 'STIX Two Text', 'Times New Roman', Times, serif"
TEXT_FONT = "STIXGeneral"  # it comes with matplotlib, and what it has the fonts of the page have too


def svg(name: str, fig: Any) -> str:
    """The figure as SVG whose text is text (found by search and read aloud) in the page's own font."""
    import matplotlib

    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}), _shapes_where_needed():
        fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    drawn = buffer.getvalue().decode("utf-8")
    drawn = re.sub(r"font-family: (?![^;\"]*[Mm]ono)[^;\"]*", f"font-family: {SERIF}", drawn)
    return re.sub(r"[ \t]+$", "", drawn, flags=re.MULTILINE)


@contextmanager
def _shapes_where_needed() -> Iterator[None]:
    """matplotlib's SVG writer, made to draw the shapes of a text that the page's fonts would show otherwise."""
    from matplotlib.backends.backend_svg import RendererSVG

    name = "_draw_text_as_text"
    as_text: Callable[..., None] = getattr(RendererSVG, name)

    def draw(
        self: Any, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any, mtext: Any = None
    ) -> None:
        strange = _strange_formula(self, s, prop) if ismath else _strange_text(self, s, prop)
        chosen = self._draw_text_as_path if strange else functools.partial(as_text, self)
        chosen(gc, x, y, s, prop, angle, ismath, mtext)

    setattr(RendererSVG, name, draw)
    try:
        yield
    finally:
        setattr(RendererSVG, name, as_text)


def _strange_formula(renderer: Any, text: str, prop: Any) -> bool:
    """Whether a formula has glyphs that no Unicode text stands for: script letters, large brackets, roots, accents.

    matplotlib takes these from fonts with codes of their own.
    """
    glyphs = renderer._text2path.mathtext_parser.parse(text, 72, prop).glyphs
    for font, _, code, *_ in glyphs:
        sign = chr(code)
        if unicodedata.category(sign) in ("Co", "Cn", "Cc", "Mn") or not _known(font, sign):
            return True
    return False


def _known(font: Any, sign: str) -> bool:
    """Whether this font is one of text, whose codes are Unicode, and the page has the sign too."""
    family = font.family_name
    if re.match(r"STIX(NonUni|Size|Int|Var)|cm[a-z]+\d|DejaVu \w+ Display", family):
        return False
    return _on_the_page(sign)


def _strange_text(renderer: Any, text: str, prop: Any) -> bool:
    """Whether the page lacks a sign that the figure's own font has."""
    lacking = [sign for sign in text if not _on_the_page(sign)]
    if not lacking:
        return False
    fonts = [_face(path) for path in _files(prop)]
    return all(any(ord(sign) in font for font in fonts) for sign in lacking)


def _on_the_page(sign: str) -> bool:
    return ord(sign) < 0x250 or ord(sign) in _text_font()


@functools.cache
def _text_font() -> frozenset[int]:
    from matplotlib import font_manager

    return _face(font_manager.findfont(TEXT_FONT))


@functools.cache
def _face(path: str) -> frozenset[int]:
    from matplotlib import font_manager

    return frozenset(font_manager.get_font(path).get_charmap())


def _files(prop: Any) -> list[str]:
    from matplotlib import font_manager

    return [str(path) for path in font_manager.fontManager._find_fonts_by_props(prop)]
