"""The page's geometry, in millimetres: for figures, for the typesetting and for what is measured on it."""

PAPER = (210.0, 297.0)
MARGIN_X, MARGIN_TOP, MARGIN_BOTTOM, GUTTER = 14.0, 12.5, 13.5, 6.1
COLUMN = (PAPER[0] - 2 * MARGIN_X - GUTTER) / 2  # a column's width
HEIGHT = PAPER[1] - MARGIN_TOP - MARGIN_BOTTOM  # and its height
INCH = 25.4
