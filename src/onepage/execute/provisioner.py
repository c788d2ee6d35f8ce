"""The kernel provisioner that forks (see kernels.py); loaded by jupyter_client when a kernel spec asks for it."""

from __future__ import annotations

import os
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from onepage.execute import kernels


class ForkProvisioner(LocalProvisioner):
    """As LocalProvisioner, but the process is a waiting fork instead of a new interpreter."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        if kernels.spare is None:
            raise RuntimeError("this provisioner works only in a fork of the warm parent")
        spare, kernels.spare = kernels.spare, None
        self.process = spare  # type: ignore[assignment]  # it looks like a Popen to all who use it
        self.cwd = kwargs.get("cwd") or os.getcwd()
        environ = dict(kwargs.get("env") or os.environ)
        argv = cmd[cmd.index("onepage.execute.kernel") + 1 :]
        spare.launch(argv, environ, str(self.cwd), kwargs["stdout"].name)
        self.pid = self.pgid = spare.pid
        return self.connection_info
