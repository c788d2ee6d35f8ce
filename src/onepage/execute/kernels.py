"""Kernels for papermill: over ipc instead of ports, from this very interpreter, with a clock for the whole script.

In a fork of the warm parent the kernel is a fork too: a kernel provisioner, Jupyter's own extension point for how
kernels come to life, hands the connection file to a child that has been waiting since before there were threads.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import random
import signal
import sys
import threading
import time
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

PROVISIONER = "onepage-fork"
LOG = "kernel.log"
PROGRAM = "program.json"  # what is executed; see shell.py

spare: Spare | None = None  # set by warm.py in an executor


class Clock:
    """Shares a script's time-out among its cells, and remembers the line of the cell in execution."""

    def __init__(self, seconds: float | None) -> None:
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self.line: int | None = None

    def remaining(self, cell: Any) -> int | None:
        """nbclient's `timeout_func`: asked before each cell; None for no limit."""
        self.line = cell.metadata.get("onepage", {}).get("line", self.line)
        return None if self._deadline is None else max(1, round(self._deadline - time.monotonic()))


def _spec(private: Path) -> Any:
    """The kernel spec, spelt out, since a `python3` that the user installed elsewhere may be another interpreter."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.provisioning import KernelProvisionerFactory

    spec = KernelSpec(display_name="Python 3", language="python")
    spec.argv = [
        sys.executable,
        "-P",
        "-m",
        "onepage.execute.kernel",
        "-f",
        "{connection_file}",
        "--HistoryManager.enabled=False",
        "--IPKernelApp.kernel_class=onepage.execute.shell.PythonKernel",
        f"--PythonShell.program={private / PROGRAM}",
    ]
    if spare is not None:
        spec.metadata = {"kernel_provisioner": {"provisioner_name": PROVISIONER}}
        name = "onepage.execute.provisioner:ForkProvisioner"
        entry = EntryPoint(PROVISIONER, name, KernelProvisionerFactory.GROUP_NAME)
        KernelProvisionerFactory.instance().provisioners[PROVISIONER] = entry
    return spec


def manager(private: Path) -> Any:
    """A kernel manager class whose kernels talk through sockets in the folder `private`.

    Ports can be taken between being found free and being bound, which parallel kernels do hit; files cannot.
    """
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec
    from traitlets import default

    spec = _spec(private)

    class PrivateKernelManager(AsyncKernelManager):
        process: Any = None  # of the kernel started last, which tells how it ended

        @default("transport")
        def _default_transport(self) -> str:
            return "ipc"

        @default("connection_file")
        def _default_connection_file(self) -> str:
            return str(private / "kernel.json")

        @property
        def kernel_spec(self) -> KernelSpec:
            return spec

        async def _async_launch_kernel(self, kernel_cmd: list[str], **kwargs: Any) -> None:
            with (private / LOG).open("wb") as log:  # what a dying kernel says; see failures.py
                await super()._async_launch_kernel(kernel_cmd, **{**kwargs, "stdout": log, "stderr": log})
            PrivateKernelManager.process = getattr(self.provisioner, "process", None)

        async def _async_interrupt_kernel(self) -> None:
            # jupyter_client interrupts before it asks a kernel to end; ours is idle, and the race of the two can
            # make ipykernel miss the request, which costs seconds
            if not self.shutting_down:
                await super()._async_interrupt_kernel()

        async def _async_wait(self, pollinterval: float = 0.01) -> None:
            await super()._async_wait(0.01)  # the ending kernel: not a tenth of a second at a time

    return PrivateKernelManager


class Spare:
    """A forked child that waits to become a kernel. To its parent it looks like a `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, ours: tuple[str, ...], connection: int) -> None:
        reading, self._order = os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self._order)
                os.close(connection)  # the client's: what a cell forks and forgets must not keep that waiting
                _wait_and_serve(reading, ours)
            finally:
                os._exit(1)
        os.close(reading)

    def launch(self, argv: list[str], environ: dict[str, str], cwd: str, log: str) -> None:
        """Let it become the kernel. The pipe stays open: its end is how the kernel learns that we are gone."""
        order = json.dumps({"argv": argv, "environ": environ, "cwd": cwd, "log": log})
        os.write(self._order, order.encode() + b"\n")

    def poll(self) -> int | None:
        if self.returncode is None:
            with contextlib.suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid == 0:
                    return None
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        while self.poll() is None:
            time.sleep(0.01)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def _wait_and_serve(reading: int, ours: tuple[str, ...]) -> None:
    """In the child: wait for the order, then be a kernel just like a freshly started one."""
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(reading, 65536)
        if not chunk:
            os._exit(0)  # the parent ended without needing a kernel
        line += chunk
    order = json.loads(line)
    os.setsid()  # a group of its own, so that interrupting or killing it takes its children along
    threading.Thread(target=_end_with_parent, args=(reading,), daemon=True).start()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number in (1, 2):
        os.dup2(os.open(order["log"], os.O_WRONLY | os.O_APPEND), number)
    os.environ.clear()
    os.environ.update(order["environ"])
    time.tzset()
    os.chdir(order["cwd"])
    for name in [name for name in sys.modules if name.split(".")[0] in ours]:
        del sys.modules[name]
    from onepage.core.places import PACKAGE

    sys.path.insert(0, str(PACKAGE.parent))
    _as_if_fresh()
    from onepage.execute import kernel

    kernel.begin()
    from ipykernel.kernelapp import IPKernelApp

    code = 1
    try:
        app = IPKernelApp.instance(parent_handle=os.getppid())
        app.initialize(order["argv"])
        atexit.unregister(app.close)  # its threads can wait for one another for ever; nothing is left for them to do
        app.start()
        code = 0
    finally:
        with contextlib.suppress(Exception):
            atexit._run_exitfuncs()
        os._exit(code)


def put_first(python_path: str) -> None:
    """What PYTHONPATH would have done to sys.path, had it been set when the interpreter started."""
    sys.path[:] = list(dict.fromkeys([*filter(None, python_path.split(os.pathsep)), *sys.path]))


def _as_if_fresh() -> None:
    """Undo what a fork shares with its siblings and a new interpreter would not have."""
    sys.modules.pop("__mp_main__", None)
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def _end_with_parent(reading: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(reading, 1):
            pass
    os.killpg(0, signal.SIGKILL)
