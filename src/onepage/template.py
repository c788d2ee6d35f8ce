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
from dataclasses import dataclass, field
from typing import Any

import jinja2
import jinja2.nodes

from onepage import quantities
from onepage.errors import UserError, unknown
from onepage.filters import FILTERS, Group, Quantity, Shown, escape, leaf, shown

FILLED = "\ue000"  # stands in an outline for what is not known yet; nobody writes it


class Missing(jinja2.StrictUndefined):
    """An unknown name; using it says which names are nearest."""

    names: tuple[str, ...] = ()

    @property
    def _undefined_message(self) -> str:
        parent = self._undefined_obj
        if isinstance(parent, Group):
            return unknown("value", f"{parent._path}.{self._undefined_name}", self.names)
        groups = dict.fromkeys(name.split(".")[0] for name in self.names)
        return unknown("value", str(self._undefined_name), [*self.names, *groups])


@dataclass
class Use:
    """What a rendered text made use of."""

    shown: list[tuple[str, str]] = field(default_factory=list)  # (value's name, the text that it became)
    consulted: set[str] = field(default_factory=set)  # claims that chose a sentence
    figures: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)


def render(text: str, path: str, results: dict[str, Any], *, first_line: int = 1) -> tuple[str, Use]:
    """`text` (of the file `path`, from `first_line` on) with its numbers filled in, and what it used."""
    use = Use()
    environment = _environment(results, use)
    code = _read(lambda: environment.compile(text, path, path), environment, text, path, first_line)
    template = jinja2.Template.from_code(environment, code, environment.make_globals(None))
    try:
        return template.render(), use
    except Exception as error:  # whatever the text's own expressions come to
        said = error if isinstance(error, UserError | jinja2.TemplateError) else f"{type(error).__name__}: {error}"
        raise UserError(f"{path}:{_line(error, path) + first_line - 1}: {said}") from error


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


def lexed(text: str, path: str) -> list[tuple[int, str]]:
    """The hand-typed pieces of a template, each with its line: everything that is not Jinja."""
    try:
        tokens = list(_environment({}, Use()).lex(text, path))
    except jinja2.TemplateSyntaxError as error:
        raise UserError(f"{path}:{error.lineno}: {error.message}") from None
    return [(line, content) for line, kind, content in tokens if kind == "data"]


def _environment(results: dict[str, Any], use: Use) -> jinja2.Environment:
    values = results.get("values", {})
    missing = type("Missing", (Missing,), {"names": tuple(values)})
    environment = jinja2.Environment(
        undefined=missing, finalize=functools.partial(_finalize, use), keep_trailing_newline=True,
        trim_blocks=True, lstrip_blocks=True, comment_start_string="{!--", comment_end_string="--!}",
    )  # fmt: skip
    environment.filters.update(FILTERS)
    functions = _functions(results, use)
    environment.globals = {"provenance": results.get("provenance"), **_groups(values, functions), **functions}
    return environment


def _groups(values: dict[str, Any], functions: dict[str, Any]) -> dict[str, Any]:
    root = Group("")
    for name in values:
        node, parts = root, name.split(".")
        for depth, part in enumerate(parts):
            node = node._children.setdefault(part, Group(".".join(parts[: depth + 1])))
        node._own = quantity(name, values[name])
        if parts[0] in functions:
            raise UserError(f'the value "{name}" hides the function {parts[0]}() of report.md; rename it')
    return {part: leaf(node) for part, node in root._children.items()}


def quantity(name: str, record: dict[str, Any]) -> Quantity:
    """A value of results.json as the template has it."""
    return Quantity(record["value"], record["low"], record["high"], record["unit"], (name,))


def _functions(results: dict[str, Any], use: Use) -> dict[str, Callable]:
    def of(section: str, kind: str, name: str) -> Any:
        found = results.get(section, {})
        if name not in found:
            raise UserError(unknown(kind, name, found))
        return found[name]

    def value(name: str) -> Quantity:
        return quantity(name, of("values", "value", name))

    def claim(name: str) -> bool:
        use.consulted.add(name)
        return of("claims", "claim", name)["holds"]

    def finding(name: str) -> str:
        use.consulted.add(name)
        text = of("claims", "claim", name)["text"]
        return f"[{escape(text[:1].upper() + text[1:])}]{{.claim #{name}}}"

    def has(*names: str) -> bool:
        sections = ("values", "claims", "figures", "tables", "answers", "files")
        return all(any(name in results.get(section, {}) for section in sections) for name in names)

    def answer(name: str) -> str:
        use.answers.append(name)
        return of("answers", "answer", name)["text"]

    def figure(*names: str, caption: str | None = None, place: str = "", wide: bool = False) -> str:
        captions = [of("figures", "figure", name)["caption"] for name in names]
        use.figures.extend(names)
        return _block("figure", names, captions if caption is None else [caption], place=place, wide=wide)

    def table(
        name: str, *, caption: str | None = None, columns: Iterable[str] = (), intervals: Iterable[str] = (),
        spanner: str = "", place: str = "", wide: bool = False,
    ) -> str:  # fmt: skip
        record = of("tables", "table", name)
        use.tables.append(name)
        keys = [column["key"] for column in record["columns"]]
        for key in (*columns, *intervals):
            if key not in keys:
                raise UserError(unknown(f"column of the table {name}", key, keys))
        caption = record["caption"] if caption is None else caption
        chosen = {"columns": " ".join(columns), "intervals": " ".join(intervals), "spanner": spanner}
        return _block("table", (name,), [caption], place=place, wide=wide, **chosen)

    def ref(name: str) -> str:
        if name not in results.get("figures", {}) and name not in results.get("tables", {}):
            raise UserError(unknown("figure or table", name, [*results["figures"], *results["tables"]]))
        return f'[]{{.ref name="{name}"}}'

    return {
        "value": value, "claim": claim, "finding": finding, "has": has, "answer": answer, "figure": figure,
        "table": table, "ref": ref,
    }  # fmt: skip


def _block(kind: str, names: Iterable[str], captions: Iterable[str], **options: Any) -> str:
    """A figure or table as one line of Markdown, which `document` turns into the real thing.

    Its captions, one for each panel, are Markdown of their own: they travel in hexadecimal (see captions.lua).
    """
    quoted = {key: str(value).replace('"', "'") for key, value in options.items() if value}
    attributes = "".join(f' {key}="{value}"' for key, value in quoted.items())
    said = " ".join(" ".join(str(caption).split()).encode("utf-8", "replace").hex() for caption in captions)
    return f'[]{{.{kind} names="{" ".join(names)}" captions="{said}"{attributes}}}'


def _finalize(use: Use, content: Any) -> Any:
    """Numbers reach the page as spans that know which value they show."""
    if isinstance(content, Group) and content._own is not None:
        content = content._own
    if isinstance(content, Group):
        inside = ", ".join(list(content._children)[:4])
        raise UserError(f'"{content._path}" is a group of values, not a value; it has {inside}')
    if isinstance(content, Quantity):
        content = shown(content, quantities.shown(content.value, content.unit))
    if isinstance(content, Shown) and content.names:
        use.shown.extend((name, str(content)) for name in content.names)
        return f'[{escape(content)}]{{.value names="{" ".join(content.names)}"}}'
    return content


def _line(error: BaseException, path: str) -> int:
    """The template's line that raised it."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
