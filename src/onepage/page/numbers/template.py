"""How report.md reaches its results: Jinja over results.json, where a misspelt name is an error.

In the text: `{{ six.test_accuracy | percent }}`, `{{ value("a-b.c") | count }}`, `{{ figure("confusion") }}`,
`{{ table("settings") }}`, `{{ answer("q2a") }}`, `{{ ref("confusion") }}`, `{% if claim("x") %}`,
`{% if has("six.dialects_accuracy") %}`; `{{ finding("x") }}` is the claim's own sentence, bound to it. A comment is
an HTML comment, or `{!-- ... --!}`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from typing import Any

import jinja2
import jinja2.nodes
import jinja2.sandbox

from onepage.core import quantities
from onepage.core.errors import UserError, unknown
from onepage.page.numbers import marks
from onepage.page.numbers.arithmetic import Group, Quantity, Shown, compute, number, said
from onepage.page.numbers.filters import ALL_FILTERS, ALL_TESTS, FILTERS, escape, held, shown
from onepage.page.numbers.functions import Use, quantity
from onepage.page.numbers.functions import functions as callable_names
from onepage.page.numbers.marks import Given

FILLED = "\ue000"  # stands in an outline for what is not known yet; nobody writes it


class Missing(jinja2.StrictUndefined):
    """An unknown name; using it says which names are nearest."""

    names: tuple[str, ...] = ()

    @property
    def _undefined_message(self) -> str:
        parent = self._undefined_obj
        if isinstance(parent, Group):
            return unknown("value", f"{parent.path}.{self._undefined_name}", self.names)
        if isinstance(parent, Quantity) and len(parent.names) == 1:
            return unknown("value", f"{parent.names[0]}.{self._undefined_name}", self.names)
        if isinstance(parent, Quantity | Shown):
            return f'{said(parent)} has no "{self._undefined_name}"; it is a number'
        groups = dict.fromkeys(name.split(".")[0] for name in self.names)
        return unknown("value", str(self._undefined_name), [*self.names, *groups])


def render(text: str, path: str, results: dict[str, Any], *, first_line: int = 1) -> tuple[str, Use]:
    """`text` (of the file `path`, from `first_line` on) with its numbers filled in, and what it used."""
    use = Use()
    marks.refuse_forged(text, path, first_line)
    environment = _environment(results, use)
    code = _read(lambda: _code(text, path), environment, text, path, first_line)
    template = jinja2.Template.from_code(environment, code, environment.make_globals(None))
    _refuse_dashes(environment, text, path, first_line, results.get("values", {}))
    try:
        return template.render(), use
    except Exception as error:  # whatever the text's own expressions come to
        said = error if isinstance(error, UserError | jinja2.TemplateError) else f"{type(error).__name__}: {error}"
        raise UserError(f"{path}:{_line(error, path) + first_line - 1}: {said}") from error


@functools.lru_cache(maxsize=16)
def _code(text: str, path: str) -> Any:
    """The template's code, which is the same whatever the results are: a text is filled in more than once."""
    return _environment({}, Use()).compile(text, path, path)


def compiled(text: str, path: str) -> None:
    """Raise for what is wrong with a text before any result is known: its syntax, and names that are no result's."""
    environment = _environment({}, Use())
    tree = _read(lambda: environment.parse(text, path, path), environment, text, path)
    own = {node.name for node in tree.find_all(jinja2.nodes.Name) if node.ctx != "load"}
    own |= {node.name for node in tree.find_all(jinja2.nodes.Macro)} | {"caller", "loop", "self", "super", "varargs"}
    kinds = {"filter": (jinja2.nodes.Filter, environment.filters), "test": (jinja2.nodes.Test, environment.tests)}
    for kind, (of, known) in kinds.items():  # Jinja itself leaves those inside an {% if %} for later
        for node in tree.find_all(of):
            if node.name not in known:
                raise UserError(f"{path}:{node.lineno}: {unknown(kind, node.name, _listed(kind, known))}")
    _read(lambda: environment.compile(tree, path, path, raw=True), environment, text, path)
    for node in tree.find_all(jinja2.nodes.Call):
        name = getattr(node.node, "name", None) if isinstance(node.node, jinja2.nodes.Name) else None
        if name is not None and name not in own and name not in environment.globals:
            functions = [each for each, content in environment.globals.items() if callable(content)]
            raise UserError(f"{path}:{node.lineno}: {unknown('function', name, functions)}")


def outline(text: str, path: str) -> str:
    """The text with FILLED in the place of everything that results fill in, and both sides of every condition."""
    environment = _environment({}, Use())
    tokens = _read(lambda: list(environment.lex(text, path)), environment, text, path)
    return "".join(
        FILLED if kind == "variable_begin" else content if kind == "data" else "" for _, kind, content in tokens
    )


def well_formed(text: str, path: str) -> None:
    """Raise for a page design that Jinja cannot read."""
    environment = jinja2.Environment()
    _read(lambda: environment.compile(text, path, path, raw=True), environment, text, path)


def _read(read: Callable[[], Any], environment: jinja2.Environment, text: str, path: str, first_line: int = 1) -> Any:
    """What `read` makes of a template, or the line about what it cannot read."""
    try:
        return read()
    except jinja2.TemplateSyntaxError as error:
        raise UserError(f"{path}:{error.lineno + first_line - 1}: {_syntax(error, environment)}") from None
    except RecursionError:
        raise UserError(f"{path}:{_deepest(text) + first_line - 1}: an expression is nested too deeply") from None
    except (SyntaxError, ValueError, OverflowError, MemoryError) as error:
        said = getattr(error, "msg", None) or error
        raise UserError(f"{path}:{_deepest(text) + first_line - 1}: not readable as a template: {said}") from None


