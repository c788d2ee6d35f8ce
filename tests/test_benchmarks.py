"""The benchmarks run: what they measure is for them to say, but none may have been left behind by the code."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tones
from pypdf import PdfReader

BENCHMARKS = sorted((Path(__file__).parents[1] / "benchmarks").glob("bench_*.py"))


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_finds_what_it_measures(path, capsys, monkeypatch):
    monkeypatch.syspath_prepend(str(path.parent))
    monkeypatch.setattr("sys.argv", [path.name, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(path), run_name="__main__")
    assert ended.value.code == 0
    assert "--" in capsys.readouterr().out


def test_the_project_of_many_analyses_is_built(tmp_path, monkeypatch):
    for name, value in {"CORPUS": "espeak", "PROFILE": "thorough", "NAME": "other"}.items():  # as `make bench` has them
        monkeypatch.setenv(name, value)
    bench = runpy.run_path(str(BENCHMARKS[0].with_name("bench_overhead.py")), run_name="bench_overhead")
    bench["project"](tmp_path, 2)
    assert bench["make"](tmp_path) > bench["make"](tmp_path)  # the second has nothing to do
    assert (tmp_path / "reports/full/analyses/line001.html").is_file()


LINES = {
    "overhead": [
        *({"tool": tool, "analyses": 20, "seconds": seconds} for tool, seconds in
          {"onepage": [12.0, 11.9], "loop": [80.0, 81.5], "peer": [42.0, 40.0]}.items()),
        *({"growth": count, "seconds": count + 1.0, "nothing_to_do": 0.1} for count in (1, 10)),
        {"edit": "prose of report.md", "seconds": 0.4},
    ],
    "observer": [{"execution": "an analysis", "more": 0.014, "least": 0, "most": 0.1}],
    "resume": [{"kills": 30, "same_bytes": True, "left_over": 0}],
    "training": [{"model": "tdnn", "threads": 2, "parameters": 98710, "training_clips_per_s": 9, "answer_ms": 1.5,
                  "features_clips_per_s": 8}],
    "public": [{"network": "ours", "clips_per_s": 9, "ours_times_as_fast": 1.0},
               {"network": "other", "clips_per_s": 3, "ours_times_as_fast": 3.0},
               {"network": "ours", "weights": 98710, "test_accuracy": [0.9, 0.8, 0.95]},
               {"network": "other", "weights": 130000, "test_accuracy": [0.8, 0.7, 0.85], "p": 0.2,
                "ours_ahead_by": [0.1, -0.01, 0.2]}],
    "scale": [{"what": "read an epoch", "gigabytes": 20.0, "clips_per_s": 9000, "anonymous_mb": 400},
              {"what": "project", "hours": 6628}],
}  # fmt: skip


@pytest.fixture
def page(tmp_path):
    """The benchmarks' own project, where nothing has been measured; it is built by calling this."""
    for name in ("src", "analysis", "tests"):
        (tmp_path / name).symlink_to(BENCHMARKS[0].parents[1] / name)
    shutil.copytree(BENCHMARKS[0].with_name("page"), tmp_path / "benchmarks/page",
                    ignore=shutil.ignore_patterns("measured", "build", "bench", "full"))  # fmt: skip
    folder = tmp_path / "benchmarks/page"

    def build():
        alone = ["CORPUS=", "PROFILE=full", "STORE=", "P=", "LAUNCH="]  # as `make bench` says, whatever is around it
        command = ["make", "-C", str(folder), "report", "REPORT=bench", f"PYTHON={sys.executable}", *alone]
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        made = subprocess.run(command, capture_output=True, text=True, env=environ)
        assert made.returncode == 0, made.stdout + made.stderr
        text = PdfReader(folder / "reports/bench/report.pdf").pages[0].extract_text()
        return " ".join(text.split()), json.loads((folder / "reports/bench/results.json").read_text())

    build.folder = folder
    return build


def test_the_page_says_what_was_measured(page):
    """First nothing, then everything: what has come since is noticed."""
    assert "Nothing has been measured yet" in page()[0]
    (page.folder / "measured").mkdir()
    machine = {"machine": {"cores": 2, "system": "Linux", "python": "3.11.7", "short": False}}
    for name, lines in LINES.items():
        (page.folder / f"measured/{name}.jsonl").write_text(
            "".join(json.dumps(line) + "\n" for line in [machine, *lines])
        )
    text, results = page()
    assert results["claims"]["quicker-than-others"]["holds"], "11.9 and 12.0 s against 40 s and more"
    assert not results["claims"]["ahead-of-public"]["holds"], "the interval reaches below zero"
    for told in ("These are long runs", "takes 29% of the time of peer", "the reported network is not shown", "20 GB"):
        assert told in text, text


@pytest.mark.long
def test_short_runs_of_all_and_their_page(page, tmp_path):
    corpus = tones.write_store(tmp_path / "corpus", {"train": 24, "test": 6})
    for path in BENCHMARKS:
        copied = shutil.copytree(path.parent, tmp_path / "benchmarks", dirs_exist_ok=True,
                                 ignore=shutil.ignore_patterns("page")) / path.name  # fmt: skip
        given = [str(corpus)] if "args.corpus" in path.read_text() else []
        run = subprocess.run([sys.executable, str(copied), *given, "--short"], capture_output=True, text=True)
        assert run.returncode == 0, f"{path.name}: {run.stderr}"
        assert len((page.folder / "measured" / f"{path.stem[6:]}.jsonl").read_text().splitlines()) > 1
    text, results = page()
    assert "not to be quoted" in text
    assert {"tools", "growth"} <= set(results["figures"])
    assert {"shares", "everyday", "architectures", "public", "scale"} <= set(results["tables"])
