"""The page for Word and for LaTeX: opened, read back, set; the same bytes every time; only where it is asked for."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import time
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from page_sheet import SVG
from PIL import Image

from onepage.core import config
from onepage.core.errors import UserError
from onepage.page.layout import documents, plain_writer
from onepage.page.tree import document, pandoc
from onepage.plan import planfile
from onepage.tools import page

BODY = """::: abstract
An abstract of {{ data.pebbles | count }} pebbles.^[Said of the abstract.]
:::

# First {#one}

It cites [@lovelace1843], is **bold**, `code_x`, R&D #1 and {{ net.accuracy | interval }}.[^n]
As {{ ref("errors") }}, {{ ref("settings") }}, [](#eq), [](#sub), [](#pic) and [](#typed) show, see [there](#more).

{{ figure("architecture") }}

{{ figure("loss", "errors") }}

{{ table("settings", intervals=["accuracy"]) }}

## Sub {#sub}

A formula stands $$ E = mc^2 $$ {#eq} between words, $\\frac{a}{b}$ in them.

$$\\begin{align} a &= b \\\\ c &= d \\end{align}$$

[The net loses]{.claim .not #net-beats-guess}. [The net wins]{.claim #net-beats-guess}.

![A typed picture](plot.svg){#pic width=30%}

And ![small](small.png) in a line.

| left *set* | right |
|------|------:|
| $x$  | wide  |

: A typed table {#typed}

[^n]: Said of the text.
"""
HEAD = """title: "50% of R&D: _a_ <b>"
subtitle: Below
author: [Ada Lovelace, Žofie N.]
affiliation: An institute
date: 2026-01-31
keywords: stones, scales"""
APPENDIX = '# More {#more}\n\nAs {{ ref("loss") }} shows.\n\n## References\n\n::: {#refs}\n:::\n'
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture
def full(sheet):
    """A page of everything that a page can have."""
    (sheet.folder / "group.toml").unlink()
    sheet.file("plot.svg", SVG.format("red"))
    picture = io.BytesIO()
    Image.new("RGB", (30, 20), "blue").save(picture, "PNG")
    sheet.file("small.png", picture.getvalue())
    return sheet.write(BODY, HEAD, APPENDIX)


def written(sheet, out: Path, *formats: str) -> Path:
    """The documents of a page, in a folder of their own."""
    made = sheet.set().composed
    shutil.copytree(sheet.report / "assets", out / "assets")
    documents.write(formats, made.document, made.front, sheet.results, out, sheet.folder)
    return out


class Word:
    """A document for Word, opened."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            self.files = {name: archive.read(name) for name in archive.namelist()}
            self.dates = {entry.date_time for entry in archive.infolist()}
        self.body = ElementTree.fromstring(self.files["word/document.xml"])

    @staticmethod
    def text(element: ElementTree.Element) -> str:
        return " ".join("".join(each.text or "" for each in element.iter(f"{W}t")).split())

    def styled(self, style: str) -> list[str]:
        """The paragraphs of a style."""
        found = self.body.iter(f"{W}p")
        return [self.text(p) for p in found if any(s.get(f"{W}val") == style for s in p.iter(f"{W}pStyle"))]

    def tables(self) -> list[list[list[str]]]:
        rows = (
            [[self.text(c) for c in row.iter(f"{W}tc")] for row in t.iter(f"{W}tr")] for t in self.body.iter(f"{W}tbl")
        )
        return list(rows)


def test_word_s_document_says_what_the_page_says(full, tmp_path):
    word = Word(written(full, tmp_path / "out", "docx") / documents.WORD)
    assert word.styled("Title") == ["50% of R&D: _a_ <b>"]
    assert word.styled("Author") == ["Ada Lovelace", "Žofie N."]
    assert word.styled("Date") == ["An institute2026-01-31"]
    assert word.styled("Abstract") == ["An abstract of 12,345 pebbles."]
    assert word.styled("Heading1") == ["1 First", "More"]
    assert word.styled("Heading2") == ["1.1 Sub", "References"]
    assert word.styled("ImageCaption") == [
        "Figure 1. The architecture figure.", "Figure 2. (a) The loss figure. (b) The errors figure.",
        "Figure 3. A typed picture",
    ]  # fmt: skip
    assert word.styled("TableCaption") == ["Table 1. Accuracy over settings.", "Table 2. A typed table"]
    said = word.text(word.body)
    for text in (
        "It cites [1], is bold, code_x, R&D #1 and 95.4% (94.8–96.0).",
        "As Fig. 2b, Table 1, Eq. (1), Section 1.1, Fig. 3 and Table 2 show, see there.",
        "The net loses [not supported: 95.4% against 25.1%]. The net wins.",
        "As Fig. 2a shows.", "[1] A. Lovelace. Notes. Scientific Memoirs, 3, 1843.",
    ):  # fmt: skip
        assert text in said, text
    assert [["Setting", "All, %"], ["guess & <hope>", "25.1 ±1.1"], ["net", "95.4 ±0.6"]] in word.tables()
    assert ["left set", "right"] in word.tables()[-1]
    widths = [[int(each.get(f"{W}w")) for each in grid] for grid in word.body.iter(f"{W}tblGrid")]
    first, second = next(w for w, table in zip(widths, word.tables(), strict=True) if table[0] == ["Setting", "All, %"])
    assert first / second == pytest.approx(
        17 / 12, rel=0.01
    )  # "guess & <hope>", "95.4 ±0.6", and the space beside them
    assert [row for table in word.tables() for row in table if row[-1] == "(1)"] == [["", "(1)"]]
    notes = word.text(ElementTree.fromstring(word.files["word/footnotes.xml"]))
    assert "Said of the abstract." in notes
    assert "Said of the text." in notes
    assert word.files["word/document.xml"].count(b"<m:oMath>") == 4
    struck = [word.text(run) for run in word.body.iter(f"{W}r") if run.find(f"{W}rPr/{W}strike") is not None]
    assert " ".join(" ".join(struck).split()) == "The net loses"


def test_word_s_document_leads_where_it_says_and_shows_its_pictures(full, tmp_path):
    word = Word(written(full, tmp_path / "out", "docx") / documents.WORD)
    anchors = [link.get(f"{W}anchor") for link in word.body.iter(f"{W}hyperlink") if link.get(f"{W}anchor")]
    places = [mark.get(f"{W}name") for mark in word.body.iter(f"{W}bookmarkStart")]
    assert len(anchors) == 9
    assert set(anchors) <= set(places)
    drawn = [each for each in word.body.iter() if each.tag.endswith("}docPr")]
    assert [each.get("descr") for each in drawn] == [
        "What architecture shows.", "What loss shows.", "What errors shows.", "A typed picture", "small",
    ]  # fmt: skip
    pictures = {name: Image.open(io.BytesIO(data)) for name, data in word.files.items() if "/media/" in name}
    assert len(pictures) == 5
    assert {image.format for image in pictures.values()} == {"PNG"}
    extents = [int(each.get("cx")) / 914_400 for each in word.body.iter() if each.tag.endswith("}extent")]
    assert extents[:3] == pytest.approx([3.4, 1.6, 1.6], abs=0.01)  # inches, as they were published


def test_latex_is_read_back_as_what_it_says(full, tmp_path):
    """pandoc finds the text again, counts as LaTeX does, and every file that is included is there."""
    out = written(full, tmp_path / "out", "latex")
    source = (out / documents.LATEX).read_text(encoding="utf-8")
    source = re.sub(r"\\citeproc\{[^}]*\}\{([^}]*)\}", r"\1", source)  # which pandoc writes, and does not read
    read = json.loads(pandoc.run(["-f", "latex", "-t", "json"], source).stdout)
    said = " ".join(pandoc.run(["-f", "latex", "-t", "plain", "--wrap=none"], source).stdout.split())
    for text in (
        "It cites [1], is bold, code_x, R&D #1 and 95.4% (94.8–96.0).",
        "As Fig. 2b, Table 1, Eq. (", "), Section 1.1, Fig. 3 and Table 2 show, see there.",
        "~~The net loses~~ [not supported: 95.4% against 25.1%]. The net wins.",
        "As Fig. 2a shows.", "A. Lovelace. Notes. Scientific Memoirs, 3, 1843.",
        "guess & <hope> 25.1 ±1.1 net 95.4 ±0.6", "left set right x wide", "Said of the abstract.", "Said of the text.",
    ):  # fmt: skip
        assert text in said, text
    assert {"title", "author", "abstract", "date"} <= set(read["meta"])
    captions = [document.text(each["c"][1]) for each in document.nodes(read["blocks"]) if each["t"] == "Figure"]
    assert [caption.replace("\xa0", " ") for caption in captions] == [
        "The architecture figure.", "(a) The loss figure. (b) The errors figure.", "A typed picture",
    ]  # fmt: skip
    included = re.findall(r"\\includegraphics\[[^]]*\]\{([^}]+)\}", source)
    assert len(included) == 5
    assert {path.relative_to(out).as_posix() for path in (out / documents.PICTURES).iterdir()} == set(included)
    assert all((out / name).read_bytes().startswith((b"%PDF", b"\x89PNG")) for name in included)


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="there is no TeX on this machine")
def test_latex_is_set_by_a_tex(full, tmp_path):
    from pypdf import PdfReader

    out = written(full, tmp_path / "out", "latex")
    for _ in range(2):
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", documents.LATEX],
            cwd=out, capture_output=True, text=True, errors="replace",
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:]
    assert "undefined" not in done.stdout
    said = " ".join(" ".join(each.extract_text() for each in PdfReader(out / "report.pdf").pages).split())
    for text in (
        "As Fig. 2b, Table 1, Eq. (1), Section 1.1, Fig. 3 and Table 2 show", "Figure 2: (a) The loss figure",
        "Table 2: A typed table", "Below", "1 First", "1.1 Sub", "As Fig. 2a shows",
    ):  # fmt: skip
        assert text in said, text


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="there is no TeX on this machine")
def test_signs_of_formulas_in_a_text_are_set_by_a_tex(sheet, tmp_path):
    out = written(
        sheet.write(f"# A\n\nText {' '.join(documents.SIGNS)} and `{' '.join(documents.SIGNS)}`."),
        tmp_path / "out",
        "latex",
    )
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", documents.LATEX]
    done = subprocess.run(words, cwd=out, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]


def test_signs_are_declared_where_they_stand_and_only_there(sheet, tmp_path):
    source = (written(sheet.write("# A\n\nFrom −3 to α."), tmp_path / "a", "latex") / documents.LATEX).read_text(
        "utf-8"
    )
    assert re.findall(r"DeclareUnicodeCharacter\{(\w+)\}", source) == ["2212", "03B1"]
    source = (written(sheet.write("# A\n\nText."), tmp_path / "b", "latex") / documents.LATEX).read_text("utf-8")
    assert "DeclareUnicodeCharacter{" not in source


def test_the_same_bytes_whenever_and_wherever(full, tmp_path, monkeypatch):
    folders = []
    for zone, name in (("UTC", "a"), ("Asia/Kathmandu", "b")):
        monkeypatch.setenv("TZ", zone)
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
        folders.append(written(full, tmp_path / name, "docx", "latex"))
        time.sleep(2.1)  # an archive's clock goes by two seconds
    files = [{p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in folders]
    assert files[0] == files[1]
    assert len(Word(folders[0] / documents.WORD).dates) == 1


def test_a_project_may_have_a_design_of_its_own(full, tmp_path):
    out = written(full, tmp_path / "a", "docx")
    with zipfile.ZipFile(out / documents.WORD) as plain, zipfile.ZipFile(full.file("theme/page.docx", b""), "w") as own:
        for name in plain.namelist():
            own.writestr(name, plain.read(name).replace(b'srgbClr val="156082"', b'srgbClr val="C0FFEE"'))
    full.file("theme/page.tex", "% ours\n$body$\n")
    out = written(full, tmp_path / "b", "docx", "latex")
    assert b"C0FFEE" in Word(out / documents.WORD).files["word/theme/theme1.xml"]
    assert (out / documents.LATEX).read_text(encoding="utf-8").startswith("% ours\n\\section{First}")
    full.file("theme/page.tex", "$if(x)$\n")
    full.file("theme/page.docx", "no document")
    for name, said in (("latex", r"theme/page\.tex:2: pandoc cannot"), ("docx", r"theme/page\.docx: pandoc cannot")):
        with pytest.raises(UserError, match=rf"[^\n]*{said} write report\.[^\n]*\Z"):
            written(full, tmp_path / name, name)


@pytest.mark.parametrize("name", ["plain", "with space", "a_b", "é", "中", "x:y;z.w", "a~b", "a'b", "a+b=c", "-"])
def test_labels_are_those_that_pandoc_writes(name):
    heading = {"t": "Header", "c": [1, [name, [], []], [{"t": "Str", "c": "x"}]]}
    assert f"\\label{{{plain_writer._label(name)}}}" in pandoc.write([heading], "latex")


@pytest.mark.parametrize(
    ("tex", "within"),
    [
        (r"\begin{align} a &= b \end{align}", r"\begin{aligned} a &= b \end{aligned}"),
        (r"\begin{alignat*}{2} a \end{alignat*}", r"\begin{aligned} a \end{aligned}"),
        (r"\begin{equation}x\end{equation}", "x"),
        (r"\begin{gather*}x\end{gather*}", r"\begin{gathered}x\end{gathered}"),
        (r"\begin{aligned}x\end{aligned}", r"\begin{aligned}x\end{aligned}"), (r"\begin{pmatrix}x\end{pmatrix}", None),
    ],
)  # fmt: skip
def test_environments_of_formulas_may_stand_in_a_display(tex, within):
    assert plain_writer._inner(tex) == (within or tex)


# --- where they are asked for


def test_they_are_written_where_formats_asks_for_them(project):
    """In the manifest, on the index, and gone again; nothing of them by default."""
    both, made = project.root / "pyproject.toml", {}
    assert not {"report.docx", "report.tex", "latex"} & {path.name for path in project.out.iterdir()}
    for formats in (["pdf", "html", "docx", "latex"], ["pdf", "html", "latex"], ["pdf", "html"]):
        both.write_text(f"[tool.onepage]\npage = 'reports/page'\nformats = {formats}\n", encoding="utf-8")
        page.build(planfile.load(project.plan))
        listed = json.loads((project.out / "manifest.json").read_text(encoding="utf-8"))["files"]
        index = (project.out / "index.html").read_text(encoding="utf-8")
        made[len(formats)] = {name for name in listed if name.startswith(("report.", "latex/"))}
        assert {path.name for path in project.out.iterdir()} >= {name.split("/")[0] for name in made[len(formats)]}
        for name in ("report.docx", "report.tex"):
            assert (name in listed) == (f'<a href="{name}">' in index) == (project.out / name).is_file()
    assert made[2] == {"report.pdf", "report.png", "report.html"}
    assert made[3] - made[2] >= {"report.tex", "latex/loss.pdf"}
    assert made[4] - made[3] == {"report.docx"}


@pytest.mark.parametrize(
    ("formats", "said"),
    [
        ("['pdf', 'html', 'word']", r"3: tool.onepage.formats: there is no 'word'"),
        ("['pdf', 'html', 'pdf']", r"3: tool.onepage.formats: names 'pdf' twice"),
        ("['docx']", r"3: tool.onepage.formats: pdf is always written; add it to the list"),
        ("'docx'", r"3: tool.onepage.formats: 'docx' should be a list"),
    ],
)
def test_formats_that_are_none(project, formats, said):
    text = f"[tool.onepage]\npage = 'reports/page'\nformats = {formats}\n"
    (project.root / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        config.load(project.root)
