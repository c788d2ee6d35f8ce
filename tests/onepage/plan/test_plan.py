"""What is planned: keys, rules and the errors that come before anything runs."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path

import engine_project as example
import pytest

from onepage.core import errors, watch
from onepage.plan import surroundings
from onepage.tools import plan


@pytest.fixture
def project(tmp_path: Path) -> example.Project:
    return example.copy(tmp_path / "dice")


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after.get(name)}


def test_targets_and_what_they_read(project: example.Project) -> None:
    plan = project.plan(profile="full")
    assert [target["id"] for target in plan["targets"]] == [
        "slow-s0", "slow-s1", "slow-s2", "search-rate0.01-s0", "search-rate0.1-s0", "q1_shares", "q2_steps",
    ]  # fmt: skip
    steps = plan["targets"][-1]
    assert steps["runs"] == {
        "slow": ["slow-s0", "slow-s1", "slow-s2"],
        "search": ["search-rate0.01-s0", "search-rate0.1-s0"],
    }
    assert plan["targets"][0]["modules"] == [
        name for name in plan["targets"][0]["modules"] if name.split(".")[0] in ("dicegame", "onepage")
    ]
    assert {"dicegame.models", "dicegame.faces", "onepage.context"} <= set(plan["targets"][0]["modules"])
    assert project.plan(profile="quick")["targets"][-1]["runs"] == {"slow": ["slow-s0"], "search": []}


def test_a_folder_that_cannot_be_written_is_named_before_anything_runs(
    project: example.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.root / "reports" / "page").mkdir(parents=True, exist_ok=True)
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "reports" and real(path, mode))
    monkeypatch.chdir(project.root)
    with pytest.raises(errors.UserError, match=r"^reports: this folder cannot be written to"):
        plan.main(argparse.Namespace(
            report="new", corpus="", profile="full", device="auto", parameters="", store="",
        ))  # fmt: skip
    assert not (project.root / "build" / "new").exists()


def test_what_changes_a_key(project: example.Project) -> None:
    before = project.keys()
    project.edit("src/dicegame/models.py", "1 - rate", "1.0 - rate")
    assert changed(before, project.keys()) == {"slow-s0", "q2_steps"}  # the run, and what reads it
    project.edit("src/dicegame/models.py", "1.0 - rate", "1 - rate")
    assert project.keys() == before  # a revert costs nothing
    assert changed(before, project.keys(parameters="first=3")) == {"q1_shares"}
    assert changed(before, project.keys(parameters="rate=0.5")) == {"slow-s0", "q2_steps"}
    assert changed(before, project.keys(device="cuda")) == set(before)
    project.edit("analysis/q1_shares.py", "# Which die", "# What die")
    project.edit("analysis/q1_shares.py", "first: int = 0  # rolls", "first: int = 0  # the rolls")
    assert project.keys() == before
    project.edit("analysis/learn.py", "passes: int = 2", "passes: int = 3")  # quick's own value hides it
    assert changed(before, project.keys()) == set()
    project.edit("src/dicegame/rolls.py", "3 if die", "4 if die")
    assert changed(before, project.keys()) == set(before)  # the corpus's recipe: everything that reads it


def test_a_run_that_two_profiles_share_has_one_key(project: example.Project) -> None:
    project.edit("analysis/experiments.toml", "corpus = { rolls = 300 }\nparameters = { passes = 1 }", "")
    assert project.keys(profile="quick")["slow-s0"] == project.keys(profile="full")["slow-s0"]


def test_modules_may_come_go_and_change_names(project: example.Project) -> None:
    before = project.keys()
    project.write("src/dicegame/spare.py", "x = 1\n")
    assert project.keys() == before
    project.path("src/dicegame/spare.py").unlink()
    project.path("src/dicegame/models.py").rename(project.path("src/dicegame/learners.py"))
    project.edit("analysis/learn.py", "import models, rolls", "import learners as models, rolls")
    assert changed(before, project.keys()) == {"slow-s0", "q2_steps"}
    project.write("analysis/helper.py", "y = 1\n")  # a plain module beside the scripts
    project.edit("analysis/q2_steps.py", "import json\n", "import json\nimport helper\n")
    between = project.keys()
    project.write("analysis/helper.py", "y = 2\n")
    assert changed(between, project.keys()) == {"q2_steps"}


def test_a_file_that_the_code_only_names_does_not_count(project: example.Project) -> None:
    """It may be one that the script writes: what it reads is seen when it is executed (test_engine_reads.py)."""
    project.edit("analysis/q2_steps.py", "import json\n", 'import json\nnotes = "notes.csv"\n')
    before = project.keys()
    project.write("analysis/notes.csv", "a,c\n")
    assert changed(before, project.keys()) == set()


def test_a_folder_as_corpus(project: example.Project, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "rolls.csv").write_text("die,face\nred,1\n")
    before = project.plan(corpus=str(folder))
    assert before["corpus"]["name"] == "mine"
    assert before["corpus"]["folder"] == str(folder)
    os.utime(folder / "rolls.csv", (1, 1))
    assert project.plan(corpus=str(folder))["targets"] == before["targets"]
    (folder / "rolls.csv").write_text("die,face\nred,2\n")
    after = project.keys(corpus=str(folder))
    assert changed({t["id"]: t["key"] for t in before["targets"]}, after) == set(after)


def test_device() -> None:
    seen = watch.Watch()
    assert surroundings.device("cpu", {}, seen) == "cpu"
    assert surroundings.device("auto", {"torch": "2.13.0+cpu"}, seen) == "cpu"
    with pytest.raises(errors.UserError, match="DEVICE=gpu"):
        surroundings.device("gpu", {}, seen)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"CORPUS": "nowhere"}, "CORPUS=nowhere: not a folder, nor a corpus that a command makes (there is dice)"),
        ({"PROFILE": "quik"}, "has no such profile (did you mean 'quick'?)"),
        ({"P": "passs=3"}, "no script has a parameter 'passs' (did you mean 'passes'?)"),
        ({"P": "passes=x"}, "parameter passes should be a int, not 'x'"),
        ({"DEVICE": "gpu"}, "DEVICE=gpu: should be auto, cpu or cuda"),
        ({"STORE": "a b"}, "STORE=a b: Make cannot handle this path"),
        ({"REPORT": "../up"}, "cannot name a report"),
        ({"CORPUS": "a b"}, "Make cannot handle a path with spaces"),
    ],
)
def test_wrong_words_are_one_clear_line(project: example.Project, words: dict[str, str], message: str) -> None:
    result = project.make("report", *(f"{name}={value}" for name, value in words.items()), ok=False)
    assert message in result.stderr
    lines = [line for line in result.stderr.splitlines() if "plan.mk" not in line]  # Make's own remark on top
    assert len(lines) == 1, result.stderr
    assert not project.path("reports/dice-quick").exists()


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("analysis/q1_shares.py", "reads: [corpus]", "reads: [corpse]", "reads 'corpse' (did you mean 'corpus'?)"),
        ("analysis/q1_shares.py", "first: int = 0", "first: int = 0.5", "q1_shares.py:23: parameter first should be a"),
        ("analysis/experiments.toml", '"learn"\nseeds = { full = [0, 1', '"lern"\nseeds = { full = [0, 1',
         "names lern.py (did you mean 'learn'?)"),
        ("analysis/experiments.toml", "rate = 0.001", "rat = 0.001", "parameter 'rat' (did you mean 'rate'?)"),
        ("analysis/learn.py", "reads: [corpus]", "reads: [corpus, slow]", "slow read one another"),
        ("pyproject.toml", "scripts = ", "skripts = ", "pyproject.toml:7: tool.onepage: unknown key 'skripts' (did"),
        ("pyproject.toml", 'code = ["src/dicegame"]', 'code = "src/dicegame"', "should be a list of paths"),
    ],
)  # fmt: skip
def test_wrong_sources_are_named(project: example.Project, file: str, old: str, new: str, message: str) -> None:
    project.edit(file, old, new)
    with pytest.raises(errors.UserError) as error:
        project.plan()
    assert message in str(error.value)


def test_the_fast_path_sees_what_times_do_not_tell(project: example.Project) -> None:
    words = ["plan", "--report", "r", "--corpus", "dice", "--profile", "quick"]
    project.onepage(*words)
    time.sleep(0.1)  # as long as a file is younger than a clock tick, it is read again anyway
    project.onepage(*words)
    plan = project.path("build/r/plan.json")
    before, state = plan.read_text(), plan.stat().st_mtime_ns
    record = project.path("build/r/watched.json").read_text()
    project.onepage(*words)
    assert project.path("build/r/watched.json").read_text() == record  # nothing was done
    module = project.path("src/dicegame/models.py")
    old = module.stat()
    text = module.read_text()
    module.write_text(text.replace("1 - rate", "2 - rate"))  # same size, same time: as `cp -p` leaves it
    os.utime(module, ns=(old.st_atime_ns, old.st_mtime_ns))
    project.onepage(*words)
    assert plan.read_text() != before
    module.write_text(text)
    project.onepage(*words)
    assert plan.read_text() == before
    assert plan.stat().st_mtime_ns != state


def test_planning_is_quick(project: example.Project) -> None:
    words = [sys.executable, "-P", "-m", "onepage", "plan", "--report", "r", "--corpus", "dice"]
    usage = []
    for _ in range(3):
        project.edit("analysis/q1_shares.py", "A fair", "A fair, fair")  # so that there is something to do
        before = os.times()
        project.onepage(*words[4:])
        after = os.times()
        usage.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(usage) < 0.8, usage  # processor time, since the machine may be busy


def test_two_targets_with_one_key_are_one_rule(project: example.Project) -> None:
    shutil.copy(project.path("analysis/q1_shares.py"), project.path("analysis/q3_same.py"))
    project.onepage("plan", "--report", "r", "--corpus", "dice", "--profile", "quick")
    rules = project.path("build/r/plan.mk").read_text()
    assert rules.count("$(RUN) q1_shares") == 1
    assert "q3_same" not in rules


def test_analyses_that_may_take_longest_are_begun_first(project: example.Project) -> None:
    """After the runs, which are begun in their order."""
    patient = project.path("analysis/q9_slow.py")
    text = project.path("analysis/q1_shares.py").read_text()
    patient.write_text(re.sub(r"(#   onepage:\n)(?:#     timeout: \d+\n)?", r"\1#     timeout: 5000\n", text, count=1))
    project.onepage("plan", "--report", "r", "--corpus", "dice", "--profile", "quick")
    rules = project.path("build/r/plan.mk").read_text()
    plan = json.loads(project.path("build/r/plan.json").read_text())
    listed = rules.split("manifest.json:")[1].split()
    places = {each["id"]: listed.index(f"{each['entry']}/done") for each in plan["targets"]}
    runs = [places[each["id"]] for each in plan["targets"] if each["kind"] == "run"]
    analyses = {each["id"]: places[each["id"]] for each in plan["targets"] if each["kind"] == "analysis"}
    assert runs == sorted(runs)
    assert max(runs) < min(analyses.values()) == analyses["q9_slow"]


def test_every_command_answers_help(project: example.Project) -> None:
    from onepage.cli import COMMANDS

    for name in COMMANDS:
        assert "usage: onepage" in project.onepage(name, "--help").stdout
    assert "invalid choice" in project.onepage("nothing", ok=False).stderr
    missing = project.onepage("why", "--plan", "build/none/plan.json", ok=False)
    assert missing.returncode == 2
    assert missing.stderr.count("\n") == 1


def test_a_report_without_a_corpus_names_the_script_that_reads_one(project: example.Project) -> None:
    told = project.onepage("plan", "--report", "r", "--profile", "quick", ok=False).stderr
    assert re.search(r"analysis/\w+\.py:\d+: reads 'corpus', and this report has none; name one with CORPUS=", told)
    assert len(told.splitlines()) == 1
