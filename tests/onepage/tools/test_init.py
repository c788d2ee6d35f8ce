"""A new project: it works at once, over nothing that is there, and with what onepage brings alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import engine_project as example
import pytest

from onepage import cli
from onepage.core import files
from onepage.core.places import PACKAGE
from onepage.tools.start import init


def make(folder: Path, *words: str, ok: bool = True) -> str:
    """make in a project, with the onepage that is being tested."""
    command = ["make", "--no-print-directory", "-C", str(folder), *words, f"PYTHON={sys.executable}"]
    done = subprocess.run(command, env=example.Project(folder).environ(), capture_output=True, text=True)
    assert (done.returncode == 0) == ok, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.parametrize("words", [["--course"], pytest.param([], marks=pytest.mark.long)])  # which the tutorial builds
def test_a_new_project_builds_and_checks_and_follows_an_edit(tmp_path: Path, words: list[str]) -> None:
    folder = tmp_path / "my demo"  # Make has relative paths alone, so a space does no harm
    assert cli.main(["init", str(folder), *words]) == 0
    report = folder / "reports" / "full"
    assert "coin.share" in make(folder, "report")
    assert {"report.pdf", "report.html", "index.html", "manifest.json"} <= {path.name for path in report.iterdir()}
    assert "nothing to mend" in make(folder, "check")
    assert "nothing to do" in make(folder, "report")
    script = folder / "analysis" / "q1_coin.py"
    script.write_text(script.read_text().replace(".random(tosses) < 0.5", ".random(tosses) < 0.7"))
    told = make(folder, "check", ok=False)
    assert "] q1_coin" in told
    assert re.search(r"reports/page/report\.md:\d+: .*coin-is-fair", told)


def test_a_hand_in_without_a_group_is_one_line(tmp_path: Path) -> None:
    assert cli.main(["init", str(tmp_path / "demo")]) == 0
    told = make(tmp_path / "demo", "submission", ok=False)
    assert told.count("reports/page/group.toml: missing, which names the group that hands in") == 1


def names(*, course: bool) -> list[str]:
    return [*init.PROJECT, *(init.COURSE if course else {})]


@pytest.mark.parametrize("name", names(course=True))
@pytest.mark.parametrize("kind", ["file", "empty", "folder", "dangling"])
def test_nothing_is_overwritten_and_then_nothing_is_written(
    tmp_path: Path, name: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "dangling":
        path.symlink_to("nowhere")
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_text("mine" if kind == "file" else "")
    before = sorted(tmp_path.rglob("*"))
    assert cli.main(["init", str(tmp_path), "--course"]) == 2
    told = capsys.readouterr()
    assert told.err.splitlines() == [f"onepage init: {path}: is there already, so nothing was written; move it away, or"
                                     " name another folder"]  # fmt: skip
    assert told.out == ""
    assert sorted(tmp_path.rglob("*")) == before
    assert kind != "file" or path.read_text() == "mine"


@pytest.mark.parametrize("name", sorted({Path(name).parts[0] for name in names(course=True) if "/" in name}))
def test_a_way_that_leads_elsewhere_or_is_a_file_is_not_taken(tmp_path: Path, name: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / name).symlink_to(tmp_path / "elsewhere")
    assert cli.main(["init", str(tmp_path / "linked")]) == 2
    assert not list((tmp_path / "elsewhere").iterdir())
    (tmp_path / "filed").mkdir()
    (tmp_path / "filed" / name).write_text("mine")
    assert cli.main(["init", str(tmp_path / "filed")]) == 2
    assert [path.name for path in (tmp_path / "filed").iterdir()] == [name]


def places(tmp: Path) -> dict[str, Path]:
    """Places that are no place for a project."""
    project = tmp / "project"
    for inside in ("build", "reports/full", ".git/x"):
        (project / inside).mkdir(parents=True)
    (project / "pyproject.toml").write_text("[tool.onepage]\n")
    (project / "link").symlink_to("build")
    (tmp / "file").write_text("")
    (tmp / "dangling").symlink_to("nowhere")
    files.own(tmp / "ours", "store")
    return {
        "the root": Path("/"), "the home folder": Path.home(), "the package": PACKAGE, "below it": PACKAGE / "x" / "y",
        "the environment": Path(sys.prefix) / "lib" / "x", "a file": tmp / "file", "a dangling link": tmp / "dangling",
        "below build": project / "build" / "x", "below reports": project / "reports" / "x",
        "another spelling": project / "reports" / ".." / "BUILD" / "x", "a link into build": project / "link" / "x",
        "git's folder": project / ".git" / "x", "a folder of ours": tmp / "ours" / "x" / "y",
    }  # fmt: skip


def test_places_that_are_somebody_else_s_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for what, place in places(tmp_path).items():
        before = os.path.lexists(place)
        assert cli.main(["init", str(place)]) == 2, what
        assert len(capsys.readouterr().err.splitlines()) == 1, what
        assert os.path.lexists(place) == before, what


def test_a_folder_with_other_files_and_no_folder_at_all_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init"]) == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert cli.main(["init", "deep/er"]) == 0
    assert (tmp_path / "deep" / "er" / "analysis" / "q1_coin.py").is_file()


@pytest.mark.parametrize(("name", "said"), [("My Report!", "my-report"), ("ä", "report"), ('a"b\\', "a-b"), ("x", "x")])
def test_a_folder_s_name_makes_a_project_s_name(name: str, said: str) -> None:
    assert f'name = "{said}"\n' in init.contents(name)["pyproject.toml"]


def test_nothing_of_a_template_is_left_to_fill_in() -> None:
    for course in (False, True):
        for path, text in init.contents("demo", course=course).items():
            assert not [word for word in ("@NAME@", "@VERSION@", "@AUTHOR@") if word in text], path
    assert {*init.PROJECT.values(), *init.COURSE.values()} == {path.name for path in init.TEMPLATES.iterdir()}


def test_a_python_that_is_not_the_usual_one_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = tmp_path / "bin"
    usual.mkdir()
    (usual / "python3").symlink_to("/bin/false")
    monkeypatch.setenv("PATH", str(usual))
    assert cli.main(["init", str(tmp_path / "a")]) == 0
    assert f"PYTHON ?= {sys.executable}\n" in (tmp_path / "a" / "local.mk").read_text()
    monkeypatch.setattr(sys, "executable", str(usual / "python3"))
    assert cli.main(["init", str(tmp_path / "b")]) == 0
    assert not (tmp_path / "b" / "local.mk").exists()


def test_a_python_without_onepage_is_named_in_one_line(tmp_path: Path) -> None:
    assert cli.main(["init", str(tmp_path)]) == 0
    done = subprocess.run(["make", "-C", tmp_path, "report", "PYTHON=false"], capture_output=True, text=True)
    assert done.returncode
    assert '"false" has no onepage: activate the environment that has it' in done.stderr


def test_the_rules_are_named_where_make_can_read_them(tmp_path: Path) -> None:
    """Where onepage lies at a place with a space, they are copied into the project."""
    assert cli.main(["init", str(tmp_path / "demo")]) == 0
    spaced = tmp_path / "a place" / "onepage"
    shutil.copytree(PACKAGE, spaced, ignore=shutil.ignore_patterns("__pycache__"))
    for path, wanted in ((PACKAGE.parent, str(PACKAGE / "onepage.mk")), (spaced.parent, "build/cache/onepage.mk")):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "onepage", "rules"], cwd=tmp_path / "demo", capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": str(path)}, check=True,
        )  # fmt: skip
        assert done.stdout == f"{wanted}\n"
    copied = (tmp_path / "demo" / "build" / "cache" / "onepage.mk").read_text()
    assert copied == (PACKAGE / "onepage.mk").read_text()


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert not ended.value.code
    assert capsys.readouterr().out.startswith("onepage 0.")
