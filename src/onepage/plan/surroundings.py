"""What lies around a build: the store's place, the installed versions, the device, the commit."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from onepage.core import repository, toml_source
from onepage.core.config import Config
from onepage.core.errors import UserError
from onepage.core.places import BUILD
from onepage.core.watch import Watch
from onepage.plan.bucket import is_url


def store_path(root: Path, store: str) -> str:
    """The store's path: relative to the root if it lies inside. In front of a bucket it is the usual one."""
    folder = Path(os.path.expanduser(f"{BUILD}/store" if not store or is_url(store) else store))
    if folder.is_absolute() and folder.is_relative_to(root):
        folder = folder.relative_to(root)
    if not re.fullmatch(r"[\w./+@,-]+", str(folder)):
        raise UserError(f"STORE={store}: Make cannot handle this path; use one of letters, digits and . _ - / + @ ,")
    return folder.as_posix()


def versions(config: Config, watch: Watch) -> dict[str, str]:
    """Version of every locked package (without a lock: of every installed one): the installed one (with its build, as
    torch's +cpu), or the lock's own.

    Read from the names of the `.dist-info` folders, since importlib.metadata takes ten times as long.
    """
    lock = config.root / config.lock
    watch.file(lock)
    installed: dict[str, str] = {}
    for folder in sys.path:
        if folder.endswith(("site-packages", "dist-packages")) and os.path.isdir(folder):
            watch.folder(Path(folder))
            for name in os.listdir(folder):
                if name.endswith(".dist-info"):
                    package, _, version = name.removesuffix(".dist-info").partition("-")
                    installed.setdefault(re.sub(r"[-_.]+", "-", package).lower(), version)
    if not lock.is_file():  # nothing says which of them count, so all do
        return dict(sorted(installed.items()))
    found: dict[str, str] = {}
    for line in toml_source.read_text(lock, config.lock).splitlines():
        match = re.match(r"\s*([A-Za-z0-9._-]+)==([^\s;#]+)(\s*;)?", line)
        if match:
            name = re.sub(r"[-_.]+", "-", match[1]).lower()
            if name in installed or not match[3]:  # a line with a marker is for some machines only
                found[name] = installed.get(name, match[2])
    return found


def device(wanted: str, versions: dict[str, str], watch: Watch) -> str:
    """auto: cuda where there is a GPU and a torch build that can use it, said without importing torch."""
    if wanted not in ("auto", "cpu", "cuda"):
        raise UserError(f"DEVICE={wanted}: should be auto, cpu or cuda")
    if wanted != "auto":
        return wanted
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    gpu = any([watch.file(Path(path)) for path in ("/dev/nvidiactl", "/dev/kfd")])
    usable = sys.platform == "linux" and "torch" in versions and not versions["torch"].endswith("+cpu")
    return "cuda" if gpu and usable and not hidden else "cpu"


def commit(config: Config, watch: Watch) -> dict[str, Any]:
    """The commit that the report is made from, and whether what it is made of differs from that commit."""
    for path in repository.watched(config.root):
        watch.file(path)
    paths = [config.scripts, config.experiments, config.page, *config.code, config.lock, "pyproject.toml"]
    return repository.state(config.root, paths)
