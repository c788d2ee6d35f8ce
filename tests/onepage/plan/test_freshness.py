"""What counts as a change of behaviour, and what a script is taken to use."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from onepage.scripts.behaviour import (
    SourceCache,
    cell_digest,
    closure,
    definitions,
    find_modules,
    imports,
    module_facts,
)

MODULE = '''
"""A module."""
import os

LIMIT = 3  # most


class Net:
    """A net."""

    size = 2

    def forward(self, x):
        """Doc."""
        # comment
        return x + 1


def train(x, y=2):
    return x * y
'''


def named(text: str) -> dict[str, str]:
    return dict(module_facts(text, "m.py")["definitions"])


def test_definitions_are_named() -> None:
    assert list(named(MODULE)) == ["imports", "LIMIT", "class Net", "method Net.forward", "function train"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# comment", "# another"),
        ('"""Doc."""', '"""Other."""'),
        ('        """Doc."""\n', ""),
        ('"""A module."""', '"""The module."""\n\n# words'),
        ('    """A net."""\n', ""),
        ("return x * y", "return (x\n            *   y)"),
        ("\n\nclass", "\nclass"),
        ("LIMIT = 3", "LIMIT   =   0x3"),
    ],
)
def test_comments_docstrings_and_layout_do_nothing(old: str, new: str) -> None:
    assert old in MODULE
    assert named(MODULE.replace(old, new)) == named(MODULE)


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("x + 1", "x + 2", "method Net.forward"),
        ("size = 2", "size = 3", "class Net"),
        ("x * y", "y * x", "function train"),
        ("y=2", "y=3", "function train"),
        ("LIMIT = 3", "LIMIT = 4", "LIMIT"),
        ("import os", "import sys", "imports"),
    ],
)
def test_a_change_of_behaviour_is_found_where_it_is(old: str, new: str, name: str) -> None:
    before, after = named(MODULE), named(MODULE.replace(old, new))
    assert [key for key in before if before[key] != after[key]] == [name]


def test_cells() -> None:
    assert cell_digest("x = 1  # one") == cell_digest("x  =  1")
    assert cell_digest("plot(x)") != cell_digest("plot(x);")  # the semicolon hides what the cell would display
    assert cell_digest("plot(x);") == cell_digest("plot( x ) ;  # hidden")
    assert cell_digest("'shown'") != cell_digest("'other'")  # displayed, so not a docstring
    assert cell_digest("x = 1\n# %matplotlib inline") == cell_digest("x = 1\n# words")  # a comment is a comment
    assert cell_digest("x = (") != cell_digest("x = [")


def test_source_that_does_not_parse_counts_as_a_whole() -> None:
    assert named("def f(:\n") != named("def g(:\n")


def test_imports_anywhere_but_for_type_checkers() -> None:
    tree = ast.parse(
        "import a.b\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import never\nelse:\n    import other\n"
        "def f():\n    from ..c import d\n    try:\n        import e\n    except ImportError:\n        pass\n"
    )
    assert imports(tree) == [
        [0, "a.b", []], [0, "e", []], [0, "other", []], [0, "typing", ["TYPE_CHECKING"]], [2, "c", ["d"]],
    ]  # fmt: skip


def test_closure(tmp_path: Path) -> None:
    files = {
        "pkg/__init__.py": "from . import base",
        "pkg/base.py": "",
        "pkg/unused.py": "",
        "pkg/sub/__init__.py": "",
        "pkg/sub/deep.py": "def f():\n    from ..far import thing\n",
        "pkg/far.py": "from pkg.sub import sibling as s",
        "pkg/sub/sibling.py": "import pkg.loop",
        "pkg/loop.py": "import pkg.sub.deep",
        "scripts/helper.py": "",
        "scripts/other.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    modules = find_modules([tmp_path / "pkg"], tmp_path / "scripts")
    cache = SourceCache(tmp_path, tmp_path / "cache.json")
    start = imports(ast.parse("import numpy\nimport pkg.sub.deep\nimport helper"))
    assert closure(start, modules, cache.module) == [
        "helper", "pkg", "pkg.base", "pkg.far", "pkg.loop", "pkg.sub", "pkg.sub.deep", "pkg.sub.sibling",
    ]  # fmt: skip


def test_the_cache_knows_content_not_times(tmp_path: Path) -> None:
    module = tmp_path / "m.py"
    module.write_text("x = 1")
    first = SourceCache(tmp_path, tmp_path / "cache.json")
    before = first.module(module)
    first.save()
    module.write_text("x = 2")
    assert SourceCache(tmp_path, tmp_path / "cache.json").module(module)["definitions"] != before["definitions"]
    module.write_text("x = 1")
    assert SourceCache(tmp_path, tmp_path / "cache.json").module(module) == before


def test_methods_of_nested_classes_count() -> None:
    one = definitions(ast.parse("class A:\n    class B:\n        def f(self): return 1"))
    two = definitions(ast.parse("class A:\n    class B:\n        def f(self): return 2"))
    assert one != two
