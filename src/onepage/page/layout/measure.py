"""How full the page is: measured on its picture, so that floats and columns need no bookkeeping."""

from __future__ import annotations

import io
import math
from typing import Any

from onepage.publishing.geometry import GUTTER, HEIGHT, MARGIN_BOTTOM, MARGIN_TOP, MARGIN_X, PAPER

PPI = 50  # enough to see a line of text
MM = PPI / 25.4
GAP = 9.0  # millimetres: less white than this is spacing, more is emptiness
MUCH = 0.10  # the share of the page that may be empty
PAPER_WHITE = 245  # grey levels from here on are paper
LINE = 1.19  # a line's height, in body sizes
CAPACITY = 2 * HEIGHT  # millimetres of column on a page


def blank(picture: bytes) -> float:
    """The share of the two columns that is empty, counting only gaps higher than GAP, from a page's PNG."""
    from PIL import Image

    page = Image.open(io.BytesIO(picture)).convert("L")
    top, bottom = int(MARGIN_TOP * MM), int((PAPER[1] - MARGIN_BOTTOM) * MM)
    middle = PAPER[0] / 2
    sides = ((MARGIN_X, middle - GUTTER / 2), (middle + GUTTER / 2, PAPER[0] - MARGIN_X))
    columns = (page.crop((int(left * MM), top, int(right * MM), bottom)) for left, right in sides)
    return sum(_gaps(_inked(column)) for column in columns) / (2 * (bottom - top))


def _inked(column: Any) -> list[bool]:
    """Whether there is ink in each row of a grey picture."""
    pixels, width = column.tobytes(), column.width
    return [min(pixels[start : start + width]) < PAPER_WHITE for start in range(0, len(pixels), width)]


def filled(end: dict[str, Any]) -> float:
    """Millimetres of column from the first one's top to where the content ends (`page`, and `x` and `y` in mm)."""
    column = 1 if float(end["x"]) > PAPER[0] / 2 else 0
    return (2 * (int(end["page"]) - 1) + column) * HEIGHT + max(0.0, float(end["y"]) - MARGIN_TOP)


def overflow(end: dict[str, Any]) -> float:
    """Millimetres of column beyond the first page."""
    return 0.0 if int(end["page"]) == 1 else filled(end) - CAPACITY


def lines(overflowing: float, body: float) -> int:
    """Millimetres of column as lines of text at that body size."""
    return math.ceil(overflowing / (body * LINE * 25.4 / 72) - 1e-9)


def _gaps(inked: list[bool]) -> int:
    """Pixels in runs of rows without ink that are longer than GAP."""
    total = run = 0
    for row in [*inked, True]:
        if not row:
            run += 1
            continue
        total += run if run > GAP * MM else 0
        run = 0
    return total