def _syntax(error: jinja2.TemplateSyntaxError, environment: jinja2.Environment) -> str:
    """Jinja's message, with the nearest filter where one is misspelt."""
    message = error.message or "not readable as a template"
    named = re.match(r"No (filter|test) named '(.*)'", message)
    if not named:
        return message
    known = environment.filters if named.group(1) == "filter" else environment.tests
    return unknown(named.group(1), named.group(2), _listed(named.group(1), known))


def _listed(kind: str, known: Iterable[str]) -> list[str]:
    """Names for a hint: our own filters before Jinja's."""
    return list(dict.fromkeys([*(FILTERS if kind == "filter" else ()), *known]))


def _deepest(text: str) -> int:
    """The line with the most of what Jinja stumbles over; it names none itself."""
    lines = text.split("\n")
    return 1 + max(range(len(lines)), key=lambda i: max(map(lines[i].count, "([{")) + len(lines[i]) / 1e6)


def _refuse_dashes(
    environment: jinja2.Environment, text: str, path: str, first_line: int, values: dict[str, Any]
) -> None:
    """`{{ a-b }}` reads as a difference; where `a-b` is a published name, one of the two has to be said."""
    run, at = "", 0
    tokens = [*environment.lex(text, path), (0, "data", "")]
    for line, kind, content in tokens:
        if kind in ("name", "integer", "float") or (kind == "operator" and content in (".", "-")):
            run, at = run + content, at if run else line
            continue
        for name in values if "-" in run else ():
            if "-" in name and re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", run):
                raise UserError(
                    f'{path}:{at + first_line - 1}: "{name}" is a published name, and {run} reads as a difference: '
                    f'write value("{name}"), or the difference with spaces around its minus sign'
                )
        run = ""


class _Environment(jinja2.sandbox.SandboxedEnvironment):
    """Jinja whose arithmetic and attributes know published numbers."""

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%", "**"))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            try:
                return left % right
            except (TypeError, ValueError) as error:
                raise UserError(f'"{left}" % {said(right)}: {error}') from None
        if held(left) or held(right) or isinstance(left, jinja2.Undefined) or isinstance(right, jinja2.Undefined):
            return compute(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Group | Quantity):
            return self._part(obj, attribute)
        if isinstance(obj, Shown):
            return self.undefined(obj=obj, name=attribute)
        return _trusted(super().getattr(obj, attribute), obj)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Group | Quantity | Shown):
            return self.getattr(obj, argument)
        if marks.marked(obj) and not isinstance(obj, Given):
            raise UserError("a text with a published number in it cannot be cut")
        return _trusted(super().getitem(obj, argument), obj)

    def _part(self, obj: Group | Quantity, name: Any) -> Any:
        if name in obj.below:
            return obj.below[name]
        if isinstance(obj, Quantity) and name == "value":
            return Quantity(obj.value, names=obj.names)
        if isinstance(obj, Quantity) and name in ("low", "high") and getattr(obj, name) is not None:
            return Quantity(getattr(obj, name), unit=obj.unit, names=obj.names)
        if isinstance(obj, Quantity) and name == "unit":
            return None if obj.unit is None else Given(obj.unit)
        return self.undefined(obj=obj, name=name)


class Provenance(dict[str, Any]):
    """What made the results, as the template has it: what is taken out of it is as published."""


def _trusted(content: Any, taken_from: Any) -> Any:
    if not isinstance(taken_from, Provenance):
        return content
    if isinstance(content, dict):
        return Provenance(content)
    if isinstance(content, str):
        return Given(content)
    plain = isinstance(content, int | float) and not isinstance(content, bool)
    return Quantity(content) if plain else content


def _environment(results: dict[str, Any], use: Use) -> jinja2.Environment:
    values = results.get("values", {})
    missing = type("Missing", (Missing,), {"names": tuple(values)})
    environment = _Environment(
        undefined=missing, finalize=functools.partial(_finalize, use), keep_trailing_newline=True,
        trim_blocks=True, lstrip_blocks=True, comment_start_string="{!--", comment_end_string="--!}",
    )  # fmt: skip
    environment.filters, environment.tests = dict(ALL_FILTERS), dict(ALL_TESTS)
    functions = callable_names(results, use)
    made = Provenance(results.get("provenance") or {})
    environment.globals = {"provenance": made, **_groups(values, functions), **functions}
    return environment


def _groups(values: dict[str, Any], functions: dict[str, Any]) -> dict[str, Any]:
    """The values by the first parts of their names."""
    tree: dict[str, Any] = {}
    for name in values:
        node, parts = tree, name.split(".")
        if parts[0] in functions:
            raise UserError(f'the value "{name}" hides the function {parts[0]}() of report.md; rename it')
        for part in parts:
            node = node.setdefault(part, {})
    return _below(tree, "", values)


def _below(tree: dict[str, Any], path: str, values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part, inside in tree.items():
        name = f"{path}{part}"
        below = _below(inside, f"{name}.", values)
        found[part] = quantity(name, values[name], below) if name in values else Group(name, below)
    return found


def _finalize(use: Use, content: Any) -> Any:
    """Numbers reach the page as spans that know which value they show."""
    if isinstance(content, Quantity):
        content = shown(content, quantities.shown(number(content), content.unit))
    if isinstance(content, Shown) and content.names:
        use.shown.extend((name, content.text) for name in content.names)
        return f'[{escape(str(content))}]{{.value names="{" ".join(content.names)}"}}'
    if isinstance(content, list | tuple | dict) and held(content):
        raise UserError("a list of published numbers cannot be written; write each, or join them")
    if isinstance(content, jinja2.Undefined):
        return content
    written = str(content)
    marks.refuse_cut(written)
    return written


def _line(error: BaseException, path: str) -> int:
    """The template's line that raised it."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
