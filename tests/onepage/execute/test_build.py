"""Whole builds of the example project through make: what runs, what does not, and that the bytes are the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import engine_project as example
import pytest

from onepage import cli


@pytest.fixture
def project(dice: example.Project) -> example.Project:
    return dice


def test_a_second_make_does_nothing_and_says_so(project: example.Project) -> None:
    project.make("report")
    manifest = project.path("reports/dice-quick/manifest.json").stat().st_mtime_ns
    seconds = []
    for _ in range(3):
        before = os.times()
        result = project.make("report")
        after = os.times()  # processor time, since the machine may be busy with other tests
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
        assert "nothing to do" in result.stdout
        assert project.executed(result) == set()
    assert project.path("reports/dice-quick/manifest.json").stat().st_mtime_ns == manifest
    assert min(seconds) < 0.5, seconds


@pytest.mark.skipif(sys.platform != "linux", reason="the warm parent is for Linux only")
def test_the_warm_parent_waits_for_the_next_make_as_long_as_it_is_told(
    project: example.Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def parents() -> set[int]:
        return {pid for pid, words in example.processes(project.root).items() if "onepage.warm_server" in words}

    found = []
    for old, new in (("linewidth=0.8", "linewidth=0.9"), ("linewidth=0.9", "linewidth=1.0")):
        project.edit("src/dicegame/plots.py", old, new)
        assert project.executed(project.make("report", ONEPAGE_LINGER="6")) == {"q1_shares"}
        found.append(parents())
    assert len(found[0]) == 1
    assert found[0] == found[1]
    monkeypatch.chdir(project.root)
    monkeypatch.delenv("ONEPAGE_MAKE", raising=False)
    assert cli.main(["page", "--plan", "build/dice-quick/plan.json"]) == 0
    assert "open reports/dice-quick" in capsys.readouterr().out  # in this process, not in the one that waits for make
    assert example.gone(project.root)


def test_dry_runs_tell_the_truth(project: example.Project) -> None:
    assert "run --plan" not in project.make("-n", "report").stdout
    project.edit("src/dicegame/plots.py", "linewidth=0.8", "linewidth=0.9")
    shown = project.make("-n", "report").stdout
    assert [line.split()[-1] for line in shown.splitlines() if " run --plan" in line] == ["q1_shares"]
    assert "onepage page" in shown
    assert project.executed(project.make("report")) == {"q1_shares"}


def test_comments_re_run_nothing_but_show(project: example.Project) -> None:
    project.edit("analysis/q1_shares.py", "A fair die shows", "Any fair die shows")
    project.edit("src/dicegame/plots.py", '"""Figures."""', '"""Pictures."""\n\n# and a comment')
    project.edit("src/dicegame/rolls.py", '"""Die -> its', '"""A die -> its')
    result = project.make("report")
    assert project.executed(result) == set()
    assert "Any fair die shows" in project.path("reports/dice-quick/analyses/q1_shares.html").read_text()


def test_going_back_costs_nothing(project: example.Project) -> None:
    before = project.manifest()
    project.edit("src/dicegame/models.py", "1 - rate", "1 - rate * 0.5")
    assert project.executed(project.make("report")) == {"slow-s0", "q2_steps"}
    assert project.manifest() != before
    project.edit("src/dicegame/models.py", "1 - rate * 0.5", "1 - rate")
    assert project.executed(project.make("report")) == set()
    assert project.manifest() == before


@pytest.mark.parametrize(
    "words",
    [["-j8", "LAUNCH=env ONEPAGE_TEST=1"], pytest.param(["-j1"], marks=pytest.mark.long)],  # LAUNCH: no warm parent
    ids=["many jobs, plain kernels", "one job"],  # the gate holds many jobs to what two have built
)
def test_jobs_and_plain_kernels_give_the_same_bytes(
    built_dice: example.Project, tmp_path: Path, words: list[str]
) -> None:
    project = example.copy(tmp_path / "dice")
    assert project.executed(project.make("report", *words)) == example.ALL
    assert project.entries() == built_dice.entries()
    assert project.manifest() == built_dice.manifest()
    assert example.gone(project.root)


def test_why(project: example.Project) -> None:
    assert "all 4 results are fresh\nthe page is fresh" in project.make("why").stdout
    project.edit("reports/page/report.md", "# Steps", "# The steps")
    assert "reports/page/report.md" in project.make("why").stdout
    project.edit("src/dicegame/models.py", "1 - rate", "1 - rate * 0.5")
    project.edit("analysis/q1_shares.py", '# %% name="loaded"\n', '# %%\nextra = 1\n\n# %% name="loaded"\n')
    lines = project.make("why", "P=passes=3").stdout.splitlines()
    assert lines[:4] == [
        "slow-s0 would run:",
        "  src/dicegame/models.py: method Die.learn",
        "  parameter passes 1 -> 3",
        "q1_shares would run:",
    ]
    assert lines[4].startswith("  analysis/q1_shares.py:")
    assert lines[4].endswith("cell added")
    assert lines[5:8] == ["q2_steps would run:", "  run slow-s0 changed", "the other 1 results are fresh"]


def test_clones_share_a_store(built_dice: example.Project, tmp_path: Path) -> None:
    store = f"STORE={tmp_path / 'store'}"
    clones = [example.copy(tmp_path / name) for name in ("one", "another")]
    makes = [
        subprocess.Popen(clone.command("report", "-j2", store), env=clone.environ(), stdout=subprocess.DEVNULL)
        for clone in clones
    ]
    for make in makes:
        make.communicate()
        assert make.returncode == 0
    assert [clone.manifest() for clone in clones] == [built_dice.manifest()] * 2
    third = example.copy(tmp_path / "third")
    assert third.executed(third.make("report", store)) == set()
    assert third.manifest() == built_dice.manifest()
    assert not list((tmp_path / "store" / "tmp").glob("*[!k]"))  # nothing but lock files


def test_a_store_entry_that_was_broken_is_made_again(project: example.Project) -> None:
    before = project.entries()
    (done,) = [
        done for done in project.path("build/store").glob("*/*/done") if (done.parent / "files/die.json").exists()
    ]
    done.unlink()
    assert project.executed(project.make("report")) == {"slow-s0"}
    assert project.entries() == before


def test_a_folder_as_corpus(project: example.Project, tmp_path: Path) -> None:
    corpus = json.loads(project.path("build/dice-quick/plan.json").read_text())["corpus"]["folder"]
    mine = tmp_path / "mine"
    shutil.copytree(project.path(corpus), mine)
    project.make("report", f"CORPUS={mine}")
    assert project.path("reports/mine-quick/report.pdf").is_file()
    (mine / "rolls.csv").rename(mine / "rools.csv")
    result = project.make("report", f"CORPUS={mine}", ok=False)
    assert "rolls.csv: missing" in result.stderr
    assert project.path("reports/mine-quick/report.pdf").is_file()


# --- plain scripts ---


def test_scripts_are_plain_scripts(project: example.Project) -> None:
    environ = project.environ(MPLBACKEND="agg")
    environ["PYTHONPATH"] = os.pathsep.join([str(project.path("src")), environ["PYTHONPATH"]])
    for script in ("learn", "q1_shares", "q2_steps"):
        subprocess.run(
            [sys.executable, f"analysis/{script}.py"], cwd=project.root, env=environ, check=True, capture_output=True
        )
    assert project.path("build/plain/learn/die.json").is_file()
    beside = Path(sys.executable).parent
    commands = [
        [beside / "jupytext", "--to", "ipynb", "--execute", "analysis/q2_steps.py", "-o", "q2.ipynb"],
        [beside / "jupytext", "--to", "ipynb", "analysis/learn.py", "-o", "learn.ipynb"],
        [beside / "papermill", "learn.ipynb", "done.ipynb", "-k", "python3", "-l", "python", "-p", "rate", "0.5"],
    ]
    for command in commands:
        subprocess.run(command, cwd=project.root, env=environ, check=True, capture_output=True)
    assert "1.79" in project.path("q2.ipynb").read_text() or "slow-s0" in project.path("q2.ipynb").read_text()


def test_a_new_script_works_at_once(project: example.Project) -> None:
    project.onepage("new", "q6_more_dice", "--title", "More dice")
    assert "is there already" in project.onepage("new", "q6_more_dice", ok=False).stderr
    assert "a-z" in project.onepage("new", "Q6 dice", ok=False).stderr
    assert project.executed(project.make("report")) == {"q6_more_dice"}
    results = json.loads(project.path("reports/dice-quick/results.json").read_text())
    assert "q6_more_dice.mean" in results["values"]
    environ = project.environ(MPLBACKEND="agg")
    subprocess.run([sys.executable, "analysis/q6_more_dice.py"], cwd=project.root, env=environ, check=True)


# --- verify ---


def test_verify(project: example.Project, tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(project.root)]
    project.write(".gitignore", "build/\nreports/*/\n!reports/page/\n__pycache__/\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    project.edit("reports/page/report.md", "# Steps", "# The steps")  # not committed, yet part of what is verified
    result = project.make("verify")
    assert "are the same, byte for byte" in result.stdout
    project.edit("analysis/q2_steps.py", "# %% name", 'import os\nprint("process", os.getpid())\n\n# %% name')
    result = project.make("verify", ok=False, TMPDIR=str(tmp_path))  # where the second build is kept for inspection
    assert "analyses/q2_steps.html: line " in result.stdout
    assert "2 of " in result.stdout  # this page, and the manifest that holds its hash


def test_the_first_difference_is_named(tmp_path: Path) -> None:
    from onepage.tools.verify import compare_folders

    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        (folder / "same.txt").write_text("same")
    (one / "a.json").write_text('{"values": {"x": [1, {"low": 2}]}}')
    (other / "a.json").write_text('{"values": {"x": [1, {"low": 3}]}}')
    (one / "b.txt").write_text("first\nsecond line")
    (other / "b.txt").write_text("first\nsecond lime")
    (one / "c.bin").write_bytes(b"\xff\x00\x01")
    (other / "c.bin").write_bytes(b"\xff\x00\x02")
    (one / "d.txt").write_text("here")
    assert compare_folders(one, other) == [
        f"d.txt: only in {one}",
        "a.json: values.x[1].low: '2' / '3'",
        "b.txt: line 2, column 10: 'second line' / 'second lime'",
        "c.bin: byte 2 (of 3 / 3)",
    ]


def test_across_machines_values_are_compared(project: example.Project, tmp_path: Path) -> None:
    other = tmp_path / "theirs"
    shutil.copytree(project.path("reports/dice-quick"), other)
    results = json.loads((other / "results.json").read_text())
    results["provenance"]["versions"]["numpy"] = "1.0"
    (other / "results.json").write_text(json.dumps(results))
    plan = ["--plan", "build/dice-quick/plan.json", "--against", str(other)]
    said = project.onepage("verify", *plan).stdout
    assert "another versions: comparing values instead" in said
    assert "agree within their stated intervals" in said
    results["values"]["fair.surprise"]["value"] += 0.1
    (other / "results.json").write_text(json.dumps(results))
    assert "fair.surprise: " in project.onepage("verify", *plan, ok=False).stdout


def test_help_lists_the_targets(project: example.Project) -> None:
    said = project.make().stdout
    for target in ("report", "preview", "test", "check", "why", "verify", "compare", "submission", "bench"):
        assert f"make {target} " in said
    assert os.listdir(project.root)
