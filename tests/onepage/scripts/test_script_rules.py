"""What scripts, their headers, their markers and their names may be; everything else is refused with file and line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import engine_project as example
import pytest

from onepage.core.errors import UserError
from onepage.scripts import percent
from onepage.scripts.behaviour import script_facts

HEADER = "# ---\n# jupyter:\n#   onepage:\n#     title: T\n# ---\n"
CELL = "\n# %%\nx = 1\n"


@pytest.fixture
def project(tmp_path: Path) -> example.Project:
    return example.copy(tmp_path / "dice")


# --- headers ---------------------------------------------------------------------------------------------------------

BEFORE = {
    "nothing": b"",
    "coding": b"# -*- coding: utf-8 -*-\n",
    "vim": b"# vim: set fileencoding=utf8 :\n",
    "shebang": b"#!/usr/bin/env python\n",
    "shebang and coding": b"#!/usr/bin/env python\n# coding: utf-8\n",
    "blank": b"\n\n",
    "comments": b"# by us\n#\n# MIT\n",
    "all of it": b"#! python\n# coding: utf-8\n\n# by us\n\n",
    "mark": b"\xef\xbb\xbf",
    "mark and coding": b"\xef\xbb\xbf# coding: utf-8\n",
    "a longer rule": b"# -----\n",
}


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_a_header_is_read_whatever_comment_stands_before_it(tmp_path: Path, before: bytes, ending: bytes) -> None:
    file = tmp_path / "q.py"
    file.write_bytes((before + (HEADER + CELL).encode()).replace(b"\n", ending))
    text = percent.read_text(file)
    found = percent.header(text, "q.py")
    assert found is not None
    assert found.title == "T"
    assert [(cell.kind, cell.source) for cell in percent.code_cells(text)] == [("code", "x = 1")]
    line = percent.code_cells(text)[0].line
    assert text.split("\n")[line - 1] == "x = 1"


STRAY = {
    "unclosed": (HEADER.removesuffix("# ---\n") + CELL, 2),
    "unclosed by a blank line": (HEADER.replace("#     title", "\n#     title") + CELL, 2),
    "not opened": (HEADER.removeprefix("# ---\n") + CELL, 1),
    "after code": ("import os\n" + HEADER + CELL, 3),
    "after a docstring": ('"""Words."""\n' + HEADER + CELL, 3),
    "no rules": ("# jupyter:\n#   onepage:\n#     title: T\n" + CELL, 1),
    "indented": ("".join(f"  {line}\n" for line in HEADER.splitlines()) + CELL, 2),
    "two signs": (HEADER.replace("# ", "## ") + CELL, 2),
}


@pytest.mark.parametrize(("text", "line"), STRAY.values(), ids=STRAY)
def test_a_header_that_is_none_is_named(text: str, line: int) -> None:
    with pytest.raises(UserError, match=rf"^q\.py:{line}: .*header"):
        percent.header(text, "q.py")


MISREAD = {
    "no jupyter": "# ---\n# onepage:\n#   title: T\n# ---\n",
    "a list": "# ---\n# - onepage: 1\n# ---\n",
    "not a table": "# ---\n# jupyter:\n#   onepage: 5\n# ---\n",
    "a flat one": "# ---\n# jupyter:\n# onepage:\n#   title: T\n# ---\n",
    "a tab": "# ---\n# jupyter:\n# \tonepage:\n# ---\n",
}


@pytest.mark.parametrize("text", MISREAD.values(), ids=MISREAD)
def test_a_header_of_another_shape_is_named(text: str) -> None:
    with pytest.raises(UserError, match=r"^q\.py:\d+: .*(header|YAML)"):
        percent.header(text + CELL, "q.py")


@pytest.mark.parametrize("text", ["import os\n", "# about jupyter: words\nx = 1\n", '"""\n# jupyter:\n"""\n# %%\n'])
def test_a_module_needs_no_header(text: str) -> None:
    assert percent.header(text, "helper.py") is None


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"# coding: latin-1\nx = 1\n", 1),
        (b"#! python\n# -*- coding: cp1252 -*-\n", 2),
        ("x = 1\ny = 'é'\n".encode("latin-1"), 2),
        ("x = 1\n".encode("utf-16"), 1),
    ],
)
def test_other_encodings_are_refused(tmp_path: Path, data: bytes, line: int) -> None:
    (tmp_path / "q.py").write_bytes(data)
    with pytest.raises(UserError, match=rf"^analysis/q\.py:{line}: .*UTF-8"):
        percent.read_text(tmp_path / "q.py", "analysis/q.py")


