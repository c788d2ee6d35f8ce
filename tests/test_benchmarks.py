"""The benchmarks run: what they measure is for them to say, but none may have been left behind by the code."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

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
    assert (tmp_path / "reports/full/analyses/line01.html").is_file()
