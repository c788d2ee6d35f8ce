"""Mutations of a report: each is named by `onepage check`, which then exits 1; the untouched report passes."""

from __future__ import annotations

import json
import re

import pytest

from onepage import cli
from onepage.plan import planfile
from onepage.tools import page


def check(project, capsys) -> tuple[int, str]:
    code = cli.main(["check", "--plan", str(project.plan)])
    return code, capsys.readouterr().out


def rebuild(project) -> None:
    page.build(planfile.load(project.plan))


def edit(path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def change_record(project, name: str, **changes) -> None:
    """What an analysis would publish if its results changed."""
    path = project.root / "build/store/we/weights/notebook.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for output in notebook["cells"][0]["outputs"]:
        record = output["data"]["application/vnd.onepage+json"]
        if record["name"] == name:
            record.update(changes)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def test_untouched_report_passes(project, capsys):
    code, out = check(project, capsys)
    assert code == 0, out
    assert "SHORT" not in out
    assert "0 short" in out


def test_untouched_report_is_rebuilt_to_the_same_bytes(project, built):
    rebuild(project)
    ours = json.loads((project.out / "manifest.json").read_text())
    assert ours == json.loads((built / "reports/toy-full/manifest.json").read_text())


def test_altered_value_is_named(project, capsys):
    edit(
        project.out / "results.json",
        '"unit": "fraction",\n   "value": 0.251,',
        '"unit": "fraction",\n   "value": 0.101,',
    )
    code, out = check(project, capsys)
    assert code == 1
    assert "results.json: changed since it was built" in out
    assert re.search(r"values\.guess\.accuracy: value is 0\.101, analysis/weights\.py published 0\.251", out)
    assert "report.pdf: not what report.md and results.json make now" in out


def test_altered_pdf_is_named(project, capsys):
    pdf = project.out / "report.pdf"
    pdf.write_bytes(pdf.read_bytes() + b"\n")
    code, out = check(project, capsys)
    assert code == 1
    assert "report.pdf: changed since it was built" in out


def test_missing_asset_is_named(project, capsys):
    (project.out / "report.html").unlink()
    code, out = check(project, capsys)
    assert code == 1
    assert "report.html: missing" in out


def test_flipped_claim_is_named_and_struck(project, capsys):
    change_record(project, "net-beats-guess", holds=False, evidence="25.0% against 25.1%")
    rebuild(project)
    code, out = check(project, capsys)
    assert code == 1
    line = 1 + (project.page / "report.md").read_text(encoding="utf-8").split("#net-beats-guess")[0].count("\n")
    assert f"report.md:{line}: the claim net-beats-guess does not hold (25.0% against 25.1%)" in out
    html = (project.out / "report.html").read_text(encoding="utf-8")
    assert re.search(
        r'<span class="claim failed" data-claim="net-beats-guess"><del>The net beats the guess</del>', html
    )
    from pypdf import PdfReader

    text = " ".join(PdfReader(project.out / "report.pdf").pages[0].extract_text().split())
    assert "[not supported: 25.0% against 25.1%]" in text


def test_sentences_are_chosen_by_claims(project, capsys):
    change_record(project, "wet-harder", holds=False)
    rebuild(project)
    code, out = check(project, capsys)
    assert code == 0, out
    html = (project.out / "report.html").read_text(encoding="utf-8")
    assert "Wet pebbles are no harder" in html
    assert "claim failed" not in html


def test_unbound_claim_is_named_with_the_nearest(project, capsys):
    edit(project.page / "report.md", "#net-beats-guess", "#net-beats-gues")
    code, out = check(project, capsys)
    assert code == 1
    assert "there is no claim \"net-beats-gues\" (did you mean 'net-beats-guess'?)" in out
    assert "published claims that nobody cites: net-beats-guess" in out


@pytest.mark.parametrize(
    "title",
    ["Data loading and processing", "Architecture design", "Experiments", "Results", "Discussion and conclusions"],
)
def test_dropped_section_is_named(project, capsys, title):
    path = project.page / "report.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(rf"# {title}\n.*?(?=\n# |\Z)", "", text, flags=re.DOTALL), encoding="utf-8")
    code, out = check(project, capsys)
    assert code == 1
    assert f'the section "{title}" is missing' in out
    if title == "Experiments":  # the results refer to a figure that went with it
        assert re.search(r'report.md:\d+: ref\("errors"\), but it is not on the page', out)


def test_section_in_the_appendix_counts_as_absent(project, capsys):
    path = project.page / "report.md"
    text = path.read_text(encoding="utf-8")
    section = re.search(r"# Experiments\n.*?(?=\n# )", text, flags=re.DOTALL).group()
    path.write_text(text.replace(section, ""), encoding="utf-8")
    with (project.page / "appendix.md").open("a", encoding="utf-8") as stream:
        stream.write("\n" + section)
    code, out = check(project, capsys)
    assert code == 1
    assert '"Experiments" is missing; it stands in the appendix only' in out


def test_section_out_of_order_is_named(project, capsys):
    path = project.page / "report.md"
    text = path.read_text(encoding="utf-8")
    section = re.search(r"# Experiments\n.*?(?=\n# )", text, flags=re.DOTALL).group()
    path.write_text(text.replace(section, "") + "\n" + section, encoding="utf-8")
    code, out = check(project, capsys)
    assert code == 1
    assert "out of order" in out


def test_added_page_is_named_with_what_overflows(project, capsys):
    edit(project.page / "report.md", "# Experiments\n", "# Experiments\n\n" + "More words about it all. " * 900 + "\n")
    rebuild(project)
    code, out = check(project, capsys)
    assert code == 1
    found = re.search(
        r"content takes (\d) pages, 1 asked for; it is (\d+) mm of column \(about (\d+) lines\) too long", out
    )
    assert found, out
    assert int(found.group(2)) > 20


def test_longer_work_distribution_is_named(project, capsys):
    edit(
        project.page / "group.toml",
        'parts = ["Baselines: measured what a guess is worth"]',
        "parts = [" + ", ".join(f'"Baselines: measured what guess number {i} is worth"' for i in range(90)) + "]",
    )
    code, out = check(project, capsys)
    assert code == 1
    assert "distribution takes 2 pages, 1 asked for" in out


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("q1", "Pebbles differ. They do.", 'the answer "q1" has 2 sentences, at most 1 allowed'),
        ("q1", "word " * 12 + "more.", 'the answer "q1" has 13 words, at most 12 allowed'),
        ("q2", "it's " * 20 + "long", 'the answer "q2" has 21 words, at most 20 allowed'),
    ],
)
def test_every_limit_of_an_answer(project, capsys, name, text, said):
    change_record(project, name, text=text)
    rebuild(project)
    code, out = check(project, capsys)
    assert code == 1
    assert f"analysis/weights.py (findings): {said}" in out


