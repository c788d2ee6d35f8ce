"""Demands on the work behind the page: the answers, the runs, the results, the code and the files."""

from __future__ import annotations

import csv
import fnmatch
import itertools
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from onepage.check.evidence import Evidence, Finding, count
from onepage.core import quantities
from onepage.core.errors import unknown
from onepage.page.numbers import wording
from onepage.scripts import code_names


def _published(options: dict[str, Any], evidence: Evidence) -> Finding:
    sections = ("figures", "tables", "values", "answers", "claims", "files")
    known = [name for section in sections for name in evidence.results[section]]
    missing = [name for name in options["names"] if name not in known]
    said = [f"results.json: {unknown('published result', name, known)}" for name in missing]
    return Finding(", ".join(name for name in options["names"] if name in known), said)


def _answer(options: dict[str, Any], evidence: Evidence) -> Finding:
    answers, name = evidence.results["answers"], options["name"]
    if name not in answers:
        return Finding("", [f"results.json: {unknown('answer', name, answers)}"])
    answer, finding = answers[name], Finding()
    source = answer["source"]
    for unit in ("words", "sentences"):
        number = getattr(wording, unit)(answer["text"])
        if unit in options:
            finding.found += ("; " if finding.found else "") + f"{number} of {options[unit]} {unit}"
            if number > options[unit]:
                said = f'the answer "{name}" has {number} {unit}, at most {options[unit]} allowed'
                finding.shortfalls.append(f"{source['script']} ({source['cell']}): {said}")
    finding.found = finding.found or count(wording.words(answer["text"]), "word")
    return finding


def _parameter(options: dict[str, Any], evidence: Evidence) -> Finding:
    name, finding, seen = options["name"], Finding(), []
    for target, made in evidence.results["provenance"]["targets"].items():
        row = made.get("row") or re.sub(r"-s\d+$", "", target)
        if made.get("kind") != "run" or not any(fnmatch.fnmatch(row, pattern) for pattern in options["rows"]):
            continue
        content = made["parameters"].get(name)
        seen.append(content)
        low, high = options.get("between", (None, None))
        inside = content is not None and (low is None or (is_number(content) and low <= content <= high))
        allowed = options.get("one_of", [content])
        if not inside or not any(
            type(each) is type(content) and each == content for each in _widened(allowed, content)
        ):
            wanted = f"{low:g} to {high:g}" if low is not None else " or ".join(map(str, options["one_of"]))
            finding.shortfalls.append(f"experiments.toml: run {target} has {name} = {content}, {wanted} asked for")
    if not seen:
        finding.shortfalls.append(f"experiments.toml: no run of {' or '.join(options['rows'])} in this report")
    finding.found = f"{name} = {', '.join(dict.fromkeys(map(str, seen)))}"
    return finding


def is_number(content: Any) -> bool:
    """Whether this is a finite number, and not a truth value."""
    return isinstance(content, int | float) and not isinstance(content, bool) and math.isfinite(content)


def _widened(allowed: list[Any], content: Any) -> list[Any]:
    """The allowed values; whole numbers also as the floats that a script declares. `true` is not 1."""
    return [float(each) if isinstance(content, float) and is_number(each) else each for each in allowed]


def _value(options: dict[str, Any], evidence: Evidence) -> Finding:
    values, name = evidence.results["values"], options["name"]
    if name not in values:
        return Finding("", [f"results.json: {unknown('value', name, values)}"])
    record = values[name]
    number, shown = record["value"], quantities.shown(record["value"], record["unit"])
    finding = Finding(f"{name} = {shown}")
    if not is_number(number):
        return Finding(finding.found, [f"{record['source']['script']}: {name} is {number!r}, not a finite number"])
    for key, word, wrong in (("at_least", "least", float.__lt__), ("at_most", "most", float.__gt__)):
        if key in options and wrong(float(number), float(options[key])):
            source = f"{record['source']['script']} ({record['source']['cell']})"
            finding.shortfalls.append(f"{source}: {name} is {shown}, at {word} {options[key]:g} asked for")
    return finding


