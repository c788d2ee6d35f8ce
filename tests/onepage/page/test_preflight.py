"""What the page needs is looked over before anything is executed."""

from __future__ import annotations

from pathlib import Path

import engine_project as example
import pytest

from onepage.core.errors import UserError
from onepage.course import additions
from onepage.page import preflight
from onepage.plan import experiments

PAGE = "reports/page"


@pytest.fixture
def project(tmp_path: Path) -> example.Project:
    return example.copy(tmp_path / "project")


def look(project: example.Project) -> None:
    tables = experiments.load(project.path("analysis/experiments.toml"), "analysis/experiments.toml")
    declared = {"slow": ["seed", "rate"], "search": ["seed", "rate"]}
    for each in preflight.looks(project.path(PAGE), project.root, tables, declared).values():
        each()
    additions.look_over(project.path(PAGE), project.root)


def add(project: example.Project, name: str, text: str) -> None:
    path = project.path(f"{PAGE}/{name}")
    path.parent.mkdir(exist_ok=True)
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    path.write_text(old + text, encoding="utf-8")


DEMAND = """
[[demand]]
id = "x"
says = "y"
kind = "parameter"
rows = ["{row}"]
name = "{name}"
profiles = ["{profile}"]
"""
RIGHT = {"row": "slow", "name": "rate", "profile": "full"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("report.md", "\n{{ x | prcent }}\n", r"report\.md:\d+: there is no filter \"prcent\" .*'percent'"),
        ("report.md", "\n{% if x %}\n", r"report\.md:\d+: Unexpected end of template"),
        ("report.md", "\n{{ figrue('x') }}\n", r"report\.md:\d+: there is no function \"figrue\" .*'figure'"),
        ("report.md", "\n![a](missing.png)\n", r"report\.md:\d+: there is no image \"missing.png\""),
        ("report.md", "\nSee @nobody99.\n", r"report\.md:\d+: the citation @nobody99 is not in references\.bib"),
        ("appendix.md", "---\ntitel: x\n---\n", r"appendix\.md:2: unknown key 'titel' \(did you mean 'title'"),
        ("appendix.md", "![a](missing.png)\n", r"appendix\.md:1: there is no image"),
        ("references.bib", "\n@book{a, title = {x\n", r"references\.bib:\d+: not a valid bibliography"),
        ("group.toml", "\nx = 3\n", r"group\.toml:\d+: member: unknown key 'x'"),
        ("brief.toml", DEMAND.format(**{**RIGHT, "row": "slo"}), r"brief\.toml:\d+: .*no row 'slo' .*'slow'"),
        ("brief.toml", DEMAND.format(**{**RIGHT, "name": "rat"}), r"brief\.toml:\d+: .*parameter 'rat' .*'rate'"),
        ("brief.toml", DEMAND.format(**{**RIGHT, "profile": "ful"}), r"brief\.toml:\d+: .*no profile 'ful' .*'full'"),
        ("brief.toml", "\n[numbers]\ntyped = ['/(/']\n", r"brief\.toml:\d+: .*not a regular expression"),
        ("theme/page.html", "{% if %}", r"theme/page\.html:1: "),
        ("theme/page.typ", "#let op-document(", r"theme/page\.typ:1: the page cannot be typeset: unclosed"),
        ("theme/numeric.csl", "<a>", r"theme/numeric\.csl:\d: not a citation style"),
    ],
)
def test_a_mistake_is_found_before_anything_runs(project: example.Project, name: str, text: str, message: str) -> None:
    add(project, name, text)
    with pytest.raises(UserError, match=message):
        look(project)


def test_a_header_without_title_and_a_missing_file_are_found(project: example.Project) -> None:
    report = project.path(f"{PAGE}/report.md")
    text = report.read_text()
    report.write_text(text[text.index("---", 3) + 4 :])
    with pytest.raises(UserError, match=r"report\.md:1: the header has no title"):
        look(project)
    report.unlink()
    with pytest.raises(UserError, match=r"report\.md: there is no such file"):
        look(project)


def test_what_results_fill_in_is_no_mistake(project: example.Project) -> None:
    add(project, "report.md", "\n![a]({{ picture }}.png) {{ new.value | percent }} {% if has('x') %}y{% endif %}\n")
    add(project, "report.md", "{% set z = 3 %}{% macro m(a) %}{{ a }}{% endmacro %}{{ m(z) }} a@b.c `@code`\n")
    add(project, "brief.toml", DEMAND.format(**RIGHT))
    look(project)


def test_what_was_looked_over_is_not_asked_again(project: example.Project, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    names = ["report.md", "brief.toml"]
    monkeypatch.setattr(preflight, "looks", lambda *given: {n: lambda n=n: asked.append(n) for n in names})
    planner, record = project.planner(), project.path("build/page.looked")
    plan = planner.plan()
    for _ in range(2):
        preflight.check(planner, plan, record, {})
    assert asked == names
    planner.page["files"][f"{PAGE}/report.md"] = "another state"
    preflight.check(planner, plan, record, {})
    assert asked == [*names, "report.md"]


def test_make_ends_before_it_executes(project: example.Project) -> None:
    add(project, "report.md", "\n{{ x | prcent }}\n")
    result = project.make("report", ok=False)
    assert result.stderr.count("onepage plan: ") == 1
    assert "report.md:" in result.stderr
    assert not project.executed(result)
    assert not list(project.path("build").glob("store/??"))
