"""What one process reads, as Python announces it (PEP 578), written to the log of its execution.

It runs inside other people's programs and must never fail: an error of its own is swallowed.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from onepage.observing.children import CHILD, will_observe
from onepage.observing.states import located, of_status, path_of, state_of, status_of

_SYSTEM: tuple[str, ...] = (
    "/usr/",
    "/lib/",
    "/lib64/",
    "/bin/",
    "/sbin/",
    "/etc/",
    "/proc/",
    "/sys/",
    "/dev/",
    "/run/",
    "/var/",
)
_SYSTEM += ("/snap/", "/System/", "/Library/", "/Applications/", "/private/var/")
_SHOWS_SOURCE = ("linecache.py", "tokenize.py", "inspect.py", "traceback.py", "warnings.py")


class Observer:
    """Writes what this process reads to a log, as lines of JSON: [kind, path, state, who].

    Kinds: "read" (opened, or asked about), "write", "update" (opened by what may write later), "make" (of a folder),
    "list" (a folder's names), "sizes" (and its files' sizes), "link" (where it leads), "module" (source that was
    imported), "tree" (declared), "run" (a process that cannot be observed; its words stand for the path), "start" (of
    a process that is observed) and "end" (of a script). The state tells later whether the file changed while it was
    being read.
    """

    def __init__(self, log: str, root: str, ignore: list[str]) -> None:
        self.root = root
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._inside = tuple(f"{path}/" for path in ignore)
        prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.__file__)}
        prefixes.update(path for path in sys.path if path.endswith("-packages"))
        libraries = [f"{path}/" for path in prefixes if not f"{root}/".startswith(f"{path}/")]
        self._own = f"{os.path.dirname(os.path.dirname(CHILD))}/"  # this package: the plan knows what it does
        self._inside = (*(f"{path}/" for path in ignore), self._own, *libraries)
        self._outside = (*self._inside, *_SYSTEM, os.path.expanduser("~/."))
        self._seen: set[tuple[str, str]] = set()
        self._lost = False  # whether a line could not be written
        self._thread = threading.local()  # what one thread does must not hide what another reads
        self._handlers: dict[str, Callable[..., Any]] = {
            "open": self.opened,
            "os.listdir": self._listed,
            "os.scandir": lambda path: self._listed(path, sizes=True),
            "os.remove": self._changed,
            "os.rename": self._renamed,
            "os.link": lambda old, new, a=-1, b=-1: self._changed(new, b),
            "os.symlink": lambda old, new, a=-1: self._changed(new, a),
            "os.mkdir": self._made,
            "os.rmdir": self._changed,
            "os.truncate": lambda path, length: self._changed(path),
            "import": self._imported,
            "sqlite3.connect": self._connected,
            "ctypes.dlopen": self._asked,
            "subprocess.Popen": self._started,
            "os.posix_spawn": lambda path, argv, env: self._started(path, argv, None, env),
            "os.exec": lambda path, argv, env: self._started(path, argv, None, env),
            "os.system": lambda command: self._foreign(["sh", "-c", os.fsdecode(command)], sys._getframe(2)),
        }

    def begin(self) -> None:
        """Listen to what Python announces, from now on; there is no way back."""
        self.record("start", sys.executable, "")
        sys.addaudithook(self._hook)

    # --- the log ---

    def record(self, kind: str, path: str, who: str, state: list[int] | str | None = "") -> None:
        """One line, the first time that this happens to this path."""
        if (kind, path) in self._seen:
            return
        self._seen.add((kind, path))
        if state == "":
            state = state_of(path) if kind not in ("run", "end") else None
        line = f"{json.dumps([kind, path, state, who])}\n".encode()
        try:
            self._lost = self._lost or os.write(self._log, line) != len(line)
        except OSError:  # a full disk: what cannot be told must not count as not read
            self._lost = True

    def require_whole(self) -> None:
        """Fail if the log lacks anything."""
        if self._lost:
            raise OSError(errno.ENOSPC, "what this script reads could not be written down; is the disk full?")

    def read(self, path: Any, frame: FrameType | None) -> None:
        """A reader that Python does not announce opens `path`."""
        self.quietly(self.count_read, path, frame)

    def update(self, path: Any, frame: FrameType | None) -> None:
        """As `read`, of what may write to the file later."""
        self.read(path, frame)
        self.quietly(self._updated, path)

    def link(self, path: Any, frame: FrameType | None) -> None:
        """Where a link leads is asked."""
        found = self._relevant(path)
        if found is not None and not self._is_above(found) and self.is_ours(frame):
            self.record("link", found, self.where(frame))

    def write(self, path: Any, frame: FrameType | None) -> None:
        """A writer that Python does not announce opens `path`."""
        found = self._relevant(path)
        if found is not None:
            self.record("write", found, self.where(frame))

    # --- events ---

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        handler = self._handlers.get(event)
        if handler is not None:
            self.quietly(handler, *args)

    def quietly(self, handler: Callable[..., None], *args: Any) -> None:
        """Call it, and neither be heard nor fail."""
        if getattr(self._thread, "busy", False):
            return
        self._thread.busy = True
        try:
            handler(*args)
        except Exception:  # an observer must not change what it observes
            pass
        finally:
            self._thread.busy = False

    @contextlib.contextmanager
    def unheard(self) -> Iterator[None]:
        """What this thread does meanwhile is not observed."""
        before = getattr(self._thread, "busy", False)
        self._thread.busy = True
        try:
            yield
        finally:
            self._thread.busy = before

    def opened(self, path: Any, mode: str | None, flags: int) -> None:
        found = self._relevant(path)
        if found is None:
            return
        frame = sys._getframe(3)
        access = (flags or 0) & os.O_ACCMODE
        if access == os.O_WRONLY or (access == os.O_RDWR and flags & (os.O_TRUNC | os.O_EXCL)):
            self.record("write", found, self.where(frame))
            return
        if frame.f_code.co_filename.startswith("<frozen importlib") and found.endswith((".py", ".pyc")):
            self.record("module", _source_of(found), self.where(frame))
        else:
            self.count_read(found, frame)
        if access == os.O_RDWR:
            self.record("write", found, self.where(frame))

    def _renamed(self, old: Any, new: Any, old_folder: int = -1, new_folder: int = -1) -> None:
        self._changed(old, old_folder)
        self._changed(new, new_folder)

    def _connected(self, path: Any) -> None:
        """To an SQLite database, which has a second file while it is written to."""
        self._updated(path)
        self._updated(f"{os.fsdecode(path)}-wal")

    def _changed(self, path: Any, folder: int = -1) -> None:
        self.write(located(path, folder), sys._getframe(3))

    def _made(self, path: Any, mode: int, folder: int = -1) -> None:
        found = self._relevant(located(path, folder))
        if found is not None:  # announced before it is tried: it may be there
            self.record("write" if os.path.lexists(found) else "make", found, "")

    def _asked(self, path: Any, *_: Any) -> None:
        self.count_read(path, sys._getframe(3))

    def _updated(self, path: Any, *_: Any) -> None:
        self.count_read(path, sys._getframe(3))
        if (found := self._relevant(path)) is not None:
            self.record("update", found, "")

    def count_read(self, path: Any, frame: FrameType | None, asked: bool = False) -> None:
        """As `read`, within `quietly`; or the file is only `asked` about."""
        found = self._relevant(path)
        if found is None or ("read", found) in self._seen or self._is_above(found):
            return
        status = status_of(found)
        is_file = status is not None and stat.S_ISREG(status.st_mode)
        if not is_file and not self._is_asked_for(found, frame):
            return
        if found.endswith(".py") and self._only_shows_source(frame):
            return
        source = asked and is_file and found.endswith(".py")  # `Path(__file__).resolve()` reads no text
        self.record("module" if source else "read", found, self.where(frame), of_status(status))

    def _is_asked_for(self, path: str, frame: FrameType | None) -> bool:
        """Whether it counts that this is a folder, or is not there: libraries look for much in vain."""
        return path.startswith(f"{self.root}/") and path not in sys.path and self.is_ours(frame)

    def _listed(self, path: Any, sizes: bool = False) -> None:
        found = self._relevant("." if path is None else path_of(path) if type(path) is int else path)
        frame = sys._getframe(4 if sizes else 3)
        name = frame.f_code.co_filename
        if found is None or name.startswith("<frozen importlib") or "importlib/metadata" in name:
            return
        if "importlib_metadata" in name:
            return
        self.record("list", found, self.where(frame))
        if sizes and self.is_own_place(name):  # what os.scandir gives out tells them without asking again
            self.record("sizes", found, self.where(frame))

    def _imported(self, module: str, file: Any, *_: Any) -> None:
        if isinstance(file, str):  # an extension module, which the system loads
            self.count_read(file, sys._getframe(3))

    # --- processes ---

    def _started(self, executable: Any, args: Any, cwd: Any, env: Any) -> None:
        words = [os.fsdecode(word) for word in ([args] if isinstance(args, str | bytes) else args)]
        program, cwd = os.fsdecode(executable or words[0]), os.fsdecode(cwd or "")
        if will_observe(program, words, os.environ if env is None else env, cwd):
            return
        self._foreign([program, *words[1:]], sys._getframe(3), cwd)

    def _foreign(self, words: list[str], frame: FrameType | None, cwd: str = "") -> None:
        """A process that cannot be observed. The files among its words are read; whether it may is decided later."""
        for word in (os.path.join(cwd, word) for word in words if 0 < len(word) < 1000):
            if os.path.isfile(word):
                self.count_read(word, frame)
        if self.is_ours(frame):
            self.record("run", " ".join(words)[:200], self.where(frame))

    # --- paths and frames ---

    def _relevant(self, path: Any) -> str | None:
        """The absolute path, if a result could hang on it."""
        if type(path) is int:
            return None
        path = os.fsdecode(path)
        if path.startswith("file:"):  # as SQLite may be given it
            path = path[5:].partition("?")[0]
        if path in ("", ":memory:") or "\0" in path:
            return None
        if not path.startswith("/") or "/." in path or "//" in path or path.endswith("/"):
            before, up, after = path.rpartition("/../")
            if up and before.strip("./"):  # up from where a link may have led to
                path = f"{os.path.realpath(f'{before}/..')}/{after}"
            path = os.path.abspath(path)
        ignored = self._inside if path.startswith(f"{self.root}/") else self._outside
        return None if f"{path}/".startswith(ignored) else path

    def _is_above(self, path: str) -> bool:
        """Whether the project, or something that is not observed, lies below: a step on the way to it."""
        below = path if path.endswith("/") else f"{path}/"
        return any(ignored.startswith(below) for ignored in (f"{self.root}/", *self._inside))

    def is_ours(self, frame: FrameType | None) -> bool:
        """Whether the project's own code asks, directly or through the standard library or IPython."""
        while frame is not None:
            name = frame.f_code.co_filename
            if self.is_own_place(name):
                return True
            passes_on = name.startswith(self._own) or "/IPython/" in name or "/ipykernel/" in name
            if "-packages/" in name and not passes_on:
                return False
            frame = frame.f_back
        return False

    def is_own_place(self, name: str) -> bool:
        """Whether a path is one of the project's own code or data."""
        return name.startswith(f"{self.root}/") and not name.startswith(self._inside)

    def where(self, frame: FrameType | None) -> str:
        """`file:line` of the project's own code that asks."""
        while frame is not None:
            name = frame.f_code.co_filename
            if self.is_own_place(name):
                return f"{name[len(self.root) + 1 :]}:{frame.f_lineno}"
            frame = frame.f_back
        return ""

    def _only_shows_source(self, frame: FrameType | None) -> bool:
        """Whether a .py file is read to show a line of it in a message, or by a library that looks at code."""
        while frame is not None and frame.f_code.co_filename.startswith("<frozen "):
            frame = frame.f_back
        if frame is None or not frame.f_code.co_filename.endswith(_SHOWS_SOURCE):
            return False
        while frame is not None and frame.f_code.co_filename.endswith(_SHOWS_SOURCE):
            if frame.f_code.co_filename.endswith(("traceback.py", "warnings.py")):
                return True
            frame = frame.f_back
        return not self.is_ours(frame)


def _source_of(path: str) -> str:
    """The source of a compiled module, where there is one."""
    if path.endswith(".pyc"):
        from importlib.util import source_from_cache

        with contextlib.suppress(ValueError):
            path = source_from_cache(path)
    return path
