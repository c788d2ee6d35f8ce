"""The warm parent imports this package once for all its forks, and they have what the files say, whatever is edited."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import engine_project as example
import pytest

from onepage import warm_server
from onepage.core.places import PACKAGE


def _append(file: Path) -> None:
    with file.open("a") as stream:
        stream.write("\n")


def _replace(file: Path) -> None:
    """By the same bytes under the old time, as `cp -p` does."""
    file.rename(file.with_name("old.txt"))
    shutil.copy2(file.with_name("old.txt"), file)
    file.with_name("old.txt").unlink()


CHANGES: dict[str, Callable[[Path], object]] = {
    "a line more": lambda package: _append(package / "page/compose.py"),
    "other letters, as many": lambda package: (package / "version.py").write_bytes(
        b"#" * (package / "version.py").stat().st_size
    ),
    "replaced": lambda package: _replace(package / "cli.py"),
    "a time set back": lambda package: os.utime(package / "cli.py", (1, 1)),
    "a new module": lambda package: (package / "review/new.py").touch(),
    "a module gone": lambda package: (package / "tools/serve.py").unlink(),
    "a template": lambda package: _append(package / "review/templates/index.html.j2"),
    "a design": lambda package: _append(package / "page/layout/theme/page.typ"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_in_the_package_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    package = shutil.copytree(PACKAGE, tmp_path / "onepage", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(warm_server, "PACKAGE", package)
    before = warm_server._states()
    (package / "page" / "__pycache__").mkdir()
    (package / "page" / "__pycache__" / "compose.pyc").touch()  # Python's own doing
    assert warm_server._states() == before
    CHANGES[change](package)
    assert warm_server._states() != before


@pytest.mark.skipif(sys.platform != "linux", reason="the warm parent is for Linux only")
def test_a_page_is_made_by_the_package_as_it_is_and_imports_it_once(dice: example.Project, tmp_path: Path) -> None:
    library, imports = tmp_path / "library", tmp_path / "imports"
    package = shutil.copytree(PACKAGE, library / "onepage", ignore=shutil.ignore_patterns("__pycache__"))
    with (package / "tools/page.py").open("a") as stream:
        stream.write(f"\nwith open({str(imports)!r}, 'a') as _stream:\n    _stream.write('once more\\n')\n")
    makefile = dice.path("Makefile")
    makefile.write_text(makefile.read_text().replace(str(example.ROOT / "src"), str(library)))
    dice.edit("src/dicegame/plots.py", "linewidth=0.8", "linewidth=0.9")  # executed, so that there is a parent

    def pages(**environ: str) -> int:
        """How often a page's making imports the package."""
        imports.write_text("")
        with dice.path("reports/page/report.md").open("a") as stream:
            stream.write("\nOne more sentence.\n")
        dice.make("report", **{"ONEPAGE_LINGER": "10", **environ})
        return len(imports.read_text().splitlines())

    pages()
    assert pages() == 0  # the parent has it
    compose = package / "page/compose.py"
    compose.write_text(compose.read_text().replace('f"profile {made', 'f"chosen profile {made'))
    assert pages() == 1
    warm = dice.manifest()
    assert "chosen profile quick" in dice.path("reports/dice-quick/report.html").read_text().lower()
    shutil.rmtree(dice.path("reports/dice-quick"))
    dice.make("report", ONEPAGE_WARM="no")
    assert dice.manifest() == warm