@pytest.mark.parametrize(
    "line", ["We reach 97.3% there.", "It took three runs of 5 each.", "About 1,000 stones.", "v2 helps."]
)
def test_typed_digit_is_named_by_line(project, capsys, line):
    edit(project.page / "report.md", "It is trained", f"{line}\nIt is trained")
    code, out = check(project, capsys)
    number = 1 + (project.page / "report.md").read_text(encoding="utf-8").split(line)[0].count("\n")
    assert code == 1
    assert re.search(rf'reports/page/report\.md:{number}: "[^"]+" is typed by hand', out), out


def test_typed_digit_in_the_header_is_named(project, capsys):
    edit(project.page / "report.md", "subtitle: A toy", "subtitle: A toy of 12 stones")
    code, out = check(project, capsys)
    assert code == 1
    assert 'reports/page/report.md:3: "12" is typed by hand' in out


def test_empty_work_distribution_is_named(project, capsys):
    text = (project.page / "group.toml").read_text(encoding="utf-8")
    (project.page / "group.toml").write_text(re.sub(r"parts = \[.*\]", "parts = []", text), encoding="utf-8")
    code, out = check(project, capsys)
    assert code == 1
    assert out.count("has no part in the work distribution") == 3


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('["architecture"]', '["architectur"]', 'lacks the figure "architectur"'),
        ("at_most = 100", "at_most = 50", "net.parameters is 97, at most 50 asked for"),
        ("between = [5, 20]", "between = [15, 20]", "run net-s0 has epochs = 14, 15 to 20 asked for"),
        ("every = 10", "every = 5", '"loss" is not recorded every 5 steps'),
        ('uses = ["Adam"]', 'uses = ["SGD"]', "none uses SGD"),
        ('never = ["torch.hub"]', 'never = ["torch.optim"]', "torch.optim.Adam is not permitted"),
        (
            'columns = ["clip", "prediction"]',
            'columns = ["clip"]',
            "predictions.csv:1: the columns are clip,prediction",
        ),
        ("rows = 2", "rows = 3", 'the table "settings" has 2 rows, at least 3 asked for'),
        ("body = 8.5", "body = 12", "at least 12 asked for"),
        ("least = 3", "least = 4", "3 bullets, at least 4 asked for"),
        ('"group_{id}.zip"', '"team_{id}.zip"', "the archive is named group_7.zip, team_7.zip asked for"),
        ('about = ["error analysis"]', 'about = ["luck"]', 'says nothing of "luck"'),
        ('name = "predictions.csv"', 'name = "weights.csv"', "weights.csv: missing in the report's folder"),
    ],
)
def test_every_kind_of_demand_can_fall_short(project, capsys, old, new, said):
    edit(project.page / "brief.toml", old, new)
    code, out = check(project, capsys)
    assert code == 1
    assert said in out


