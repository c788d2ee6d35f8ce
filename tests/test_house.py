"""Rules of the house that no single module can hold."""

from __future__ import annotations

import ast
import glob
import graphlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from imports import ORDER, drawn, edges, imported, named, sources, upwards

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("wing", "other"), [("onepage", "spokenlang"), ("spokenlang", "onepage")])
def test_the_two_wings_do_not_know_each_other(wing: str, other: str) -> None:
    files = list(sources(ROOT / "src" / wing))
    assert files
    assert not [path.name for path in files if other in {name.split(".")[0] for name in imported(path)}]


@pytest.mark.parametrize("package", ORDER)
def test_wings_import_from_those_before_them_alone(package: str) -> None:
    assert not upwards(package)


def test_only_these_wings_know_a_later_one_by_its_name() -> None:
    """The command line imports what it is asked for. These look upwards: at what an execution may have brought along,
    and at a process to start."""
    assert upwards("onepage", named) == {("context", "observing"), ("execute", "warm_server")}
    assert not upwards("spokenlang", named)


@pytest.mark.parametrize("package", ORDER)
def test_the_pictures_of_the_imports_are_those_of_the_code(package: str) -> None:
    """`python docs/imports.py` draws them again."""
    assert (ROOT / "docs" / f"imports-{package}.svg").read_text(encoding="utf-8") == drawn(package)


@pytest.mark.parametrize("package", ORDER)
def test_no_imports_go_in_a_circle(package: str) -> None:
    graph = edges(package)
    assert list(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("package", ORDER)
def test_no_folder_holds_more_than_one_can_survey(package: str) -> None:
    folders = {path.parent for path in sources(ROOT / "src" / package)}
    modules = {folder: len([*folder.glob("*.py")]) - (folder / "__init__.py").exists() for folder in folders}
    assert max(modules.values()) <= 14, modules
    assert all((folder / "__init__.py").read_text(encoding="utf-8").startswith('"""') for folder in folders
               if folder.name not in ("onepage", "child"))  # fmt: skip


def test_the_pipeline_has_no_word_of_its_subject() -> None:
    subject = re.compile(r"spokenlang|espeak|\bspeech\b|\bphones\b|\bphonem|\bmel\b", re.IGNORECASE)
    for path in sources(ROOT / "src" / "onepage"):
        assert not subject.search(path.read_text(encoding="utf-8")), path


def test_what_differs_between_systems_is_known_in_the_files_that_the_design_names() -> None:
    """By what such code cannot do without: the system's name, its folders of devices and processes, its own calls."""
    asks = re.compile(r"""sys\.platform|platform\.system|os\.(?:name|uname\(\)\.machine)\b|pidfd|["']/(?:proc|dev)/""")
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    files = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sources(ROOT / "src")}
    assert {name for name, code in files.items() if asks.search(code)} == set(
        re.findall(r"^\| `(src/\S+)`", text, re.MULTILINE)
    )


def pins() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return dict(re.match(r"([a-z0-9.-]+)==([^ ;]+)", line).groups() for line in lines if line and line[0] != "#")


def test_every_dependency_is_pinned_and_no_index_is_named() -> None:
    projects = [tomllib.loads((ROOT / name).read_text(encoding="utf-8"))["project"]
                for name in ("pyproject.toml", "src/onepage/pyproject.toml")]  # fmt: skip
    wanted = [name for project in projects for name in project["dependencies"]]
    wanted += [name for extra in projects[0]["optional-dependencies"].values() for name in extra]
    assert not {name.lower().replace("_", "-") for name in wanted} - {"onepage"} - set(pins())
    assert "://" not in (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_every_place_that_names_pythons_names_the_same() -> None:
    """The first is the oldest that will do, the last the newest that the tests were run with (see CONTRIBUTING.md)."""
    tried = re.findall(r"python3\.(\d+)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert tried == sorted(tried, key=int, reverse=True)
    for name in ("pyproject.toml", "src/onepage/pyproject.toml"):
        project = tomllib.loads((ROOT / name).read_text(encoding="utf-8"))["project"]
        said = [each.rpartition("3.")[2] for each in project["classifiers"] if " :: Python :: 3." in each]
        assert said == tried[::-1]
        assert project["requires-python"] == f">=3.{said[0]}"
    assert f"python>=3.{tried[-1]}" in (ROOT / "environment.yml").read_text(encoding="utf-8")


def test_conda_gets_the_same_pins() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    by_pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert "-r requirements.lock" in by_pip
    # What conda itself installs beside that is no package of the lock, so nothing is pinned twice.
    by_conda = {re.split(r"[<>= ]", entry)[0] for entry in environment["dependencies"] if isinstance(entry, str)}
    assert not by_conda & set(pins())


def test_files_and_functions_stay_of_a_size_that_one_can_read() -> None:
    long = {}
    for path in sources(ROOT / "src"):
        text = path.read_text(encoding="utf-8")
        long[path.relative_to(ROOT).as_posix()] = len(text.splitlines()) - 350
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                long[f"{path.name}:{node.name}"] = (node.end_lineno or 0) - node.lineno + 1 - 50
    assert not {name for name, excess in long.items() if excess > 0}


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert not [link for link in links if "://" not in link and not (ROOT / link).exists()]


def test_what_is_handed_in_is_there_and_enough_to_build_again() -> None:
    """Every pattern matches, and between them they bring the rules for Make and every template."""
    include = tomllib.loads((ROOT / "reports/page/brief.toml").read_text(encoding="utf-8"))["hand-in"]["include"]
    found = {pattern: {path for path in ROOT.glob(pattern) if path.is_file()} for pattern in include}
    assert all(found.values()), [pattern for pattern, paths in found.items() if not paths]
    package = ROOT / "src" / "onepage"
    names = glob.glob("**/*", root_dir=package, recursive=True)
    files = {package / name for name in names if (package / name).is_file() and "__pycache__" not in name}
    assert not {path for path in files if ".egg-info" not in str(path)} - set().union(*found.values())


@pytest.mark.parametrize(("words", "measured"), [((), False), (("COVERAGE=yes",), True)])
def test_coverage_is_measured_where_it_is_asked_for(words: tuple[str, ...], measured: bool) -> None:
    command = ["make", "-n", "test", *words, f"PYTHON={sys.executable}"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ("--cov" in said) == measured


def test_every_path_of_the_source_that_a_document_names_is_there() -> None:
    documents = [path for path in ROOT.glob("*.md")] + [
        path for folder in ("docs", "reports/page", "src", "benchmarks") for path in (ROOT / folder).rglob("*.md")
    ]
    named = [
        (path.name, name)
        for path in documents
        for name in re.findall(r"\bsrc/(?:onepage|spokenlang)(?:/[\w.-]+)*", path.read_text(encoding="utf-8"))
    ]
    assert len(named) > 5
    assert not [each for each in named if not (ROOT / each[1].rstrip(".")).exists()]
