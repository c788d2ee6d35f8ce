"""The runs of a report: `experiments.toml`, expanded for one profile.

A row names a script and gives its parameters; seeds and a grid multiply it into runs. What beats what, from weak to
strong: the script's own default, the row's `parameters`, the profile's `parameters`, the row's
`parameters_in.<profile>`, the grid and seeds, and `P=` on the command line (it pins a grid or seeds to one value).
"""

from __future__ import annotations

import itertools
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from onepage.core import schema, toml_source
from onepage.core.errors import UserError, nearest, quoted
from onepage.core.schema import Source
from onepage.scripts.parameters import Parameter, convert, label, resolve

MOST = 10_000  # runs of one row
_PLAIN = {"type": ["string", "integer", "number", "boolean"]}
_VALUE = {
    "anyOf": [_PLAIN, {"type": "array", "items": _PLAIN}],
    "description": "a text, a number, true or false, or a list of such",
}
_VALUES = schema.named(_VALUE, "a table of names and values, such as { epochs = 3 }")
_GRID = {"type": "array", "items": _VALUE, "minItems": 1, "description": "a list of values"}
_SEEDS = {"type": "array", "items": schema.COUNT}
_SEEDS_WORDS = "a list of whole numbers from 0 on, or a table with such a list per profile"
SCHEMA = schema.Schema(schema.table({
    "profiles": schema.named(
        schema.table({"about": schema.LINE, "corpus": _VALUES, "parameters": _VALUES}), "tables [profiles.<name>]"
    ),
    "runs": schema.named(schema.table({
        "about": schema.LINE,
        "script": {**schema.TEXT, "description": "the name of a script"},
        "seeds": {"anyOf": [_SEEDS, schema.named(_SEEDS)], "description": _SEEDS_WORDS},
        "parameters": _VALUES,
        "parameters_in": schema.named(_VALUES, "a table of profiles and their parameters"),
        "grid": schema.named(_GRID, "a table of parameters and lists of values"),
    }, required=("script",)), "tables [runs.<name>]"),
}, about="[profiles.<name>] and [runs.<name>]"))  # fmt: skip


@dataclass(frozen=True)
class Profile:
    """One `[profiles.<name>]`: how large a report is."""

    name: str  # as in PROFILE=
    corpus: dict[str, Any] = field(default_factory=dict)  # options of a named corpus
    parameters: dict[str, Any] = field(default_factory=dict)  # over every run's parameters


@dataclass(frozen=True)
class Row:
    """One `[runs.<name>]`."""

    name: str  # what analyses read
    script: str  # stem of the script in the scripts folder
    about: str = ""  # one line for people
    seeds: tuple[int, ...] = (0,)  # in this profile; empty: the row is absent
    parameters: dict[str, Any] = field(default_factory=dict)  # of this profile, without the grid
    grid: dict[str, list[Any]] = field(default_factory=dict)  # parameter -> values; the product is run
    place: str = ""  # file, line and name, as errors say it
    places: dict[str, str] = field(default_factory=dict)  # parameter -> file and line that give it


@dataclass(frozen=True)
class Run:
    """One execution of a row's script."""

    id: str  # <row>[-<parameter><value>...]-s<seed>
    row: str  # its row
    seed: int  # also among the parameters
    parameters: dict[str, Any]  # every declared parameter's value


def load(file: Path, where: str) -> Source:
    """The file's tables, checked; a project without runs has no file."""
    return _check(toml_source.load(file, where) if os.path.lexists(file) else toml_source.Toml(where, {}))


def profile(tables: Source | Mapping[str, Any], name: str, where: str) -> Profile:
    """The chosen profile."""
    profiles = _source(tables, where).data["profiles"]
    if name not in profiles:
        raise UserError(f"PROFILE={name}: {where} has no such profile{nearest(name, profiles)}")
    return Profile(name, profiles[name].get("corpus", {}), profiles[name].get("parameters", {}))


def rows(tables: Source | Mapping[str, Any], chosen: Profile, where: str) -> list[Row]:
    """Every row, as it stands in the chosen profile (rows that are absent there have no seeds)."""
    source = _source(tables, where)
    found = []
    for name, table in source.data["runs"].items():
        given = {
            ("profiles", chosen.name, "parameters"): chosen.parameters,
            ("runs", name, "parameters_in", chosen.name): table.get("parameters_in", {}).get(chosen.name, {}),
        }
        given = {("runs", name, "parameters"): table.get("parameters", {}), **given}
        parameters, places = {}, {}
        for place, values in given.items():
            parameters.update(values)
            places.update({key: (*place, key) for key in values})
        places.update({key: ("runs", name, "grid", key) for key in table.get("grid", {})})
        seeds = table.get("seeds", [0])
        seeds = seeds.get(chosen.name, []) if isinstance(seeds, dict) else seeds
        row = Row(name, table["script"], table.get("about", ""), tuple(seeds), parameters, table.get("grid", {}))
        lines = {key: source.place(*place) for key, place in places.items()}
        found.append(replace(row, place=f"{source.place('runs', name)}: [runs.{name}]", places=lines))
    return found


