"""How a measured quantity is written: one place for notebooks, tables, pages and checks.

Everything here is pure and small, because every analysis imports it through `publish`.
"""

from __future__ import annotations

import math

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
NBSP = "\N{NO-BREAK SPACE}"
COUNTED = {"clips", "parameters", "speakers", "epochs", "steps", "runs", "items", "count"}


def decimals(number: float, places: int = 1, *, signed: bool = False) -> str:
    """`number` with that many places after the point, thousands grouped, a true minus sign."""
    if not math.isfinite(number):
        return DASH
    text = f"{abs(number):,.{places}f}"
    negative = number < 0 and float(text.replace(",", "")) != 0
    return (MINUS if negative else "+" if signed else "") + text


def significant(number: float, digits: int = 3) -> str:
    """`number` rounded to so many significant digits, never in scientific notation."""
    if not math.isfinite(number):
        return DASH
    if number == 0:
        return "0"
    # Rounding first decides the magnitude: 0.9996 to three digits is 1.00, not 0.1000.
    rounded = float(f"{number:.{max(digits - 1, 0)}e}")
    places = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return decimals(rounded, places)


def percent(number: float, places: int = 1) -> str:
    """A fraction as a percentage."""
    return DASH if not math.isfinite(number) else decimals(100 * number, places) + "%"


def shown(number: float | int | None, unit: str | None = None, digits: int | None = None) -> str:
    """A number the way its unit is usually written; `digits` are places after the point."""
    if number is None:
        return DASH
    if unit == "fraction":
        return percent(number, 1 if digits is None else digits)
    if isinstance(number, int) or unit in COUNTED:
        text = decimals(number, digits or 0)
    else:
        text = significant(number, 3) if digits is None else decimals(number, digits)
    return text if unit is None or unit in COUNTED else f"{text}{NBSP}{unit}"


def interval(
    number: float, low: float | None, high: float | None, unit: str | None = None, digits: int | None = None
) -> str:
    """`95.4% (94.8-96.0)`: the number and its interval, the unit written once; plain without an interval."""
    centre = shown(number, unit, digits)
    if low is None or high is None:
        return centre
    if unit == "fraction":
        places = 1 if digits is None else digits
        ends = [decimals(100 * end, places) for end in (low, high)]
    elif isinstance(number, int) or unit in COUNTED:
        ends = [decimals(end, digits or 0) for end in (low, high)]
    else:
        ends = [significant(end, 3) if digits is None else decimals(end, digits) for end in (low, high)]
    # A dash beside a minus sign cannot be read.
    joiner = " to " if any(end.startswith(MINUS) for end in ends) else DASH
    return f"{centre} ({joiner.join(ends)})"


def cell(content: object) -> str:
    """A table cell as text: a string as it is, a number or a `{"value", "low", "high", "unit"}` formatted."""
    if content is None:
        return DASH
    if isinstance(content, str):
        return content
    if isinstance(content, bool):
        return "yes" if content else "no"
    if isinstance(content, dict):
        parts = (content.get(key) for key in ("value", "low", "high", "unit", "digits"))
        value, low, high, unit, digits = parts
        return DASH if value is None else interval(value, low, high, unit, digits)
    return shown(content)
