"""docs/reference.md says what the code knows: every name in it is one of the code's, and the other way round."""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from onepage import cli
from onepage.core import config
from onepage.core.places import PACKAGE
from onepage.course import group
from onepage.page import brief
from onepage.page.tree import drafts
from onepage.scripts import percent

TEXT = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
RULES = (PACKAGE / "onepage.mk").read_text(encoding="utf-8")


def tables(section: str) -> list[dict[str, list[str]]]:
    """The tables below a heading: first cell -> the words in backquotes of the second, in order."""
    text = re.search(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)[1]
    found = []
    for lines in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [re.split(r"(?<!\\)\|", line.strip().strip("|")) for line in lines.splitlines()[2:]]
        found.append({row[0].strip().strip("`"): re.findall(r"`([^`]+)`", row[1]) for row in rows})
    return found


def keys(definition: dict) -> set[str]:
    return set(definition["properties"])


def arguments(module: str) -> list[str]:
    parser = argparse.ArgumentParser(add_help=False)
    importlib.import_module(module).add_arguments(parser)
    actions = parser._actions
    return [action.option_strings[0] if action.option_strings else action.dest.upper() for action in actions]


def onepage_keys() -> dict:
    return config.table_schema().definition["properties"]


SECTIONS = {
    "Header of a script": [lambda: keys(percent.header_schema().definition)],
    "pyproject.toml": [lambda: set(onepage_keys()), lambda: keys(onepage_keys()["corpus"])],
    "Header of report.md": [lambda: keys(drafts.FRONT.definition)],
    "Demands of brief.toml": [lambda: set(brief.KINDS)],
    "group.toml": [lambda: {
        *(f"group.{key}" for key in keys(group.SCHEMA.definition["properties"]["group"])),
        *(f"member.{key}" for key in keys(group.SCHEMA.definition["properties"]["member"]["items"])),
    }],
    "make": [
        lambda: set(re.findall(r"^([a-z]+):+.*## ", RULES, re.MULTILINE)),
        lambda: set(re.findall(r"^([A-Z]+) +\?=", RULES, re.MULTILINE)),
    ],
    "onepage": [lambda: set(cli.COMMANDS)],
}  # fmt: skip


@pytest.mark.parametrize("section", SECTIONS)
def test_names_in_the_document_are_those_of_the_code(section: str) -> None:
    assert [set(table) for table in tables(section)] == [names() for names in SECTIONS[section]]


def test_every_section_is_held_to_the_code() -> None:
    assert set(re.findall(r"^## (.*)", TEXT, re.MULTILINE)) == set(SECTIONS)


def test_every_kind_of_demand_has_its_keys() -> None:
    assert tables("Demands of brief.toml")[0] == {kind: list(known) for kind, (_, known) in brief.KINDS.items()}


def test_every_command_has_its_arguments() -> None:
    said = tables("onepage")[0]
    known: dict[str, Iterable[str]] = {name: arguments(module) for name, (module, _) in cli.COMMANDS.items()}
    assert {name: sorted(words) for name, words in said.items()} == {name: sorted(w) for name, w in known.items()}