def test_a_figure_that_is_shrunk_beyond_reading_is_named(project, capsys):
    edit(project.page / "report.md", '{{ figure("loss", "errors") }}', '{{ figure("loss", "errors", "architecture") }}')
    edit(project.page / "report.md", '{{ figure("architecture") }}\n', "")
    code, out = check(project, capsys)
    assert code == 1
    assert "the figure of loss and errors and architecture is shrunk to 52%" in out


def test_demands_of_another_profile_are_not_asked(project, capsys):
    edit(project.page / "brief.toml", 'id = "size"', 'id = "size"\nprofiles = ["thorough"]')
    edit(project.page / "brief.toml", "at_most = 100", "at_most = 50")
    code, out = check(project, capsys)
    assert code == 0, out
    assert "asked in profile thorough only" in out


@pytest.mark.parametrize(("needs", "asked"), [("net.no_such_value", False), ("VALUE", True)])
def test_a_demand_is_asked_of_results_that_have_what_it_needs(project, capsys, needs, asked):
    path = project.page / "brief.toml"
    there = re.search(r'id = "size"[^\[]*?name = "([^"]+)"', path.read_text())[1]
    edit(path, 'id = "size"', f'id = "size"\nneeds = "{needs.replace("VALUE", there)}"')
    edit(path, "at_most = 100", "at_most = 0")
    code, out = check(project, capsys)
    assert (code == 1) is asked, out
    assert (f"the results have no {needs}" in out) is not asked


def test_another_course_is_another_file(project, capsys):
    """A lab report of another subject: other sections, no work distribution demands, its own limits."""
    (project.page / "brief.toml").write_text(
        """[brief]
title = "Physics lab, week three"
[[demand]]
id = "parts"
says = "Method and outlook"
kind = "sections"
titles = ["Method", "Outlook"]
[[demand]]
id = "plot"
says = "At least two plots"
kind = "figure"
least = 2
[[demand]]
id = "solo"
says = "Work alone or in pairs"
kind = "group"
members = [1, 2]
[[demand]]
id = "long-enough"
says = "At most 5 words"
kind = "answer"
name = "q2"
words = 5
""",
        encoding="utf-8",
    )
    (project.page / "report.md").write_text(
        "---\ntitle: Pendulum\n---\n\n# Method\n\nWe swing it.\n\n"
        '{{ figure("loss", "errors") }}\n\n# Outlook\n\nMore.\n',
        encoding="utf-8",
    )
    (project.page / "references.bib").unlink()
    (project.page / "appendix.md").unlink()
    rebuild(project)
    code, out = check(project, capsys)
    assert code == 1
    assert "3 members, 1 to 2 are asked for" in out
    assert 'the answer "q2" has 10 words, at most 5 allowed' in out
    assert out.count("SHORT") == 2
    assert "loss, errors" in out


def test_json_rows(project, capsys):
    assert cli.main(["check", "--plan", str(project.plan), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"id", "state", "demand", "holds", "found", "where"} <= rows[0].keys()
    assert all(row["holds"] for row in rows)


def test_a_claim_that_does_not_hold_falls_short_whatever_the_brief_asks(project, capsys):
    text = (project.page / "brief.toml").read_text(encoding="utf-8")
    demand = re.search(r'\[\[demand\]\]\nid = "claims"\n.*?(?=\n\[\[)', text, flags=re.DOTALL).group()
    (project.page / "brief.toml").write_text(text.replace(demand, ""), encoding="utf-8")
    change_record(project, "net-beats-guess", holds=False, evidence="25.0% against 25.1%")
    rebuild(project)
    code, out = check(project, capsys)
    assert code == 1
    assert "the claim net-beats-guess does not hold (25.0% against 25.1%)" in out


def test_the_footer_says_what_was_typed_and_what_was_overridden(project, capsys):
    edit(project.page / "report.md", "It is trained", "It took 77 days. It is trained")
    plan = json.loads(project.plan.read_text(encoding="utf-8"))
    project.plan.write_text(json.dumps({**plan, "request": {"parameters": "epochs=3"}}), encoding="utf-8")
    rebuild(project)
    html = " ".join((project.out / "report.html").read_text(encoding="utf-8").split())
    assert "Every number" not in html
    assert "but for some that are typed by hand (77)" in html
    assert "changed by P=&#34;epochs=3&#34;" in html
