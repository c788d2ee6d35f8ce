"""What a launcher (LAUNCH) can do to an execution, and what becomes of it; a real scheduler is in docs/test_cluster."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from onepage.core.errors import CheckFailed, UserError
from onepage.execute import launch
from onepage.plan.planfile import Plan

LOST = {
    "as srun does when a node dies": "exit 0",
    "as srun does when a job is cancelled": "exit 143",
    "as ssh does when the connection is lost": "exit 255",
    "killed": "kill -9 $$",
}
FAILED = {
    "the execution failed": ("exit 1", 1),
    "wrong use": ("exit 2", 2),
    "no such partition": ("echo 'srun: error: invalid partition' >&2; exit 1", 1),
    "a program that is not there, behind it": ("no-such-program", 127),
}


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setattr(launch, "SECONDS", 0.3)
    target = {"id": "q1", "script": "analysis/q1.py", "entry": "store/ab/abcdef12"}
    (tmp_path / target["entry"]).mkdir(parents=True)
    folder = tmp_path / "build" / "full"
    folder.mkdir(parents=True)
    return Plan(tmp_path, folder, {"targets": [target], "corpus": {"entry": ""}})


def placed(plan: Plan, *turns: str) -> tuple[int, int]:
    """The code of an execution whose launcher does this in each of its turns, and how many turns there were."""
    script = plan.root / "launcher"
    bodies = "".join(f"{number}) {body};;\n" for number, body in enumerate(turns, 1))
    script.write_text(f"#!/bin/sh\necho x >> {plan.root}/turns\ncase $(wc -l < {plan.root}/turns) in\n{bodies}esac\n")
    script.chmod(0o755)
    code = launch.place(plan, plan.targets[0], f"{script} -c1 'two words'")
    return code, len((plan.root / "turns").read_text().split())


def made(plan: Plan) -> str:
    return f"touch {plan.entry(plan.targets[0])}/done"


@pytest.mark.parametrize("end", LOST.values(), ids=LOST)
def test_what_is_lost_is_placed_again(plan: Plan, end: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert placed(plan, end, end, made(plan)) == (0, 3)
    assert capfd.readouterr().err.count("q1: the launcher ended") == 2


@pytest.mark.parametrize("end", LOST.values(), ids=LOST)
def test_what_is_lost_every_time_is_given_up(plan: Plan, end: str) -> None:
    with pytest.raises(CheckFailed, match="given up after 3 times"):
        placed(plan, end, end, end, made(plan))


@pytest.mark.parametrize(("end", "code"), FAILED.values(), ids=FAILED)
def test_what_failed_by_itself_is_not_placed_again(plan: Plan, end: str, code: int) -> None:
    assert placed(plan, end, made(plan)) == (code, 1)


@pytest.mark.parametrize("words", ["no-such-program -c1", "srun '-c1", "  "])
def test_a_launcher_that_cannot_be_run_is_one_line(plan: Plan, words: str) -> None:
    with pytest.raises(UserError, match=re.escape(f"LAUNCH={words}: ")):
        launch.place(plan, plan.targets[0], words)


def test_a_result_counts_whatever_the_launcher_says(plan: Plan) -> None:
    assert placed(plan, f"{made(plan)}; kill -9 $$") == (0, 1)


def test_a_result_that_is_seen_late_is_not_made_twice(plan: Plan) -> None:
    assert placed(plan, f"(sleep 0.1; {made(plan)}) >/dev/null 2>&1 &") == (0, 1)


def test_the_launcher_is_given_the_execution_as_it_would_be_run_here(plan: Plan) -> None:
    assert placed(plan, f'printf "%s|" "$@" > {plan.root}/words; {made(plan)}') == (0, 1)
    words = (plan.root / "words").read_text().split("|")[:-1]
    run = ["-P", "-m", "onepage", "run", "--here", "--plan", str(plan.folder / "plan.json"), "q1"]
    assert words == ["-c1", "two words", sys.executable, *run]


AT_ONCE = """
import os, subprocess, time
start = subprocess.Popen

def started(*words, **more):
    process = start(*words, **more)
    while not os.path.exists({at!r}):
        time.sleep(0.01)
    os.kill(os.getpid(), {number:d})
    return process

subprocess.Popen = started
"""
"""A signal that comes when the launcher runs and nobody has its process yet."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("at_once", [False, True])
def test_a_make_that_is_ended_ends_the_launcher(plan: Plan, number: signal.Signals, at_once: bool) -> None:
    """Which then cancels its job: it is told, not killed."""
    script = plan.root / "waiting"
    script.write_text(f"#!/bin/sh\ntrap 'echo told > {plan.root}/told; exit 143' INT TERM\ntouch {plan.root}/at\n"
                      "while [ -e $0 ]; do sleep 0.05; done\n")  # fmt: skip
    script.chmod(0o755)
    code = (
        "from onepage.execute import launch; from onepage.plan.planfile import Plan; from pathlib import Path\n"
        f"root = Path({str(plan.root)!r}); data = {plan.data!r}\n"
        f"launch.place(Plan(root, root / 'build' / 'full', data), data['targets'][0], '{script}')"
    )
    if at_once:
        code = AT_ONCE.format(at=str(plan.root / "at"), number=number) + code
    process = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ), stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not (plan.root / "at").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        if not at_once:
            process.send_signal(number)
        assert process.wait(20) != 0
        assert (plan.root / "told").exists()
    finally:
        process.kill()
        (plan.root / "waiting").unlink()
