"""For every module and every analysis of this repository: a change of behaviour makes exactly those targets run again
that import it, and a change of comments makes none. Who imports what is told by the standard library's modulefinder."""

from __future__ import annotations

import modulefinder
import shutil
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
    """`<profile> <target>` -> target, over profiles that between them have most runs."""
    found = {}
    for profile in ("quick", "full"):
        for target in project.plan(corpus="", profile=profile)["targets"]:
            found[f"{profile} {target['id']}"] = target
    return found


def all_keys(project: example.Project) -> dict[str, str]:
    return {name: target["key"] for name, target in plans(project).items()}


@pytest.fixture(scope="module")
def targets(project: example.Project) -> dict[str, dict[str, Any]]:
    return plans(project)


def users_of(targets: dict[str, dict[str, Any]], scripts: set[str]) -> set[str]:
    """Targets of these scripts, and those that read their runs."""
    direct = {name for name, target in targets.items() if target["script"] in scripts}
    found = set(direct)
    for name, target in targets.items():
        profile = name.split()[0]
        if {f"{profile} {run}" for ids in target["runs"].values() for run in ids} & direct:
            found.add(name)
    return found


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


def test_comments_re_run_nothing(project: example.Project) -> None:
    before = all_keys(project)
    files = [*project.path("src").rglob("*.py"), *project.path("analysis").glob("*.py")]
    originals = {file: file.read_text() for file in files}
    try:
        for file, text in originals.items():
            file.write_text(text + COMMENT)
        assert changed(before, all_keys(project)) == set()
    finally:
        for file, text in originals.items():
            file.write_text(text)


def test_modules_re_run_exactly_their_users(project: example.Project, targets: dict[str, dict[str, Any]]) -> None:
    before = all_keys(project)
    uses = {
        script: traced(project, project.path(script))
        for script in sorted({target["script"] for target in targets.values()})
    }
    modules = project.planner(corpus="").modules
    wrong = []
    for name, file in modules.items():
        if not file.is_relative_to(project.path("src")):
            continue
        text = file.read_text()
        file.write_text(text + CHANGE)
        expected = users_of(targets, {script for script, used in uses.items() if name in used})
        found = changed(before, all_keys(project))
        file.write_text(text)
        if found != expected:
            wrong.append(f"{name}: ran {sorted(found - expected)}, missed {sorted(expected - found)}")
    assert not wrong, "\n".join(wrong)
    assert len(modules) > 20


def test_scripts_re_run_themselves_and_their_readers(
    project: example.Project, targets: dict[str, dict[str, Any]]
) -> None:
    before = all_keys(project)
    for script in sorted({target["script"] for target in targets.values()}):
        file = project.path(script)
        text = file.read_text()
        file.write_text(text + "\n# %%" + CHANGE)
        assert changed(before, all_keys(project)) == users_of(targets, {script}), script
        file.write_text(text)
