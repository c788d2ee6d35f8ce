"""The client of the warm parent process (warm_server.py), which has the heavy modules and forks for executions.

Starting an interpreter and importing papermill, ipykernel, torch and matplotlib takes about five seconds; a fork of a
process that has them takes a few hundredths. `onepage run` is then only a client:

    client --socket--> server --fork--> executor (papermill) --fork--> kernel (see kernels.py)

Where there is no server to be had (LAUNCH, another system than Linux, ONEPAGE_WARM=no), executions take the plain path
and give the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from onepage.core import files, locks

SERVER = "onepage.warm_server"  # started by name: it knows the command line, and this module must not
START_SECONDS = 60.0  # how long a client waits for the server's imports before it goes on alone


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
    from onepage.core.places import BUILD
    from onepage.execute.environ import environ

    log = root / BUILD / "cache" / "warm.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = environ(root)
    environment.pop("MPLBACKEND", None)  # pyplot binds a backend only where there is a shell to show its figures
    environment.update({name: os.environ[name] for name in ("ONEPAGE_MAKE", "ONEPAGE_LINGER") if name in os.environ})
    with log.open("wb") as stream:
        server = subprocess.Popen(
            [sys.executable, "-P", "-m", SERVER, str(root), str(address)],
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
    """The socket of this checkout and its settings, interpreter and installation, in a short private folder."""
    from onepage.core.places import PACKAGE

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
    own = [files.digest(PACKAGE / name) for name in ("execute/warm.py", "execute/kernels.py", "warm_server.py")]
    facts = [str(root), files.digest(root / "pyproject.toml"), str(PACKAGE), sys.executable, installed, own]
    return folder / hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
