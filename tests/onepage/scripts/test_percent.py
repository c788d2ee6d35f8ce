"""The light reader of percent scripts agrees with jupytext, and says what is wrong with a header."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from onepage.core.errors import UserError
from onepage.scripts import percent

ROOT = Path(__file__).resolve().parents[3]
PERCENT = {"extension": ".py", "format_name": "percent", "comment_magics": False}
SCRIPTS = [*sorted((ROOT / "analysis").glob("*.py")), *sorted((ROOT / "tests/example/analysis").glob("*.py"))]

HEADER = "# ---\n# jupyter:\n#   onepage:\n#     title: T\n#     reads: [corpus]\n# ---\n"
TRICKY = [
    "",
    "x = 1\n",
    HEADER + "\nx = 1\n# %%\ny = 2",
    HEADER + "# %%\n\n\nx = 1\n\n\n\n# %% a title\ny = 2\n\n# %%\n",
    '# %% name="a b" tags=["parameters", "x"] flag=true\nn: int = 1  # n\n',
    '# %%\ntext = """\n# %% not a cell\n"""\n# %%\nz = 1\n',
    '# %% [markdown]\n"""\nWords\n"""\n\n# %% [md]\n# More\n#\n# words\n# %% [raw]\n# raw\n',
    "# %% [markdown]\n# ```\n# # %% in a fence\n# ```\n# after\n# %%\nx = 1\n",
    "#%%\nx = 1\n# %%%% deep\ny = 2\n    # %% indented\nz = 3\n",
    "#!/usr/bin/env python\n# %%\nx = 1\n",
    "# %%\n# only a comment\n\n# %%\n\n# %%\nx = 1\n",
    "# %% [markdown] name=\"m\"\n# é ü ß 漢字\n# %%\nx = 'é'\n",
]


def compare(text: str) -> None:
    notebook = jupytext.reads(text, fmt={**PERCENT})
    theirs = [(cell.cell_type, cell.source) for cell in notebook.cells]
    ours = [(cell.kind, cell.source) for cell in percent.cells(text)]
    assert ours == theirs
    for cell, other in zip(percent.cells(text), notebook.cells, strict=True):
        assert cell.name == other.metadata.get("name")
        assert list(cell.tags) == other.metadata.get("tags", [])


@pytest.mark.parametrize("text", TRICKY)
def test_cells_are_jupytexts(text: str) -> None:
    compare(text)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_cells_of_the_real_scripts_are_jupytexts(path: Path) -> None:
    compare(path.read_text(encoding="utf-8"))


_MARKERS = st.sampled_from(["# %%", "# %% title", '# %% name="n"', "# %% [markdown]", '# %% tags=["t"]', "# %% [raw]"])
_LINES = st.lists(st.sampled_from(["", "x = 1", "# words", "#", "def f():", "    return 1", "'''", '"""']), max_size=6)


@settings(max_examples=tries(150), deadline=None)
@given(st.lists(st.tuples(_MARKERS, _LINES), max_size=5), st.booleans())
def test_cells_of_made_up_scripts_are_jupytexts(parts: list[tuple[str, list[str]]], header: bool) -> None:
    lines = []
    for marker, body in parts:
        if sum(line in ("'''", '"""') for line in body) % 2 or {"'''", '"""'} <= set(body):
            body = [line for line in body if line not in ("'''", '"""')]  # strings that are closed
        if "markdown" in marker or "raw" in marker:
            body = [line if line.startswith("#") else f"# {line}".rstrip() for line in body]
        lines += [marker, *body]
    compare((HEADER if header else "") + "\n".join(lines))


def test_lines_are_those_of_the_file() -> None:
    for path in SCRIPTS:
        lines = path.read_text(encoding="utf-8").splitlines()
        for cell in percent.cells("\n".join(lines)):
            if cell.kind == "code" and cell.source:
                count = len(cell.source.splitlines())
                assert lines[cell.line - 1 : cell.line - 1 + count] == cell.source.splitlines()


def test_only_cells_with_statements_execute() -> None:
    text = "# %%\n# a comment\n# %%\nx = 1\n# %% [markdown]\n# words\n# %%\n\n"
    assert [cell.source for cell in percent.code_cells(text)] == ["x = 1"]


