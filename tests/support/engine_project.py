"""Copies of tests/example, the project of another subject, for the tests of the engine to build and to break."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from onepage.core import config, files
from onepage.core.watch import Watch
from onepage.plan.targets import Planner, Request
from onepage.scripts.behaviour import SourceCache

HERE = Path(__file__).resolve().parents[1]
ROOT = HERE.parent
# what Make above (`make test`) or the shell may have set, and these tests mean to set themselves
_CLEARED = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ONEPAGE_MAKE", "ONEPAGE_WARM", "PYTHONPATH", "PYTHON")
_CLEARED += ("CORPUS", "PROFILE", "DEVICE", "REPORT", "STORE", "P", "LAUNCH")
FACTS = Path("build", "cache", "sources.json")


# root may read and write everything; without these two rights it is held to permissions like anybody else
_PLAIN = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
PLAIN = _PLAIN if os.geteuid() == 0 and shutil.which("setpriv") else []
HELD_TO_PERMISSIONS = bool(PLAIN) or os.geteuid() != 0


def heed_interrupts() -> None:
    """In a child before it begins: Ctrl-C counts, though a shell that runs the tests with `&` had it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def copy(folder: Path) -> Project:
    """A copy of the example project with the repository's own Makefile."""
    shutil.copytree(HERE / "example", folder, ignore=shutil.ignore_patterns("build", "__pycache__"))
    # the onepage that is being tested, wherever the environment's installed one comes from
    makefile = (ROOT / "Makefile").read_text().replace("$(CURDIR)/src", f"$(CURDIR)/src:{ROOT / 'src'}")
    makefile = makefile.replace("include src", f"include {ROOT / 'src'}")
    (folder / "Makefile").write_text(makefile)
    files.write(folder / FACTS, _facts())
    return Project(folder)


@functools.cache
def _facts() -> str:
    """What a first plan remembers of our sources, by their content: the second that it takes to read them is not spent
    on every copy again."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(HERE / "example", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        Project(Path(folder)).plan()
        return (Path(folder) / FACTS).read_text(encoding="utf-8")


ALL = {"corpus", "slow-s0", "q1_shares", "q2_steps"}
"""What its quick report executes."""


def build(folder: Path) -> None:
    """A copy with its report built, by nothing that stays behind."""
    project = copy(folder)
    assert project.executed(project.make("report")) == ALL
    assert gone(project.root)  # the warm parent ends with make


class Project:
    """A project in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def make(self, *words: str, ok: bool | None = True, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run make; `ok` is whether it has to succeed (None: it does not matter)."""
        result = subprocess.run(
            self.command(*words), env=self.environ(**environ), capture_output=True, text=True, errors="replace"
        )
        if ok is not None:
            assert (result.returncode == 0) == ok, f"{words}\n{result.stdout}\n{result.stderr}"
        return result

    def command(self, *words: str) -> list[str]:
        given = {word.partition("=")[0] for word in words}
        usual = {"CORPUS": "dice", "PROFILE": "quick", "PYTHON": sys.executable}
        usual = [f"{name}={value}" for name, value in usual.items() if name not in given]
        return [*PLAIN, "make", "--no-print-directory", "-C", str(self.root), *words, *usual]

    def environ(self, **extra: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in _CLEARED}
        return {**kept, "PYTHONPATH": str(ROOT / "src"), "ONEPAGE_LINGER": "0", **extra}

    def onepage(self, *words: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "onepage", *words]
        result = subprocess.run(
            command, cwd=self.root, env=self.environ(), capture_output=True, text=True, errors="replace"
        )
        assert (result.returncode == 0) == ok, f"{words}\n{result.stdout}\n{result.stderr}"
        return result

    def plan(self, **words: Any) -> dict[str, Any]:
        """The content of plan.json, worked out in this process."""
        planner = self.planner(**words)
        found = planner.plan()
        planner.cache.save()
        return found

    def planner(self, **words: Any) -> Planner:
        usual = {"corpus": "dice", "profile": "quick", "device": "cpu", "parameters": "", "store": "", "report": "r"}
        cache = SourceCache(self.root, self.root / FACTS)
        return Planner(config.load(self.root), Request(**{**usual, **words}), Watch(), cache)

    def keys(self, **words: Any) -> dict[str, str]:
        """Target -> key."""
        return {target["id"]: target["key"] for target in self.plan(**words)["targets"]}

    def copied(self, folder: Path) -> Project:
        """The same project elsewhere, with all that was built."""
        shutil.copytree(self.root, folder, symlinks=True)
        shutil.rmtree(folder / "build/store/uses", ignore_errors=True)  # what the original needs
        return Project(folder)

    def path(self, name: str) -> Path:
        return self.root / name

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text that must be there."""
        text = self.path(name).read_text()
        assert old in text, f"{name}: {old!r}"
        self.path(name).write_text(text.replace(old, new))

    def write(self, name: str, text: str) -> None:
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text)

    def executed(self, result: subprocess.CompletedProcess[str]) -> set[str]:
        """Targets that a make has executed, read off its output."""
        return {line.split("]")[1].split()[0] for line in result.stdout.splitlines() if line.startswith("  [")}

    def entries(self) -> dict[str, bytes]:
        """Every file of the store but for timings."""
        store = self.root / "build" / "store"
        files = (path for path in store.glob("??/**/*") if path.is_file() and path.name != "timing.json")
        return {path.relative_to(store).as_posix(): path.read_bytes() for path in files}

    def manifest(self, report: str = "dice-quick") -> bytes:
        return (self.root / "reports" / report / "manifest.json").read_bytes()

    def leftovers(self) -> list[str]:
        """What should never stay behind in the store."""
        waiting = self.root / "build" / "store" / "tmp"
        names = [path.name for path in waiting.iterdir()] if waiting.is_dir() else []
        return [name for name in names if not name.endswith(".partial.lock")]


def processes(root: Path) -> dict[int, str]:
    """Processes that work for this project, with their command lines: makes, warm parents, executions, kernels."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            place = os.readlink(folder / "cwd")
        except OSError:
            continue
        if int(folder.name) != os.getpid() and command and (str(root) in command or place.startswith(str(root))):
            found[int(folder.name)] = command
    return found


def kill(root: Path) -> None:
    """SIGKILL for all of them."""
    for pid in processes(root):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def gone(root: Path, seconds: float = 15) -> bool:
    """Whether everything that worked for the project ends within some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not processes(root):
            return True
        time.sleep(0.1)
    return False
