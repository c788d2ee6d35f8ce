"""`make preview`: build the report, serve it, build again on every save, and have the open page follow.

Make does the building, so the preview shows exactly what `make report` writes. What makes it quick is a warm parent
process that lives as long as the preview does (warm.py). A save during a build stops that build and starts another,
unless only the page's text was saved: no execution can depend on that, so a long one is let finish.
"""

from __future__ import annotations

import os
import queue
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser, Namespace
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from onepage.core.errors import UserError
from onepage.core.places import BUILD
from onepage.plan import planfile
from onepage.tools.serve import News, Server

QUIET_SECONDS = 0.08  # a save is often several events; so long without another, and it is over
PATIENCE_SECONDS = 8.0  # for an interrupted build to end by itself
MESSAGE_LINES = 60
_NOISE = re.compile(r"(g?make)(\[\d+\])?: |^\s*$")
_TEMPORARY = re.compile(r"(^\.)|(~$)|(\.(swp|swx|swo|tmp|part|pyc|orig)$)|(^4913$)|(^#.*#$)")


@dataclass(frozen=True)
class Sources:
    """What a preview watches; a change anywhere else starts nothing."""

    root: Path  # the project
    folders: tuple[Path, ...]  # watched with all that is below them
    files: tuple[str, ...] = ("pyproject.toml", "requirements.lock")  # directly in the root
    text: Path | None = None  # of `folders`, the one that no execution depends on

    def matters(self, path: str | Path) -> bool:
        """Whether a change of `path` calls for a build: no editor's scratch files, nothing that a build writes."""
        path = Path(path)
        if path.parent == self.root:
            return path.name in self.files
        parts = path.relative_to(self.root).parts if path.is_relative_to(self.root) else path.parts[-3:]
        return not any(_TEMPORARY.search(part) or part == "__pycache__" for part in parts)

    def only_text(self, paths: set[Path]) -> bool:
        return self.text is not None and all(path.is_relative_to(self.text) for path in paths)


@dataclass
class Build:
    """One run of the build command, in a process group of its own so that it can be stopped whole."""

    command: list[str]
    root: Path
    environment: dict[str, str]
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=400))
    stopped: bool = False

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command, cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.process.stdout, sys.stdout, False), (self.process.stderr, sys.stderr, True))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: IO[str], terminal: IO[str], kept: bool) -> None:
        for line in stream:
            terminal.write(line)
            terminal.flush()
            if kept:
                self.lines.append(line.rstrip("\n"))

    def running(self) -> bool:
        return self.process.poll() is None

    def finish(self) -> int:
        code = self.process.wait()
        for reader in self._readers:
            reader.join(timeout=2)
        return code

    def stop(self) -> None:
        """Interrupt the whole group; if it will not end, kill it."""
        self.stopped = True
        for sign, patience in ((signal.SIGINT, PATIENCE_SECONDS), (signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0)):
            if not self.running():
                break
            try:
                os.killpg(self.process.pid, sign)
                self.process.wait(patience)
            except (ProcessLookupError, PermissionError, subprocess.TimeoutExpired):
                continue
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def message(self) -> str:
        """The errors for the page: what the tools said, without what Make says about it."""
        told = [line for line in self.lines if not _NOISE.match(line)]
        return "\n".join(told[-MESSAGE_LINES:]) or "the build failed without a word; see the terminal"


