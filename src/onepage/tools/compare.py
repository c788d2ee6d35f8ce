"""What changed between two reports: values, claims, figures, and what could have caused it.

    onepage compare reports/a reports/b        two folders
    onepage compare HEAD~3 reports/b           a git revision, built in a work tree of its own (see revision.py)

Prints a table, and writes a page with the figures side by side. A value's change counts as beyond the intervals
when the two intervals have no point in common (if only one side has one: when the other value lies outside it).
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from onepage.core import files, quantities
from onepage.core.errors import UserError
from onepage.review import pages
from onepage.tools.reports import Side, load

STYLES = ("page.css", "compare.css")
SCRIPTS = ("page.js",)
COMPARISON = "comparison"  # how its folder is marked


@dataclass(frozen=True)
class ValueChange:
    """A value that both sides have, or only one."""

    name: str
    a: dict[str, Any] | None
    b: dict[str, Any] | None

    @property
    def changed(self) -> bool:
        return _measured(self.a) != _measured(self.b)

    @property
    def difference(self) -> str:
        if not (_is_number(self.a) and _is_number(self.b)):
            return ""
        step, unit = self.b["value"] - self.a["value"], self.b.get("unit")
        if not step:
            return "0"
        sign = "+" if step > 0 else quantities.MINUS
        text = quantities.shown(abs(step), unit)
        return sign + (text.replace("%", " points") if unit == "fraction" else text)

    @property
    def beyond(self) -> bool | None:
        """Whether the change is beyond the intervals; None where neither side has one."""
        if not (_is_number(self.a) and _is_number(self.b)):
            return None
        spans = [_span(v) for v in (self.a, self.b)]
        if spans == [None, None]:
            return None
        (low_a, high_a), (low_b, high_b) = (
            s or (v["value"],) * 2 for s, v in zip(spans, (self.a, self.b), strict=True)
        )
        return bool(high_a < low_b or high_b < low_a)


@dataclass(frozen=True)
class Comparison:
    """Everything that differs between two sides; `a` and `b` of an entry are None where a side lacks it."""

    a: Side
    b: Side
    values: list[ValueChange] = field(default_factory=list)  # all, changed or not
    claims: list[dict[str, Any]] = field(default_factory=list)  # turned, new, gone
    figures: list[dict[str, Any]] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    parameters: list[tuple[str, str, Any, Any]] = field(default_factory=list)  # target, name, a, b
    keys: list[tuple[str, str | None, str | None]] = field(default_factory=list)  # target, a, b
    origin: list[tuple[str, Any, Any]] = field(default_factory=list)  # provenance: what, a, b

    @property
    def changed(self) -> list[ValueChange]:
        return [value for value in self.values if value.changed]


def compare(a: Side, b: Side) -> Comparison:
    """What differs between `a` and `b`."""
    left, right = (side.provenance.get("targets") or {} for side in (a, b))
    parameters = [
        (target, name, one.get(name), two.get(name))
        for target, (first, second) in _both(left, right)
        if first and second
        for one, two in [(first.get("parameters") or {}, second.get("parameters") or {})]
        for name in dict.fromkeys([*one, *two])
        if one.get(name) != two.get(name)
    ]
    keys = [(target, (one or {}).get("key"), (two or {}).get("key")) for target, (one, two) in _both(left, right)]
    return Comparison(
        a, b,
        values=[ValueChange(name, *sides) for name, sides in _both(a.section("values"), b.section("values"))],
        claims=list(_differing(a, b, "claims", lambda claim: claim["holds"])),
        figures=list(_figures(a, b)),
        tables=list(_differing(a, b, "tables", lambda table: (table.get("columns"), table.get("rows")))),
        answers=list(_differing(a, b, "answers", lambda answer: answer["text"])),
        parameters=parameters, keys=[key for key in keys if key[1] != key[2]], origin=list(_origin(a, b)),
    )  # fmt: skip


def _both(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name in dict.fromkeys([*a, *b]):
        yield name, (a.get(name), b.get(name))


def _span(value: Mapping[str, Any]) -> tuple[float, float] | None:
    low, high = value.get("low"), value.get("high")
    return None if low is None or high is None else (low, high)


def _is_number(value: Mapping[str, Any] | None) -> TypeGuard[Mapping[str, Any]]:
    return value is not None and isinstance(value["value"], int | float) and not isinstance(value["value"], bool)


def _measured(value: Mapping[str, Any] | None) -> tuple[Any, ...] | None:
    return None if value is None else tuple(value.get(part) for part in ("value", "low", "high", "unit"))


def _differing(a: Side, b: Side, section: str, told: Any) -> Iterator[dict[str, Any]]:
    for name, (one, two) in _both(a.section(section), b.section(section)):
        if one is None or two is None or told(one) != told(two):
            yield {"name": name, "a": one, "b": two}


def _figures(a: Side, b: Side) -> Iterator[dict[str, Any]]:
    for name, (one, two) in _both(a.section("figures"), b.section("figures")):
        pictures = [_picture(side, figure) for side, figure in ((a, one), (b, two))]
        if pictures[0] != pictures[1] or pictures == [None, None]:
            yield {"name": name, "a": one, "b": two}


def _picture(side: Side, figure: Mapping[str, Any] | None) -> bytes | None:
    path = _asset(side, figure)
    return path.read_bytes() if path else None


def _asset(side: Side, figure: Mapping[str, Any] | None) -> Path | None:
    """The figure's SVG, if it is there and inside the report's folder."""
    if not figure or not figure.get("svg"):
        return None
    path = (side.folder / figure["svg"]).resolve()
    return path if path.is_file() and path.is_relative_to(side.folder.resolve()) else None


def _origin(a: Side, b: Side) -> Iterator[tuple[str, Any, Any]]:
    for what in ("report", "profile", "device"):
        one, two = a.provenance.get(what), b.provenance.get(what)
        if one != two:
            yield what, one, two
    for what, part in (("corpus", "key"), ("code", "commit")):
        one, two = ((side.provenance.get(what) or {}).get(part) for side in (a, b))
        if one != two:
            yield f"{what} {part}", pages.short(one), pages.short(two)
    for name, (one, two) in _both(a.provenance.get("versions") or {}, b.provenance.get("versions") or {}):
        if one != two:
            yield name, one, two


def as_text(found: Comparison) -> str:
    """The terminal's table."""
    lines = [f"A  {found.a.label}", f"B  {found.b.label}", ""]
    rows = [(v.name, _shown(v.a), _shown(v.b), v.difference, _verdict(v.beyond)) for v in found.changed]
    if rows:
        rows.insert(0, ("value", "A", "B", "B - A", ""))
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        for row in rows:
            cells = [row[0].ljust(widths[0]), *(row[i].rjust(widths[i]) for i in (1, 2, 3)), row[4]]
            lines.append("  ".join(cells).rstrip())
    else:
        lines.append(f"values: all {len(found.values)} the same")
    for claim in found.claims:
        lines.append(f"claim {claim['name']}: {_holds(claim['a'])} -> {_holds(claim['b'])}")
    for kind in ("figures", "tables", "answers"):
        for item in getattr(found, kind):
            lines.append(f"{kind[:-1]} {item['name']}: {_presence(item)}")
    lines += [f"parameter {name} of {target}: {a!r} -> {b!r}" for target, name, a, b in found.parameters]
    lines += [f"{what}: {a} -> {b}" for what, a, b in found.origin]
    if found.keys:
        lines.append(f"executed anew or elsewhere: {', '.join(key[0] for key in found.keys)}")
    return "\n".join(lines)


