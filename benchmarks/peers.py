"""Other tools of the kind, each in an environment of its own, and how each is given the same analyses.

`ENVIRONMENTS/NAME` is made when it is missing and pip can install the tool. It sees the packages of this environment,
so the analyses themselves run on the same torch and matplotlib. Who can work side by side is told how many cores there
are.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENTS = Path(__file__).resolve().parents[1] / "build" / "peers"
_BESIDE = Path(sys.executable).parent
_HTML = (
    f"{_BESIDE}/jupytext --quiet --to ipynb analysis/%s.py -o out/%s.ipynb && "
    f"{_BESIDE}/jupyter-nbconvert --log-level=ERROR --execute --to html out/%s.ipynb"
)
_SNAKEFILE = """\
rule all:
    input: expand("out/{{name}}.html", name=glob_wildcards("analysis/{{name}}.py").name)
rule page:
    input: "analysis/{{name}}.py"
    output: "out/{{name}}.html"
    shell: "{command}"
"""


def _loop(folder: Path, names: list[str]) -> str:
    steps = (
        "jupytext --quiet --to ipynb $f -o $f.ipynb",
        "papermill --no-progress-bar -k python3 -l python $f.ipynb $f.done.ipynb",
        "jupyter-nbconvert --log-level=ERROR --to html $f.done.ipynb",
    )
    return "for f in analysis/*.py; do " + "; ".join(f"{_BESIDE}/{step}" for step in steps) + "; done"


def _ploomber(folder: Path, names: list[str]) -> str:
    head = '# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n'  # it insists on a parameters cell of its own
    for name in names:
        path = folder / "analysis" / f"{name}.py"
        path.write_text(path.read_text().replace("# %%\nimport", head + "# %%\nimport", 1))
    tasks = [
        {"source": f"analysis/{name}.py", "product": f"out/{name}.html", "static_analysis": "disable"} for name in names
    ]
    workers = {"dotted_path": "ploomber.executors.Parallel", "processes": os.cpu_count()}
    (folder / "pipeline.yaml").write_text(json.dumps({"tasks": tasks, "executor": workers}))  # JSON is YAML
    return "ploomber build"


def _snakemake(folder: Path, names: list[str]) -> str:
    command = _HTML.replace("%s", "{wildcards.name}")
    (folder / "Snakefile").write_text(_SNAKEFILE.format(command=command))
    return f"snakemake --quiet --cores {os.cpu_count()}"


def _dvc(folder: Path, names: list[str]) -> str:
    stages = {
        name: {"cmd": _HTML.replace("%s", name), "deps": [f"analysis/{name}.py"], "outs": [f"out/{name}.html"]}
        for name in names
    }
    (folder / "dvc.yaml").write_text(json.dumps({"stages": stages}))
    return "dvc init --no-scm --quiet && dvc repro --quiet"


def _marimo(folder: Path, names: list[str]) -> str:
    steps = "marimo -y -q convert $f -o out/$n.py && marimo -y -q export html out/$n.py -o out/$n.html"
    return f"for f in analysis/*.py; do n=$(basename $f .py); {steps} || exit 1; done"


def _jupyter_book(folder: Path, names: list[str]) -> str:
    (folder / "_config.yml").write_text(
        "title: Lines\nexecute: {execute_notebooks: force}\nonly_build_toc_files: true\n"
    )
    chapters = [{"file": f"analysis/{name}"} for name in names]
    (folder / "_toc.yml").write_text(json.dumps({"format": "jb-book", "root": "index", "chapters": chapters}))
    (folder / "index.md").write_text("# Lines\n")
    return f"{_BESIDE}/jupytext --quiet --to ipynb analysis/*.py && jupyter-book build -q ."


@dataclass(frozen=True)
class Peer:
    """A tool, what pip installs for it, and how it is given analyses to make pages of."""

    name: str
    packages: tuple[str, ...]
    prepare: Callable[[Path, list[str]], str]  # writes what it needs into the project's folder; the shell's command
    pages: str = "out/{name}.html"

    def programs(self) -> Path | None:
        """The folder of its programs; None where pip cannot install it."""
        if not self.packages:
            return _BESIDE
        folder = ENVIRONMENTS / self.name
        programs = folder / "bin"
        if not (folder / "complete").exists():
            venv.create(folder, with_pip=True, clear=True)
            pip = [programs / "python", "-m", "pip", "install", "-qq", "--disable-pip-version-check", *self.packages]
            if subprocess.run(pip, capture_output=True).returncode:
                return None
            inside = next(folder.glob("lib/python*/site-packages"))
            (inside / "beside.pth").write_text(sysconfig.get_path("purelib") + "\n")
            (folder / "complete").touch()
        return programs

    def command(self, folder: Path, programs: Path) -> tuple[list[str], dict[str, str]]:
        """What makes pages of all analyses in the project's folder, and the environment that it wants."""
        names = sorted(path.stem for path in (folder / "analysis").glob("*.py"))
        (folder / "out").mkdir()
        path = os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])
        shared = f"{sys.prefix}/share/jupyter"  # this environment's kernel and templates
        return ["sh", "-ec", self.prepare(folder, names)], {**os.environ, "PATH": path, "JUPYTER_PATH": shared}


PEERS = (
    Peer("loop", (), _loop, pages="analysis/{name}.py.done.html"),
    Peer("ploomber", ("ploomber==0.23.3", "setuptools<80", "ipykernel"), _ploomber),
    Peer("snakemake", ("snakemake==9.27.1",), _snakemake),
    Peer("dvc", ("dvc==3.67.1",), _dvc),
    Peer("marimo", ("marimo==0.25.2",), _marimo),
    Peer("jupyter-book", ("jupyter-book==1.0.4.post1",), _jupyter_book, pages="_build/html/analysis/{name}.html"),
)
"""`loop` is jupytext, papermill and nbconvert in the shell, one script after the other."""
