"""`onepage gc`: what a report needs stays, on every branch and in every clone; the rest goes by age and by size."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from pathlib import Path

import engine_project as example
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepage import cli
from onepage.core.locks import Lock
from onepage.plan import store, uses
from onepage.tools import gc

DAY = 86400.0


def key(number: int) -> str:
    return f"{number:02x}" * 16


def put(folder: Path, number: int, days: float = 0, size: int = 10_000) -> Path:
    """A finished result, made so many days ago."""
    entry = store.entry_path(folder, key(number))
    with contextlib.suppress(FileExistsError):
        (folder / "tmp").mkdir(parents=True)
    with store.staging(entry, "a result") as made:
        (made / "files" / "data").write_bytes(os.urandom(size))
    at = time.time() - days * DAY
    os.utime(entry / "done", (at, at))
    return entry


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.onepage]\nscripts = "analysis"\npage = "reports/page"\n')
    return tmp_path


def test_age_and_need_decide_and_nothing_else_is_touched(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project / "build" / "store"
    old, young, needed, busy, strange = (put(folder, n, days) for n, days in enumerate((40, 1, 400, 400, 400), 1))
    uses.record(folder, project, "full", [needed.name])
    (strange / ".onepage").unlink(missing_ok=True)
    for path in strange.iterdir():
        if path.name not in ("done", "files"):
            path.unlink()
    mine = folder / "notes.txt"
    mine.write_text("mine")
    lock = Lock(folder / "tmp" / f"{busy.name}.lock")
    assert lock.acquire(None)
    try:
        assert cli.main(["gc", "--dry-run"]) == 0
        assert "would remove" in capsys.readouterr().out
        assert old.is_dir()
        assert cli.main(["gc"]) == 0
    finally:
        lock.release()
    assert "removed 1 of 5" in capsys.readouterr().out
    assert not old.exists()
    assert all(entry.is_dir() for entry in (young, needed, busy, strange))
    assert mine.read_text() == "mine"
    assert cli.main(["gc", "--days", "0"]) == 0
    assert not young.exists()
    assert not busy.exists()
    assert needed.is_dir()
    assert not [path for path in (folder / "tmp").iterdir() if path.is_dir()]


def test_what_another_branch_needs_stays_while_there_is_that_branch(project: Path) -> None:
    folder = project / "build" / "store"

    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words], cwd=project, check=True)

    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "x"], ["switch", "-qc", "idea/two"]):
        git(*words)
    theirs, ours = put(folder, 1, 90), put(folder, 2, 90)
    uses.record(folder, project, "full", [theirs.name])
    git("switch", "-q", "main")
    uses.record(folder, project, "full", [ours.name])
    assert cli.main(["gc", "--days", "0"]) == 0
    assert theirs.is_dir()
    git("branch", "-qD", "idea/two")
    assert cli.main(["gc", "--days", "0"]) == 0
    assert not theirs.exists()
    assert ours.is_dir()


def test_a_clone_on_the_same_store_keeps_its_results_as_long_as_it_is_there(project: Path, tmp_path: Path) -> None:
    folder, clone = project / "shared", tmp_path / "clone"
    clone.mkdir()
    entry = put(folder, 1, 90)
    uses.record(folder, clone, "full", [entry.name])
    assert cli.main(["gc", "--days", "0", "--store", "shared"]) == 0
    assert entry.is_dir()
    clone.rmdir()
    assert cli.main(["gc", "--days", "1", "--store", "shared"]) == 0
    assert entry.is_dir()  # it was used a moment ago
    assert cli.main(["gc", "--days", "0", "--store", "shared"]) == 0
    assert not entry.exists()


@pytest.mark.parametrize(
    "words", [["--days", "-1"], ["--days", "nan"], ["--size", "x"], ["--size=-3G"], ["--store", "no"]]
)
def test_wrong_use_is_one_line(project: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    put(project / "build" / "store", 1, 90)
    assert cli.main(["gc", *words]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert words[0].partition("=")[0] in said or words[-1] in said


@given(
    results=st.lists(st.tuples(st.integers(0, 100), st.floats(0, 100), st.booleans()), max_size=20),
    before=st.floats(0, 100),
    room=st.none() | st.integers(0, 500),
)
def test_size_takes_the_longest_unused_and_no_more_than_it_must(results, before, room):
    found = [gc.Kept(Path(str(n)), size, used, needed) for n, (size, used, needed) in enumerate(results)]
    found.sort(key=lambda each: each.used)
    going = gc.chosen(found, before, room)
    free = [each for each in found if not each.needed]
    assert going == free[: len(going)]  # a beginning of what nobody needs
    left = sum(each.size for each in found) - sum(each.size for each in going)
    assert all(each.used >= before for each in free[len(going) :])
    if room is not None:
        assert left <= room or len(going) == len(free)
    if going and going[-1].used >= before:
        assert left + going[-1].size > (room or 0)  # the last one had to go


def test_a_report_is_whole_after_the_results_of_an_edit_are_removed(dice: example.Project) -> None:
    first = len(store.entries(dice.root / "build" / "store"))
    dice.edit("analysis/q2_steps.py", "runs = [", "extra = 1\nruns = [")
    dice.make("report")
    assert len(store.entries(dice.root / "build" / "store")) > first
    assert "removed" in dice.onepage("gc", "--days", "0").stdout
    assert len(store.entries(dice.root / "build" / "store")) == first
    assert "nothing to do" in dice.make("report").stdout