def _shown(value: Mapping[str, Any] | None) -> str:
    if value is None:
        return quantities.DASH
    if not _is_number(value):
        return str(value["value"])
    return quantities.interval(value["value"], value.get("low"), value.get("high"), value.get("unit"))


def _verdict(beyond: bool | None) -> str:
    return {True: "beyond the intervals", False: "within the intervals", None: ""}[beyond]


def _holds(claim: Mapping[str, Any] | None) -> str:
    return "absent" if claim is None else "holds" if claim["holds"] else "does not hold"


def _presence(item: Mapping[str, Any]) -> str:
    return "only in B" if item["a"] is None else "only in A" if item["b"] is None else "differs"


def write_page(found: Comparison, out: Path) -> Path:
    """Write the comparison as `out/index.html`, with copies of the figures that differ beside it.

    A folder that is there already is replaced only if an earlier comparison made it.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with files.temporary(f".{out.name}-", COMPARISON, out.parent) as folder:
        folder.chmod(0o755)
        _write_files(found, folder)
        files.put_in_place(folder, out, COMPARISON, _written(out))
    return out / "index.html"


def _written(out: Path) -> list[str]:
    """What an earlier comparison wrote; anything else in its folder is somebody's."""
    return [name for name in files.listing(out) if name == "index.html" or name.startswith(("media/a/", "media/b/"))]


def _write_files(found: Comparison, out: Path) -> None:
    figures = []
    for figure in found.figures:
        links = {}
        for mark, side in (("a", found.a), ("b", found.b)):
            path = _asset(side, figure[mark])
            if path:
                links[mark] = f"media/{mark}/{pages.safe_name(figure['name'])}.svg"
                files.write(out / links[mark], path.read_bytes())
        figures.append({**figure, "links": links, "presence": _presence(figure)})
    html = pages.page(
        "compare.html.j2",
        STYLES,
        SCRIPTS,
        found=found,
        figures=figures,
        shown=_shown,
        verdict=_verdict,
        holds=_holds,
        presence=_presence,
    )
    files.write(out / "index.html", html)


def add_arguments(parser: ArgumentParser) -> None:
    """Arguments of `onepage compare`."""
    parser.add_argument("a", metavar="A", help="a report's folder, or a git revision")
    parser.add_argument("b", metavar="B", help="a report's folder, or a git revision")
    parser.add_argument("--out", type=Path, help="folder for the page (default: build/compare/A..B)")
    parser.add_argument("--report", help="name of the report to build for a git revision (default: the other side's)")


def _require_free(out: Path) -> None:
    """Before anything is built: a folder that is absent, empty, or of an earlier comparison."""
    free = not os.path.lexists(out) or (out.is_dir() and not out.is_symlink() and not any(out.iterdir()))
    if not free and not files.is_own(out, COMPARISON):
        raise UserError(f"--out {out}: is there already and is no comparison; choose another folder, or move it away")


def main(args: Namespace) -> int:
    """`onepage compare`: print the table, write the page."""
    from onepage.core.config import find_root
    from onepage.tools.revision import resolve

    root = find_root()
    if args.out:
        _require_free(args.out)
    folders = [Path(side) for side in (args.a, args.b)]
    known = next((load(folder) for folder in folders if (folder / "results.json").is_file()), None)
    a, b = (resolve(side, root, known.provenance if known else {}, args.report) for side in (args.a, args.b))
    found = compare(a, b)
    print(as_text(found))
    names = "..".join(pages.slugify(side.label) or "side" for side in (a, b))
    print(f"\n{write_page(found, args.out or root / 'build' / 'compare' / names)}")
    return 0