def _spacing(options: dict[str, Any], evidence: Evidence) -> Finding:
    name, figures = options["figure"], evidence.results["figures"]
    if name not in figures:
        return Finding("", [f"results.json: {unknown('figure', name, figures)}"])
    source = figures[name]["source"]
    place = f"{source['script']} ({source['cell']})"
    if not figures[name]["data"]:
        return Finding("", [f'{place}: the figure "{name}" is published without data'])
    with (evidence.report / figures[name]["data"]).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if rows and options["column"] not in rows[0]:
        return Finding("", [f'{place}: the data of "{name}" have no column "{options["column"]}"'])
    every, finding = options["every"], Finding()
    steps, wrong = [], []
    for row in rows:
        written = row[options["column"]]
        try:
            steps += [float(written)] if written else []
        except ValueError:
            wrong.append(f'"{written}" is no number')
    wrong += uneven(steps, every)
    finding.found = f"{len(set(steps))} steps, every {every:g}"
    if wrong:
        said = f'"{name}" is not recorded every {every:g} {options["column"]}s'
        finding.shortfalls.append(f"{place}: {said} ({wrong[0]})")
    return finding


def uneven(steps: Iterable[float], every: float) -> list[str]:
    """Where steps are not `every` apart, from 0 or `every` on; the last may come early, where training ends."""
    listed = sorted(set(steps))
    if not all(math.isfinite(step) for step in listed):
        return ["a step is no finite number"]
    if len(listed) < 2:
        return ["there are fewer than two steps"]
    slack = 1e-6 * every
    wrong = [] if -slack <= listed[0] <= every + slack else [f"it begins at {listed[0]:g}"]
    *inner, last = list(itertools.pairwise(listed))
    wrong += [f"{b:g} comes after {a:g}" for a, b in inner if abs(b - a - every) > slack]
    return wrong + [f"{b:g} comes after {a:g}" for a, b in [last] if b - a > every + slack]


def _code(options: dict[str, Any], evidence: Evidence) -> Finding:
    files = sorted({path for pattern in options["files"] for path in evidence.root.glob(pattern) if path.is_file()})
    finding, used = Finding(count(len(files), "file")), []
    if not files:
        return Finding("", [f"no file matches {' or '.join(options['files'])}"])
    for path in files:
        named = path.relative_to(evidence.root).as_posix()
        if path.suffix != ".py":
            if options.get("plain"):
                finding.shortfalls.append(f"{named}: not a plain .py script")
            continue
        uses, never = options.get("uses", []), options.get("never", [])
        try:
            found = evidence.names.among(path.read_bytes(), [*uses, *never])
        except (SyntaxError, ValueError) as error:
            finding.shortfalls.append(f"{named}:{getattr(error, 'lineno', 1) or 1}: does not parse as Python")
            continue
        for line, name in found:
            used += [name for want in uses if code_names.uses(name, want)]
            wrong = [f"{named}:{line}: {name} is not permitted" for want in never if code_names.uses(name, want)]
            finding.shortfalls += [each for each in wrong if each not in finding.shortfalls]
    if options.get("uses"):
        finding.found = ", ".join(sorted(set(used)))
        if not used:
            finding.shortfalls.append(f"{', '.join(options['files'])}: none uses {' or '.join(options['uses'])}")
    return finding


def _file(options: dict[str, Any], evidence: Evidence) -> Finding:
    evidence.finished()  # writes report.pdf and report.png
    path = evidence.report / options["name"]
    if not path.is_file():
        return Finding("", [f"{options['name']}: missing in the report's folder"])
    finding = Finding(f"{path.stat().st_size:,} bytes")
    if not path.stat().st_size:
        return Finding(finding.found, [f"{options['name']}: the file is empty"])
    if "columns" in options:
        try:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                header = next(csv.reader(stream), [])
        except (UnicodeDecodeError, csv.Error) as error:
            return Finding(finding.found, [f"{options['name']}:1: not readable as a .csv file in UTF-8: {error}"])
        wanted = options["columns"]
        fixed = wanted[:-1] if wanted[-1:] == ["..."] else wanted
        if header[: len(fixed)] != fixed or (len(header) > len(fixed)) != (wanted != fixed):
            said = f"the columns are {','.join(header)}; {','.join(wanted)} asked for"
            finding.shortfalls.append(f"{options['name']}:1: {said}")
    return finding


JUDGES: dict[str, Callable[[dict[str, Any], Evidence], Finding]] = {
    "published": _published, "answer": _answer, "parameter": _parameter, "value": _value,
    "spacing": _spacing, "code": _code, "file": _file,
}  # fmt: skip
