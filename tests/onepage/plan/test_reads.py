"""Whole builds: what results were seen to read makes them stale when it changes, and fresh again when it is undone."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import engine_project as example
import pytest

from onepage.core import watch
from onepage.core.errors import UserError
from onepage.plan import store, surroundings

HEADER = "# ---\n# jupyter:\n#   onepage:\n#     title: A reading script\n{more}# ---\n\n# %%\n"
# script -> (more of its header, code, what it reads, from the root)
READERS = {
    "r1_divided": ("", "from pathlib import Path\nprint((Path('data') / 'n.csv').read_text())", "analysis/data/n.csv"),
    "r2_above": ("", "print(open('../data/a b.txt').read())", "data/a b.txt"),
    "r3_no_suffix": ("", "print(open(f'NUM{\"BER\"}').read())", "analysis/NUMBER"),
    "r4_module": ("", "from dicegame import tables\nprint(tables.read())", "src/dicegame/deep/t.txt"),
    "r5_sibling": ("", "import sibling\nprint(sibling.x)", "src/sibling/__init__.py"),
    "r6_beside": ("", "import helpers.one\nprint(helpers.one.x)", "analysis/helpers/one.py"),
    "r7_declared": ("#     reads: ['file:data/declared.txt']\n", "print(1)", "data/declared.txt"),
    "r8_context": ("", "from onepage import context\nprint(context.file('data/c.txt').read_text())", "data/c.txt"),
    "r9_program": (
        "#     reads: ['program:cat']\n",
        "import subprocess\nprint(subprocess.check_output(['cat', '../data/p.txt']))",
        "data/p.txt",
    ),
    "r10_outside": ("", "print(open('../../beside/n.txt').read())", "../beside/n.txt"),
    "r11_folder": ("#     reads: ['file:data/many']\n", "print(1)", "data/many/deep/x.bin"),
    "r12_style": ("", "import matplotlib.pyplot as p\nprint(p.rcParams['lines.linewidth'])", "analysis/matplotlibrc"),
}


def prepare(project: example.Project) -> None:
    for name, (more, code, read) in READERS.items():
        project.write(f"analysis/{name}.py", HEADER.format(more=more) + code + "\n")
        project.write(read, "x = 1\n" if read.endswith(".py") else "lines.linewidth: 3\n" if "rc" in read else "3\n")
    project.write(
        "src/dicegame/tables.py",
        "from pathlib import Path\ndef read():\n    return (Path(__file__).parent / 'deep' / 't.txt').read_text()\n",
    )
    project.edit("src/dicegame/rolls.py", "    random = np", "    Path('data/recipe.txt').read_text()\n    random = np")
    project.write("data/recipe.txt", "once\n")
    project.edit("pyproject.toml", 'lock = "', 'environment = ["DICE_LUCK"]\nlock = "')
    luck = "import os\nprint(os.environ.get('DICE_LUCK'), os.environ.get('DICE_OTHER'))\n"
    project.write("analysis/v1_variable.py", HEADER.format(more="") + luck)


def stale(project: example.Project, **words: Any) -> set[str]:
    """Targets that make would execute."""
    plan = project.plan(**words)
    targets = [{"id": "corpus", **plan["corpus"]}, *plan["targets"]]
    return {target["id"] for target in targets if not store.is_done(project.root / target["entry"])}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> example.Project:
    project = example.copy(tmp_path_factory.mktemp("reads") / "dice")
    prepare(project)
    project.make("report", DICE_LUCK="good", DICE_OTHER="unseen")
    return project


@pytest.fixture
def project(built: example.Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> example.Project:
    shutil.copytree(built.root.parent, tmp_path / "copy", symlinks=True)
    monkeypatch.setenv("DICE_LUCK", "good")
    return example.Project(tmp_path / "copy" / "dice")


@pytest.mark.parametrize("name", READERS)
def test_a_result_is_stale_when_what_it_read_has_changed(project: example.Project, name: str) -> None:
    assert stale(project) == set()
    file = project.path(READERS[name][2])
    before = file.read_bytes()
    file.write_text("x = 2\n" if file.suffix == ".py" else "lines.linewidth: 4\n")
    every = set(READERS) | {"v1_variable", "q1_shares", "q2_steps", "slow-s0"}
    assert stale(project) == (every if name == "r12_style" else {name})  # a figure's style is for all scripts beside it
    file.write_bytes(before)
    assert stale(project) == set()
    file.unlink()
    if name not in ("r7_declared", "r11_folder"):  # declared, and now missed before anything runs
        assert name in stale(project)


def test_the_next_build_runs_just_those_and_says_why(project: example.Project) -> None:
    project.write("analysis/data/n.csv", "4\n")
    project.write("data/a b.txt", "4\n")
    variables = {"DICE_LUCK": "good"}
    told = project.make("why", **variables).stdout
    assert "r1_divided would run:\n  analysis/data/n.csv changed\n" in told
    assert "r2_above would run:\n  data/a b.txt changed\n" in told
    assert project.executed(project.make("report", **variables)) == {"r1_divided", "r2_above"}
    assert "4" in project.path("reports/dice-quick/analyses/r1_divided.html").read_text()
    assert "nothing to do" in project.make("report", **variables).stdout
    project.write("analysis/data/n.csv", "3\n")
    assert project.executed(project.make("report", **variables)) == set()  # back to a result that is still there
    page = project.path("reports/dice-quick/analyses/r1_divided.html").read_text()
    assert "<pre>3\n" in page.replace("\n\n", "\n") or "3" in page


def test_the_corpus_is_made_again_for_its_command_and_what_its_recipe_reads(project: example.Project) -> None:
    readers = {"corpus", "slow-s0", "q1_shares", "q2_steps"}
    project.write("data/recipe.txt", "twice\n")
    assert readers <= stale(project)
    project.write("data/recipe.txt", "once\n")
    assert stale(project) == set()
    project.edit("pyproject.toml", "make {options} --out {out}", "make --rolls 77 --out {out}")
    assert readers <= stale(project)


def test_environment_variables_count_where_they_are_named_and_do_not_exist_elsewhere(project: example.Project) -> None:
    page = project.path("reports/dice-quick/analyses/v1_variable.html").read_text()
    assert "good None" in page
    assert stale(project) == set()
    os.environ["DICE_LUCK"] = "worse luck"
    assert "v1_variable" in stale(project)
    told = project.make("why", DICE_LUCK="worse luck").stdout
    assert "environment variable DICE_LUCK changed" in told
    assert "worse luck" not in project.path("build/dice-quick/inputs.json").read_text()  # it may be a secret


def test_a_subfolder_of_a_corpus_counts(project: example.Project, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "rolls.csv").write_text("die,face\nred,1\n")
    (folder / "sub" / "deep" / "n.txt").write_text("3")
    before = project.keys(corpus=str(folder))
    (folder / "sub" / "deep" / "n.txt").write_text("4")
    assert project.keys(corpus=str(folder))["q1_shares"] != before["q1_shares"]
    (folder / "sub" / "deep" / "n.txt").write_text("3")
    (folder / "sub" / "loop").symlink_to(folder)
    assert project.keys(corpus=str(folder)) == before  # and links in a circle do no harm


def test_without_a_lock_every_installed_version_counts(project: example.Project) -> None:
    settings = project.planner().config
    locked = surroundings.versions(settings, watch.Watch())
    project.path("requirements.lock").unlink()
    everything = surroundings.versions(settings, watch.Watch())
    assert len(everything) > len(locked)
    assert everything["numpy"]


def test_a_command_that_is_no_python_has_to_declare_what_it_reads(tmp_path: Path) -> None:
    project = example.copy(tmp_path / "dice")
    project.write("raw/rolls.csv", "die,face\nred,1\ngreen,2\nblue,3\n" * 60)
    project.edit("pyproject.toml", "dicegame.rolls make {options} --out {out}", "cp -r raw/. {out}")
    project.onepage("plan", "--report", "r", "--corpus", "dice", "--profile", "quick")
    refused = project.onepage("run", "--plan", "build/r/plan.json", "corpus", ok=False)
    assert "make = 'cp -r raw/. {out}' starts no Python, so what it reads cannot be seen; declare it" in refused.stderr
    assert "pyproject.toml:" in refused.stderr
    project.edit("pyproject.toml", 'names = ["dice"]', 'names = ["dice"]\nreads = ["file:raw"]')
    before = project.plan()["corpus"]["key"]
    project.onepage("plan", "--report", "r", "--corpus", "dice", "--profile", "quick")
    project.onepage("run", "--plan", "build/r/plan.json", "corpus")
    project.write("raw/rolls.csv", "die,face\nred,2\n")
    assert project.plan()["corpus"]["key"] != before


def test_plain_scripts_work_in_the_same_folder_and_find_the_same_files(project: example.Project) -> None:
    for name in ("r1_divided", "r2_above", "r8_context", "r6_beside"):
        import subprocess

        command = [sys.executable, f"analysis/{name}.py"]
        if name in ("r1_divided", "r2_above"):
            text = project.path(f"analysis/{name}.py").read_text()
            project.write(f"analysis/{name}.py", text.replace("# %%\n", "# %%\nfrom onepage import context\n"))
        done = subprocess.run(command, cwd=project.root, env=project.environ(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() in ("3", "1")


def test_reading_what_make_writes_is_refused(project: example.Project) -> None:
    entry = next(project.path("build/store").glob("??/*/files/rolls.csv")).relative_to(project.root)
    for file, what in ((entry.as_posix(), "a result in the store"), ("reports/dice-quick/results.json", "make writes")):
        project.write("analysis/r1_divided.py", HEADER.format(more="") + f"print(open('../{file}').read())\n")
        told = project.make("report", ok=False, DICE_LUCK="good").stderr
        assert f"analysis/r1_divided.py:8 reads {file}, " in told
        assert what in told


def test_a_page_is_not_made_of_what_has_changed_since(project: example.Project) -> None:
    """One script writes what another reads, in no order that was declared: never a report of two states."""
    project.write("analysis/w1_writer.py", HEADER.format(more="") + "open('../data/c.txt', 'w').write('17')\n")
    variables = {"DICE_LUCK": "good"}
    told = project.make("report", ok=False, **variables).stderr
    assert "onepage page: r8_context reads what is no longer as it was: data/c.txt changed. Run make again" in told
    assert "onepage.context.out()" in told
    assert project.executed(project.make("report", **variables)) == {"r8_context"}
    assert "17" in project.path("reports/dice-quick/analyses/r8_context.html").read_text()
    assert "nothing to do" in project.make("report", **variables).stdout


def test_a_shared_store_never_lends_a_result_of_other_data(project: example.Project, tmp_path: Path) -> None:
    """Two clones plan the same first execution, on data that differ; the second comes when the first has ended."""
    code = HEADER.format(more="") + "print('read', open('../data/n.txt').read())\n"
    other = example.Project(tmp_path / "other" / "dice")
    shutil.copytree(project.root, other.root, symlinks=True)
    for clone, text in ((project, "one"), (other, "two")):
        clone.write("analysis/n1_new.py", code)
        clone.write("data/n.txt", text)
        clone.onepage("plan", "--report", "r", "--corpus", "dice", "--profile", "quick", "--store", str(tmp_path / "s"))
    assert project.plan(store=str(tmp_path / "s"))["targets"] == other.plan(store=str(tmp_path / "s"))["targets"]
    for clone in (project, other):
        for target in ("corpus", "n1_new"):
            clone.onepage("run", "--plan", "build/r/plan.json", target)
    told = other.onepage("page", "--plan", "build/r/plan.json", ok=False).stderr
    assert "n1_new reads what is no longer as it was: data/n.txt changed" in told
    assert {"n1_new"} <= stale(other, store=str(tmp_path / "s"))
    assert "n1_new" not in stale(project, store=str(tmp_path / "s"))


def test_a_corpus_that_changes_between_plan_and_execution_is_refused(project: example.Project, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "rolls.csv").write_text("die,face\nred,1\ngreen,2\nblue,3\n" * 60)
    (folder / ".labels").write_text("a")
    before = project.keys(corpus=str(folder))
    (folder / ".labels").write_text("b")
    assert project.keys(corpus=str(folder))["q1_shares"] != before["q1_shares"]  # a hidden file is a file
    project.onepage("plan", "--report", "r", "--corpus", str(folder), "--profile", "quick")
    (folder / "rolls.csv").write_text("die,face\nred,2\ngreen,2\nblue,3\n" * 60)
    told = project.onepage("run", "--plan", "build/r/plan.json", "q1_shares", ok=False).stderr
    assert "corpus file rolls.csv changed since this make began" in told


def test_what_a_script_writes_and_names_does_not_make_it_stale(project: example.Project) -> None:
    code = "import time\nopen('stamp.txt', 'w').write(str(time.time()))\nopen('stamp.txt').read()\n"
    project.write("analysis/s1_stamp.py", HEADER.format(more="") + code)
    project.write(
        "analysis/s2_glob.py", HEADER.format(more="") + "import pathlib\nlist(pathlib.Path('..').rglob('*.t'))\n"
    )
    for name in ("s1_stamp", "s2_glob"):  # the first time it makes stamp.txt, the second it finds it
        for time in range(2):
            project.onepage("plan", "--report", "r", "--corpus", "dice", "--profile", "quick")
            for folder in ("build/scratch", "build/failed", "build/store/ab", "build/r", "reports"):
                (project.root / folder / f"of-another-{name}-{time}").mkdir(parents=True)  # as beside other makes
            project.onepage("run", "--plan", "build/r/plan.json", name)
    for folder in ("build/scratch", "build/cache", "reports"):
        (project.root / folder / "later").mkdir()
    assert stale(project) & {"s1_stamp", "s2_glob"} == set()


@pytest.mark.parametrize("read", [".", "build", "analysis/..", "./build/."])
def test_the_folder_that_make_writes_in_cannot_be_declared(project: example.Project, read: str) -> None:
    project.write("analysis/r7_declared.py", HEADER.format(more=f"#     reads: ['file:{read}']\n"))
    with pytest.raises(UserError, match=r"r7_declared.py: reads 'file:.*that is where make itself writes"):
        project.plan()


def test_a_pinned_variable_that_the_project_names_may_be_unset(project: example.Project) -> None:
    project.edit("pyproject.toml", '"DICE_LUCK"', '"DICE_LUCK", "MPLBACKEND", "TQDM_DISABLE"')
    project.write(
        "analysis/v1_variable.py", HEADER.format(more="") + "import os\nprint(os.environ.get('MPLBACKEND'))\n"
    )
    done = project.make("report", DICE_LUCK="good")
    assert "v1_variable" in project.executed(done)
