"""A report needs a title, a text and results; a course's group and brief, authors and a date are there if they are."""

from __future__ import annotations

import json
from pathlib import Path

import pypdf
import pytest

from onepage import cli
from onepage.core.errors import UserError
from onepage.page.tree import drafts

TEXT = "---\ntitle: Pebbles\n{}---\n\n# Weights\n\nThe net is right in {{{{ net.accuracy | percent }}}} of cases.\n"


def alone(project, header: str = "") -> None:
    """A page folder with report.md alone."""
    for path in project.page.iterdir():
        path.unlink()
    (project.page / "report.md").write_text(TEXT.format(header), encoding="utf-8")


def built(project) -> tuple[pypdf.PdfReader, str]:
    assert cli.main(["page", "--plan", str(project.plan)]) == 0
    return pypdf.PdfReader(project.out / "report.pdf"), (project.out / "report.html").read_text(encoding="utf-8")


def test_a_report_of_nothing_but_a_text(project, capsys):
    alone(project)
    pdf, html = built(project)
    assert len(pdf.pages) == 1
    assert "Work distribution" not in html
    assert cli.main(["check", "--plan", str(project.plan)]) == 0
    assert "nothing to mend" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("header", "authors", "shown", "day"),
    [
        ("author: Ada Lovelace\n", "Ada Lovelace", "", None),
        ("author: [Ada Lovelace, Žofie Nováková]\n", "Ada Lovelace, Žofie Nováková", "", None),
        ("author:\n  - 'Ada <b>\"L\" & Co'\n", 'Ada <b>"L" & Co', "", None),
        ("date: 2026-01-31\n", "", "2026-01-31", "20260131"),
        ("date: 2026\n", "", "2026", None),
        ("date: 31 January 2026\n", "", "31 January 2026", None),
        ("date: '2026-02-31'\n", "", "2026-02-31", None),
        ("author: Ada\ndate: '2026-02-28'\n", "Ada", "2026-02-28", "20260228"),
    ],
)
def test_authors_and_date_stand_in_the_title_block_and_in_the_metadata(project, header, authors, shown, day):
    alone(project, header)
    pdf, html = built(project)
    assert (pdf.metadata.author or "") == authors
    text = " ".join(pdf.pages[0].extract_text().split())
    assert shown in text
    assert f'<span class="date">{shown}</span>' in html or not shown
    assert ('class="date"' in html) == bool(shown)
    if authors.isascii() and "<" not in authors:
        assert authors in text
        assert authors in html
    assert day is None or day in str(pdf.metadata.get("/CreationDate"))
    assert "typed by hand" not in html  # a date is no result that somebody typed


@pytest.mark.parametrize("header", ["author: 3\n", "author: {a: b}\n", "author: [1]\n", "date: [a]\n", "date: true\n"])
def test_what_is_no_author_or_date_is_named(tmp_path: Path, header: str) -> None:
    (tmp_path / "report.md").write_text(TEXT.format(header), encoding="utf-8")
    with pytest.raises(UserError, match=r"report\.md:3: (author|date)"):
        drafts.draft(tmp_path / "report.md", tmp_path)


def test_a_group_s_members_are_the_authors_and_the_header_s_are_named(project, capsys):
    text = (project.page / "report.md").read_text(encoding="utf-8")
    (project.page / "report.md").write_text(text.replace("subtitle:", "author: Nobody\nsubtitle:"), encoding="utf-8")
    pdf, _ = built(project)
    assert "Lovelace" in pdf.metadata.author
    assert "Nobody" not in pdf.metadata.author
    assert "report.md:3: author is not shown, since reports/page/group.toml names" in capsys.readouterr().out


def test_a_demand_on_a_group_that_there_is_not_falls_short(project, capsys):
    (project.page / "group.toml").unlink()
    built(project)
    assert cli.main(["check", "--plan", str(project.plan)]) == 1
    assert capsys.readouterr().out.count("reports/page/group.toml: there is none, and the brief demands one") >= 2


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("group.toml", "reports/page/group.toml: missing, which names the group that hands in"),
        ("brief.toml", "reports/page/brief.toml: [hand-in] is missing"),
    ],
)
def test_a_hand_in_without_a_group_or_a_brief_says_what_is_missing(project, capsys, gone, said):
    (project.page / gone).unlink()
    built(project)
    capsys.readouterr()
    assert cli.main(["submission", "--plan", str(project.plan)]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert len(told.splitlines()) == 1
    assert not list(project.root.glob("*.zip"))


def test_a_report_without_a_corpus_does_not_speak_of_one(project):
    plan = json.loads(project.plan.read_text(encoding="utf-8"))
    plan["corpus"] = {"name": "", "key": "", "entry": "", "folder": ""}
    project.plan.write_text(json.dumps(plan), encoding="utf-8")
    alone(project)
    _, html = built(project)
    index = (project.out / "index.html").read_text(encoding="utf-8")
    assert "Profile full" in html
    assert "orpus" not in html
    assert "<dt>Corpus" not in index
    assert "corpus <code>" not in index


@pytest.mark.parametrize("command", ["page", "check", "submission", "why", "verify", "run", "preview"])
def test_every_command_finds_the_newest_plan_or_says_that_there_is_none(project, capsys, monkeypatch, command):
    monkeypatch.chdir(project.page)
    words = ["net-s0"] if command == "run" else ["--port", "1"] if command == "preview" else []
    project.plan.unlink()
    assert cli.main([command, *words]) == 2
    told = capsys.readouterr().err
    assert "no report has been planned yet; run `make report`" in told
    assert len(told.splitlines()) == 1


def test_the_newest_plan_is_the_one_that_was_planned_last(project, capsys, monkeypatch):
    import os

    built(project)
    older = project.root / "build" / "older" / "plan.json"
    older.parent.mkdir()
    older.write_text("not a plan", encoding="utf-8")
    os.utime(older, (1, 1))
    monkeypatch.chdir(project.root)
    assert cli.main(["check"]) == 0
    os.utime(project.plan, (0, 0))
    assert cli.main(["check"]) == 2
    assert "build/older/plan.json: not a plan" in capsys.readouterr().err
