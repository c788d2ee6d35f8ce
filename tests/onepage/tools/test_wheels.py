"""The two distributions: each builds, and holds all that it needs and nothing else."""

from __future__ import annotations

import ast
import glob
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "src" / "onepage"
LEFT_OUT = ("__pycache__", "*.egg-info", ".build", "build")
NAMES = {"PIL": "pillow", "yaml": "pyyaml", "IPython": "ipython", "jupyter_client": "jupyter-client",
         "pypandoc": "pypandoc-binary"}  # fmt: skip


def wheel(project: Path, out: Path) -> set[str]:
    """The files of a project's wheel, as pip builds it."""
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(out)]
    subprocess.run([*command, str(project)], check=True, capture_output=True)
    (made,) = out.glob("*.whl")
    with zipfile.ZipFile(made) as found:
        return {name for name in found.namelist() if ".dist-info/" not in name}


def sources(package: Path) -> set[str]:
    """What a package's folder holds, but for what says how it is built and read."""
    found = {name for name in glob.glob("**/*", root_dir=package, recursive=True) if (package / name).is_file()}
    found -= {"pyproject.toml", "README.md"}
    return {f"{package.name}/{name}" for name in found if not re.search(r"__pycache__|\.egg-info/", name)}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """What the wheels are made from, where building leaves nothing behind in the repository."""
    root = tmp_path / "repository"
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns(*LEFT_OUT))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def test_onepage_s_wheel_holds_every_file_of_the_package(copied: Path, tmp_path: Path) -> None:
    found = wheel(copied / "src" / "onepage", tmp_path / "out")
    assert found == sources(PACKAGE)
    assert {"onepage/onepage.mk", "onepage/page/tree/captions.lua", "onepage/tools/start/project/Makefile.in"} <= found


def test_the_project_s_wheel_holds_its_subject_alone(copied: Path, tmp_path: Path) -> None:
    assert wheel(copied, tmp_path / "out") == sources(ROOT / "src" / "spokenlang")


def third_party(package: Path) -> set[str]:
    """Distributions that a package imports."""
    found = set()
    for name in glob.glob("**/*.py", root_dir=package, recursive=True):
        for node in ast.walk(ast.parse((package / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    found -= {*sys.stdlib_module_names, "onepage"}
    return {NAMES.get(name, name) for name in found}


def test_onepage_depends_on_what_it_imports_and_on_nothing_else() -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # nbclient runs what papermill hands it, with our kernels
    assert set(project["dependencies"]) == third_party(PACKAGE) | {"nbclient"}


def test_every_folder_of_the_package_is_named() -> None:
    about = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    modules = (Path("onepage", name) for name in glob.glob("**/*.py", root_dir=PACKAGE, recursive=True))
    assert set(about["packages"]) == {module.parent.as_posix().replace("/", ".") for module in modules}