def test_cells_without_a_header_are_warned_of(project: example.Project) -> None:
    project.write("analysis/q9.py", "# %%\nx = 1\n")
    project.write("analysis/helper.py", "# %%\nx = 1\n")
    project.write("analysis/plain.py", "x = 1\n")
    project.edit("analysis/q1_shares.py", "import numpy as np\n", "import helper\nimport numpy as np\n")
    planner = project.planner()
    planner.plan()
    assert [line.split(":")[0] for line in planner.warnings] == ["analysis/q9.py"]
    told = project.onepage("plan", "--report", "r", "--corpus", "dice", "--profile", "quick").stderr
    assert told.count("\n") == 1
    assert "analysis/q9.py: has cells (# %%) but no `onepage:` header" in told


# --- markers and tags ------------------------------------------------------------------------------------------------

REFUSED = {
    "skipped": ('# %% tags=["skip-execution"]\nx = 1', 6, "'skip-execution'"),
    "may fail": ("# %% tags=['raises-exception']\nx = 1", 6, "'raises-exception'"),
    "notebook only": ('# %% tags=["active-ipynb"]\nx = 1', 6, "'active-ipynb'"),
    "script only": ('# %% tags=["a", "active-py"]\nx = 1', 6, "'active-py'"),
    "active": ('# %% active="py"\nx = 1', 6, "'active'"),
    "frozen": ('# %% {"run_control": {"frozen": true}}\nx = 1', 6, "'run_control'"),
    "another language": ('# %% language="R"\nx = 1', 6, "'language'"),
    "eval": ("# %% eval=False\nx = 1", 6, "'eval'"),
    "papermill's own": ('# %% tags=["injected-parameters"]\nx = 1', 6, "'injected-parameters'"),
    "two declarations": ("# %% tags=['parameters']\n# %% tags=['parameters']\nx: int = 1  # x", 7, "second cell"),
    "prose that declares": ("# %% [markdown] tags=['parameters']\n# x", 6, "markdown cell cannot declare"),
    "tags that are none": ('# %% tags="parameters"\nx = 1', 6, "tags should be a list"),
    "a name that is none": ("# %% name=5\nx = 1", 6, "name should be a text"),
    "unreadable": ("# %% tags=[parameters]\nx = 1", 6, "cannot be read"),
    "unreadable JSON": ("# %% {tags: parameters}\nx = 1", 6, "cannot be read"),
    "code as prose": ("# %% [markdown]\n# words\nx = 1", 8, "code in a markdown cell"),
    "code as raw text": ("# %% [raw]\n'''a'''\nimport os", 8, "code in a raw cell"),
    "an f-string as prose": ("# %% [md]\nf'''{print(1)}'''", 7, "code in a markdown cell"),
}


@pytest.mark.parametrize(("cell", "line", "what"), REFUSED.values(), ids=REFUSED)
def test_what_changes_what_runs_is_refused(cell: str, line: int, what: str) -> None:
    with pytest.raises(UserError, match=rf"^q\.py:{line}: .*{re.escape(what)}"):
        script_facts(HEADER + cell + "\n", "q.py")


@pytest.mark.parametrize(
    "marker",
    [
        "tags=['parameters']",
        'tags=["parameters"]',
        '{"tags": ["parameters"]}',
        "A title tags = ['x', 'parameters'] hidden=true",
        "A title {'tags': ['parameters']}",
        "name='p' tags=('parameters',)",
    ],
)
def test_parameters_are_found_however_the_tag_is_written(marker: str) -> None:
    text = f"{HEADER}# %% {marker}\nn: int = 3  # how many\n"
    if "('parameters',)" in marker:  # a tuple is what jupytext reads here, and no list
        with pytest.raises(UserError, match="tags should be a list"):
            script_facts(text, "q.py")
        return
    facts = script_facts(text, "q.py")
    assert [parameter["name"] for parameter in facts["parameters"]] == ["n"]
    assert facts["cells"] == []


