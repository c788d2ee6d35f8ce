"""What breaks off, fills up or sets its clock back while a report is made: one more make gives the undisturbed bytes.

The gate tries a few moments drawn anew in every run, `make test-long` many. See execute/test_failures.py for what a
failure leaves to read, and core/test_locks.py for who waits for whom.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import engine_project as example
import pytest
import tally
from tries import FACTOR

from onepage.core import files
from onepage.core.errors import UserError

YEAR = 366 * 24 * 3600
FOLDERS = ("build", "build/store", "build/cache", "reports")


def recovers(project: example.Project, built_dice: example.Project, said: str = "") -> None:
    """One more make, and nothing tells what went before."""
    assert example.gone(project.root), said
    project.make("report")
    assert project.manifest() == built_dice.manifest(), said
    assert project.entries() == built_dice.entries(), said
    assert project.leftovers() == [], said


def start(project: example.Project, *words: str) -> subprocess.Popen[str]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    return subprocess.Popen(
        project.command("report", *words), env=project.environ(), start_new_session=True,
        preexec_fn=example.heed_interrupts, **pipes,
    )  # fmt: skip


def interrupted(project: example.Project, sign: signal.Signals, whole: bool, moment: float) -> str:
    """A make that gets a signal after so many seconds, alone or with all that it has started; what it said."""
    make = start(project)
    time.sleep(moment)
    with contextlib.suppress(ProcessLookupError):
        (os.killpg if whole else os.kill)(make.pid, sign)
    said = make.communicate(timeout=60)[0]
    if sign == signal.SIGKILL and not whole:
        example.kill(project.root)
    return said


KINDS = [(sign, whole) for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL) for whole in (True, False)]


@pytest.mark.parametrize("number", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, 3 * FACTOR + 1))])
def test_a_signal_at_any_moment(built_dice: example.Project, tmp_path: Path, number: int) -> None:
    """Several in a row, to one project, before it is let finish."""
    chance = random.Random(f"{number} {time.time_ns() if FACTOR > 1 else 0}")
    project, said = example.copy(tmp_path / "dice"), []
    for sign, whole in chance.sample(KINDS, 2 if number == 0 else 4):
        moment = chance.uniform(0.1, 6)
        tally.count(f"signals during a make, {sign.name}")
        said.append(f"{sign.name} to {'all' if whole else 'make alone'} after {moment:.2f} s")
        text = interrupted(project, sign, whole, moment)
        assert "Traceback" not in text, f"{said}\n{text}"
    recovers(project, built_dice, "; ".join(said))


# --- a full disk -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(place: Path, size: int) -> Iterator[None]:
    """A file system of so many bytes at `place`."""
    place.mkdir(parents=True, exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(["mount", *options], capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here, which takes root's rights")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def occupied(folder: Path) -> int:
    return sum(path.lstat().st_size // 4096 * 4096 + 4096 for path in folder.rglob("*"))


@pytest.mark.parametrize("number", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, 3 * FACTOR + 1))])
def test_a_disk_that_is_full_at_any_moment(built_dice: example.Project, tmp_path: Path, number: int) -> None:
    """The project lies on a disk with room for a part of what it makes, then room is made."""
    chance = random.Random(f"disk {number} {time.time_ns() if FACTOR > 1 else 0}")
    sources, whole = occupied(example.HERE / "example"), occupied(built_dice.root)
    size = int(chance.uniform(sources + 100_000, whole))
    with small_disk(tmp_path / "disk", size):
        project = example.copy(tmp_path / "disk" / "dice")
        tally.count("full disks")
        made = project.make("-k", "report", ok=None)
        said = f"{size} bytes\n{made.stdout}{made.stderr}"
        assert "Traceback" not in said, said
        assert not made.returncode or "No space left on device" in said, said
        subprocess.run(["mount", "-o", "remount,size=200m", str(tmp_path / "disk")], check=True)
        recovers(project, built_dice, said)


@pytest.mark.parametrize("kept", [0, 7])
def test_a_marker_that_a_full_disk_cut_short_stops_nobody(tmp_path: Path, kept: int) -> None:
    place = tmp_path / "result"
    files.own(place, "result")
    whole = (place / files.MARKER).read_text()
    (place / files.MARKER).write_text(whole[:kept])
    assert files.own(place, "result") == place
    assert (place / files.MARKER).read_text() == whole
    (place / files.MARKER).write_text(whole[:kept])
    (place / "notes.txt").write_text("mine")
    with pytest.raises(UserError):
        files.own(place, "result")


@pytest.mark.skipif(not example.HELD_TO_PERMISSIONS, reason="root may write anywhere, and there is no setpriv")
@pytest.mark.parametrize(
    "name", ["build/dice-quick", *(pytest.param(name, marks=pytest.mark.long) for name in FOLDERS)]
)
def test_a_folder_that_cannot_be_written_to(built_dice: example.Project, tmp_path: Path, name: str) -> None:
    project = built_dice.copied(tmp_path / "dice")
    project.edit("analysis/q2_steps.py", "{surprise:.3f}", "{surprise:.4f}")
    project.path(name).chmod(0o555)
    tally.count("folders that cannot be written to")
    try:
        made = project.make("report", ok=None)
    finally:
        project.path(name).chmod(0o755)
    said = made.stdout + made.stderr
    assert "Traceback" not in said, said
    assert not made.returncode or name.split("/")[-1] in made.stderr, said
    project.edit("analysis/q2_steps.py", "{surprise:.4f}", "{surprise:.3f}")
    project.make("report")
    assert project.manifest() == built_dice.manifest()


# --- time, and company -----------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("seconds", [-20 * YEAR, YEAR])
def test_a_clock_that_was_wrong(built_dice: example.Project, tmp_path: Path, seconds: int) -> None:
    """Whatever the times of files say, an edit is seen, and an edit that is taken back re-runs nothing."""
    project, then = built_dice.copied(tmp_path / "dice"), time.time() + seconds
    for path in project.root.rglob("*"):
        os.utime(path, (then, then))
    tally.count("clocks that were wrong")
    assert project.executed(project.make("report")) == set()
    assert project.manifest() == built_dice.manifest()
    script = project.path("analysis/q2_steps.py")
    before, times = script.read_text(), (then - 1000, then - 1000)
    script.write_text(before.replace("{surprise:.3f}", "{surprise:.4f}"))
    os.utime(script, times)  # older than every result
    assert project.executed(project.make("report")) == {"q2_steps"}
    script.write_text(before)
    os.utime(script, times)
    assert project.executed(project.make("report")) == set()
    assert project.manifest() == built_dice.manifest()


@pytest.mark.long
@pytest.mark.parametrize("number", range(FACTOR))
def test_makes_at_once_and_one_of_them_killed(built_dice: example.Project, tmp_path: Path, number: int) -> None:
    """Two in one clone and one in another, on one store; one is killed at some moment, the others finish."""
    chance = random.Random(f"company {number} {time.time_ns()}")
    one, other = example.copy(tmp_path / "one" / "dice"), example.copy(tmp_path / "other" / "dice")
    words = f"STORE={tmp_path / 'store'}"
    makes = [start(project, words) for project in (one, one, other)]
    victim, moment = chance.randrange(3), chance.uniform(0.1, 6)
    tally.count("makes at once, of which one is killed")
    killer = threading.Timer(moment, os.killpg, (makes[victim].pid, signal.SIGKILL))
    killer.start()
    said = [make.communicate(timeout=300)[0] for make in makes]
    killer.cancel()
    told = f"number {victim} killed after {moment:.2f} s\n" + "\n".join(said)
    assert "Traceback" not in told, told
    assert all(make.returncode == 0 for at, make in enumerate(makes) if at != victim), told
    for project in (one, other):
        assert example.gone(project.root), told
        project.make("report", words)
        assert project.manifest() == built_dice.manifest(), told
