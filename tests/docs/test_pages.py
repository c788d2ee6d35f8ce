"""The pages of docs/ do what they say: each is followed to the letter, or, where it wants a GPU, understood."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import engine_project as example
import numpy as np
import pypdf
import pytest
import recordings_made
import torch
import yaml
from followed import DOCS, blocks, follow
from PIL import Image

from onepage.scripts import parameters
from onepage.tools.start import init
from spokenlang import languages
from spokenlang.commands import cli

SOURCES = DOCS.parent / "src"
READ_ALONE = {"reference.md", "design.md", "reliability.md"}  # held to the code elsewhere; they have no commands


def words(page: Path) -> str:
    return " ".join(pypdf.PdfReader(page).pages[0].extract_text().split())


def test_every_page_is_held_by_a_test_and_linked_to_from_the_readme() -> None:
    here = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        assert page.name in READ_ALONE or f'"{page.name}"' in here
        assert len(re.findall(r"^ *```(?:sh|yaml)?$", text, re.MULTILINE)) == text.count("```")
        assert bool(blocks(page.name)) != (page.name in READ_ALONE)
        assert f"(docs/{page.name})" in readme
        links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
        assert not [link for link in links if not (DOCS / link).exists()]


def test_the_tutorial(tmp_path: Path) -> None:
    printed, place = follow("tutorial.md", tmp_path, {})
    assert printed.count("nothing to mend") == 2
    assert "as it should be" in printed
    assert "claim die-is-loaded: holds -> does not hold" in printed
    reports = place / "coin" / "reports"
    assert [len(pypdf.PdfReader(reports / name / "report.pdf").pages) for name in ("full", "short")] == [1, 1]
    assert "The die is loaded" in words(reports / "full" / "report.pdf")


def test_a_brief_of_a_course(tmp_path: Path) -> None:
    printed, place = follow("course-brief.md", tmp_path, {})
    assert printed.count("as it should be") == 2
    assert 'there is no answer "interval"' in printed
    assert [*re.findall(r"^(\d+ met, \d short)", printed, re.MULTILINE)][:3] == [
        "13 met, 0 short",
        "13 met, 1 short",
        "14 met, 0 short",
    ]
    with zipfile.ZipFile(place / "seminar" / "group_7.zip") as archive:
        assert {"group_7/report.pdf", "group_7/q1_coin.py"} <= set(archive.namelist())


def test_a_theme(tmp_path: Path) -> None:
    _, place = follow("theme.md", tmp_path, {})
    report = place / "themed" / "reports" / "full"
    found = np.asarray(Image.open(report / "report.png").convert("RGB")).reshape(-1, 3)
    colours = {"old": (0x1D, 0x4E, 0x79), "new": (0x7A, 0x1F, 0x2B), "logo": (0xE0, 0xA5, 0x26)}
    near = {name: int((np.abs(found - np.array(colour)).max(axis=1) < 8).sum()) for name, colour in colours.items()}
    assert near["old"] == 0
    assert min(near["new"], near["logo"]) > 100
    html = (report / "report.html").read_text(encoding="utf-8")
    assert re.search(r'<header><img src="data:image/svg\+xml[^"]*" alt="Logo">', html)
    assert "#7a1f2b" in html


def test_ci(tmp_path: Path) -> None:
    sources = tmp_path / "onepage"  # building a wheel leaves things beside what it is built from
    shutil.copytree(SOURCES / "onepage", sources, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", ".build"))
    stand_ins = {"path/to/src/onepage": str(sources), "pip wheel": "pip wheel --no-build-isolation -q"}
    printed, place = follow("ci.md", tmp_path, stand_ins)
    assert [json.loads(line)["state"] for line in printed.splitlines() if line.startswith("{")]
    assert re.search(r"vendor/onepage-\S+\.whl", printed)
    assert printed.count("[1/1] q1_coin") == 2  # with the project's own store and with this one; after cleaning, none
    assert printed.count("open reports/full/report.pdf") == 2
    assert (place / "measured" / ".github" / "workflows" / "report.yml").exists()


def test_what_a_page_says_in_yaml_takes_the_place_of_the_workflow_s_steps() -> None:
    (said,) = re.findall(r"^```yaml\n(.*?)^```", (DOCS / "ci.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    workflow = yaml.safe_load(init.contents("x")[".github/workflows/report.yml"])
    steps = [step["run"] for step in workflow["jobs"]["report"]["steps"] if step.get("run", "").startswith("make")]
    assert [step["run"] for step in yaml.safe_load(said) if "run" in step] == [f"{step} STORE=store" for step in steps]


def lines(page: str) -> list[list[str]]:
    return [shlex.split(line, comments=True) for block in blocks(page) for line in block.splitlines()]


def understood(argv: list[str]) -> argparse.Namespace:
    """The arguments of `spokenlang` as it takes them; SystemExit where it does not."""
    return cli._parser(argv[0]).parse_args(argv)


def test_what_wants_a_gpu_is_understood(tmp_path: Path) -> None:
    """`make -n` for make's commands, which reads all variables and plans; the arguments of the others."""
    project = example.copy(tmp_path / "project")
    for argv in lines("gpu.md"):
        if argv[0] == "make":
            said = [word.replace("/mnt/shared", "build").replace("s3://bucket", "build") for word in argv[1:]]
            project.make("-n", *said)
        elif argv[0] == "torchrun":
            from torch.distributed import run

            parsed = run.get_args_parser().parse_args(argv[1:])
            parser = argparse.ArgumentParser()
            importlib.import_module(parsed.training_script).add_arguments(parser)
            assert parser.parse_args(parsed.training_script_args).device == "cuda"
        elif argv[0] == "spokenlang":
            assert understood(argv[1:]).device == "cuda"
        else:
            assert argv == ["export", f"TORCH=torch=={torch.__version__.partition('+')[0]}"]


