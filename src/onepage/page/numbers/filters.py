"""The filters and tests of report.md: ours write numbers; Jinja's own are let through where they are right.

`{{ six.test_accuracy | percent }}`; the filters that write numbers are listed in FILTERS, at the end. A filter or
test of Jinja's that would cut, convert or look into a published number is refused by its name.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import jinja2
from jinja2 import defaults

from onepage.core import quantities
from onepage.core.errors import UserError
from onepage.core.quantities import DIFFERENCE
from onepage.page.numbers.arithmetic import FORMATS, Group, Quantity, Shown, compute, number, said, whole
from onepage.page.numbers.marks import marked

SPELLED = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~^$@\"'.-])")
# Jinja's filters that are right with numbers in a list, though with no number itself, and those for written text.
_OF_LISTS = {
    "batch", "first", "items", "join", "last", "length", "list", "map", "max", "min", "reject", "rejectattr",
    "reverse", "select", "selectattr", "slice", "sort", "unique",
}  # fmt: skip
_OF_TEXTS = {
    "capitalize", "center", "d", "default", "e", "escape", "forceescape", "indent", "lower", "safe", "string",
    "title", "trim", "upper",
}  # fmt: skip
_OF_NUMBERS = {
    "defined", "undefined", "number", "boolean", "none", "string", "mapping", "in", "eq", "equalto", "==", "ne", "!=",
    "lt", "lessthan", "<", "le", "<=", "gt", "greaterthan", ">", "ge", ">=",
}  # fmt: skip
MOST_DIGITS = 15


def escape(text: str) -> str:
    """Text that pandoc shall read as nothing but text."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"[ \t\r\n]+", " ", text.strip()))


def shown(content: Any, text: str) -> Shown:
    """`text` for the page, with the names of the values in `content`."""
    computed = isinstance(content, Quantity)
    return Shown(text, content.names if computed else (), computed=computed)


def _filter(write: Callable[..., str], *units: str | None, name: str) -> Callable[..., Shown]:
    """A filter from a function of a plain number; with `units`, for values of these alone."""

    @functools.wraps(write)
    def apply(content: Any, digits: Any = None, **options: Any) -> Shown:
        plain = number(content)
        if isinstance(content, Quantity) and units and content.unit not in units:
            wanted = "counts" if name == "count" else " or ".join(map(_named, units))
            raise UserError(f'the filter "{name}" is for {wanted}, not for {said(content)}')
        if options.keys() - {"digits", "places", "signed"}:
            raise UserError(f'the filter "{name}" has no option {next(iter(options))}')
        for given in (digits, *(options.pop(key) for key in ("digits", "places") if key in options)):
            digits = given if given is not None else digits
        arguments = [] if digits is None else [_digits(digits, name)]
        return shown(content, write(plain, *arguments, **options))

    return apply


def _named(unit: str | None) -> str:
    named = {None: "what has no unit", "fraction": "fractions", DIFFERENCE: "differences of fractions"}
    return named.get(unit, f'the unit "{unit}"')


