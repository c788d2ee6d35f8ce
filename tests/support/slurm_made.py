"""A SLURM of the test's own: a controller and three nodes, all of this machine, in a temporary folder.

The daemons are Debian's slurm-wlm and munge, run by whoever runs the tests; nothing of the machine's own set-up is
read or changed. A node can be lost as a machine is: everything that runs on it ends at once, and nobody says so.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

NODES = ("n1", "n2", "n3")
PROGRAMS = ("munged", "slurmctld", "slurmd", "srun", "sbatch", "sinfo", "squeue")
PATH = f"{os.environ['PATH']}{os.pathsep}/usr/sbin{os.pathsep}/sbin"  # where daemons are
SETTINGS = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmdTimeout=6
KillWait=2
ReturnToService=2
SlurmdParameters=config_overrides
{nodes}
PartitionName=main Nodes={names} Default=YES State=UP
"""


def missing() -> str:
    """What this machine lacks for a SLURM of one's own; "" if nothing."""
    absent = [name for name in PROGRAMS if not shutil.which(name, path=PATH)]
    return f"no {', '.join(absent)} here: apt-get install slurm-wlm munge" if absent else ""


class Cluster:
    """The running daemons."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {**os.environ, "PATH": PATH, "SLURM_CONF": str(folder / "slurm.conf")}
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start all daemons, and wait until every node is idle."""
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        (self.folder / "state").mkdir()
        host, ports = socket.gethostname(), _free_ports(1 + len(NODES))
        line = "NodeName={} NodeHostname={} NodeAddr=127.0.0.1 Port={} CPUs=2"
        lines = [line.format(name, host, port) for name, port in zip(NODES, ports[1:], strict=True)]
        user = psutil.Process().username()
        text = SETTINGS.format(
            host=host, ports=ports, user=user, folder=self.folder, nodes="\n".join(lines), names=",".join(NODES)
        )
        (self.folder / "slurm.conf").write_text(text)
        places = {name: f"--{name}-file={self.folder}/munge.{name}" for name in ("key", "pid", "seed", "log")}
        self._run("munged", "--foreground", "--force", f"--socket={self.folder}/munge.socket", *places.values())
        _until(lambda: (self.folder / "munge.socket").exists(), "munged opens its socket")
        self._run("slurmctld", "-D")
        for name in NODES:
            self._run("slurmd", "-D", "-N", name, name=name)
        _until(lambda: self.states() == dict.fromkeys(NODES, "idle"), "all nodes are idle")

    def stop(self) -> None:
        for daemon in reversed(self._daemons.values()):
            daemon.kill()
            daemon.wait()

    def states(self) -> dict[str, str]:
        """Node -> idle, mixed, allocated, down, ... (with a star: it does not answer)."""
        return dict(line.split() for line in self.ask("sinfo", "-hN", "-o", "%N %T").splitlines())

    def busy(self) -> dict[str, str]:
        """Node -> the id of a job that runs on it."""
        lines = self.ask("squeue", "-h", "-t", "R", "-o", "%N %i").splitlines()
        return dict(line.split() for line in lines if len(line.split()) == 2)

    def ask(self, *words: str) -> str:
        """What a command of SLURM's answers; nothing while the controller does not."""
        return subprocess.run(words, env=self.environ, capture_output=True, text=True).stdout

    def lose(self, node: str) -> None:
        """Node, and all that runs on it, are gone from one moment to the next."""
        tasks = [process for process in psutil.process_iter() if _node(process) == node]
        managers = {parent for task in tasks for parent in _above(task) if _name(parent) == "slurmstepd"}
        self._daemons[node].kill()
        _end([*managers, *tasks])
        self._daemons[node].wait()

    def bring_back(self, node: str) -> None:
        """Start a lost node again."""
        self._run("slurmd", "-D", "-N", node, name=node)
        _until(lambda: self.states().get(node) == "idle", f"{node} is idle again")

    def _run(self, program: str, *words: str, name: str = "") -> None:
        log = (self.folder / f"{name or program}.out").open("wb")
        self._daemons[name or program] = subprocess.Popen(
            [program, *words], env=self.environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A running cluster in a new folder."""
    folder.mkdir(mode=0o755)
    made = Cluster(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _until(holds, what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.2)


def _node(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return str(process.environ().get("SLURMD_NODENAME", ""))
    return ""


def _name(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return process.name()
    return ""


def _above(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return process.parents()
    return []


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal.SIGKILL)
