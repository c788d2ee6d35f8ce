"""docs/cluster.md, followed to the letter on a SLURM of the test's own; and what a node that dies costs: time."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import engine_project as example
import numpy as np
import pytest
import recordings_made
import slurm_made
from followed import blocks

from spokenlang.training.runs import load_run

LACKS = slurm_made.missing()
pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(LACKS), reason=f"no SLURM: {LACKS}")]
PROGRAMS = {"spokenlang": "-m spokenlang.commands.cli", "torchrun": "-m torch.distributed.run"}
USUAL = {"CORPUS": "dice", "PROFILE": "quick", "PYTHON": sys.executable}
LAUNCH = "LAUNCH=srun -c1"


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[slurm_made.Cluster]:
    with slurm_made.cluster(tmp_path_factory.mktemp("slurm") / "cluster") as running:
        yield running


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> example.Project:
    """What one machine makes, with no cluster in sight."""
    project = example.copy(tmp_path_factory.mktemp("local") / "dice")
    project.make("report")
    return project


def environ(slurm: slurm_made.Cluster, project: example.Project, programs: Path) -> dict[str, str]:
    """A reader's, on the cluster's login node: the environment that all nodes see is active."""
    programs.mkdir()
    for name, words in PROGRAMS.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {words} "$@"\n')
        (programs / name).chmod(0o755)
    extra = {**USUAL, "SLURM_CONF": slurm.environ["SLURM_CONF"], "PATH": f"{programs}{os.pathsep}{slurm_made.PATH}"}
    return project.environ(**extra)


def test_the_page_is_followed(slurm: slurm_made.Cluster, local: example.Project, tmp_path: Path) -> None:
    project = example.copy(tmp_path / "dice")
    recordings_made.folders(project.path("recordings"), ("de", "en", "es", "fr", "nl", "pt"), files=8)
    commands = "\n".join(blocks("cluster.md"))
    surroundings = environ(slurm, project, tmp_path / "bin")
    done = subprocess.run(
        ["bash", "-e", "-c", commands], cwd=project.root, env=surroundings, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert project.manifest() == local.manifest()
    assert project.entries() == local.entries()
    alone = [*PROGRAMS["spokenlang"].split(), "corpus", "import", "recordings", "--out", "alone"]
    subprocess.run([sys.executable, *alone], cwd=project.root, env=surroundings, check=True, capture_output=True)
    names = sorted(path.name for path in project.path("alone").iterdir())
    assert names == sorted(path.name for path in project.path("my-corpus").iterdir())
    for name in names:
        assert project.path(f"alone/{name}").read_bytes() == project.path(f"my-corpus/{name}").read_bytes(), name
    one = ["-m", "spokenlang.commands.train", "my-corpus", "one", "--set", "epochs=2", "batch_size=8"]
    subprocess.run([sys.executable, *one], cwd=project.root, env=surroundings, check=True, capture_output=True)
    losses = [np.concatenate(load_run(project.path(name)).losses("validation")) for name in ("one", "run")]
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.02)


def test_nodes_that_die_change_no_byte(slurm: slurm_made.Cluster, local: example.Project, tmp_path: Path) -> None:
    project = example.copy(tmp_path / "dice")
    surroundings = environ(slurm, project, tmp_path / "bin")
    make = subprocess.Popen(
        project.command("report", LAUNCH, "-j4"), env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    lost = [lose_one(slurm), lose_one(slurm)]  # of three
    out, err = make.communicate(timeout=300)
    assert make.returncode == 0, f"{out}\n{err}"
    assert err.count("it is placed again") >= 2, err
    assert project.manifest() == local.manifest()
    assert project.entries() == local.entries()
    assert project.leftovers() == []
    for node in lost:
        slurm.bring_back(node)


def lose_one(slurm: slurm_made.Cluster) -> str:
    """Wait for a node that has been at work for a second, and lose it."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        busy = slurm.busy()
        time.sleep(1)
        now = slurm.busy()
        for node in busy:
            if now.get(node) == busy[node] and not slurm.states()[node].endswith("*"):
                slurm.lose(node)
                return node
    raise AssertionError("no node is at work")
