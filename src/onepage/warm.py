"""A warm parent process: imports the heavy modules once, then forks for every execution.

Starting an interpreter and importing papermill, ipykernel, torch and matplotlib takes about five seconds; a fork of a
process that has them takes a few hundredths. `onepage run` is then only a client:

    client --socket--> server --fork--> executor (papermill) --fork--> kernel (see kernels.py)

The server does nothing but fork and reap. Its children forget every module of ours and import them afresh, so edits
always count. When the `make` (or preview) that it served has ended it waits a few minutes for the next one, as after
an edit (ONEPAGE_LINGER=SECONDS, 0 for not at all). Where it cannot be used (LAUNCH, another system than Linux,
ONEPAGE_WARM=no), executions take the plain path and give the same bytes.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import importlib
import json
import os
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from onepage import files, locks

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
START_SECONDS = 60.0  # how long a client waits for the server's imports before it goes on alone
IDLE_SECONDS = 1800.0  # and how long the server waits for work, whatever its owners do
LINGER_SECONDS = 300.0  # and for another make, when the last one has ended


# --- client --------------------------------------------------------------------------------------------------------


def submit(root: Path, argv: list[str], start: bool = True) -> int | None:
    """Have the warm server run `onepage <argv>`; None if there is none to be had and the caller should do it itself.

    Only for what Make or the preview calls: a server that waits for the next make is nothing to any other process.
    """
    owner = os.environ.get("ONEPAGE_MAKE", "")
    if not owner.isdigit() or os.environ.get("ONEPAGE_WARM", "yes") in ("no", "0") or sys.platform != "linux":
        return None
    try:
        connection = _connect(root, start=start)
    except (OSError, subprocess.SubprocessError):
        return None
    if connection is None:
        return None
    with connection:
        request = {"argv": argv, "cwd": os.getcwd(), "environ": dict(os.environ), "owner": int(owner)}
        payload = json.dumps(request).encode()
        sys.stdout.flush()
        try:
            socket.send_fds(connection, [struct.pack("!I", len(payload))], [1, 2])
            connection.sendall(payload)
        except OSError:
            return None
        answer = b""
        with contextlib.suppress(OSError):
            while not answer.endswith(b"\n") and (chunk := connection.recv(4096)):
                answer += chunk  # to its end, not to that of the connection, which a forgotten process may hold
    if not answer.endswith(b"\n"):
        print(f"onepage {' '.join(argv)}: the executing process was killed", file=sys.stderr)
        return 1
    return json.loads(answer)["code"]


def hold(root: Path) -> bool:
    """Start the server, if it can be had, and keep it for as long as this process lives (as `make preview` does)."""
    os.environ["ONEPAGE_MAKE"] = str(os.getpid())
    return submit(root, []) is not None


def _connect(root: Path, start: bool) -> socket.socket | None:
    """A connection to this checkout's server, which is started if need be."""
    address = _address(root)
    found = _try(address)
    if found is not None or not start:
        return found
    with locks.held(address.with_name(f"{address.name}.lock"), lambda _: None):  # of several clients one starts it
        found = _try(address)
        return found or _start(root, address)


def _try(address: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(address))
        return connection
    except OSError:
        connection.close()
        return None


def _start(root: Path, address: Path) -> socket.socket | None:
    from onepage.config import BUILD
    from onepage.environ import environ

    log = root / BUILD / "cache" / "warm.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = environ(root)
    environment.pop("MPLBACKEND", None)  # pyplot binds a backend only where there is a shell to show its figures
    environment.update({name: os.environ[name] for name in ("ONEPAGE_MAKE", "ONEPAGE_LINGER") if name in os.environ})
    with log.open("wb") as stream:
        server = subprocess.Popen(
            [sys.executable, "-P", "-m", "onepage.warm", str(root), str(address)],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the clients, whose end the executors notice
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        found = _try(address)
        if found is not None:
            return found
        time.sleep(0.05)
    return None


def _address(root: Path) -> Path:
    """The socket of this checkout, interpreter and installation, in a short private folder."""
    from onepage.config import load

    base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    if len(str(base)) > 60 or not os.access(base, os.W_OK):
        base = Path("/tmp")
    folder = base / f"onepage-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077:
        raise OSError(f"{folder} is not a private folder of this user")
    files.mark(folder, "sockets")  # nobody else can have put anything there
    installed = [
        (path, os.stat(path).st_mtime_ns) for path in sys.path if path.endswith("-packages") and os.path.isdir(path)
    ]
    own = [Path(__file__).read_bytes(), Path(__file__).with_name("kernels.py").read_bytes()]
    facts = [str(root), sys.executable, installed, load(root).warm, own]
    return folder / hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


# --- server --------------------------------------------------------------------------------------------------------


def serve(root: Path, address: Path) -> None:
    """Fork for every request, until the processes that this server is for have ended and no other comes."""
    from onepage.config import load

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
    owners, children = {int(os.environ.get("ONEPAGE_MAKE") or 0)}, set()
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
            owners = {owner for owner in owners if _alive(owner)}
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


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return pid > 0


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
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from onepage import kernels

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
