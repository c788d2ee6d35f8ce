"""Locks that die with their holder: whatever kills a process, the system lets go of what it held.

They are `flock`s. A process id says nothing in another container or on another node of a cluster; a lock on a file
that both see does, on network file systems too (Linux sends it to the server). Where a file system knows no locks
the holder goes on without: the store still keeps the first of two results, and nothing is swept.

(The library filelock does the same, but imports asyncio, which would double the time of a make with nothing to do.)
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from onepage.core import files

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


class Lock:
    """A lock on a file, held from `acquire` to `release` or to the end of the process, whichever comes first.

    No program that the holder starts inherits it. The file is removed at release; a waiter notices that, and takes
    the next one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.real = True  # False where the file system has no locks
        self.stream: int | None = None

    def acquire(self, say: Callable[[str], None] | None) -> bool:
        """Take the lock, if need be wait for it (`say` is told once who has it); without `say`, False if it is held."""
        while True:
            stream = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                if not self._take(stream, say):
                    os.close(stream)
                    return False
                if files.is_same(stream, self.path):
                    break
            except BaseException:
                os.close(stream)
                raise
            os.close(stream)  # its last holder has removed the file
        self.stream = stream
        about = {"pid": os.getpid(), "host": os.uname().nodename, "since": time.strftime("%H:%M")}
        with contextlib.suppress(OSError):
            os.ftruncate(stream, 0)
            os.pwrite(stream, json.dumps(about).encode(), 0)
        return True

    def _take(self, stream: int, say: Callable[[str], None] | None) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                self.real = False
                return True
            if say is None:
                return False
            say(_holder(stream))
            fcntl.flock(stream, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        if self.stream is not None:
            files.discard_open(self.stream, self.path)
            os.close(self.stream)
            self.stream = None

    def hand_over(self, pid: int) -> None:
        """Have the lock held for as long as another process of this machine lives, and be rid of it here.

        A fork of this process keeps it: a make is many processes, of which only make itself lives from first to last.
        """
        stream, self.stream = self.stream, None
        assert stream is not None
        import select
        import signal

        watched = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
        if os.fork() == 0:
            try:
                os.setsid()  # a Ctrl-C is for make, whose end is what counts
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_DFL)
                _close_all_but(stream, watched)
                os.chdir("/")
                while watched is None and is_alive(pid):
                    time.sleep(0.1)
                if watched is not None:
                    select.select([watched], [], [])
                self.stream = stream
                self.release()
            finally:
                os._exit(0)
        os.close(stream)
        if watched is not None:
            os.close(watched)


@contextlib.contextmanager
def held(path: Path, say: Callable[[str], None]) -> Iterator[Lock]:
    """Hold a lock in the block, after waiting for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = Lock(path)
    lock.acquire(say)
    try:
        yield lock
    finally:
        lock.release()


def waiting(what: str) -> Callable[[str], None]:
    """What to say, once, when a lock is held by another process."""

    def say(holder: str) -> None:
        print(f"{what}: {holder} is at work on it; waiting for that to end", file=sys.stderr, flush=True)

    return say


def _holder(stream: int) -> str:
    try:
        about = json.loads(os.pread(stream, 1000, 0))
        return f"another process (since {about['since']}, {about['pid']} on {about['host']})"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "another process"


def is_alive(pid: int) -> bool:
    """Whether there is such a process, anybody's."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _close_all_but(*kept: int | None) -> None:
    """Let go of make's pipes, so that nobody who reads from them waits for us."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    first = 3
    for number in sorted(number for number in kept if number is not None):
        os.closerange(first, number)
        first = number + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 1 << 20 else 1 << 16)
