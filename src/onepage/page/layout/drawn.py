"""SVG pictures as PDF or PNG, for the formats that take no SVG: Typst draws them, in the letters of the page."""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path
from typing import Literal

from onepage.page.layout.typeset import STAMP

PPI = 300  # of a PNG


def converted(
    svg: Path, to: Literal["png", "pdf"], theme: Path, width: float | None = None
) -> tuple[bytes, float | None]:
    """The picture as `png` or `pdf`, `width` inches wide or as wide as it says; of a PNG, its width in inches too.

    `theme` is the project's own design, whose fonts count.
    """
    import typst

    with tempfile.TemporaryDirectory(prefix="onepage-") as folder:
        shutil.copyfile(svg, Path(folder, "picture.svg"))
        size = f", width: {width:g}in" if width else ""
        page = f'#set page(width: auto, height: auto, margin: 0pt, fill: none)\n#image("picture.svg"{size})\n'
        Path(folder, "main.typ").write_text(page, encoding="utf-8")
        fonts = [str(theme)] if theme.is_dir() else []
        press = typst.Compiler(str(Path(folder, "main.typ")), root=folder, ignore_system_fonts=True, font_paths=fonts)
        content = press.compile(format=to, ppi=PPI, timestamp=STAMP)
    assert isinstance(content, bytes)  # of one page
    return content, _width(content) if to == "png" else None


def _width(png: bytes) -> float:
    from PIL import Image

    return float(Image.open(io.BytesIO(png)).width) / PPI
