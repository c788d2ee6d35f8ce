"""The environment of executions: a stated list of variables, and everything pinned that could change a result.

What is not listed does not reach an execution, so that no result can hang on it unseen. A project adds its own in
`[tool.onepage] environment`; their values are part of every key.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from onepage.core import files
from onepage.core.config import load
from onepage.core.places import BUILD, PACKAGE
from onepage.observing import children

# One thread per execution: `make -j` fills the cores, and the number of threads cannot change a result.
PINNED = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"),
    "VECLIB_MAXIMUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUTF8": "1",
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "SOURCE_DATE_EPOCH": "1704067200",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "TQDM_DISABLE": "1",  # progress bars print times
    "NO_COLOR": "1",
    "COLUMNS": "100",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # deterministic matrix products on a GPU
}
# What says where things are on this machine, how to reach others, and which devices there are.
PASSED = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TMP", "TEMP", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX"),
    *("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
PASSED_BEGINNINGS = ("CUDA_", "NVIDIA_", "NCCL_", "HIP_", "ROCR_", "HSA_", "OPENBLAS_", "SLURM_", "SLURMD_", "PMI_")
_MATPLOTLIBRC = "# Written by onepage: what makes figures the same bytes every time.\nsvg.hashsalt: onepage\n"


def environ(root: Path) -> dict[str, str]:
    """What an execution finds in `os.environ`, before the files of its own are added."""
    config = load(root)
    named = (*PASSED, *config.environment)
    found = {name: value for name, value in os.environ.items() if name in named or name.startswith(PASSED_BEGINNINGS)}
    matplotlib = root / BUILD / "cache" / "matplotlib"  # not the user's settings, but a font cache that lasts
    files.write_if_changed(matplotlib / "matplotlibrc", _MATPLOTLIBRC)
    found.update({name: value for name, value in PINNED.items() if name not in config.environment})
    found["PYTHONPATH"] = os.pathsep.join(map(str, [children.CHILD, *config.python_path, PACKAGE.parent]))
    found["MPLCONFIGDIR"] = str(matplotlib)
    return found


def enter(environment: dict[str, str]) -> None:
    """Make it this process's own."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.umask(0o022)
