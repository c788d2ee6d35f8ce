"""A script does the same in the pipeline, warm or not, as under `python`; and a comment does nothing at all.

What was held side by side is in the tables `AGREEING` (same output), `ENDING` (refused, where a plain script would have
ended before its end) and `DYING` (the process's own end, told as what it was).
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import engine_project as example
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from tries import tries

from onepage.execute import notebooks
from onepage.review import cells
from onepage.scripts import percent, script_check

HEADER = "# ---\n# jupyter:\n#   onepage:\n#     title: T\n# ---\n"

AGREEING = {
    "file": "print(os.path.relpath(__file__, root), os.path.isabs(__file__))",
    "name": "print(__name__)",
    "argv": "print(len(sys.argv), os.path.samefile(sys.argv[0], __file__))",
    "doc": "print(repr(__doc__))",
    "cached": "print(__cached__, __package__, __spec__)",
    "main": "if __name__ == '__main__':\n    print('main')",
    "main module": "print(sys.modules['__main__'].__file__ == __file__)",
    "source": (
        "def f(x):\n    # %magic\n    return x  # !ls\n\nprint(inspect.getsource(f))\n"
        "print(inspect.getsourcefile(f) == __file__)"
    ),
    "source of a class": "class C:\n    '''Doc'''\n\n    def g(self):\n        return 1\n\nprint(inspect.getsource(C))",
    "lines": "print(f.__code__.co_firstlineno, inspect.currentframe().f_lineno)",
    "pickle": "import pickle\nprint(pickle.loads(pickle.dumps(f)) is f, pickle.loads(pickle.dumps(C())).g())",
    "fork": (
        "import multiprocessing\n\nwith multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    print(pool.map(f, [1, 2]))"
    ),
    "annotations": "def h(x: Undefined) -> Unknown:\n    pass\n\nprint(h.__annotations__)",
    "traceback": (
        "try:\n    f(1, 2)\nexcept TypeError as error:\n"
        "    print(error.__traceback__.tb_lineno, traceback.format_exc())"
    ),
    "warning": (
        "with warnings.catch_warnings(record=True) as seen:\n    warnings.warn('w')\n"
        "print(seen[0].lineno, seen[0].filename)"
    ),
    "asyncio": (
        "import asyncio\n\n\nasync def later():\n    return 5\n\n"
        "print(asyncio.run(later()))\nprint(asyncio.run(later()))"
    ),
    "underscores": "for _i in range(3):\n    _, __ = 7, 8\n",
    "displayed": "_i",
    "underscores later": "print(_i, _, __, '_1' in globals(), 'In' in globals(), 'Out' in globals())",
    "open": "print(open is __builtins__.open if hasattr(__builtins__, 'open') else open)",
    "exit": "print(type(exit).__name__, type(quit).__name__)",
    "caught": "try:\n    exit(4)\nexcept SystemExit as error:\n    print(error.code)",
    "magic words": "ls = 1\ncat = 'x'\n# ls\nrm = ls\nprint(ls, cat, rm)",
    "strings": "print('''\n%magic\n!ls\n# %% no cell\n? what ?\n''')",
    "question": "# what?\n# ?what\nprint('really?')",
    "semicolon": "print(1);",
    "future": "print(annotations.compiler_flag > 0)",
    "loader": "print(type(__loader__).__name__)",
}
FIRST = """\
# %%
'''The script's own words.'''
from __future__ import annotations

import inspect
import os
import sys
import traceback
import warnings

root = os.path.dirname(os.path.dirname(__file__))
"""
SPAWN = """\
# %% tags=["parameters"]
factor: int = 2  # for g

# %%
import multiprocessing


def g(x):
    return factor * x


