"""The finished PDF and HTML: what they say, how they are built, and what breaks them."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser

import pytest
from pypdf import PdfReader

from onepage import cli
from onepage.core.errors import UserError
from onepage.course import additions, group
from onepage.page import brief, compose, results
from onepage.page.layout import measure, typeset
from onepage.page.numbers import template
from onepage.plan import planfile
from onepage.tools import page


def rebuild(project):
    return page.build(planfile.load(project.plan))


def edit(path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def pdf_text(project) -> str:
    pages = PdfReader(project.out / "report.pdf").pages
    return " ".join(" ".join(each.extract_text() for each in pages).split())


def test_pdf_shows_every_cited_value_as_rounded(project):
    found = results.load_results(project.out)
    report = compose.draft(project.page / "report.md", project.root)
    _, use = template.render(report.body, report.path, found)
    assert len(use.shown) >= 8
    text = pdf_text(project)
    for name, shown in use.shown:
        assert " ".join(shown.split()) in text, name
    for cell in ("25.1 ±1.1", "95.4 ±0.6", "guess & <hope>", "All, %"):
        assert cell in text


def test_pdf_is_tagged_with_metadata_outline_and_alternatives(project):
    pdf = PdfReader(project.out / "report.pdf")
    assert pdf.metadata.title == "How heavy are the pebbles?"
    assert "Žofie <b>Nováková</b>" in pdf.metadata.author
    assert [entry.title for entry in pdf.outline if not isinstance(entry, list)][:2] == [
        "Data loading and processing",
        "Architecture design",
    ]
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert b"pdfuaid" in root["/Metadata"].get_data()
    alternatives = []

    def walk(node):
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for each in node:
                walk(each)
        elif isinstance(node, dict):
            if "/Alt" in node:
                alternatives.append(str(node["/Alt"]))
            walk(node.get("/K", []))

    walk(root["/StructTreeRoot"])
    assert {f"What {name} shows." for name in ("architecture", "loss", "errors")} <= set(alternatives)


def test_pdf_embeds_only_its_own_fonts(project):
    names = set()
    for each in PdfReader(project.out / "report.pdf").pages:
        for font in each["/Resources"]["/Font"].values():
            names.add(font.get_object()["/BaseFont"].split("+")[-1])
    assert names
    assert all(re.match(r"LibertinusSerif|DejaVuSansMono|NewCM", name) for name in names), names


def test_body_is_readable_and_the_page_has_three_parts(project):
    built = rebuild(project)
    assert built.typeset.body >= 8.5
    assert built.typeset.parts == {"content": 1, "distribution": 1, "appendix": 1}
    assert built.typeset.tagged


def test_content_laid_out_alone_ends_where_it_ends_in_the_whole_document(project, tmp_path):
    """While body and spaces are looked for, the parts that follow are left out, although the content links to them."""
    edit(project.page / "report.md", "# Experiments\n", "# Experiments\n\nSee [below](#more) and [there](#place).\n\n")
    with (project.page / "appendix.md").open("a", encoding="utf-8") as file:
        file.write("\n# More\n\nA [place]{#place} to link to, and `<place>` in code.\n")
    found = results.load_results(project.out)
    composed = compose.compose(project.page, found, project.root, additions.of(project.page, project.root))
    typeset.typeset(composed.document, composed.front, found, project.out, project.page, tmp_path)
    press = typeset.Press(tmp_path)
    for body in (8.5, 9.6, 14.0):
        for place in typeset.PLACES:
            setting = typeset.Setting(body, place, 1.3)
            ends = [press._query(setting, "<op-position>", part) for part in (typeset.CONTENT, typeset.WHOLE)]
            assert ends[0] == ends[1]


def test_names_with_markup_are_shown_never_obeyed(project):
    text = pdf_text(project)
    html = (project.out / "report.html").read_text(encoding="utf-8")
    for name in ("Ada, Countess of *Lovelace*", "Žofie <b>Nováková</b>", "Li #1 [Wei]", 's1 "x"'):
        assert name in text
    assert "Žofie &lt;b&gt;Nováková&lt;/b&gt;" in html
    assert "<b>Nováková" not in html


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.images, self.loaded, self.links, self.ids = [], [], [], set()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "img":
            self.images.append(found)
        if tag in ("img", "script", "link", "iframe"):
            self.loaded.append(found.get("src") or found.get("href") or "")
        if tag == "a":
            self.links.append(found.get("href"))
        if found.get("id"):
            assert found["id"] not in self.ids, found["id"]
            self.ids.add(found["id"])


def test_html_is_self_contained_and_leads_to_its_evidence(project):
    html = (project.out / "report.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(html)
    assert all(address.startswith("data:") for address in links.loaded)
    assert all(image["alt"].strip() for image in links.images)
    assert "analyses/weights.html#net-beats-guess" in links.links
    assert "analyses/weights.html#net.accuracy" in links.links
    for link in links.links:
        target, _, anchor = link.partition("#")
        if not target:
            assert anchor in links.ids, link
        else:
            there = (project.out / target).read_text(encoding="utf-8") if target.endswith(".html") else ""
            assert (project.out / target).is_file()
            assert not anchor or re.search(rf'id="{re.escape(anchor)}"', there), link
    assert '<html lang="en">' in html
    assert "viewport" in html
    assert "prefers-color-scheme: dark" in html
    assert re.search(r"<sup>|&#8201;", html)


def test_html_figures_are_the_published_ones(project):
    html = (project.out / "report.html").read_text(encoding="utf-8")
    svg = (project.out / "assets" / "loss.svg").read_bytes()
    assert base64.b64encode(svg).decode("ascii") in html


def test_manifest_lists_every_file_but_itself_and_the_times(project):
    listed = json.loads((project.out / "manifest.json").read_text())["files"]
    files = {p.relative_to(project.out).as_posix() for p in project.out.rglob("*") if p.is_file()}
    assert files - set(listed) == {"manifest.json", "timing.js", ".onepage"}


def test_a_project_may_have_its_own_design(project):
    theme = project.page / "theme"
    theme.mkdir()
    (theme / "page.css").write_text("body { color: rebeccapurple; }")
    rebuild(project)
    assert "rebeccapurple" in (project.out / "report.html").read_text()


@pytest.mark.parametrize("failing", ["template", "design"])
def test_a_failed_build_leaves_the_old_report_alone(project, failing):
    before = {p: p.read_bytes() for p in project.out.rglob("*") if p.is_file()}
    if failing == "template":
        edit(project.page / "report.md", "net.parameters", "net.paramters")
    else:
        (project.page / "theme").mkdir()
        (project.page / "theme" / "page.typ").write_text("#let op-document(")
    with pytest.raises(UserError):
        rebuild(project)
    assert {p: p.read_bytes() for p in project.out.rglob("*") if p.is_file()} == before
    assert sorted(p.name for p in project.out.parent.iterdir()) == ["page", "toy-full"]


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (
            "report.md",
            "net.parameters",
            "net.paramters",
            r'report\.md:\d+: there is no value "net.paramters" \(did you mean .net\.parameters.\?\)',
        ),
        (
            "report.md",
            "@lovelace1843",
            "@babbage1843",
            r"report\.md:14: the citation @babbage1843 is not in references\.bib",
        ),
        ("report.md", "::: abstract", "::: abstract\n\n::: inner", r"report\.md:\d+: Div .*unclosed"),
        ("report.md", "title: How", "tilte: How", r"report\.md:2: unknown key .tilte. \(did you mean .title."),
        ("report.md", "title: How heavy are the pebbles?", "title: [", r"report\.md:\d+: not valid YAML"),
        ("report.md", "title: How heavy are the pebbles?\n", "", r"report\.md:1: the header has no title"),
        (
            "report.md",
            "# Results\n",
            "# Results\n\n![a](missing.png)\n",
            r'report\.md:\d+: there is no image "missing\.png"',
        ),
        (
            "report.md",
            "The net of",
            '{{ figure("loss") }} The net of',
            r'report\.md:\d+: figure\("loss"\) stands inside a paragraph',
        ),
        ("group.toml", 'id = "7"', 'id = "7', r"group\.toml:2: not valid TOML"),
        ("group.toml", 'id = "7"', 'id = "../7"', r"group\.toml:2: group\.id: .* must be"),
        ("group.toml", 'student = "s1', 'studnet = "s1', r"group\.toml:\d+: member: unknown key .studnet. .*.student."),
        (
            "group.toml",
            'parts = ["Network: designed the layer and trained it"]',
            "parts = 3",
            r"group\.toml:10: member\.parts: 3 should be a list",
        ),
        (
            "references.bib",
            "author = {Lovelace, Ada}, title",
            "author = {Lovelace, Ada} title",
            r"references\.bib:\d+: not a valid bibliography",
        ),
        ("references.bib", "year = {1843},\n}", "", r"references\.bib:\d+: not a valid bibliography"),
        ("brief.toml", "words = 12", "words = -1", r"brief\.toml:\d+: demand\.words: -1 should be .* at least 0"),
        ("brief.toml", "words = 12", "wrods = 12", r"brief\.toml:\d+: demand: unknown key .wrods. .*.words."),
        (
            "brief.toml",
            'kind = "bullets"',
            'kind = "bulets"',
            r'brief\.toml:\d+: there is no kind of demand "bulets" \(did you mean .bullets.',
        ),
        ("brief.toml", 'section = "Discussion and conclusions"\n', "", r"brief\.toml:\d+: demand: lacks section"),
        ("brief.toml", 'id = "zip"', 'id = "file"', r'brief\.toml:\d+: two demands have the id "file"'),
        ("brief.toml", 'title = "Pebbles"', "title = ", r"brief\.toml:2: not valid TOML"),
    ],
)
def test_bad_input_is_one_line_with_file_and_line(project, capsys, name, old, new, said):
    edit(project.page / name, old, new)
    code = cli.main(["page", "--plan", str(project.plan)])
    error = capsys.readouterr().err
    assert code == 2
    assert error.count("\n") == 1
    assert re.search(said, error), error


def test_error_lines_are_the_right_ones(project):
    edit(project.page / "brief.toml", 'kind = "bullets"', 'kind = "bulets"')
    lines = (project.page / "brief.toml").read_text().splitlines()
    with pytest.raises(UserError) as caught:
        brief.load(project.page / "brief.toml", "brief.toml")
    assert lines[int(str(caught.value).split(":")[1]) - 1] == 'kind = "bulets"'


def test_text_that_is_not_utf8_is_named(project, capsys):
    path = project.page / "report.md"
    path.write_bytes(path.read_bytes() + b"\ncaf\xe9\n")
    assert cli.main(["page", "--plan", str(project.plan)]) == 2
    line = path.read_bytes()[:-2].count(b"\n") + 1
    assert f"report.md:{line}: byte 0xe9 is not UTF-8" in capsys.readouterr().err


def test_missing_page_files_are_named(project, capsys):
    (project.page / "report.md").unlink()
    assert cli.main(["page", "--plan", str(project.plan)]) == 2
    assert "reports/page/report.md: there is no such file" in capsys.readouterr().err


def test_check_without_a_report_says_what_to_do(project, capsys):
    (project.out / "results.json").unlink()
    assert cli.main(["check", "--plan", str(project.plan)]) == 2
    assert "`make report` writes it" in capsys.readouterr().err


def test_emptiness_is_measured_on_the_page():
    import io

    from PIL import Image

    size = (round(210 * measure.MM), round(297 * measure.MM))
    white, full = Image.new("L", size, 255), Image.new("L", size, 0)
    half = white.copy()
    half.paste(0, (0, 0, size[0], size[1] // 2))

    def share(image):
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return measure.blank(buffer.getvalue())

    assert share(white) == pytest.approx(1)
    assert share(full) == 0
    assert share(half) == pytest.approx(0.5, abs=0.02)


def test_a_short_page_is_warned_of(project, capsys):
    edit(project.page / "brief.toml", "body = 8.5", "body = 8.5\nblank = 0.1")
    assert cli.main(["check", "--plan", str(project.plan)]) == 0
    assert re.search(r"note: report\.pdf: \d+% of the content page is empty", capsys.readouterr().out)


def test_pictures_of_every_page(project, tmp_path, capsys):
    assert cli.main(["page", "--plan", str(project.plan), "--pictures", str(tmp_path / "docs")]) == 0
    pictures = sorted((tmp_path / "docs").iterdir())
    assert [picture.name for picture in pictures] == ["page-1.png", "page-2.png", "page-3.png"]
    assert pictures[0].read_bytes() == (project.out / "report.png").read_bytes()
    assert "net.accuracy" in capsys.readouterr().out


def test_shipped_page_is_in_order(request):
    """The report's own brief, group and bibliography load; its text compiles as a template; its works are all cited."""
    folder = request.config.rootpath / "reports" / "page"
    loaded = brief.load(folder / "brief.toml", "brief.toml")
    assert len(loaded.demands) >= 30
    assert loaded.hand_in is not None
    assert group.load(folder / "group.toml").members
    for name in ("report.md", "appendix.md"):
        draft = compose.draft(folder / name, request.config.rootpath)
        template.compiled(draft.body, draft.path)
    keys = set(re.findall(r"^@\w+\{([^,]+),", (folder / "references.bib").read_text(encoding="utf-8"), re.MULTILINE))
    text = "".join((folder / name).read_text(encoding="utf-8") for name in ("report.md", "appendix.md"))
    assert {key for key in re.findall(r"(?<![\w])@([a-z]+\d+\w*)", text)} <= keys
