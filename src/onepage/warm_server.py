"""The warm parent process: imports the heavy modules once, then forks for every execution (see execute/warm.py).

It does nothing but fork and reap. Its children forget every module of ours and import them afresh, so edits always
count. When the `make` (or preview) that it served has ended it waits a few minutes for the next one, as after an edit
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
from pathlib import Path
from typing import Any

from onepage.core import files, locks
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
IDLE_SECONDS = 1800.0  # how long the server waits for work, whatever its owners do
LINGER_SECONDS = 300.0  # and for another make, when the last one has ended


def serve(root: Path, address: Path) -> None:
    """Fork for every request, until the processes that this server is for have ended and no other comes."""
    config = load(root)
    ours = ("onepage", *(Path(package).name for package in config.code))
    for name in (*ENGINE, *config.warm):
        if name.split(".")[0] not in ours:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    for name, module in list(sys.modules.items()):  # the project's own, imported by one of these: executions do that
        file = getattr(module, "__file__", None) or ""
        if file.startswith(f"{root}/") and "-packages/" not in file and not name.startswith(("onepage", "__main__")):
            del sys.modules[name]
    importlib.import_module("jupytext").reads("# %%\n1\n", fmt="py:percent")  # compiles the notebook schema
    gc.collect()
    gc.freeze()  # so that the children's collections leave shared memory shared
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
    try:
        while known or last or children:
            last = False
            if select.select([listener], [], [], 0.5 if known or children else 0)[0]:
                connection, _ = listener.accept()
                used = time.monotonic()
                owner, child = _fork(connection, listener, ours)
                connection.close()
                owners.add(owner)
                children.add(child)
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


def _forget(address: Path, mine: os.stat_result) -> None:
    """Give up the address, unless another server has it by now."""
    with contextlib.suppress(OSError):
        if os.path.samestat(address.lstat(), mine):
            files.discard(address)


def _fork(connection: socket.socket, listener: socket.socket, ours: tuple[str, ...]) -> tuple[int, int]:
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
            code = _executor(connection, streams, request, ours)
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


def _executor(connection: socket.socket, streams: list[int], request: dict[str, Any], ours: tuple[str, ...]) -> int:
    """In the child: become the client's stand-in, and run its command with the present sources."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in enumerate(streams, start=1):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"], ONEPAGE_WARM="no")
    for name in [name for name in sys.modules if name.split(".")[0] in ours]:
        del sys.modules[name]
    if not request["argv"]:
        return 0
    sys.path.insert(0, str(PACKAGE.parent))
    from onepage.execute import kernels

    kernels.put_first(request["environ"].get("PYTHONPATH", ""))
    if request["argv"][0] == "run":
        # before there is any thread: a fork takes only one along
        kernels.spare = kernels.Spare(ours, connection.fileno())
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