# %%
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(g, [1, 2]))
"""

ENDING = {
    "exit": ("exit()", "exit code 0"),
    "quit": ("quit()", "exit code 0"),
    "sysexit": ("import sys\nsys.exit(0)", "exit code 0"),
    "words": ("import sys\nsys.exit('no luck')", "exit code no luck"),
    "three": ("exit(3)", "exit code 3"),
    "raised": ("raise SystemExit", "exit code 0"),
    "deep": ("def f():\n    raise SystemExit(2)\n\nf()", "exit code 2"),
    "interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "spawns": (
        "import multiprocessing\n\nmultiprocessing.get_context('spawn').Process(target=print).start()",
        "under `if __name__ ==",
    ),
}
DYING = {
    "exit0": ("import os\nos._exit(0)", "exit code 0"),
    "exit3": ("import os\nos._exit(3)", "exit code 3"),
    "killed": ("import os\nos.kill(os.getpid(), 9)", "SIGKILL"),
    "segv": ("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
    "unspawned": (
        "import multiprocessing, sys\nassert sys.modules['__main__'].__file__\nif __name__ == '__main__':\n"
        "    multiprocessing.get_context('spawn').Pool(1).map(print, [1])",
        "SIGABRT",
    ),
    "abort": ("import os\nos.abort()", "SIGABRT"),
    "signalled": ("import os, signal\nos.kill(os.getpid(), signal.SIGXCPU)", "SIGXCPU"),
}
NOT_PYTHON = {
    "magic": "%matplotlib inline",
    "shell": "!ls",
    "automagic": "rm keep.txt",
    "assigned": "x = !ls",
    "awaits": "await x",
    "returns": "return 1",
}


def agreeing() -> str:
    cells = "".join(f"\n# %% {name}\n{source}\n" for name, source in AGREEING.items())
    return f"{HEADER}\n{FIRST}{cells}"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> example.Project:
    """A project of these scripts and no others."""
    project = example.copy(tmp_path_factory.mktemp("plain") / "dice")
    for name in ("q1_shares.py", "q2_steps.py", "learn.py", "experiments.toml"):
        project.path(f"analysis/{name}").unlink()
    project.write("analysis/keep.txt", "kept")
    project.write("analysis/q_agree.py", agreeing())
    project.write("analysis/q_comments.py", comments())
    project.write("analysis/q_spawn.py", f"{HEADER}\n{SPAWN}")
    for name, (source, _) in {**ENDING, **DYING}.items():
        project.write(f"analysis/q_{name}.py", f"{HEADER}\n# %%\nx = 1\n\n# %%\n{source}\n\n# %%\nprint('later')\n")
    for name, source in NOT_PYTHON.items():
        project.write(f"analysis/q_{name}.py", f"{HEADER}\n# %%\nprint(1)\n\n# %%\n{source}\n")
    return project


WITHOUT_PARENT = ("q_agree", "q_spawn", "q_comments", "q_exit", "q_exit3", "q_segv", "q_magic")


@pytest.fixture(scope="module", params=["warm", "plain"])
def executed(plain: example.Project, request: pytest.FixtureRequest, tmp_path_factory) -> tuple[example.Project, str]:
    """The project after its scripts have run, and what was said. Without the warm parent some of them must do."""
    store = str(tmp_path_factory.mktemp(request.param))
    if request.param == "warm":
        told = plain.make("-k", "report", "PROFILE=full", f"STORE={store}", "P=factor=5", ok=False).stderr
        return plain, told
    words = ("--corpus", "dice", "--profile", "full", "--parameters", "factor=5", "--store", store)
    plain.onepage("plan", "--report", "dice-full", *words)
    told = ""
    for name in WITHOUT_PARENT:
        command = [sys.executable, "-m", "onepage", "run", "--plan", "build/dice-full/plan.json", name]
        told += subprocess.run(command, cwd=plain.root, env=plain.environ(), capture_output=True, text=True).stderr
    return plain, told


def was_run(name: str, request: pytest.FixtureRequest) -> bool:
    return request.node.callspec.params["executed"] == "warm" or f"q_{name}" in WITHOUT_PARENT


def outputs(project: example.Project, name: str) -> list[str]:
    plan = json.loads(project.path("build/dice-full/plan.json").read_text())
    target = next(target for target in plan["targets"] if target["id"] == name)
    notebook = json.loads((project.root / target["entry"] / "notebook.ipynb").read_text())
    found = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return ["".join(output["text"]) for output in found if output["output_type"] == "stream"]


@pytest.mark.parametrize("name", ["q_agree", "q_spawn"])
def test_the_pipeline_agrees_with_the_plain_script(executed: tuple[example.Project, str], name: str) -> None:
    project, told = executed
    result = subprocess.run(
        [sys.executable, f"analysis/{name}.py"], cwd=project.root, capture_output=True, text=True,
        env=project.environ(PYTHONPATH=f"{project.root / 'src'}:{example.ROOT / 'src'}"),
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    expected = result.stdout.replace(f"{project.root}/", "").replace("[2, 4]", "[5, 10]")  # P=factor=5
    assert f"analysis/{name}.py" not in told, told
    assert "".join(outputs(project, name)) == expected


def test_whatever_ends_the_script_is_refused_with_its_line(
    executed: tuple[example.Project, str], request: pytest.FixtureRequest
) -> None:
    project, told = executed
    for name, (source, what) in {**ENDING, **DYING}.items():
        if not was_run(name, request):
            continue
        line = 11 + source.count("\n") if name not in DYING else 11
        said = [each for each in told.splitlines() if f"analysis/q_{name}.py:" in each and each.startswith("onepage")]
        assert len(said) == 1, (name, told)
        assert f"analysis/q_{name}.py:{line}: " in said[0]
        assert what in said[0]
        notebook = json.loads(project.path(f"build/failed/dice-full/q_{name}/notebook.ipynb").read_text())
        assert notebook["cells"][-1].get("outputs", []) == []  # nothing later has run


def test_what_is_not_python_is_named(executed: tuple[example.Project, str], request: pytest.FixtureRequest) -> None:
    _, told = executed
    for name in NOT_PYTHON:
        if was_run(name, request):
            assert f"analysis/q_{name}.py:11: SyntaxError: " in told, name
    assert "`%matplotlib inline` is a notebook's syntax, and a script is plain Python" in told
    assert "Traceback" not in told


# --- comments --------------------------------------------------------------------------------------------------------


def magics() -> list[str]:
    """Everything that IPython would take for more than Python, with the words to set it off."""
    manager = InteractiveShell.instance().magics_manager
    found = ["!touch made.txt", "!!touch made.txt", "x = !touch made.txt", "x = %pwd", "print?", "?print", "??print"]
    found += [
        "%d clips were right",
        "%5.1f",
        "rm keep.txt",
        "mkdir made",
        "cat keep.txt",
        "cd ..",
        "ls",
        "exit",
        "quit",
    ]
    found += [f"%{name} made.txt" for name in manager.magics["line"]]
    found += [f"{name} made.txt" for name in manager.magics["line"]]
    found += [f"%%{name} made.txt" for name in manager.magics["cell"]]
    return found


def comments() -> str:
    """A script of comments alone: in cells of their own (some; it takes its time), in blocks, after code."""
    alone = [text for number, text in enumerate(magics()) if number < 16 or number % 8 == 0]
    parts = [f"# %%\n# {text}\n" for text in alone]
    block = "".join(f"    # {text}\n    #{text}\n" for text in magics())
    trailing = "".join(f"value = 1  # {text}\n" for text in magics())
    quoted = "".join(f"{text}\n# {text}\n" for text in magics()).replace("\\", "")
    rest = f'# %%\nif True:\n{block}    pass\n\n# %%\n{trailing}\n# %%\nwords = """\n{quoted}"""\n'
    rest += "print(len(words), value)\n"
    return HEADER + "\n" + "\n".join(parts) + "\n" + rest


def test_no_comment_is_executed(executed: tuple[example.Project, str]) -> None:
    project, _ = executed
    text = percent.read_text(project.path("analysis/q_comments.py"))
    words = ast.parse(text).body[-2].value.value
    assert outputs(project, "q_comments") == [f"{len(words)} 1\n"]
    assert project.path("analysis/keep.txt").read_text() == "kept"
    assert not list(project.root.rglob("made*"))


WORDS = st.one_of(
    st.sampled_from(magics()),
    st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=("Cs",)), max_size=25),
)
SHAPES = st.sampled_from(
    ["# {}", "#{}", "x = 1  # {}", "if x:\n    # {}\n    x = 2", "# # {}", "    # {}", "'''\n# {}\n'''"]
)


@settings(max_examples=tries(300), deadline=None)
@given(st.lists(st.lists(st.tuples(SHAPES, WORDS), min_size=1, max_size=3), min_size=1, max_size=4))
def test_cells_are_the_script_s_own_text(parts: list[list[tuple[str, str]]]) -> None:
    """What is executed and shown is what stands in the file, and does together what the file does."""
    sources = []
    for shapes in parts:
        source = "\n".join(shape.format(words) for shape, words in shapes)
        sources.append(source if is_python(source) else "x = 1")
    text = HEADER + "".join(f"\n# %% cell\n{source}\n" for source in sources)
    if any(re.search(r"(?m)^\s*#\s*(%%|<codecell>|In\[)", source) for source in sources):
        return  # a marker indeed
    found = [cell for cell in percent.cells(text) if cell.kind == "code"]
    assert [cell.source.rstrip("\n") for cell in found] == [source.rstrip("\n") for source in sources]
    assert script_check.syntax_error(text, "q.py") is None
    together = [ast.dump(node) for cell in found for node in ast.parse(cell.source).body]
    assert together == [ast.dump(node) for node in ast.parse(text).body]
    shown = [cell for cell in cells.script_cells(text) if cell.kind == "code"]
    assert [cell.source.strip() for cell in shown] == [source.strip() for source in sources]


def is_python(source: str) -> bool:
    try:
        ast.parse(source)
        return True
    except SyntaxError:
        return False


def test_what_papermill_is_given_is_the_script(tmp_path: Path) -> None:
    (tmp_path / "q.py").write_text(comments())
    notebook = notebooks.prepared(tmp_path / "q.py")
    written = [cell.source for cell in percent.cells(comments())]
    assert [cell.source for cell in notebook.cells[: len(written)]] == written


def test_a_script_may_not_part_from_the_notebook_inside_a_statement() -> None:
    text = HEADER + "\n# %%\nx = (\n# %%\n    1)\n"
    assert script_check.syntax_error(text, "q.py").startswith("q.py:8: SyntaxError: '(' was never closed: a cell")
    assert script_check.syntax_error(HEADER + "\n# %%\nif 1:\n    # %% only a comment\n    x = 1\n", "q.py") is None