def test_header() -> None:
    found = percent.header(HEADER.replace("title: T", 'title: T\n#     question: "1a"\n#     timeout: 60'), "a.py")
    assert found == percent.Header("T", "1a", ("corpus",), 60)
    assert percent.header("import os\n", "helper.py") is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title: T", "titel: T", "unknown key 'titel' (did you mean 'title'?)"),
        ("title: T", 'title: ""', "title: '' should not be empty"),
        ("reads: [corpus]", "reads: corpus", "should be a list of texts"),
        ("reads: [corpus]", "timeout: -3", "above 0"),
        ("reads: [corpus]", "reads: [corpus", "not valid YAML"),
    ],
)
def test_wrong_headers_are_named(old: str, new: str, message: str) -> None:
    with pytest.raises(UserError, match=r"^a\.py:[45]: ") as error:
        percent.header(HEADER.replace(old, new), "a.py")
    assert message in str(error.value)


# --- every form of marker, and Markdown in strings --------------------------------------------------------------------

_WORD = st.sampled_from(["A", "title", "[markdown]", "[md]", "[raw]", "%", ".class", "flag", "two words", "a-b"])
_ODD = ["{'k': 'v'}", '{"k": [1]}', "('a', 'b')", "word", "[word]", "'", '"a', "1e3", '"a\\"b"', "'# %%'"]
_VALUE = st.sampled_from(
    [
        '"x"',
        "'x'",
        "'a b'",
        *_ODD,
        '["a", "b"]',
        "['a', 'b']",
        "[1, 2]",
        "5",
        "-1.5",
        "true",
        "True",
        "None",
        "null",
        '"a=b"',
    ]
)
_KEYS = st.sampled_from(["name", "tags", "alt", "a.b", "x-y", "@id", "1a", "title"])
_PAIR = st.builds("{}{}{}".format, _KEYS, st.sampled_from(["=", " = ", "= "]), _VALUE)
_JSON = st.sampled_from(['{"tags": ["a"]}', "{'name': 'n', 'tags': ['a']}", "{name: 1}", '{"a": {"b": 1}} ', "{"])


@settings(max_examples=tries(600), deadline=None)
@given(st.lists(_WORD, max_size=3), st.lists(st.one_of(_PAIR, _WORD), max_size=3), st.one_of(st.just(""), _JSON))
def test_metadata_is_jupytexts(words: list[str], pairs: list[str], table: str) -> None:
    from jupytext.cell_reader import DoublePercentScriptCellReader

    from onepage.scripts import cell_options

    options = " ".join([*words, *pairs, table])
    _, theirs = DoublePercentScriptCellReader({"extension": ".py"}).options_to_metadata(f" {options}")
    kind, ours = cell_options.read(f" {options}")
    theirs.pop("region_name", None)
    assert (kind, ours) == (theirs.pop("cell_type", "code"), theirs)


_TEX = st.lists(
    st.sampled_from(
        ["\\beta", "\\frac{a}{b}", "\\\\", "\\n", "\\'", '\\"', "words", "\n", " ", "# a", "{x}", "é", '"']
    ),
    max_size=8,
).map("".join)


@settings(max_examples=tries(300), deadline=None)
@given(_TEX, st.sampled_from(['"""', "'''"]), st.sampled_from(["", "r", "R"]), st.sampled_from(["", "\n"]))
def test_markdown_in_strings_is_kept_as_jupytext_keeps_it(words: str, quotes: str, prefix: str, end: str) -> None:
    if quotes in words or words.endswith(("\\", '"')) or words.startswith('"'):
        return
    for kind in ("[markdown]", "[md]", "[raw]"):
        compare(f"# %% {kind}\n{prefix}{quotes}{end}{words}{end}{quotes}\n\n# %%\nx = 1\n")


def test_stock_jupytext_leaves_the_comments_of_a_new_script_alone(tmp_path: Path) -> None:
    from onepage.tools import new

    text = new._SCRIPT.format(title="T", question="", reads="", name="q", value="q.mean")
    text += "\n# %%\n# %matplotlib inline\n# rm keep.txt\n# !ls\nx = 1  # what?\n"
    cells = jupytext.reads(text, fmt="py:percent").cells
    assert cells[-1].source == "# %matplotlib inline\n# rm keep.txt\n# !ls\nx = 1  # what?"
