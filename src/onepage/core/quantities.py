"""How a measured quantity is written: one place for notebooks, tables, pages and checks.

Everything here is pure and small, because every analysis imports it through `publish`.
"""

from __future__ import annotations

import math

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
NBSP = "\N{NO-BREAK SPACE}"
DIFFERENCE = "fraction difference"  # the unit of what `a - b` is where both are fractions: points
COUNTED = {"clips", "parameters", "speakers", "epochs", "steps", "runs", "items", "count"}


def decimals(number: float, places: int = 1, *, signed: bool = False) -> str:
    """`number` with that many places after the point, thousands grouped, a true minus sign; what is 0 has no sign."""
    if not math.isfinite(number):
        return DASH
    text = f"{abs(number):,.{places}f}"
    if not any(digit in text for digit in "123456789"):
        return text
    return (MINUS if number < 0 else "+" if signed else "") + text


def significant(number: float, digits: int = 3) -> str:
    """`number` rounded to so many significant digits, never in scientific notation."""
    if not math.isfinite(number):
        return DASH
    if number == 0:
        return "0"
    # Rounding first decides the magnitude: 0.9996 to three digits is 1.00, not 0.1000.
    rounded = float(f"{number:.{max(digits - 1, 0)}e}")
    return decimals(rounded, _places(rounded, digits))


def exact(number: float) -> str:
    """Every digit that a number has, up to the 15 that a measured one can hold."""
    if not math.isfinite(number):
        return DASH
    if isinstance(number, int) or (number.is_integer() and abs(number) <= 1e15):
        return decimals(int(number), 0) if number >= 0 else MINUS + f"{-int(number):,}"
    import decimal  # here: an analysis that publishes has no need of it

    short = decimal.Decimal(f"{number:.15g}")
    if not 1e-9 <= abs(number) < 1e15:
        return scientific(number, max(len(short.normalize().as_tuple().digits), 1))
    return f"{short:,f}".replace("-", MINUS)


def scientific(number: float, digits: int = 3) -> str:
    """`1.00 × 10³⁰`, for what is too large or too small to be written out."""
    mantissa, exponent = f"{number:.{digits - 1}e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa.replace('-', MINUS)}{NBSP}×{NBSP}10{raised}"


def percent(number: float, places: int = 1) -> str:
    """A fraction as a percentage; what is not all is not rounded to 100%: it gets up to three places more."""
    if not math.isfinite(number):
        return DASH
    kept = next((p for p in range(places, places + 4) if not _as_all(number, p)), places)
    return decimals(100 * number, kept) + "%"


def _as_all(number: float, places: int) -> bool:
    """Whether a fraction that is not 1 would be written as 100%."""
    return number < 1 and decimals(100 * number, places) == decimals(100, places)


def points(difference: float, digits: int = 1, *, signed: bool = False) -> str:
    """A difference of two fractions, in percentage points."""
    text = decimals(100 * difference, digits, signed=signed)
    return f"{text}{NBSP}{'point' if text.strip(MINUS + '+') == '1' else 'points'}"


def shown(number: float | int | None, unit: str | None = None, digits: int | None = None) -> str:
    """A number the way its unit is usually written; `digits` are places after the point."""
    if number is None or not math.isfinite(number):
        return DASH
    if unit == "fraction":
        return percent(number, 1 if digits is None else digits)
    if unit == DIFFERENCE:
        return points(number, 1 if digits is None else digits)
    if digits is None and isinstance(number, float) and number and not 1e-9 <= abs(number) < 1e15:
        text = scientific(number)
    else:
        text = decimals(number, _usual(number, unit) if digits is None else digits)
    return text if unit is None or unit in COUNTED else f"{text}{NBSP}{unit}"


def interval(
    number: float, low: float | None, high: float | None, unit: str | None = None, digits: int | None = None
) -> str:
    """`95.4% (94.8-96.0)`: the number and its interval with the same digits, the unit written once.

    Where `digits` are not given there are as many as it takes to tell the interval's ends apart.
    """
    if low is None or high is None:
        return shown(number, unit, digits)
    scale = 100 if unit in ("fraction", DIFFERENCE) else 1
    places = digits if digits is not None else 1 if scale == 100 else _usual(number, unit)
    pairs = [(low, high), *([(low, number), (number, high)] if isinstance(number, int) or unit in COUNTED else [])]
    for _ in range(3):
        alike = digits is None and any(
            a != b and decimals(scale * a, places) == decimals(scale * b, places) for a, b in pairs
        )
        if alike or (unit == "fraction" and _as_all(number, places)):
            places += 1
    ends = [decimals(scale * end, places) for end in (low, high)]
    # A dash beside a minus sign cannot be read.
    joiner = " to " if any(end.startswith(MINUS) for end in ends) else DASH
    centre = decimals(100 * number, places) + "%" if unit == "fraction" else shown(number, unit, places)
    return f"{centre} ({joiner.join(ends)})"


def _places(number: float, digits: int) -> int:
    """The places after the point that so many significant digits take."""
    return max(0, digits - 1 - math.floor(math.log10(abs(number))))


def _usual(number: float, unit: str | None) -> int:
    """The places that a number gets when nobody says how many: none where things are counted, else three digits."""
    if isinstance(number, int) or unit in COUNTED or not number:
        return 0
    return min(_places(float(f"{number:.2e}"), 3), 12)


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
    return shown(content)  # type: ignore[arg-type]  # which says what it cannot show
