"""The runs of a report: `experiments.toml`, expanded for one profile.

A row names a script and gives its parameters; seeds and a grid multiply it into runs. What beats what, from weak to
strong: the script's own default, the row's `parameters`, the profile's `parameters`, the row's
`parameters_in.<profile>`, the grid and seeds, and `P=` on the command line (it pins a grid or seeds to one value).
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onepage.errors import UserError, nearest
from onepage.parameters import Parameter, label, resolve

_ROW_KEYS = ("about", "script", "seeds", "parameters", "parameters_in", "grid")
_PROFILE_KEYS = ("corpus", "parameters", "about")


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


@dataclass(frozen=True)
class Run:
    """One execution of a row's script."""

    id: str  # <row>[-<parameter><value>...]-s<seed>
    row: str  # its row
    seed: int  # also among the parameters
    parameters: dict[str, Any]  # every declared parameter's value


def load(file: Path, where: str) -> dict[str, Any]:
    """The file's tables; a project without runs has no file."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        tables = {}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{where}: {error}") from None
    for key in tables:
        if key not in ("profiles", "runs"):
            raise UserError(f"{where}: unknown table [{key}]; there are [profiles.<name>] and [runs.<name>]")
    tables.setdefault("profiles", {"full": {}})
    tables.setdefault("runs", {})
    return tables


def profile(tables: Mapping[str, Any], name: str, where: str) -> Profile:
    """The chosen profile."""
    if name not in tables["profiles"]:
        raise UserError(f"PROFILE={name}: {where} has no such profile{nearest(name, tables['profiles'])}")
    table = tables["profiles"][name]
    _known(table, _PROFILE_KEYS, f"{where}: [profiles.{name}]")
    return Profile(name, table.get("corpus", {}), table.get("parameters", {}))


def rows(tables: Mapping[str, Any], chosen: Profile, where: str) -> list[Row]:
    """Every row, as it stands in the chosen profile (rows that are absent there have no seeds)."""
    found = []
    for name, table in tables["runs"].items():
        place = f"{where}: [runs.{name}]"
        if not re.fullmatch(r"[a-z0-9][a-z0-9_]*", name) or name in ("corpus", "profile"):
            raise UserError(f"{place}: a row's name is of a-z, 0-9 and _, and neither `corpus` nor `profile`")
        _known(table, _ROW_KEYS, place)
        if "script" not in table:
            raise UserError(f"{place}: needs script = the name of a script")
        for wrong in set(table.get("parameters_in", {})) - set(tables["profiles"]):
            raise UserError(f"{place}: parameters_in names profile {wrong!r}{nearest(wrong, tables['profiles'])}")
        for key in table.get("grid", {}).keys() & table.get("parameters", {}).keys():
            raise UserError(f"{place}: {key} stands both in parameters and in grid")
        own = table.get("parameters_in", {}).get(chosen.name, {})
        seeds = _seeds(table.get("seeds", [0]), chosen.name, tables["profiles"], place)
        grid = table.get("grid", {})
        for key, values in grid.items():
            if not isinstance(values, list) or not values:
                raise UserError(f"{place}: grid.{key} should be a list of values")
        row = Row(name, table["script"], table.get("about", ""), seeds, {**table.get("parameters", {})}, grid)
        row.parameters.update({key: value for key, value in chosen.parameters.items() if key not in own})
        row.parameters.update(own)
        found.append(row)
    return found


def expand(
    row: Row, declaration: Sequence[Parameter], chosen: Profile, pinned: Mapping[str, Any], where: str
) -> list[Run]:
    """A row's runs. `pinned` are the values that `P=` gives to this script."""
    place = f"{where}: [runs.{row.name}]"
    names = {parameter.name for parameter in declaration}
    if "seed" not in names:
        raise UserError(f"{place}: {row.script}.py should declare a parameter `seed: int`")
    # a profile's parameters are for all rows, so a script that does not have one of them is not at fault
    fixed = {key: value for key, value in row.parameters.items() if key in names or key not in chosen.parameters}
    grid = {key: [pinned[key]] if key in pinned else values for key, values in row.grid.items()}
    seeds = ([pinned["seed"]] if row.seeds else []) if "seed" in pinned else row.seeds
    runs = []
    for seed in seeds:
        for values in itertools.product(*grid.values()):
            point = dict(zip(grid, values, strict=True))
            parameters = resolve(declaration, {**fixed, **pinned, **point, "seed": seed}, place)
            marks = "".join(f"-{key}{label(parameters[key])}" for key in grid)
            runs.append(Run(f"{row.name}{marks}-s{seed}", row.name, seed, parameters))
    twice = {run.id for run in runs if sum(other.id == run.id for other in runs) > 1}
    if twice:
        raise UserError(f"{place}: two runs would be called {min(twice)}")
    return runs


def _seeds(seeds: Any, chosen: str, profiles: Mapping[str, Any], place: str) -> tuple[int, ...]:
    if isinstance(seeds, dict):
        for wrong in set(seeds) - set(profiles):
            raise UserError(f"{place}: seeds names profile {wrong!r}{nearest(wrong, profiles)}")
        seeds = seeds.get(chosen, [])
    if not isinstance(seeds, list) or not all(type(seed) is int and seed >= 0 for seed in seeds):
        raise UserError(f"{place}: seeds should be a list of whole numbers, or such a list per profile")
    return tuple(seeds)


def _known(table: Any, keys: Sequence[str], place: str) -> None:
    if not isinstance(table, dict):
        raise UserError(f"{place} should be a table")
    for key in table:
        if key not in keys:
            raise UserError(f"{place}: unknown key {key!r}{nearest(key, keys)}")
