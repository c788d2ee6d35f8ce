"""Published numbers inside report.md: what may be computed with them, and what has no one meaning and is refused.

Units: two values of one unit add and subtract; two fractions subtract to points; a ratio within a unit is a bare
number; a fraction of anything is that thing. A typed number may scale a value, and joins values without a unit,
counts and fractions. Metres and seconds, texts, None, lists: refused, with the names of the values.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import jinja2

from onepage.core import quantities
from onepage.core.errors import UserError
from onepage.core.quantities import DIFFERENCE
from onepage.page.numbers import marks

FRACTION, PERCENT = "fraction", ("%", "percent")
SHARES = (FRACTION, DIFFERENCE)
WHOLE = 2**53  # above it a float does not hold every whole number
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_COMPUTED: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Quantity:
    """A published value inside the template; arithmetic keeps track of the names that it came from."""

    value: float
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    names: tuple[str, ...] = ()
    below: dict[str, Any] = field(default_factory=dict, repr=False)  # `x.y`, where `x` is published as well

    def __str__(self) -> str:
        return marks.whole(quantities.shown(checked(self).value, self.unit))

    def __format__(self, spec: str) -> str:
        if spec:
            raise UserError(f'"{{:{spec}}}" cannot write {said(self)}; {FORMATS}')
        return str(self)

    def __bool__(self) -> bool:
        return checked(self).value != 0

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        return compare("==", self, other)

    def __ne__(self, other: object) -> bool:
        return compare("!=", self, other)

    def __lt__(self, other: Any) -> bool:
        return compare("<", self, other)

    def __gt__(self, other: Any) -> bool:
        return compare(">", self, other)

    def __le__(self, other: Any) -> bool:
        return compare("<=", self, other)

    def __ge__(self, other: Any) -> bool:
        return compare(">=", self, other)

    def __neg__(self) -> Quantity:
        return _over(self, lambda number: -number)

    def __pos__(self) -> Quantity:
        return self

    def __abs__(self) -> Quantity:
        if self.low is not None and self.high is not None and self.low < 0 < self.high:
            return replace(self, value=abs(self.value), low=None, high=None, below={})
        return _over(self, abs)

    def __iter__(self) -> Any:
        raise UserError(f"{said(self)} is one number, and no list or text")

    def __contains__(self, item: Any) -> bool:
        raise UserError(f"{said(self)} is one number: nothing is in it")

    def _refuse(self, *_: Any) -> Any:
        raise UserError(f'{said(self)} cannot be turned into a plain number or written by "%"; {FORMATS}')

    __int__ = __float__ = __index__ = __round__ = __trunc__ = __floor__ = __ceil__ = __len__ = _refuse
    __getitem__ = _refuse


FORMATS = "use a filter, as in {{ x | rounded(2) }}"


class Shown:
    """A number as text, with the published names that it stands for; nothing is computed with it any more."""

    def __init__(self, text: str, names: tuple[str, ...], *, computed: bool) -> None:
        self.text, self.names, self.computed = text, names, computed

    def __str__(self) -> str:
        return marks.whole(self.text) if self.computed else self.text

    def __iter__(self) -> Any:
        raise UserError(f'"{self.text}" is a number that is written already, and no list or text')

    def _refuse(self, other: Any) -> Any:
        raise UserError(f'"{self.text}" is written already; compare and compute before the filter that writes it')

    __lt__ = __gt__ = __le__ = __ge__ = __eq__ = __ne__ = __contains__ = __getitem__ = _refuse
    __hash__ = None  # type: ignore[assignment]


@dataclass
class Group:
    """`six` in `six.test_accuracy`: the values whose names start alike; no value itself."""

    path: str
    below: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        raise _grouped(self)

    def _refuse(self, *_: Any) -> Any:
        raise _grouped(self)

    __lt__ = __gt__ = __le__ = __ge__ = __eq__ = __ne__ = __contains__ = __iter__ = __bool__ = _refuse
    __neg__ = __pos__ = __abs__ = _refuse
    __hash__ = None  # type: ignore[assignment]


def _grouped(group: Group) -> UserError:
    inside = ", ".join(list(group.below)[:4])
    return UserError(f'"{group.path}" is a group of values, not a value; it has {inside}')


def said(content: Any) -> str:
    """An operand as errors name it."""
    if isinstance(content, Quantity):
        name = " and ".join(content.names) or "the number"
        unit = "points" if content.unit == DIFFERENCE else content.unit
        return f"{name} ({unit})" if unit else name
    if isinstance(content, Shown):
        return f'"{content.text}", which is written already,'
    if isinstance(content, Group):
        return f'the group "{content.path}"'
    return f"the text {str.__repr__(content)}" if isinstance(content, str) else repr(content)


def checked(quantity: Quantity) -> Quantity:
    """A value that is a finite number, or `UserError`."""
    if isinstance(quantity.value, bool) or not isinstance(quantity.value, int | float):
        raise UserError(f"{said(quantity)} is not a number but {quantity.value!r}")
    if not math.isfinite(quantity.value):
        raise UserError(f"{said(quantity)} is not a finite number")
    return quantity


def number(content: Any) -> float:
    """The plain number of a value or of a typed number; `UserError` for anything else."""
    if isinstance(content, Group):
        raise _grouped(content)
    if isinstance(content, jinja2.Undefined):
        content._fail_with_undefined_error()
    if isinstance(content, Quantity):
        return checked(content).value
    if isinstance(content, bool) or not isinstance(content, int | float):
        raise UserError(f"{content!r} is not a number" if isinstance(content, str) else f"{said(content)} is no number")
    if not math.isfinite(content):
        raise UserError(f"{content} is not a finite number")
    return content


def compare(sign: str, left: Quantity, right: Any) -> bool:
    """A value with a value of its unit, or with a plain number."""
    if isinstance(right, jinja2.Undefined):
        right._fail_with_undefined_error()
    plain = isinstance(right, int | float) and not isinstance(right, bool)
    if not plain and not isinstance(right, Quantity):
        raise UserError(f"{said(left)} cannot be compared with {said(right)} ({sign})")
    if isinstance(right, Quantity) and None not in (left.unit, right.unit) and left.unit != right.unit:
        raise UserError(f"{said(left)} and {said(right)} cannot be compared: their units differ")
    return _COMPARED[sign](number(left), number(right))


def compute(sign: str, left: Any, right: Any) -> Any:
    """`left sign right` where one of them is a published number; refused where it has no one meaning."""
    for side in (left, right):
        if isinstance(side, jinja2.Undefined):
            side._fail_with_undefined_error()
        if isinstance(side, Group):
            raise _grouped(side)
        if not isinstance(side, Quantity) and (isinstance(side, bool) or not isinstance(side, int | float)):
            hint = "; join texts with ~" if isinstance(side, str) else ""
            raise UserError(f"{said(left)} {sign} {said(right)}: there is no such arithmetic{hint}")
    unit = _unit(sign, left, right)
    if sign in ("/", "//", "%") and number(right) == 0:
        raise UserError(f"{said(left)} {sign} {said(right)}: a division by 0")
    scale = 0.01 if unit == DIFFERENCE and _kind(left) in PERCENT else 1
    if not isinstance(right, Quantity) and sign in ("+", "-", "*", "/"):
        return _over(replace(left, unit=unit), lambda one: _COMPUTED[sign](one, right))
    if not isinstance(left, Quantity) and sign in ("+", "-", "*"):
        return _over(replace(right, unit=unit), lambda one: _COMPUTED[sign](left, one))
    value = _COMPUTED[sign](number(left), number(right))
    if scale != 1:
        value *= scale
    names = [name for side in (left, right) if isinstance(side, Quantity) for name in side.names]
    return _finite(Quantity(value, unit=unit, names=tuple(dict.fromkeys(names))), sign, left, right)


def whole(content: Any, what: str) -> int:
    """A whole number, for `what` asks for one."""
    value = number(content)
    if not float(value).is_integer() or (isinstance(value, float) and abs(value) > WHOLE):
        raise UserError(f"{what}: {said(content)} is {quantities.exact(value)}, no whole number; use rounded(0)")
    return int(value)


def _over(quantity: Quantity, change: Callable[[float], float]) -> Quantity:
    """A value and the ends of its interval, each changed alike."""
    ends: list[Any] = [quantity.low, quantity.high]
    if None not in ends:
        ends = sorted(change(end) for end in ends)
    made = replace(quantity, value=change(number(quantity)), low=ends[0], high=ends[1], below={})
    return _finite(made, "", quantity, None)


def _finite(made: Quantity, sign: str, left: Any, right: Any) -> Quantity:
    if isinstance(made.value, complex) or not math.isfinite(made.value):
        raise UserError(
            f"{said(left)}{f' {sign} {said(right)}' if right is not None else ''}: the result is no finite number"
        )
    return made


PLAIN = object()  # stands for the unit of a number that is typed


def _kind(content: Any) -> Any:
    return content.unit if isinstance(content, Quantity) else PLAIN


def _unit(sign: str, left: Any, right: Any) -> str | None:
    """The result's unit, or `UserError`."""
    found = _UNITS[sign](_kind(left), _kind(right), left, right)
    if found is not _NONE:
        return found
    raise UserError(
        f"{said(left)} {sign} {said(right)} has no one meaning; let the analysis compute and publish what is meant"
    )