def check_parameters(tables: Source, declared: Mapping[str, Sequence[Parameter]]) -> None:
    """Refuse parameters that are without effect, in every profile and not only in the chosen one.

    `declared` are the parameters of every script. What a row gives in the chosen profile, `expand` checks.
    """
    profiles, rows = tables.data["profiles"], tables.data["runs"]
    of_row = {name: [each.name for each in declared.get(table["script"], ())] for name, table in rows.items()}
    of_any = list(dict.fromkeys(name for names in of_row.values() for name in names))
    places: dict[tuple[str, ...], tuple[list[str], str]] = {
        ("profiles", name, "parameters"): (of_any, "no row's script has") for name in profiles
    }
    for name, table in rows.items():
        lacking = f"{table['script']}.py does not have"
        places |= {("runs", name, "parameters_in", each): (of_row[name], lacking) for each in profiles}
    for place, (known, lacking) in places.items():
        given = tables.data
        for key in place:
            given = given.get(key, {})
        for name in given:
            if name == "seed":
                raise tables.error(f"{schema.dotted(place)}: `seed` is given by a row's seeds = [...]", *place, name)
            if name not in known:
                hint = nearest(name, [other for other in known if other != "seed"])
                said = f"{schema.dotted(place)}: {lacking} a parameter {quoted(name)}{hint}"
                raise tables.error(said, *place, name)


def expand(
    row: Row, declaration: Sequence[Parameter], chosen: Profile, pinned: Mapping[str, Any], where: str
) -> list[Run]:
    """A row's runs. `pinned` are the values that `P=` gives to this script."""
    place = row.place or f"{where}: [runs.{row.name}]"
    types = {parameter.name: parameter.type for parameter in declaration}
    if "seed" not in types:
        raise UserError(f"{place}: {row.script}.py should declare a parameter `seed: int`")
    # a profile's parameters are for all rows, so a script that does not have one of them is not at fault
    fixed = {key: value for key, value in row.parameters.items() if key in types or key not in chosen.parameters}
    for key, values in {**{key: [value] for key, value in fixed.items()}, **row.grid}.items():
        at = f"{row.places.get(key, where)}: [runs.{row.name}]"
        if key not in types:
            raise UserError(f"{at}: unknown parameter {quoted(key)}{nearest(key, types)}")
        for value in values:
            convert(value, types[key], f"{at}: parameter {key}")
    grid = {key: [pinned[key]] if key in pinned else values for key, values in row.grid.items()}
    seeds: Sequence[Any] = ([pinned["seed"]] if row.seeds else []) if "seed" in pinned else row.seeds
    count = math.prod(map(len, (seeds, *grid.values())))
    if count > MOST:
        raise UserError(f"{place}: makes {count:,} runs of its seeds and grid; at most {MOST:,} are planned")
    runs: dict[str, Run] = {}
    for seed in seeds:
        for place_in_grid in itertools.product(*grid.values()):
            point = dict(zip(grid, place_in_grid, strict=True))
            parameters = resolve(declaration, {**fixed, **pinned, **point, "seed": seed}, place)
            marks = "".join(f"-{key}{label(parameters[key])}" for key in grid)
            run = Run(f"{row.name}{marks}-s{seed}", row.name, seed, parameters)
            if run.id in runs:
                raise UserError(f"{place}: two runs would be called {run.id}")
            runs[run.id] = run
    return list(runs.values())


def _source(tables: Source | Mapping[str, Any], where: str) -> Source:
    """What `load` gave, or tables that come from elsewhere, checked."""
    return tables if isinstance(tables, Source) else _check(Source(where, dict(tables)))


def _check(source: Source) -> Source:
    """The tables looked over, with what may be left out filled in."""
    SCHEMA.check(source)
    source.data.setdefault("profiles", {"full": {}})
    source.data.setdefault("runs", {})
    profiles = source.data["profiles"]
    for name, table in source.data["runs"].items():
        place = ("runs", name)
        if not re.fullmatch(r"[a-z0-9][a-z0-9_]*", name) or name in ("corpus", "profile"):
            said = f"runs.{quoted(name)}: a row's name is of a-z, 0-9 and _, and neither `corpus` nor `profile`"
            raise source.error(said, *place)
        seeds = table.get("seeds", [])
        for key, by_profile in (("parameters_in", table.get("parameters_in", {})), ("seeds", seeds)):
            for wrong in by_profile.keys() - profiles.keys() if isinstance(by_profile, dict) else ():
                said = f"[runs.{name}]: {key} names profile {quoted(wrong)}{nearest(wrong, profiles)}"
                raise source.error(said, *place, key, wrong)
        own = [("parameters", table.get("parameters", {})), ("grid", table.get("grid", {}))]
        for key, values in own:
            if "seed" in values:
                said = f"[runs.{name}]: {key} names seed; write seeds = [...] beside it"
                raise source.error(said, *place, key, "seed")
        for key in table.get("grid", {}).keys() & table.get("parameters", {}).keys():
            raise source.error(f"[runs.{name}]: {key} stands both in parameters and in grid", *place, "grid", key)
    return source
