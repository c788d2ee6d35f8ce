"""What an execution really reads: an audit hook in its kernel, and in every Python process that it starts.

Python announces each file that it opens, each folder that it lists, each module that it loads and each process that
it starts (PEP 578). The hook writes those that a result could hang on to a log, once each; `observations.py` makes the
result's inputs of it. Two things Python does not announce are wrapped: questions about files (`os.stat`, behind
`exists` and the like) and libraries that open files in C (see `observe_native.py`).

Used inside executions, where nothing else of this package need be loaded; `child/sitecustomize.py` starts it in child
processes. It must never fail: an error of its own is swallowed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import sys
from _thread import get_ident
from collections.abc import Callable
from types import FrameType
from typing import Any

VARIABLE = "ONEPAGE_OBSERVE"  # names a JSON file: {"log", "root", "ignore": [folders]}
CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child")  # on the PYTHONPATH of executions

_SYSTEM = ("/usr/", "/lib/", "/lib64/", "/bin/", "/sbin/", "/etc/", "/proc/", "/sys/", "/dev/", "/run/", "/var/")
_SYSTEM += ("/snap/", "/System/", "/Library/", "/Applications/", "/private/var/")
_SHOWS_SOURCE = ("linecache.py", "tokenize.py", "inspect.py", "traceback.py", "warnings.py")
_PYTHON = re.compile(r"(python|pypy)[\d.]*w?(\.exe)?$")
_UNHOOKED = re.compile(r"-[A-Za-z]*[IES]")  # flags that keep a Python from looking at PYTHONPATH or sitecustomize

_stat = os.stat  # the wrappers' own, whatever is exchanged later
observer: Observer | None = None


def start() -> None:
    """Begin to observe this process, if it is part of an execution; a second call does nothing."""
    global observer
    file = os.environ.get(VARIABLE)
    if observer is None and file and os.path.exists(file):
        with open(file, encoding="utf-8") as stream:
            observer = Observer(**json.load(stream))
        observer.begin()


def declare(path: str) -> None:
    """Count a file, or a folder with all that is below it, as read, whoever opens it and how."""
    if observer is not None:
        observer.record("tree", path, observer.where(sys._getframe(1)))


def ask(path: str) -> None:
    """Count it whether this file is there, and what is in it."""
    if observer is not None:
        observer.record("read", os.path.abspath(path), "")


def reach_end() -> None:
    """Say that all cells of the script have been executed."""
    if observer is not None:
        observer.record("end", "", "")


class Observer:
    """Writes what this process reads to a log, as lines of JSON: [kind, path, state, who].

    Kinds: "read" (opened, or asked about), "write", "update" (opened by what may write later), "list" (a folder's
    names), "module" (source that was imported), "tree" (declared), "run" (a process that cannot be observed; its words
    stand for the path), "start" (of a process that is observed) and "end" (of a script). The state tells later whether
    the file changed while it was being read.
    """

    def __init__(self, log: str, root: str, ignore: list[str]) -> None:
        self.root = root
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._inside = tuple(f"{path}/" for path in ignore)
        prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.__file__)}
        prefixes.update(path for path in sys.path if path.endswith("-packages"))
        libraries = [f"{path}/" for path in prefixes if not f"{root}/".startswith(f"{path}/")]
        self._own = f"{os.path.dirname(os.path.abspath(__file__))}/"  # this package: the plan knows what it does
        self._inside = (*(f"{path}/" for path in ignore), self._own, *libraries)
        self._outside = (*self._inside, *_SYSTEM, os.path.expanduser("~/."))
        self._seen: set[tuple[str, str]] = set()
        self._busy: set[int] = set()  # threads that are in here already: what they do themselves is not observed
        self._handlers: dict[str, Callable[..., None]] = {
            "open": self._opened,
            "os.listdir": self._listed,
            "os.scandir": self._listed,
            "os.remove": self._changed,
            "os.rename": lambda old, new, *_: (self._changed(old), self._changed(new)),
            "os.link": lambda old, new, *_: self._changed(new),
            "os.symlink": lambda old, new, *_: self._changed(new),
            "os.mkdir": self._changed,
            "os.rmdir": self._changed,
            "os.truncate": self._changed,
            "import": self._imported,
            "sqlite3.connect": self._updated,
            "ctypes.dlopen": self._asked,
            "subprocess.Popen": self._started,
            "os.posix_spawn": lambda path, argv, env: self._started(path, argv, None, env),
            "os.exec": lambda path, argv, env: self._started(path, argv, None, env),
            "os.system": lambda command: self._foreign(["sh", "-c", os.fsdecode(command)], sys._getframe(2)),
        }

    def begin(self) -> None:
        """Install everything; there is no way back."""
        from onepage import observe_native

        self.record("start", sys.executable, "")
        sys.addaudithook(self._hook)
        for name in ("stat", "lstat", "access"):
            original = getattr(os, name)
            wrapper = self._wrapped(original)
            setattr(os, name, wrapper)
            for capable in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
                if original in capable:
                    capable.add(wrapper)
        observe_native.watch(self)

    # --- the log ---

    def record(self, kind: str, path: str, who: str, state: list[int] | str | None = "") -> None:
        """One line, the first time that this happens to this path."""
        if (kind, path) in self._seen:
            return
        self._seen.add((kind, path))
        if state == "":
            state = state_of(path) if kind not in ("run", "end") else None
        os.write(self._log, f"{json.dumps([kind, path, state, who])}\n".encode())

    def read(self, path: Any, frame: FrameType | None) -> None:
        """A reader that Python does not announce opens `path`."""
        self._quietly(self._reads, path, frame)

    def update(self, path: Any, frame: FrameType | None) -> None:
        """As `read`, of what may write to the file later."""
        self.read(path, frame)
        self._quietly(self._updated, path)

    def write(self, path: Any, frame: FrameType | None) -> None:
        """A writer that Python does not announce opens `path`."""
        found = self._relevant(path)
        if found is not None:
            self.record("write", found, self.where(frame))

    # --- events ---

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        handler = self._handlers.get(event)
        if handler is not None:
            self._quietly(handler, *args)

    def _quietly(self, handler: Callable[..., None], *args: Any) -> None:
        thread = get_ident()
        if thread in self._busy:
            return
        self._busy.add(thread)
        try:
            handler(*args)
        except Exception:  # an observer must not change what it observes
            pass
        finally:
            self._busy.discard(thread)

    def _opened(self, path: Any, mode: str | None, flags: int) -> None:
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
            self._reads(found, frame)
        if access == os.O_RDWR:
            self.record("write", found, self.where(frame))

    def _changed(self, path: Any, *_: Any) -> None:
        self.write(path, sys._getframe(3))

    def _asked(self, path: Any, *_: Any) -> None:
        self._reads(path, sys._getframe(3))

    def _updated(self, path: Any, *_: Any) -> None:
        self._reads(path, sys._getframe(3))
        if (found := self._relevant(path)) is not None:
            self.record("update", found, "")

    def _reads(self, path: Any, frame: FrameType | None) -> None:
        found = self._relevant(path)
        if found is None or ("read", found) in self._seen or self._is_above(found):
            return
        status = _status(found)
        is_file = status is not None and stat.S_ISREG(status.st_mode)
        if not is_file and not self._is_asked_for(found, frame):
            return
        if found.endswith(".py") and self._only_shows_source(frame):
            return
        self.record("read", found, self.where(frame), _state(status))

    def _is_asked_for(self, path: str, frame: FrameType | None) -> bool:
        """Whether it counts that this is a folder, or is not there: libraries look for much in vain."""
        return path.startswith(f"{self.root}/") and path not in sys.path and self._is_ours(frame)

    def _listed(self, path: Any) -> None:
        found = self._relevant("." if path is None else path)
        frame = sys._getframe(3)
        name = frame.f_code.co_filename
        if (
            found is None
            or name.startswith("<frozen importlib")
            or "importlib/metadata" in name
            or "importlib_metadata" in name
        ):
            return
        self.record("list", found, self.where(frame))

    def _imported(self, module: str, file: Any, *_: Any) -> None:
        if isinstance(file, str):  # an extension module, which the system loads
            self._reads(file, sys._getframe(3))

    def _wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A question about a file: counted as reading it."""

        def asked(path: Any, *args: Any, **keywords: Any) -> Any:
            if type(path) is not int and keywords.get("dir_fd") is None:
                self._quietly(self._reads, path, sys._getframe(1))
            return function(path, *args, **keywords)

        asked.__name__ = asked.__qualname__ = function.__name__
        asked.__doc__ = function.__doc__
        return asked

    # --- processes ---

    def _started(self, executable: Any, args: Any, cwd: Any, env: Any) -> None:
        words = [args] if isinstance(args, str | bytes) else list(args)
        words = [os.fsdecode(word) for word in words]
        program = os.fsdecode(executable or words[0])
        if _is_observed(program, words, os.environ if env is None else env):
            return
        self._foreign([program, *words[1:]], sys._getframe(3), os.fsdecode(cwd or ""))

    def _foreign(self, words: list[str], frame: FrameType | None, cwd: str = "") -> None:
        """A process that cannot be observed. The files among its words are read; whether it may is decided later."""
        for word in (os.path.join(cwd, word) for word in words if 0 < len(word) < 1000):
            if os.path.isfile(word):
                self._reads(word, frame)
        if self._is_ours(frame):
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
            path = os.path.abspath(path)
        ignored = self._inside if path.startswith(f"{self.root}/") else self._outside
        return None if f"{path}/".startswith(ignored) else path

    def _is_above(self, path: str) -> bool:
        return f"{self.root}/".startswith(path if path.endswith("/") else f"{path}/")

    def _is_ours(self, frame: FrameType | None) -> bool:
        """Whether the project's own code asks, directly or through the standard library or IPython."""
        while frame is not None:
            name = frame.f_code.co_filename
            if self._own_place(name):
                return True
            passes_on = name.startswith(self._own) or "/IPython/" in name or "/ipykernel/" in name
            if "-packages/" in name and not passes_on:
                return False
            frame = frame.f_back
        return False

    def _own_place(self, name: str) -> bool:
        return name.startswith(f"{self.root}/") and not name.startswith(self._inside)

    def where(self, frame: FrameType | None) -> str:
        """`file:line` of the project's own code that asks."""
        while frame is not None:
            name = frame.f_code.co_filename
            if self._own_place(name):
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
        return not self._is_ours(frame)


