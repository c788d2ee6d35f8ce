"""Rules of the house that no single module can hold."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


def imported(path: Path) -> set[str]:
    """Top-level names of everything that a file imports, at any depth."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize(("wing", "other"), [("onepage", "spokenlang"), ("spokenlang", "onepage")])
def test_the_two_wings_do_not_know_each_other(wing: str, other: str) -> None:
    files = list((ROOT / "src" / wing).rglob("*.py"))
    assert files
    assert not [path.name for path in files if other in imported(path)]


def test_the_pipeline_has_no_word_of_its_subject() -> None:
    subject = re.compile(r"spokenlang|espeak|\bspeech\b|\bphones\b|\bphonem|\bmel\b", re.IGNORECASE)
    for path in (ROOT / "src" / "onepage").rglob("*.py"):
        assert not subject.search(path.read_text(encoding="utf-8")), path


def pins() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return dict(re.match(r"([a-z0-9.-]+)==([^ ;]+)", line).groups() for line in lines if line and line[0] != "#")


def test_every_dependency_is_pinned_and_no_index_is_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    assert not {name.lower().replace("_", "-") for name in wanted} - set(pins())
    assert "://" not in (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_conda_gets_the_same_pins() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    by_pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert "-r requirements.lock" in by_pip
    # What conda itself installs beside that is no package of the lock, so nothing is pinned twice.
    by_conda = {re.split(r"[<>= ]", entry)[0] for entry in environment["dependencies"] if isinstance(entry, str)}
    assert not by_conda & set(pins())


def test_files_stay_of_a_size_that_one_can_read() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "src").rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert not [link for link in links if "://" not in link and not (ROOT / link).exists()]
