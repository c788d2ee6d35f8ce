"""Pages of executions that are kept under build/: when one is taken again, and that it is what would be made afresh."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import review_project as project

from onepage.core import files
from onepage.core.places import PACKAGE
from onepage.review import render


def test_the_same_inputs_give_the_same_bytes_with_and_without_the_cache(tmp_path: Path) -> None:
    written = []
    for place in ("one", "two"):
        root = tmp_path / place
        plan = project.make(root)
        for _ in range(2):
            out = tmp_path / f"{place}-{len(written)}"
            for name in ("q1_waves", "q2_errors", "small-s0"):
                render.render_target(plan, _target(plan, name), root, out)
            written.append({p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()})
    assert written[0].keys() == written[2].keys()
    differing = [name for name in written[0] if len({each[name] for each in written}) > 1]
    assert differing == []


def test_another_commit_is_said_on_a_page_that_is_kept_and_makes_no_other(tmp_path: Path, monkeypatch) -> None:
    plan = project.make(tmp_path)
    states = [{"commit": commit, "dirty": dirty} for commit in (None, "3f2a", "b<91") for dirty in (False, True)]

    def shown(code: dict) -> str:
        changed = {**plan, "code": code}
        return render.render_target(changed, _target(plan, "q1_waves"), tmp_path, tmp_path / "out").read_text()

    afresh = []
    for code in states:
        files.remove(tmp_path / "build" / plan["report"] / "pages/q1_waves", render.PAGE)
        afresh.append(shown(code))
    said = [re.search(r"commit <code>(.*)</code>(.*)</p>", page) for page in afresh]
    changed = " with changes not committed"
    assert [found and found.groups() for found in said] == [
        None, None, ("3f2a", ""), ("3f2a", changed), ("b&lt;91", ""), ("b&lt;91", changed)
    ]  # fmt: skip
    monkeypatch.setattr(render, "_render", None)
    assert [shown(code) for code in states] == afresh


@pytest.mark.parametrize("name", ["core/quantities.py", "publishing/media.py", "review/static/page.css", "new.py"])
def test_a_kept_page_counts_only_for_the_package_that_made_it(name, tmp_path, monkeypatch):
    package = shutil.copytree(PACKAGE, tmp_path / "onepage", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(render, "PACKAGE", package)

    def digest() -> str:
        render._own_digest.cache_clear()
        return render._own_digest()

    before = digest()
    assert digest() == before
    with (package / name).open("a") as stream:
        stream.write("\n")
    assert digest() != before
    render._own_digest.cache_clear()


def _target(plan: dict, name: str) -> dict:
    return next(target for target in plan["targets"] if target["id"] == name)
