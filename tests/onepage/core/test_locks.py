"""Several at once, in one clone or on one store: nobody gets another's parameters, and no work is done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import engine_project as example
import pytest

from onepage.core import locks, relay
from onepage.plan import store


@pytest.fixture
def project(dice: example.Project) -> example.Project:
    return dice


def test_a_lock_dies_with_the_process_that_it_is_handed_to(tmp_path: Path) -> None:
    """As with make, which holds its report through a fork of `onepage plan`."""
    maker = subprocess.Popen(["sleep", "60"])
    code = (
        f"from onepage.core.locks import Lock; from pathlib import Path\nlock = Lock(Path({str(tmp_path / 'l')!r}))\n"
    )
    code += f"assert lock.acquire(None); lock.hand_over({maker.pid})"
    environ = {**os.environ, "PYTHONPATH": str(example.ROOT / "src")}
    # the pipe is read to its end: whoever holds the lock does not hold the pipe
    subprocess.run([sys.executable, "-c", code], env=environ, check=True, capture_output=True, timeout=30)
    other = locks.Lock(tmp_path / "l")
    assert not other.acquire(None)
    maker.send_signal(signal.SIGKILL)
    maker.wait()
    said: list[str] = []
    assert other.acquire(said.append)
    other.release()
    assert not (tmp_path / "l").exists()


def test_waiters_come_one_after_another_although_the_file_goes(tmp_path: Path) -> None:
    inside, most, turns = [], [], []

    def work() -> None:
        for _ in range(20):
            with locks.held(tmp_path / "l", lambda _: None):
                inside.append(1)
                most.append(len(inside))
                turns.append(1)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(turns) == 80
    assert max(most) == 1


def test_a_key_is_made_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    entry, made = store.entry_path(tmp_path, "ab" * 16), []

    def work() -> None:
        with store.staging(entry, "q1") as folder:
            if folder is not None:
                time.sleep(0.3)
                made.append(folder)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert store.is_done(entry)
    assert "q1: another process" in capfd.readouterr().err
    assert not list((tmp_path / "tmp").iterdir())


def test_two_makes_with_other_parameters_keep_apart(project: example.Project) -> None:
    """The second waits with a word; each report is, when its make ends, of its own parameters."""
    results: dict[int, tuple[int, str, dict]] = {}
    environ = project.environ()

    def make(passes: int) -> None:
        command = project.command("report", f"P=passes={passes}")
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300)
        results[passes] = (done.returncode, done.stderr, {})

    threads = [threading.Thread(target=make, args=(passes,)) for passes in (3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [code for code, _, _ in results.values()] == [0, 0], results
    assert sum("waiting for that to end" in error for _, error, _ in results.values()) == 1, results
    last = next(passes for passes, (_, error, _) in results.items() if "waiting" in error)
    found = json.loads(project.path("reports/dice-quick/results.json").read_text())
    assert found["provenance"]["targets"]["slow-s0"]["parameters"]["passes"] == last


def test_a_killed_make_leaves_no_lock(project: example.Project) -> None:
    project.edit("analysis/q2_steps.py", "{surprise:.3f}", "{surprise:.4f}")
    project.edit("analysis/q2_steps.py", "runs = [", "import time; time.sleep(8); runs = [")
    make = subprocess.Popen(
        project.command("report"), env=project.environ(ONEPAGE_WARM="no"), stdout=subprocess.DEVNULL
    )
    lock = project.path("build/dice-quick/lock")
    deadline = time.monotonic() + 30
    while not list(project.path("build/dice-quick").glob("running/q2_steps")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert lock.exists()
    make.kill()
    make.wait()
    result = project.make("-n", "report")
    assert "waiting" not in result.stderr or time.monotonic() < deadline
    example.kill(project.root)


def test_an_output_that_is_gone_comes_back(project: example.Project) -> None:
    pdf = project.path("reports/dice-quick/report.pdf")
    content = pdf.read_bytes()
    pdf.unlink()
    assert project.executed(project.make("report")) == set()
    assert pdf.read_bytes() == content
    project.write("reports/dice-quick/notes.txt", "mine")
    project.path("reports/dice-quick/index.html").write_text("edited")
    project.make("report")
    assert project.path("reports/dice-quick/index.html").read_text() != "edited"
    assert project.path("reports/dice-quick/notes.txt").read_text() == "mine"
    assert "nothing to do" in project.make("report").stdout


def test_a_failure_that_has_passed_leaves_no_mark(project: example.Project) -> None:
    index = project.path("reports/dice-quick/index.html")
    before = index.read_bytes()
    script = project.path("analysis/q2_steps.py").read_text()
    project.edit("analysis/q2_steps.py", "runs = [", "1 / 0; runs = [")
    project.make("report", ok=False)
    assert index.read_bytes() != before
    project.path("analysis/q2_steps.py").write_text(script)
    project.make("report")
    assert index.read_bytes() == before
    assert not project.path("build/failed/dice-quick/q2_steps").exists()


TWICE = """import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(300)
    os._exit(0)"""
POPEN = "import subprocess; subprocess.Popen(['sleep', '300'], start_new_session=True)"


@pytest.mark.parametrize("warm", ["yes", "no"])
def test_what_a_cell_leaves_running_does_not_hold_the_build_up(project: example.Project, warm: str) -> None:
    text = project.path("analysis/q2_steps.py").read_text().replace("[slow, search]", "[slow, search, program:sleep]")
    project.write("analysis/q2_steps.py", f"{text}\n# %%\n{POPEN}\n\n# %%\n{TWICE}\n")
    started = time.monotonic()
    assert "q2_steps" in project.executed(project.make("report", ONEPAGE_WARM=warm))
    assert time.monotonic() - started < 240  # the sleepers take 300
    example.kill(project.root)


def test_what_a_recipe_leaves_running_does_not_either(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code = "import subprocess, sys; print('made', flush=True); subprocess.Popen(['sleep', '100']); sys.exit(3)"
    started = time.monotonic()
    assert relay.run([sys.executable, "-c", code], tmp_path, dict(os.environ)) == 3
    assert time.monotonic() - started < 60
    assert capfd.readouterr().out == "made\n"
