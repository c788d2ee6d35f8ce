"""How a kernel begins: the same in a new interpreter (`python -m onepage.execute.kernel`) and in a warm fork.

Its working folder and first place to import from are the script's own folder, as of `python analysis/q1.py`; then come
the project's packages; and everything that it reads is observed.
"""

from __future__ import annotations

import os
import sys

from onepage.observing import children, hook


def begin() -> None:
    """Set this process up, in the working folder and environment that it has been given."""
    python_path = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    first = [os.getcwd(), *(path for path in python_path if path != children.CHILD)]
    rest = [path for path in sys.path if path not in ("", ".", children.CHILD)]
    sys.path[:] = list(dict.fromkeys([*first, *rest]))
    hook.start()
    hook.ask("matplotlibrc")  # figures follow one that lies beside the script, in a fork too:
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is not None:  # imported without a backend; the shell's is bound at the first figure
        settings = matplotlib.rc_params_from_file(matplotlib.matplotlib_fname())
        matplotlib.rcParams.update({name: value for name, value in settings.items() if name != "backend"})
        if backend := os.environ.get("MPLBACKEND"):
            matplotlib.rcParams["backend"] = backend


if __name__ == "__main__":
    begin()
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance()
