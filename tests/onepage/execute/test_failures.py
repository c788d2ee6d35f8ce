"""Failures point at the script's own lines and leave nothing half-written; the next make goes on where they stopped."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import engine_project as example
import pytest

HEADER = "# ---\n# jupyter:\n#   onepage:\n#     title: A test\n{more}# ---\n"
HEADER += "\n# %%\nimport os\n\n# %% [markdown]\n# Words.\n\n# %%\n"
BROKEN = {  # script -> (more of the header, the last cell, what has to be said)
    "f1_cell": ("", "x = 1\n# a comment\ny = x / 0", "analysis/f1_cell.py:16: ZeroDivisionError: division by zero"),
    "f2_deep": (
        "",
        "from dicegame.faces import FACES\nfrom dicegame import models\nmodels.surprise('abc', FACES)",
        "analysis/f2_deep.py:16: IndexError",
    ),
    "f3_syntax": ("", "x = (", "analysis/f3_syntax.py:14: SyntaxError"),
    "f4_undeclared": (
        "",
        "from onepage import context\ncontext.corpus()",
        "analysis/f4_undeclared.py:15: ContextError: analysis/f4_undeclared.py uses 'corpus' without declaring it",
    ),
    "f5_hidden": ("", "import os\nos.system('true')", "analysis/f5_hidden.py:15 starts `sh -c true`"),
    "f6_exit": (
        "",
        "raise SystemExit(0)",
        "analysis/f6_exit.py:14: SystemExit: the script ends itself here, with exit code 0",
    ),
    "f7_slow": (
        "#     timeout: 2\n",
        "import time\ntime.sleep(60)",
        "analysis/f7_slow.py:15: the time-out in the header",
    ),
    "f8_killed": ("", "os.kill(os.getpid(), 9)", "analysis/f8_killed.py:14: the kernel died in this cell: SIGKILL"),
}


@pytest.fixture
def project(dice: example.Project) -> example.Project:
    return dice


def test_what_is_edited_during_a_build_is_not_kept_as_what_it_was(project: example.Project) -> None:
    """A result under the key of older code would come back as a stale one as soon as the edit is taken back."""
    edits = {  # script -> what is edited while it runs
        "analysis/learn.py": ("../analysis/q2_steps.py", "{surprise:.3f}", "{surprise:.4f}"),
        "analysis/q1_shares.py": ("../src/dicegame/plots.py", "linewidth=0.8", "linewidth=2.0"),
    }
    for script, (file, old, new) in edits.items():
        cell = f"\n# %%\nfrom pathlib import Path\n\nedited = Path({file!r})\n"
        cell += f"edited.write_text(edited.read_text().replace({old!r}, {new!r}))\n"
        project.write(script, project.path(script).read_text() + cell)
    told = project.make("report", "-j1", "-k", ok=False).stderr
    assert "q1_shares: src/dicegame/plots.py: function bars since this make began" in told
    assert "q2_steps: analysis/q2_steps.py:" in told
    assert "Traceback" not in told
    assert project.leftovers() == []
    again = project.make("report")  # the edits are there by now
    assert project.executed(again) == {"q1_shares", "q2_steps"}


def test_failures_are_told_and_kept(project: example.Project) -> None:
    before = project.manifest()
    for name, (more, cell, _) in BROKEN.items():
        project.write(f"analysis/{name}.py", HEADER.format(more=more) + cell + "\n")
    project.edit("analysis/q2_steps.py", "{surprise:.3f}", "{surprise:.4f}")  # does not depend on the broken ones
    result = project.make("-k", "report", ok=False)
    for name, (_, _, message) in BROKEN.items():
        assert message in result.stderr, result.stderr
        kept = project.path(f"build/failed/dice-quick/{name}")
        if "starts" not in message:
            assert message.split(": ", 1)[1] in json.loads((kept / "failure.json").read_text())["message"]
            assert "title" in (kept / "index.html").read_text()
            assert json.loads((kept / "notebook.ipynb").read_text())["cells"]
    assert "src/dicegame/models.py" in result.stderr  # the deeper frames are named too
    assert "Traceback (most recent call last)" not in result.stderr
    assert "q2_steps" in project.executed(result)
    assert project.manifest() == before  # the previous report is left in place
    assert "failed" in project.path("reports/dice-quick/index.html").read_text()
    assert project.leftovers() == []
    assert example.gone(project.root)
    for name in BROKEN:
        project.path(f"analysis/{name}.py").unlink()
    result = project.make("report")
    assert project.executed(result) == set()  # what did not fail has been kept


def test_a_failure_is_forgotten_when_it_is_mended(project: example.Project) -> None:
    project.edit("analysis/q2_steps.py", "runs = [", "runs = [1 / 0, ")
    assert "analysis/q2_steps.py:23: ZeroDivisionError" in project.make("report", ok=False).stderr
    kept = project.path("build/failed/dice-quick/q2_steps")
    assert kept.is_dir()
    project.edit("analysis/q2_steps.py", "runs = [1 / 0, ", "runs = [")
    project.make("report")
    assert not kept.exists()


def start(project: example.Project, *words: str) -> subprocess.Popen[bytes]:
    """A make in a session of its own, as from a terminal."""
    command = project.command("report", *words)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "preexec_fn": example.heed_interrupts}
    return subprocess.Popen(command, env=project.environ(), start_new_session=True, **quiet)


def wait_for(path: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.02)


def test_interrupting_leaves_nothing_behind(project: example.Project) -> None:
    project.edit("analysis/q2_steps.py", "import json\n", "import json, time\ntime.sleep(100)\n")
    make = start(project)
    wait_for(project.path("build/dice-quick/running/q2_steps"))
    time.sleep(1)
    os.killpg(make.pid, signal.SIGINT)
    assert make.wait(10) != 0
    assert example.gone(project.root)
    assert project.leftovers() == []
    project.edit("analysis/q2_steps.py", "import json, time\ntime.sleep(100)\n", "import json\n")
    assert project.executed(project.make("report")) == set()


def test_killed_at_any_moment_the_next_make_resumes(built_dice: example.Project, tmp_path: Path) -> None:
    """With SIGKILL, either what the terminal started or every process there is; more often in benchmarks/."""
    project = example.copy(tmp_path / "dice")
    moments = random.Random(1)
    for everything in (False, True, True):
        make = start(project)
        time.sleep(moments.uniform(0.5, 5))
        if everything:
            example.kill(project.root)
        os.killpg(make.pid, signal.SIGKILL)
        make.wait()
        assert example.gone(project.root)
    project.make("report")
    assert project.manifest() == built_dice.manifest()
    assert project.entries() == built_dice.entries()
    assert project.leftovers() == []


def test_a_full_disk_leaves_nothing_behind(
    built_dice: example.Project, project: example.Project, tmp_path: Path
) -> None:
    shutil.rmtree(project.path("build/store"))
    limit = tmp_path / "limit"  # what a full disk does to writes: they fail half-way
    limit.write_text('#!/bin/bash\nulimit -f 24\nexec "$@"\n')
    limit.chmod(0o755)
    result = project.make("-k", "report", f"LAUNCH={limit}", ok=False)
    assert "File too large" in result.stderr
    assert "Traceback" not in result.stderr
    assert project.leftovers() == [] or project.leftovers()[0].endswith(".partial")
    assert example.gone(project.root)
    project.make("report")
    assert project.entries() == built_dice.entries()


@pytest.mark.skipif(not example.HELD_TO_PERMISSIONS, reason="root may write anywhere, and there is no setpriv")
def test_a_read_only_folder_is_one_clear_line(project: example.Project) -> None:
    project.edit("reports/page/report.md", "# Steps", "# The steps")
    project.path("reports").chmod(0o555)
    try:
        result = project.make("report", ok=False)
    finally:
        project.path("reports").chmod(0o755)
    assert "reports: this folder cannot be written to" in result.stderr
    assert "Traceback" not in result.stderr
