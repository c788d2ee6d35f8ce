"""TeX and HTML in the text: what the page has, or a line that names it; line ends of every kind."""

from __future__ import annotations

import re

import pytest

from onepage.core.errors import UserError
from onepage.page.layout import typeset


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"\begin{align} a &= b \\ c &= d \end{align}", "𝑎 = 𝑏"), (r"\begin{equation} L = x \end{equation}", "𝐿 = 𝑥"),
        ("\\begin{gather*}\na\\\\b\n\\end{gather*}", "𝑎"), (r"$$a = b \\ c = d$$", "𝑐 = 𝑑"),
        (r"$$a &= b \\ c &= d$$", "𝑎 = 𝑏"),
        (r"$$x \nonumber$$", "𝑥"), ("\\newcommand{\\R}{\\mathbb{R}}\n\n$x \\in \\R$", "ℝ"),
        (r"one \newline two", "one two"),
        (r"\textbf{bold} words", "bold words"), (r"\emph{x} y", "x y"), (r"\LaTeX{} x", "LaTeX x"),
        (r"$5\,\text{ms}$", "5 ms"),
        ("one<br>two", "one two"), ("H<sub>2</sub>O", "H2O"), ("<b>bold</b> <i>it</i> <u>u</u>", "bold it u"),
        ("<kbd>Ctrl</kbd>", "Ctrl"), ("a <!-- hidden --> b", "a b"), ("<small>small</small>", "small"),
        (r"`\foo{x}` in code", r"\foo{x} in code"), (r"C:\\Users", "C:\\Users"),
    ],
)  # fmt: skip
def test_tex_and_html_become_what_the_page_has(sheet, text, shown):
    made = sheet.write(f"# A\n\n{text} END").set()
    assert made.typeset.tagged
    flat = re.sub(r"\s", "", made.words)
    assert re.sub(r"\s", "", shown) in flat
    assert "END" in flat
    assert "hidden" not in made.words + made.seen
    if "foo" not in text and "Users" not in text:
        assert "\\" not in made.words + made.seen


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"$$a \label{eq:x}$$", r"\label{eq:x}: equations are numbered and referred to in Markdown"),
        (r"see \ref{eq:x}", r"\ref{eq:x}: equations"),
        (r"$$a \tag{1}$$", r"\tag{1}: equations"), (r"\foo{x}", r"the TeX \foo{x} is nothing"),
        (r"C:\Users\x", r"the TeX \Users"),
        (r"$\foo{x}$", r"the formula \foo{x} cannot be set"), (r"$\frac{a$", r"the formula \frac{a cannot be set"),
        ("\\begin{tabular}{ll}\na & \\foo{b}\n\\end{tabular}", "the TeX"),
        ("<img src='x.png'>", "the HTML <img src='x.png'> would"),
        ("<script>1</script>", "the HTML <script>1</script> would be in report.html"),
        ("`#x`{=typst}", "the Typst #x would be in"),
        ("`x`{=html}", "the HTML x would"), ("```{=latex}\n\\foo\n```", "the TeX"),
        ("```{=rtf}\nx\n```", "a raw block of rtf"),
        ("<table><tr><td>1</td></tr></table>", "the HTML <table> would"),
        ("[x](#nowhere)", "a link to #nowhere, but nothing"),
    ],
)  # fmt: skip
def test_what_the_page_does_not_have_is_named(sheet, text, said):
    with pytest.raises(UserError) as caught:
        sheet.write(f"# A\n\n{text} END" if "\n" not in text else f"# A\n\n{text}\n\nEND").set()
    assert re.match(r"reports/page/report\.md:[78]: ", str(caught.value)), str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


# --- line ends


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_marks_change_nothing(sheet, ends, mark):
    body = '# A\n\n- one\n- two\n\n{{ figure("loss") }}\n\nText [@lovelace1843].'
    plain = sheet.write(body, appendix="# Appendix\n\nMore.\n\n## References\n").set()
    theme = typeset.THEME
    for name in ("page.typ", "page.css", "page.html", "numeric.csl"):
        sheet.file(f"theme/{name}", (theme / name).read_bytes())
    for path in sheet.folder.rglob("*"):
        if path.is_file() and path.suffix not in (".py",):
            path.write_bytes((mark + path.read_text("utf-8").replace("\n", ends)).encode())
    other = sheet.set()
    assert other.typeset.pdf == plain.typeset.pdf
    assert other.html == plain.html
