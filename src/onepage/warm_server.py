"""The warm parent process: imports the heavy modules once, then forks for every execution (see execute/warm.py).

It does nothing but fork and reap. Its children forget every module of the project's and import them afresh, so edits
always count; this package's own modules too, unless its files are as they were when they were imported here. When the
`make` (or preview) that it served has ended it waits a few minutes for the next one, as after an edit
(ONEPAGE_LINGER=SECONDS, 0 for not at all).
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from collections.abc import Collection
from pathlib import Path
from typing import Any

from onepage.core import files, locks, watch
from onepage.core.config import load
from onepage.core.places import PACKAGE

ENGINE = (  # what executing and rendering import, whatever the scripts do
    "papermill",
    "jupytext",
    "nbclient",
    "nbconvert",
    "jinja2",
    "typst",
    "pypandoc",
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "IPython.core.completer",
    "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
    "numpy.random",
)
OWN = (  # what the forks import of this package, one way or another
    "onepage.cli",
    "onepage.tools.page",
    "onepage.tools.run",
    "onepage.execute.execute",
    "onepage.execute.failures",
    "onepage.execute.kernel",
    "onepage.execute.notebooks",
    "onepage.execute.provisioner",
    "onepage.execute.shell",
    "onepage.plan.targets",
    "onepage.publish",
)
IDLE_SECONDS = 1800.0  # how long the server waits for work, whatever its owners do
LINGER_SECONDS = 300.0  # and for another make, when the last one has ended


class Own:
    """This package's modules, imported once for all forks, who may have them while its files stay as they were."""

    def __init__(self) -> None:
        self._states = _states()  # before the modules are read
        newest = max(max(state[:2]) for state in self._states.values())
        self._told_apart = newest < time.time_ns() - watch.TICK
        forget(("onepage",))  # this process has imported some, earlier
        try:
            for name in OWN:
                importlib.import_module(name)
            _compile_schemas()
        except Exception:  # somebody is at work on this package: whoever needs it will say what is wrong
            self._told_apart = False

    def stand(self) -> bool:
        """Whether what was imported is what a new process would import."""
        return self._told_apart and _states() == self._states


def _compile_schemas() -> None:
    """Those of what every page reads, in the modules as they have just been imported."""
    from onepage.core import config
    from onepage.course import group
    from onepage.page import brief
    from onepage.page.tree import drafts
    from onepage.scripts import percent

    demands = map(brief.schema, (None, *brief.KINDS))
    for each in (config.table_schema(), percent.header_schema(), drafts.FRONT, group.SCHEMA, *demands):
        each.compile()


def _states() -> dict[str, list[int]]:
    """The state of every file of this package, but for what Python itself writes there."""
    names = (name for name in files.listing(PACKAGE) if "__pycache__" not in name)
    return {name: watch.state_of(PACKAGE / name) or [0, 0] for name in names}


def forget(packages: Collection[str]) -> None:
    """Have the modules of these packages imported afresh."""
    for name in [name for name in sys.modules if name.split(".")[0] in packages]:
        del sys.modules[name]


def serve(root: Path, address: Path) -> None:
    """Fork for every request, until the processes that this server is for have ended and no other comes."""
    config = load(root)
    theirs = tuple(name for name in (Path(package).name for package in config.code) if name != "onepage")
    _import_theirs(root, config.warm, theirs)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    beside = address.with_name(f"{address.name}.{os.getpid()}")
    listener.bind(str(beside))
    listener.listen(64)
    files.take_name(beside, address)
    mine = address.lstat()
    linger = float(os.environ.get("ONEPAGE_LINGER", LINGER_SECONDS))
    owners = {int(os.environ.get("ONEPAGE_MAKE") or 0)}
    children: set[int] = set()
    used = owned = time.monotonic()
    known = True  # whether clients find the address
    last = False  # whether this is the last look for one that had found it just before
    own: Own | None = None  # imported when the first clients are served: they need not wait for it
    asked = False
    try:
        while known or last or children:
            last = False
            patience = 0.1 if asked and own is None else 0.5
            if select.select([listener], [], [], patience if known or children else 0)[0]:
                connection, _ = listener.accept()
                used = time.monotonic()
                forgotten = theirs if own is not None and own.stand() else ("onepage", *theirs)
                owner, child = _fork(connection, listener, forgotten)
                connection.close()
                owners.add(owner)
                children.add(child)
                asked = True
            elif asked and own is None:
                own = Own()
                _share_memory()
            children = {child for child in children if child and os.waitpid(child, os.WNOHANG)[0] == 0}
            owners = {owner for owner in owners if locks.is_alive(owner)}
            now = time.monotonic()
            owned = now if owners else owned
            if known and not children and (now - used > IDLE_SECONDS if owners else now - owned >= linger):
                _forget(address, mine)
                known, last = False, True
    finally:
        if known:
            _forget(address, mine)