def state_of(path: str) -> list[int] | None:
    """What tells a later state of the file from this one; None if there is no such file."""
    return _state(_status(path))


def _state(status: os.stat_result | None) -> list[int] | None:
    return None if status is None else [status.st_mtime_ns, status.st_size, status.st_ino]


def _status(path: str) -> os.stat_result | None:
    try:
        return _stat(path)
    except (OSError, ValueError):
        return None


def _source_of(path: str) -> str:
    """The source of a compiled module, where there is one."""
    if path.endswith(".pyc"):
        from importlib.util import source_from_cache

        with contextlib.suppress(ValueError):
            path = source_from_cache(path)
    return path


def _is_observed(program: str, words: list[str], env: Any) -> bool:
    """Whether a process is a Python that will start this observer too."""
    import shutil

    get = {os.fsdecode(name): os.fsdecode(value) for name, value in env.items()}.get
    if get(VARIABLE) != os.environ.get(VARIABLE) or CHILD not in (get("PYTHONPATH") or "").split(os.pathsep):
        return False
    flags = words[1:]
    if not _PYTHON.match(os.path.basename(program)):
        found = shutil.which(program, path=get("PATH"))
        if not found:
            return False
        with open(found, "rb") as stream:
            first = stream.readline(300).decode("utf-8", "replace").split()
        if not first or not first[0].startswith("#!"):
            return False
        interpreter = [word.removeprefix("#!") for word in first if word != "#!"]
        names = [word for word in interpreter if _PYTHON.match(os.path.basename(word))]
        if not names:
            return False
        flags = interpreter[interpreter.index(names[0]) + 1 :]
    for flag in flags:
        if not flag.startswith("-") or flag in ("-c", "-m", "-"):
            break
        if _UNHOOKED.match(flag) and not flag.startswith("--"):
            return False
    return True