class Preview:
    """Watches, builds and tells; `run` blocks until it is interrupted."""

    def __init__(self, sources: Sources, command: list[str], server: Server, environment: dict[str, str]) -> None:
        self.sources, self.command, self.server, self.environment = sources, command, server, environment
        self.changes: queue.Queue[set[Path]] = queue.Queue()
        self.stopping = threading.Event()

    def run(self) -> None:
        """Build, then build again after every change."""
        threads = [
            threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True),
            threading.Thread(target=self._watch, args=(self.sources.folders, True), daemon=True),
            threading.Thread(target=self._watch, args=((self.sources.root,), False), daemon=True),
            threading.Thread(target=self._watch_pages, daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            while True:
                self._build()
                while not self._gather(0.25):
                    pass
        finally:
            self.stopping.set()
            self.server.news.close()
            self.server.shutdown()
            self.server.server_close()
            for thread in threads:
                thread.join(timeout=2)

    def _build(self) -> None:
        """Build until a build has run to its end with the sources that it started from."""
        while True:
            self.server.news.tell("building")
            started, overtaken = time.monotonic(), False
            build = Build(self.command, self.sources.root, self.environment)
            try:
                build.start()
                while build.running():
                    changed = self._gather(0.03)
                    overtaken = overtaken or bool(changed)
                    if changed and not self.sources.only_text(changed):
                        build.stop()
                code = -1 if build.stopped else build.finish()
            except BaseException:
                build.stop()
                raise
            if not overtaken:
                return self._report(code, build, time.monotonic() - started)

    def _report(self, code: int, build: Build, seconds: float) -> None:
        if code == 0:
            print(f"built in {seconds:.1f} s; {self.server.url}", flush=True)
            self.server.news.tell("ready")
        else:
            print(f"the build failed after {seconds:.1f} s; waiting for a change", flush=True)
            self.server.news.tell("failed", build.message())

    def _gather(self, patience: float) -> set[Path]:
        """Changes as they come in, until it is quiet again; the empty set if there are none within `patience`."""
        found = more = self._next(patience)
        while more:
            found, more = found | more, self._next(QUIET_SECONDS)
        return found

    def _next(self, patience: float) -> set[Path]:
        try:
            return self.changes.get(timeout=patience)
        except queue.Empty:
            return set()

    def _watch(self, paths: tuple[Path, ...], recursive: bool) -> None:
        from watchfiles import watch

        there = [path for path in paths if path.is_dir()]
        for found in watch(*there, watch_filter=lambda _, path: self.sources.matters(path), debounce=400, step=30,
                           rust_timeout=1000, recursive=recursive, stop_event=self.stopping,
                           raise_interrupt=False):  # fmt: skip
            self.changes.put({Path(path) for _, path in found})

    def _watch_pages(self) -> None:
        """Tell of an analysis's page as soon as it is made: the rest of the report takes another moment."""
        from watchfiles import watch

        folder = self.server.pages
        folder.mkdir(parents=True, exist_ok=True)
        for found in watch(folder, watch_filter=lambda _, path: Path(path).name == "digest", debounce=100, step=10,
                           rust_timeout=1000, stop_event=self.stopping, raise_interrupt=False):  # fmt: skip
            for name in sorted({Path(path).parent.name for _, path in found if Path(path).is_file()}):
                self.server.news.renew(name)


def add_arguments(parser: ArgumentParser) -> None:
    """Arguments of `onepage preview`."""
    planfile.add_plan_argument(parser)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: one that is free)")
    parser.add_argument("--build", metavar="COMMAND", help="what builds the report (default: make -k report)")


def main(args: Namespace) -> int:
    """`onepage preview`: serve until interrupted."""
    from onepage.core import config
    from onepage.execute import warm

    root, plan = config.find_root(), planfile.path(args)
    name = plan.resolve().parent.name
    settings = config.load(root)
    try:
        server = Server(root / "reports" / name, root / BUILD / name, News(), args.port)
    except OSError as error:
        raise UserError(f"port {args.port}: {error.strerror}; leave --port out and a free one is taken") from None
    text = root / settings.page
    own = [root / settings.scripts, text, *(root / code for code in settings.code)]
    folders = dict.fromkeys([*own, *_data(plan, root)])
    command = shlex.split(args.build) if args.build else ["make", "--no-print-directory", "-k", "report"]
    # A child that is not waited for: the first build need not stand still while the warm parent imports.
    threading.Thread(target=warm.hold, args=(root,), daemon=True).start()
    signal.signal(signal.SIGTERM, _interrupt)
    print(f"preview of {name}: {server.url}  (Ctrl-C ends it)", flush=True)
    try:
        Preview(Sources(root, tuple(folders), text=text), command, server, _environment(plan)).run()
    except KeyboardInterrupt:
        print("\npreview ended", flush=True)
    return 0


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _data(plan: Path, root: Path) -> list[Path]:
    """Folders that hold what executions read, as far as the plan knows: a corpus of the user's own, other data."""
    try:
        found = planfile.load(plan)
        read = [root / name for target in found.executed for name in found.read(target["id"])]
        folders = [root / found.data["corpus"]["folder"], *(path if path.is_dir() else path.parent for path in read)]
        built = [(root / found.data["store"]).resolve(), root.resolve()]
        return [path for path in map(Path.resolve, folders) if path.is_dir() and not built[1].is_relative_to(path)
                and not path.is_relative_to(built[0])]  # fmt: skip
    except (UserError, KeyError, TypeError):
        return []


def _environment(plan: Path) -> dict[str, str]:
    """For a Make of its own: the variables that were given, but not the jobs, level and flags of the Make above."""
    above = ("MAKELEVEL", "MFLAGS", "MAKEFLAGS", "ONEPAGE_MAKE")
    own = {key: value for key, value in os.environ.items() if key not in above}
    _, marked, given = os.environ.get("MAKEFLAGS", "").partition("-- ")
    if marked:
        own["MAKEFLAGS"] = f"-- {given}"
    own["REPORT"] = own.get("REPORT") or plan.resolve().parent.name
    return own