def _import_theirs(root: Path, warm: tuple[str, ...], packages: tuple[str, ...]) -> None:
    """What the engine and the project's scripts import, but for the project's own `packages`."""
    for name in (*ENGINE, *warm):
        if name.split(".")[0] not in ("onepage", *packages):
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    for name, module in list(sys.modules.items()):  # the project's own, imported by one of these: executions do that
        file = getattr(module, "__file__", None) or ""
        if file.startswith(f"{root}/") and "-packages/" not in file and not name.startswith(("onepage", "__main__")):
            del sys.modules[name]
    importlib.import_module("jupytext").reads("# %%\n1\n", fmt="py:percent")  # compiles the notebook schema
    _share_memory()


def _share_memory() -> None:
    """Have the children's collections leave what there is now alone, so that it stays shared."""
    gc.collect()
    gc.freeze()


def _forget(address: Path, mine: os.stat_result) -> None:
    """Give up the address, unless another server has it by now."""
    with contextlib.suppress(OSError):
        if os.path.samestat(address.lstat(), mine):
            files.discard(address)


def _fork(connection: socket.socket, listener: socket.socket, forgotten: tuple[str, ...]) -> tuple[int, int]:
    """Read a request and fork for it; returns (owner, child)."""
    connection.settimeout(10)
    try:
        head, streams, _, _ = socket.recv_fds(connection, 4, 2)
        length = struct.unpack("!I", head)[0]
        payload = b""
        while len(payload) < length:
            chunk = connection.recv(length - len(payload))
            if not chunk:
                raise OSError("the client went away")
            payload += chunk
        request = json.loads(payload)
    except (OSError, struct.error, ValueError):
        return 0, 0
    child = os.fork()
    if child == 0:
        code = 1
        try:
            listener.close()
            connection.settimeout(None)
            code = _executor(connection, streams, request, forgotten)
        except Exception:
            traceback.print_exc()  # to the client, as its own process would
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the client may be gone as soon as it has the answer
            with contextlib.suppress(OSError):
                connection.sendall(json.dumps({"code": code}).encode() + b"\n")
            os._exit(code)
    for stream in streams:
        os.close(stream)
    return request["owner"], child


def _executor(
    connection: socket.socket, streams: list[int], request: dict[str, Any], forgotten: tuple[str, ...]
) -> int:
    """In the child: become the client's stand-in, and run its command with the present sources."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in enumerate(streams, start=1):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"], ONEPAGE_WARM="no")
    forget(forgotten)
    if not request["argv"]:
        return 0
    sys.path.insert(0, str(PACKAGE.parent))
    from onepage.execute import kernels

    kernels.put_first(request["environ"].get("PYTHONPATH", ""))
    if request["argv"][0] == "run":
        # before there is any thread: a fork takes only one along
        kernels.spare = kernels.Spare(forgotten, connection.fileno())
    threading.Thread(target=_watch, args=(connection,), daemon=True).start()
    from onepage import cli

    try:
        return cli.main(request["argv"])
    except SystemExit as error:  # wrong use, as argparse says it
        return error.code if isinstance(error.code, int) else 2
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _watch(connection: socket.socket) -> None:
    """When the client is gone (Ctrl-C, kill), end as if interrupted, so that nothing is left behind."""
    with contextlib.suppress(OSError):
        connection.recv(1)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(10)
    os._exit(130)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]))
