"""The numbers of a page: a published value with its name, and the filters that write it.

`{{ six.test_accuracy | percent }}`; the filters are listed in FILTERS, at the end.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import jinja2

from onepage import quantities
from onepage.errors import UserError

SPELLED = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~^$@\"'.-])")


@dataclass(frozen=True)
class Quantity:
    """A published value inside the template; arithmetic keeps track of the names that it came from."""

    value: float
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    names: tuple[str, ...] = ()

    def _with(self, other: Any, value: float, unit: str | None) -> Quantity:
        names = self.names + (other.names if isinstance(other, Quantity) else ())
        return Quantity(value, unit=unit, names=tuple(dict.fromkeys(names)))

    def __add__(self, other: Any) -> Quantity:
        return self._with(other, self.value + _number(other), self.unit)

    def __sub__(self, other: Any) -> Quantity:
        return self._with(other, self.value - _number(other), self.unit)

    def __rsub__(self, other: Any) -> Quantity:
        return self._with(other, _number(other) - self.value, self.unit)

    def __mul__(self, other: Any) -> Quantity:
        return self._with(other, self.value * _number(other), self.unit)

    def __truediv__(self, other: Any) -> Quantity:
        unit = None if isinstance(other, Quantity) and other.unit == self.unit else self.unit
        return self._with(other, self.value / _number(other), unit)

    __radd__, __rmul__ = __add__, __mul__

    def __lt__(self, other: Any) -> bool:
        return self.value < _number(other)

    def __gt__(self, other: Any) -> bool:
        return self.value > _number(other)

    def __le__(self, other: Any) -> bool:
        return self.value <= _number(other)

    def __ge__(self, other: Any) -> bool:
        return self.value >= _number(other)

    def __abs__(self) -> Quantity:
        return replace(self, value=abs(self.value), low=None, high=None)


class Shown(str):
    """A number as text, with the published names that it stands for."""

    names: tuple[str, ...] = ()


@dataclass
class Group:
    """`six` in `six.test_accuracy`: the values whose names start alike, and perhaps a value of that name.

    The fields' underscores keep them apart from published names, none of which starts with one.
    """

    _path: str
    _children: dict[str, Group] = field(default_factory=dict)
    _own: Quantity | None = None

    def __getattr__(self, name: str) -> Any:
        children = self.__dict__.get("_children", {})
        if name in children:
            return leaf(children[name])
        raise AttributeError(name)


def leaf(group: Group) -> Group | Quantity:
    """The value itself where nothing is grouped below it."""
    return group._own if group._own is not None and not group._children else group


def escape(text: str) -> str:
    """Text that pandoc shall read as nothing but text."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"[ \t\r\n]+", " ", text.strip()))


def _number(content: Any) -> float:
    if isinstance(content, Group) and content._own is not None:
        content = content._own
    if isinstance(content, jinja2.Undefined):
        content._fail_with_undefined_error()
    if isinstance(content, Quantity):
        return content.value
    if isinstance(content, bool) or not isinstance(content, int | float):
        raise UserError(f"{content!r} is not a number")
    return content


def shown(content: Any, text: str) -> Shown:
    """`text` for the page, with the names of the values in `content`."""
    written = Shown(text)
    if isinstance(content, Group):
        content = content._own
    written.names = content.names if isinstance(content, Quantity) else ()
    return written


def _filter(write: Callable[..., str]) -> Callable[..., Shown]:
    """A filter from a function of a plain number."""

    @functools.wraps(write)
    def apply(content: Any, *arguments: Any, **options: Any) -> Shown:
        return shown(content, write(_number(content), *arguments, **options))

    return apply


def _interval(content: Any, digits: int | None = None) -> Shown:
    """`95.4% (94.8-96.0)`."""
    number = _number(content)
    whole = content._own if isinstance(content, Group) else content
    if not isinstance(whole, Quantity):
        return shown(content, quantities.shown(number, None, digits))
    return shown(whole, quantities.interval(number, whole.low, whole.high, whole.unit, digits))


def _spelled(number: float) -> str:
    """`six`; above twelve, digits."""
    whole = int(number) if float(number).is_integer() else None
    return SPELLED[whole] if whole in range(len(SPELLED)) else quantities.shown(number)


def _duration(seconds: float) -> str:
    if seconds < 100:
        return quantities.shown(float(seconds), "s", 0 if seconds >= 10 else 1)
    if seconds < 5400:
        return quantities.shown(seconds / 60, "min", 0 if seconds >= 600 else 1)
    return quantities.shown(seconds / 3600, "h", 1)


def _pvalue(number: float) -> str:
    return "p < 0.001" if number < 0.001 else f"p = {quantities.decimals(number, 3 if number < 0.1 else 2)}"


def _points(fraction: float, digits: int = 1, signed: bool = False) -> str:
    """A difference of two fractions, in percentage points."""
    return quantities.decimals(100 * fraction, digits, signed=signed) + quantities.NBSP + "points"


FILTERS: dict[str, Callable] = {
    "percent": _filter(quantities.percent),
    "points": _filter(_points),
    "interval": _interval,
    "digits": _filter(quantities.significant),
    "rounded": _filter(quantities.decimals),
    "signed": _filter(functools.partial(quantities.decimals, signed=True)),
    "count": _filter(lambda number: quantities.decimals(number, 0)),
    "unit": _filter(quantities.shown),
    "exact": _filter(lambda number: f"{number:g}".replace("-", quantities.MINUS)),
    "times": _filter(lambda number, digits=1: quantities.decimals(number, digits) + "×"),
    "spelled": _filter(_spelled),
    "duration": _filter(_duration),
    "pvalue": _filter(_pvalue),
}
