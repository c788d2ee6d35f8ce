"""What the page's text may call: `value`, `claim`, `finding`, `has` and `answer`; `figure`, `table` and `ref`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from onepage.core.errors import UserError, unknown
from onepage.page.numbers.arithmetic import Quantity
from onepage.page.numbers.filters import escape
from onepage.page.numbers.marks import Given


@dataclass
class Use:
    """What a rendered text made use of."""

    shown: list[tuple[str, str]] = field(default_factory=list)  # (value's name, the text that it became)
    consulted: set[str] = field(default_factory=set)  # claims that chose a sentence
    figures: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)


def quantity(name: str, record: dict[str, Any], below: dict[str, Any] | None = None) -> Quantity:
    """A value of results.json as the template has it."""
    return Quantity(record["value"], record["low"], record["high"], record["unit"], (name,), below or {})


def _of(results: dict[str, Any], section: str, kind: str, name: str) -> Any:
    found = results.get(section, {})
    if name not in found:
        raise UserError(unknown(kind, name, found))
    return found[name]


def functions(results: dict[str, Any], use: Use) -> dict[str, Callable[..., Any]]:
    """What the page's text may call: about texts and findings, and about what floats."""
    return {**_sayings(results, use), **_floats(results, use)}


def _sayings(results: dict[str, Any], use: Use) -> dict[str, Callable[..., Any]]:
    of = functools.partial(_of, results)

    def value(name: str) -> Quantity:
        return quantity(name, of("values", "value", name))

    def claim(name: str) -> bool:
        use.consulted.add(name)
        return of("claims", "claim", name)["holds"]

    def finding(name: str) -> str:
        use.consulted.add(name)
        text = of("claims", "claim", name)["text"]
        return Given(f"[{escape(text[:1].upper() + text[1:])}]{{.claim #{name}}}")

    def has(*names: str) -> bool:
        sections = ("values", "claims", "figures", "tables", "answers", "files")
        return all(any(name in results.get(section, {}) for section in sections) for name in names)

    def answer(name: str) -> str:
        use.answers.append(name)
        return Given(of("answers", "answer", name)["text"])

    return {"value": value, "claim": claim, "finding": finding, "has": has, "answer": answer}


def _floats(results: dict[str, Any], use: Use) -> dict[str, Callable[..., Any]]:
    of = functools.partial(_of, results)

    def figure(*names: str, caption: str | None = None, place: str = "", wide: bool = False) -> str:
        captions = [Given(of("figures", "figure", name)["caption"]) for name in names]
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
        caption = Given(record["caption"]) if caption is None else caption
        chosen = {"columns": " ".join(columns), "intervals": " ".join(intervals), "spanner": spanner}
        return _block("table", (name,), [caption], place=place, wide=wide, **chosen)

    def ref(name: str) -> str:
        if name not in results.get("figures", {}) and name not in results.get("tables", {}):
            raise UserError(unknown("figure or table", name, [*results["figures"], *results["tables"]]))
        return f'[]{{.ref name="{name}"}}'

    return {"figure": figure, "table": table, "ref": ref}


def _block(kind: str, names: Iterable[str], captions: Iterable[str], **options: Any) -> str:
    """A figure or table as one line of Markdown, which `document` turns into the real thing.

    Its captions, one for each panel, are Markdown of their own: they travel in hexadecimal (see captions.lua).
    """
    quoted = {key: str(value).replace('"', "'") for key, value in options.items() if value}
    attributes = "".join(f' {key}="{value}"' for key, value in quoted.items())
    said = " ".join(" ".join(str(caption).split()).encode("utf-8", "replace").hex() for caption in captions)
    return f'[]{{.{kind} names="{" ".join(names)}" captions="{said}"{attributes}}}'
