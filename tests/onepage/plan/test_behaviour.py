"""Comments, docstrings and order: what of them is behaviour, and what is not."""

from __future__ import annotations

import ast
import tokenize
from io import StringIO
from pathlib import Path

import engine_project as example
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from onepage.scripts.behaviour import cell_digest, module_facts
from onepage.scripts.self_reading import DOCSTRINGS, TEXT, looked_at

ANY_TEXT = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=("Cs",)), max_size=30)
CODE = '''\
import math
class Net:
    """Words."""
    size = 2
    def area(self, x):
        text = """
        # not a comment
        """
        return (x +
                math.pi)
    # %magic
net = Net(); values = [1,
  2]
net.area(1);
'''


def commented(source: str, comments: list[tuple[int, str]]) -> str:
    """Comments at the ends of lines and on lines of their own, wherever Python allows one."""
    inside = set()  # line numbers after which a string goes on
    for token in tokenize.generate_tokens(StringIO(source).readline):
        if token.type == tokenize.STRING:
            inside.update(range(token.start[0], token.end[0]))
    lines = source.splitlines()
    for place, text in comments:
        number = place % len(lines) + 1
        if number not in inside:
            lines[number - 1] += f"  # {text}" if place % 2 else f"\n{' ' * (place % 7)}#{text}"
    return "\n".join(lines)


@settings(max_examples=tries(150), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1000), ANY_TEXT), max_size=6))
def test_no_comment_is_in_the_key(comments: list[tuple[int, str]]) -> None:
    text = commented(CODE, comments)
    assert cell_digest(text) == cell_digest(CODE)
    assert module_facts(text, "m.py")["definitions"] == module_facts(CODE, "m.py")["definitions"]


EDITS = [
    ("size = 2", "size = 3"), ("x +", "x -"), ("# not a comment", "# no comment"), ("math.pi", "math.e"),
    ("net.area(1);", "net.area(1)"), ("2]", "2, 3]"), ("import math", "import math as m"), ("self, x", "self, x=1"),
    ("    size = 2\n", ""), ("Net()", "Net"), ("net = Net(); values", "values"),
]  # fmt: skip


@settings(max_examples=tries(60), deadline=None)
@given(st.sampled_from(EDITS), st.lists(st.tuples(st.integers(0, 1000), ANY_TEXT), max_size=4))
def test_all_code_is_in_the_key(edit: tuple[str, str], comments: list[tuple[int, str]]) -> None:
    assert edit[0] in CODE
    assert cell_digest(commented(CODE.replace(*edit), comments)) != cell_digest(CODE)


BODIES = [
    ["a = 1", "def a(self): pass"],
    ["def f(self): return 1", "x = property(f)", "def f(self): return 2"],
    ["b = 1", "b = b + 1"],
    ["def f(self): pass", "def g(self): pass"],
    ["def f(self): pass", "@property\n    def g(self): pass", "h = [f]"],
    ["class A: pass", "def A(self): pass"],
    ["async def f(self): pass", "f = 1"],
]


@pytest.mark.parametrize("body", BODIES)
def test_the_order_of_a_class_body_is_in_the_key(body: list[str]) -> None:
    from onepage.scripts.behaviour import merged

    def key(parts: list[str]) -> dict[str, str]:
        text = "class C:\n" + "".join(f"    {part}\n" for part in parts)
        return merged(module_facts(text, "m.py")["definitions"])

    assert key(body) != key(body[::-1])
    spaced = "class C:\n    '''Words.'''\n\n" + "".join(f"    # note\n    {part}\n" for part in body)
    assert key(body) == merged(module_facts(spaced, "m.py")["definitions"])


READERS = {
    "print(f.__doc__)": [DOCSTRINGS],
    "getattr(f, '__doc__')": [DOCSTRINGS],
    "ArgumentParser(description=__doc__)": [DOCSTRINGS],
    "import inspect\ninspect.getdoc(f)": [DOCSTRINGS],
    "from inspect import getdoc as g": [DOCSTRINGS],
    "vars(Net)": [DOCSTRINGS],
    "Net.__dict__": [DOCSTRINGS],
    "help(f)": [DOCSTRINGS],
    "import doctest": [DOCSTRINGS],
    "import pydoc": [DOCSTRINGS],
    "import click": [DOCSTRINGS],
    "importlib.import_module('doctest')": [DOCSTRINGS],
    "inspect.getsource(f)": [DOCSTRINGS, TEXT],
    "from inspect import getsourcelines": [DOCSTRINGS, TEXT],
    "import linecache": [DOCSTRINGS, TEXT],
    "import traceback as t": [DOCSTRINGS, TEXT],
    "x = 1\nprint(x)": [],
    "def f():\n    '''Says __doc__ and inspect.'''": [],
    "from . import inspect_clips": [],
}


@pytest.mark.parametrize(("source", "marks"), READERS.items())
def test_code_that_reads_itself_is_known(source: str, marks: list[str]) -> None:
    assert looked_at(ast.parse(source)) == marks


@pytest.mark.parametrize("where", ["analysis/q1_shares.py", "src/dicegame/faces.py", "src/dicegame/rolls.py"])
def test_docstrings_are_in_the_key_where_they_are_read(tmp_path: Path, where: str) -> None:
    """Whichever of the sources reads them, and whosever they are: here those of dicegame.faces."""
    project = example.copy(tmp_path / "dice")
    words = "Words of a module."
    faces = project.path("src/dicegame/faces.py").read_text()
    project.write("src/dicegame/faces.py", f"{faces}\n\ndef told() -> None:\n    '''{words}'''\n")
    before = project.keys()
    project.edit("src/dicegame/faces.py", words, "Other words.")
    assert project.keys() == before  # nobody reads them
    project.edit("src/dicegame/faces.py", "Other words.", words)
    project.write(where, project.path(where).read_text() + "\n\nread = getattr(read, '__doc__', '')\n")
    reading = project.keys()
    project.edit("src/dicegame/faces.py", words, "Other words.")
    now = project.keys()
    assert now["q1_shares"] != reading["q1_shares"]
    if "analysis" in where:
        assert now["slow-s0"] == reading["slow-s0"]
    project.edit("src/dicegame/faces.py", "Other words.", words)
    assert project.keys() == reading


def test_a_script_that_reads_its_own_text_is_keyed_by_it(tmp_path: Path) -> None:
    project = example.copy(tmp_path / "dice")
    cell = "\n# %%\nimport inspect\n\n\ndef f():\n    return 1  # one\n\n\nprint(inspect.getsource(f))\n"
    project.write("analysis/q1_shares.py", project.path("analysis/q1_shares.py").read_text() + cell)
    before = project.keys()
    project.edit("analysis/q1_shares.py", "# one", "# won")
    assert project.keys()["q1_shares"] != before["q1_shares"]