def _digits(given: Any, name: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= MOST_DIGITS:
        raise UserError(f'the filter "{name}" takes a whole number of digits from 0 to {MOST_DIGITS}, not {given!r}')
    return given


def _interval(content: Any, digits: Any = None) -> Shown:
    """`95.4% (94.8-96.0)`."""
    plain = number(content)
    digits = None if digits is None else _digits(digits, "interval")
    if not isinstance(content, Quantity):
        return shown(content, quantities.shown(plain, None, digits))
    return shown(content, quantities.interval(plain, content.low, content.high, content.unit, digits))


def _unit(content: Any, unit: str | None = None, digits: Any = None) -> Shown:
    """The number with the unit that is named, where it has no other."""
    plain, own = number(content), content.unit if isinstance(content, Quantity) else None
    if own is not None and unit is not None and unit != own:
        raise UserError(f"{said(content)} is not in {unit}; publish it so")
    return shown(content, quantities.shown(plain, unit or own, None if digits is None else _digits(digits, "unit")))


def _count(plain: float) -> str:
    return quantities.decimals(whole(plain, "count"), 0)


def _spelled(plain: float) -> str:
    """`six`; above twelve, digits."""
    if not float(plain).is_integer():
        return quantities.shown(plain)
    return SPELLED[int(plain)] if 0 <= plain < len(SPELLED) else quantities.exact(plain)


def _duration(seconds: float) -> str:
    """`12 s`, `3.5 min`, `2.1 h`: the unit is chosen by what the rounded number would be."""
    if seconds < 0:
        raise UserError(f"a duration of {quantities.exact(seconds)} s")
    if seconds < 99.5:
        return quantities.shown(float(seconds), "s", 0 if seconds >= 9.95 else 1)
    if seconds < 5400:
        return quantities.shown(seconds / 60, "min", 0 if seconds >= 597 else 1)
    return quantities.shown(seconds / 3600, "h", 1)


def _pvalue(p: float) -> str:
    if not 0 <= p <= 1:
        raise UserError(f"{quantities.exact(p)} is no probability")
    return "p < 0.001" if p < 0.001 else f"p = {quantities.decimals(p, 3 if p < 0.0995 else 2)}"


def _int(content: Any, *_: Any, **__: Any) -> Quantity:
    """A value that is a whole number, as one; what would be cut off is refused."""
    return replace(content, value=whole(content, "int"), low=None, high=None, below={})


def _float(content: Any, *_: Any, **__: Any) -> Quantity:
    """The number that a value is, without its unit."""
    return replace(content, value=float(number(content)), unit=None, below={})


def _sum(values: Iterable[Any], attribute: Any = None, start: Any = None) -> Any:
    """The sum of values of one unit."""
    if isinstance(values, Quantity | Shown | Group | str):
        raise UserError(f'the filter "sum" is for lists, not for {_whom(values)}')
    items = [_attribute(item, attribute) for item in values]
    items = items if start is None else [start, *items]
    return functools.reduce(lambda a, b: compute("+", a, b), items) if items else 0


def _attribute(item: Any, attribute: Any) -> Any:
    if attribute is None:
        return item
    found = getattr(item, "below", item)
    if not isinstance(found, dict) or attribute not in found:
        raise UserError(f'sum: {said(item)} has no "{attribute}"')
    return found[attribute]


def _format(text: str, *arguments: Any, **named: Any) -> str:
    """Jinja's `format`; a published number stands where `%s` is."""
    try:
        return defaults.DEFAULT_FILTERS["format"](text, *arguments, **named)
    except (TypeError, ValueError) as error:
        raise UserError(f'the filter "format": {error}') from None


def held(content: Any) -> bool:
    """Whether a published number, written or not, is in a template's object."""
    if isinstance(content, Quantity | Shown | Group):
        return True
    if isinstance(content, dict):
        return any(held(item) for item in content.values())
    if isinstance(content, list | tuple):
        return any(held(item) for item in content)
    return marked(content)


def _guarded(name: str, own: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of Jinja's that is refused, by name, where it would not be right with a published number."""

    @functools.wraps(own)
    def apply(*arguments: Any, **options: Any) -> Any:
        given = [each for each in arguments if not isinstance(each, jinja2.Environment | jinja2.runtime.Context)]
        given = [each for each in given if not isinstance(each, jinja2.nodes.EvalContext)]
        content, rest = given[0] if given else None, [*given[1:], *options.values()]
        scalar = isinstance(content, Quantity | Shown | Group | str)
        if name in _OF_LISTS and scalar and held(content):
            raise UserError(f'the filter "{name}" is for lists; {_whom(content)} is one number; {FORMATS}')
        allowed = name in _OF_LISTS or name in _OF_TEXTS or (name == "format" and not held(content))
        if not allowed and (held(content) or any(held(each) for each in rest)):
            raise UserError(f'the filter "{name}" is not for published numbers ({_whom(content)}); {FORMATS}')
        if name in _OF_TEXTS and name not in ("d", "default") and isinstance(content, Quantity | Shown | Group):
            arguments = tuple(str(each) if each is content else each for each in arguments)
        return own(*arguments, **options)

    return apply


def _tested(name: str, own: Callable[..., Any]) -> Callable[..., Any]:
    """A test of Jinja's, likewise."""

    @functools.wraps(own)
    def apply(*arguments: Any, **options: Any) -> Any:
        given = [each for each in arguments if not isinstance(each, jinja2.Environment | jinja2.runtime.Context)]
        content = given[0]
        if isinstance(content, Quantity):
            if name in ("even", "odd"):
                return whole(content, name) % 2 == (name == "odd")
            if name == "divisibleby":
                return whole(content, name) % whole(given[1], name) == 0
            if name in ("integer", "float"):
                return (name == "integer") == float(number(content)).is_integer()
            if name == "number":
                return True
        if name not in _OF_NUMBERS and held(content):
            raise UserError(f'the test "{name}" is not for published numbers ({_whom(content)})')
        return own(*arguments, **options)

    return apply


def _whom(content: Any) -> str:
    return said(content) if not marked(content) else "a text with one in it"


def _own_or_jinja(name: str, ours: Callable[..., Any]) -> Callable[..., Any]:
    """Ours for a published value, Jinja's for anything else."""
    theirs = _guarded(name, defaults.DEFAULT_FILTERS[name])

    @functools.wraps(ours)
    def apply(content: Any, *arguments: Any, **options: Any) -> Any:
        return (ours if isinstance(content, Quantity) else theirs)(content, *arguments, **options)

    return apply


def _round(content: Quantity, precision: Any = 0, method: str = "common") -> Shown:
    if method != "common":
        raise UserError(f'the filter "round" rounds published numbers to the nearest, not by "{method}"')
    return shown(content, quantities.decimals(number(content), _digits(precision, "round")))


def _random(*_: Any) -> Any:
    raise UserError('the filter "random" would make the page another one in every build')


_PARTS = ("fraction", DIFFERENCE, None)
FILTERS: dict[str, Callable[..., Any]] = {
    "percent": _filter(quantities.percent, "fraction", None, name="percent"),
    "points": _filter(quantities.points, *_PARTS, name="points"),
    "interval": _interval,
    "digits": _filter(quantities.significant, name="digits"),
    "rounded": _filter(quantities.decimals, name="rounded"),
    "signed": _filter(functools.partial(quantities.decimals, signed=True), name="signed"),
    "count": _filter(_count, None, *sorted(quantities.COUNTED), name="count"),
    "unit": _unit,
    "exact": _filter(quantities.exact, name="exact"),
    "times": _filter(lambda ratio, digits=1: quantities.decimals(ratio, digits) + "×", *_PARTS, name="times"),
    "spelled": _filter(_spelled, name="spelled"),
    "duration": _filter(_duration, "s", None, name="duration"),
    "pvalue": _filter(_pvalue, None, "p", name="pvalue"),
}
ALL_FILTERS: dict[str, Callable[..., Any]] = {
    **{name: _guarded(name, own) for name, own in defaults.DEFAULT_FILTERS.items()},
    "int": _own_or_jinja("int", _int), "float": _own_or_jinja("float", _float),
    "round": _own_or_jinja("round", _round), "abs": abs, "sum": _sum, "format": _guarded("format", _format),
    "random": _random, **FILTERS,
}  # fmt: skip
_JINJA_TESTS: dict[str, Any] = defaults.DEFAULT_TESTS
ALL_TESTS: dict[str, Callable[..., Any]] = {name: _tested(name, own) for name, own in _JINJA_TESTS.items()}