def test_your_own_data(tmp_path: Path) -> None:
    """Each command with recordings, arrays and a model of the test's own in the place of the reader's."""
    random = np.random.default_rng(0)
    for number in range(24):
        code = languages.CODES[number % 6]
        recordings_made.record(tmp_path / "recordings" / code / f"{number}.wav", 11.0, number)
    (tmp_path / "arrays").mkdir()
    for split in ("train", "test"):  # five seconds at 16 kHz, in two languages
        np.save(tmp_path / "arrays" / f"inputs_{split}_fp16.npy", random.normal(0, 0.1, (4, 80000)).astype(np.float16))
        np.save(tmp_path / "arrays" / f"targets_{split}_int8.npy", np.array([0, 1, 0, 1], np.int8))
    torch.jit.script(torch.nn.AdaptiveAvgPool1d(6)).save(tmp_path / "model.pt")
    meant = {
        "FOLDER": {"import": "recordings", "convert": "arrays"}, "my-corpus": {"convert": "converted"},
        "inputs_test_fp16.npy": {"predict": "my-corpus/inputs_test_fp16.npy"},
        "reports/espeak-full/model.pt": {"predict": "model.pt"},
    }  # fmt: skip
    project = example.copy(tmp_path / "project")
    done = []
    for argv in lines("bring-your-own-data.md"):
        if argv == ["make", "report", "P=people=my-corpus"]:  # a parameter of this project's, not of the example
            script = DOCS.parent / "analysis" / "q4_people.py"
            assert "people" in [each.name for each in parameters.declared(script.read_text(), script.name)]
            continue
        if argv[0] == "make":
            project.make("-n", *(word.replace("my-corpus", str(tmp_path / "my-corpus")) for word in argv[1:]))
            continue
        done.append(next(word for word in argv if word in ("import", "convert", "predict")))
        said = [meant.get(word, {}).get(done[-1], word) for word in argv]
        command = [sys.executable, "-m", "spokenlang.commands.cli", *said[1:]]
        ended = subprocess.run(command, cwd=tmp_path, env=project.environ(), capture_output=True, text=True)
        assert ended.returncode == 0, f"{said}\n{ended.stderr}"
    assert done == ["import", "convert", "predict"]
    assert len((tmp_path / "predictions.csv").read_text().splitlines()) > 6


@pytest.mark.long
def test_the_benchmark_of_a_large_corpus_measures_what_the_page_says(tmp_path: Path) -> None:
    (command,) = lines("scaling.md")
    assert command[:3] == ["python", "benchmarks/bench_scale.py", "--gigabytes"]
    small = [sys.executable, command[1], "--gigabytes", "0.1", *command[4:], "--steps", "3", "--folder", str(tmp_path)]
    environ = example.Project(tmp_path).environ()
    done = subprocess.run(small, cwd=DOCS.parent, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["hours"] for each in found if each["what"] == "project"] == [6628, 100_000]
    assert all(each["clips_per_s"] > 0 and each["anonymous_mb"] < 4000 for each in found if each["what"] != "project")
    assert list(tmp_path.iterdir()) == []