# --- names -----------------------------------------------------------------------------------------------------------

BAD_NAMES = [
    "q3 extra", "q3 (1)", "q3$x", "b;echo x;", "q#1", "q'1", 'q"1', "-q", "größe", "q3\nx", "q:1", "q%1", "q|1", "q&1",
    "q<b>", "q\\x", "q~", "q*", "q?", "q=1", "q.v2", "$(shell touch x)", "`touch x`", "q" * 61, "corpus", "profile",
    "Corpus", "random", "json", "numpy", "dicegame", "onepage",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_cannot_be_ids_are_refused_before_anything_runs(project: example.Project, name: str) -> None:
    project.write(f"analysis/{name}.py", HEADER + CELL)
    with pytest.raises(UserError, match=r"rename it, such as to [A-Za-z0-9_]+\.py") as error:
        project.plan()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["q3", "Q3", "_draft", "q-3", "3d", "q3_b-c", "results"])
def test_names_that_can_be_ids(project: example.Project, name: str) -> None:
    project.write(f"analysis/{name}.py", HEADER + CELL)
    assert project.keys()[name]


@pytest.mark.parametrize(("one", "other"), [("slow-s0", ""), ("SLOW-S0", ""), ("q7", "Q7"), ("Q1_shares", "")])
def test_two_of_one_name_are_refused(project: example.Project, one: str, other: str) -> None:
    for name in filter(None, (one, other)):
        project.write(f"analysis/{name}.py", HEADER + CELL)
    with pytest.raises(UserError, match="would both be called"):
        project.plan()


def test_the_files_of_editors_are_no_scripts(project: example.Project) -> None:
    project.path("analysis/.#q1_shares.py").symlink_to("nobody@nowhere")
    project.path("analysis/._q1_shares.py").write_bytes(b"\0\xff")
    assert project.plan()


def test_values_in_ids_are_ascii(project: example.Project) -> None:
    project.edit("analysis/learn.py", "rate: float = 0.01  # size", 'face: str = "x"  # shown\nrate: float = 0.01  # s')
    project.edit("analysis/experiments.toml", "rate = [0.01, 0.1]", 'face = ["é;$(x)"]')
    ids = project.keys(profile="full")
    assert all(re.fullmatch(r"[A-Za-z0-9_.+=-]+", name) for name in ids), ids


# --- parameters of profiles ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("parameters = { passes = 1 }", "parameters = { pases = 1 }", 4, "'pases' (did you mean 'passes'?)"),
        ("[profiles.full]", "[profiles.full]\nparameters = { pases = 1 }", 2, "'pases' (did you mean 'passes'?)"),
        ("parameters = { rate", "parameters_in.full = { rte = 1.0 }\nparameters = { rate", 10, "'rte' (did you mean"),
        ("parameters = { passes = 1 }", "parameters = { seed = 1 }", 4, "`seed` is given by"),
        ("parameters = { rate = 0.001 }", "parameters = { seed = 1 }", 10, "seeds = [...]"),
        ("grid = { rate = [0.01, 0.1] }", "grid = { seed = [1] }", 16, "seeds = [...]"),
    ],
)
def test_a_misspelt_parameter_is_named_in_whatever_profile(
    project: example.Project, old: str, new: str, line: int, what: str
) -> None:
    project.edit("analysis/experiments.toml", old, new)
    with pytest.raises(UserError) as error:
        project.plan()
    assert what in str(error.value)
    assert str(error.value).startswith(f"analysis/experiments.toml:{line}: ")


def test_the_page_of_a_script_with_a_byte_order_mark_does_not_show_its_header(tmp_path: Path) -> None:
    from onepage.review import render

    (tmp_path / "q.py").write_bytes(b"\xef\xbb\xbf" + (HEADER + "\n# %%\n# rm keep.txt\nx = 1\n").encode())
    code = {"cell_type": "code", "source": "# rm keep.txt\nx = 1", "metadata": {}, "outputs": []}
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": [code], "metadata": {}, "nbformat": 4}))
    page = render.render_failed(tmp_path / "n.ipynb", tmp_path / "q.py", "why", tmp_path / "out.html")
    shown = page.read_text()
    assert '<span class="c1"># rm keep.txt</span>' in shown
    assert "jupyter:" not in shown