_NONE = object()


def _bare(unit: Any) -> bool:
    return unit is None or unit is PLAIN


def _sum(a: Any, b: Any, left: Any, right: Any) -> Any:
    if _bare(a) and _bare(b):
        return None
    if a == b:
        return a
    if a in SHARES and b in SHARES:
        return FRACTION
    for unit, other in ((a, b), (b, a)):
        if other is PLAIN and (unit == FRACTION or unit in quantities.COUNTED):
            return unit
    return _NONE


def _difference(a: Any, b: Any, left: Any, right: Any) -> Any:
    if a == b == FRACTION or (a == b and a in PERCENT):
        return DIFFERENCE
    if a is PLAIN and b == FRACTION:
        return FRACTION if left == 1 else DIFFERENCE  # the rest of the whole; else a distance from it
    if a == FRACTION and b is PLAIN:
        return DIFFERENCE
    if a == DIFFERENCE and b == FRACTION:
        return _NONE
    return _sum(a, b, left, right)


def _product(a: Any, b: Any, left: Any, right: Any) -> Any:
    for unit, other in ((a, b), (b, a)):
        if _bare(other):
            return None if unit is PLAIN else unit
        if other == FRACTION and unit not in PERCENT:
            return unit
    return _NONE


def _ratio(a: Any, b: Any, left: Any, right: Any) -> Any:
    if _bare(b):
        return None if a is PLAIN else a
    if a == b or (a in SHARES and b in SHARES) or (_bare(a) and b == FRACTION):
        return None
    return a if b == FRACTION and not _bare(a) and a not in PERCENT else _NONE


def _floored(a: Any, b: Any, left: Any, right: Any) -> Any:
    units = [unit for unit in (a, b) if not _bare(unit)]
    if not all(unit in quantities.COUNTED for unit in units) or (len(units) == 2 and a != b):
        return _NONE
    for side in (left, right):
        whole(side, "// and %")
    return None if len(units) == 2 or _bare(a) else a


def _remainder(a: Any, b: Any, left: Any, right: Any) -> Any:
    unit = _floored(a, b, left, right)
    return a if unit is None and not _bare(a) else unit


def _power(a: Any, b: Any, left: Any, right: Any) -> Any:
    return None if _bare(a) and _bare(b) else _NONE


_UNITS: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "+": _sum, "-": _difference, "*": _product, "/": _ratio, "//": _floored, "%": _remainder, "**": _power,
}  # fmt: skip
