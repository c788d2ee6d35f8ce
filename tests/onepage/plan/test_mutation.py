"""For every module and every analysis of this repository: a change of behaviour makes exactly those targets run again
that import it, and a change of comments makes none. Who imports what is told by the standard library's modulefinder."""

from __future__ import annotations

import modulefinder
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import engine_project as example
import pytest

CHANGE = "\n_changed_by_a_test = 1\n"
COMMENT = "\n# a comment by a test\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> example.Project:
    """A copy of the repository's sources."""
    root = tmp_path_factory.mktemp("repository")
    for name in ("analysis", "src", "reports/page"):
        shutil.copytree(example.ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "requirements.lock", "Makefile"):
        shutil.copy(example.ROOT / name, root)
    return example.Project(root)


def traced(project: example.Project, script: Path) -> set[str]:
    """Our modules that a script imports, by the tracer of the standard library."""
    finder = modulefinder.ModuleFinder(path=[str(project.path("src")), str(project.path("analysis"))])
    finder.run_script(str(script))
    return {name for name, module in finder.modules.items() if module.__file__ and name != "__main__"}


def plans(project: example.Project) -> dict[str, dict[str, Any]]:
    """Target -> its part of the plan, in the profile that has every run of the others too."""
    return {target["id"]: target for target in project.plan(corpus="", profile="thorough")["targets"]}


def all_keys(project: example.Project) -> dict[str, str]:
    return {name: target["key"] for name, target in plans(project).items()}


@pytest.fixture(scope="module")
def targets(project: example.Project) -> dict[str, dict[str, Any]]:
    return plans(project)


def users_of(targets: dict[str, dict[str, Any]], scripts: set[str]) -> set[str]:
    """Targets of these scripts, those that read their runs, and those that read what these make of them."""
    found = {name for name, target in targets.items() if target["script"] in scripts}
    while True:
        more = {
            name for name, target in targets.items() if found & {run for ids in target["runs"].values() for run in ids}
        }
        if more <= found:
            return found
        found |= more


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


@contextmanager
def edited(files: Iterable[Path], addition: str) -> Iterator[None]:
    """Files with something at their ends, and as they were again."""
    originals = {file: file.read_text() for file in files}
    try:
        for file, text in originals.items():
            file.write_text(text + addition)
        yield
    finally:
        for file, text in originals.items():
            file.write_text(text)


def test_the_profile_has_the_scripts_of_the_others(
    project: example.Project, targets: dict[str, dict[str, Any]]
) -> None:
    for profile in ("quick", "full"):
        others = project.plan(corpus="", profile=profile)["targets"]
        assert {target["script"] for target in others} <= {target["script"] for target in targets.values()}


def test_comments_re_run_nothing(project: example.Project) -> None:
    before = all_keys(project)
    with edited([*project.path("src").rglob("*.py"), *project.path("analysis").glob("*.py")], COMMENT):
        assert changed(before, all_keys(project)) == set()


def test_modules_re_run_exactly_their_users(project: example.Project, targets: dict[str, dict[str, Any]]) -> None:
    """One by one; those that no script imports all at once, since then nothing at all may run."""
    before = all_keys(project)
    uses = {
        script: traced(project, project.path(script))
        for script in sorted({target["script"] for target in targets.values()})
    }
    modules = {
        name: file
        for name, file in project.planner(corpus="").modules.items()
        if file.is_relative_to(project.path("src"))
    }
    expected = {name: users_of(targets, {script for script, used in uses.items() if name in used}) for name in modules}
    unused = [name for name in modules if not expected[name]]
    with edited([modules[name] for name in unused], CHANGE):
        assert changed(before, all_keys(project)) == set(), f"one of {unused}"
    wrong = []
    for name in expected.keys() - set(unused):
        with edited([modules[name]], CHANGE):
            found = changed(before, all_keys(project))
        if found != expected[name]:
            wrong.append(f"{name}: ran {sorted(found - expected[name])}, missed {sorted(expected[name] - found)}")
    assert not wrong, "\n".join(wrong)
    assert min(len(unused), len(modules) - len(unused)) > 20


def test_scripts_re_run_themselves_and_their_readers(
    project: example.Project, targets: dict[str, dict[str, Any]]
) -> None:
    before = all_keys(project)
    for script in sorted({target["script"] for target in targets.values()}):
        with edited([project.path(script)], "\n# %%" + CHANGE):
            assert changed(before, all_keys(project)) == users_of(targets, {script}), script
