"""Outputs of every media type on an analysis's page: shown as what they are, or named in a line."""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import pytest
from IPython import display

sys.path.insert(0, str(Path(__file__).parent))
from outputs_shown import Shown, assert_harmless, bundle, displayed, stream

PANDAS = """<div>
<style scoped>
    .dataframe tbody tr th:only-of-type { vertical-align: middle; }
    .dataframe tbody tr th { vertical-align: top; }
</style>
<table border="1" class="dataframe">
  <thead><tr style="text-align: right;"><th></th><th>bird</th><th colspan="2">songs</th></tr></thead>
  <tbody><tr><th>r0</th><td>owl &amp; wren</td><td>1</td><td>2</td></tr></tbody>
</table>
<p>1 rows × 3 columns</p></div>"""
STYLER = """<style type="text/css">
#T_f3a_row0_col0, #T_f3a_row1_col0 { background-color: #440154; color: #f1f1f1; position: fixed; }
#T_f3a_row0_col1 { width: 10em; background: linear-gradient(90deg, #d65f5f 50.0%, transparent 50.0%); }
</style>
<table id="T_f3a"><thead><tr><th class="blank level0" >&nbsp;</th><th id="T_f3a_level0_col0" >a</th></tr></thead>
<tbody><tr><th id="T_f3a_level0_row0" class="row_heading level0 row0" >r0</th>
<td id="T_f3a_row0_col0" class="data row0 col0" >0.25</td><td id="T_f3a_row0_col1" class="data" >7</td></tr></tbody>
</table>"""
POLARS = """<div><style>.dataframe > thead > tr, .dataframe > tbody > tr { text-align: right; white-space: pre-wrap; }
</style><small>shape: (1, 2)</small><table border="1" class="dataframe"><thead><tr><th>a</th><th>b</th></tr>
<tr><td>i64</td><td>str</td></tr></thead><tbody><tr><td>1</td><td>&quot;x&quot;</td></tr></tbody></table></div>"""


def picture(kind: str) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (4, 3), "red").save(out, kind)
    return out.getvalue()


def encoded(kind: str) -> str:
    return base64.b64encode(picture(kind)).decode()


@pytest.mark.parametrize(
    ("html", "tags", "text"),
    [
        (PANDAS, {"table", "thead", "tr", "th", "tbody", "td", "p"}, "bird songs r0 owl & wren 1 2 1 rows × 3 columns"),
        (STYLER, {"table", "thead", "th", "td"}, "a r0 0.25 7"),
        (POLARS, {"small", "table", "thead", "td"}, 'shape: (1, 2) a b i64 str 1 "x"'),
        ("<h3>T</h3><p>P <b>b</b><br><i>i</i></p><hr>", {"h3", "p", "b", "br", "i", "hr"}, "T P bi"),
        ("<ul><li>a</ul><ol start=3><li>b</ol><dl><dt>c<dd>d</dl>", {"ul", "li", "ol", "dl", "dt", "dd"}, "abcd"),
        ("H<sub>2</sub>O, m<sup>2</sup>, <kbd>c</kbd> <mark>m</mark>", {"sub", "sup", "kbd", "mark"}, "H2O, m2, c m"),
        ("<details open><summary>s</summary>t</details>", {"details", "summary"}, "st"),
        ('<a href="https://example.org/a?b=1&c=2#d">l</a> <a href="mailto:a@b.c">m</a>', {"a"}, "l m"),
        (
            "<table><caption>c</caption><colgroup><col span=2></colgroup><tr><td rowspan=2>x</table>",
            {"caption", "col"},
            "cx",
        ),
        (f'<img alt="red" width=4 src="data:image/png;base64,{encoded("PNG")}">', {"img"}, ""),
        ("<p>a < b && c > d</p>", {"p"}, "a < b && c > d"),
        ("<blockquote>q</blockquote><pre>a  b</pre><code>c</code>", {"blockquote", "pre", "code"}, "qa bc"),
        ("<progress value=3 max=10></progress><meter value=.5></meter>", {"progress", "meter"}, ""),
        ("x<math><msup><mi>x</mi><mn>2</mn></msup></math>", {"math", "msup", "mi", "mn"}, "xx2"),
    ],
)
def test_html_keeps_what_reads_and_shows(html: str, tags: set[str], text: str) -> None:
    shown = Shown(bundle(text_html=html, text_plain="plain"))
    assert tags <= shown.page.names
    assert "".join(shown.text.split()) == "".join(text.split())
    assert "style" not in shown.page.names
    assert_harmless(shown.html, shown.css)


def test_a_table_keeps_spans_scopes_and_the_styles_that_are_its_own() -> None:
    shown = Shown(bundle(text_html=STYLER), bundle(text_html=PANDAS))
    cells = {a.get("id"): a for name, a in shown.page.tags if name == "td"}
    assert "#out-1 #out-1-T_f3a_row0_col0{background-color:#440154;color:#f1f1f1}" in shown.css
    assert "out-1-T_f3a_row0_col0" in cells
    assert "linear-gradient" in shown.css
    assert "row1_col0" not in shown.css, "rules for what is not there are not carried along"
    assert [a["colspan"] for name, a in shown.page.tags if name == "th" and "colspan" in a] == ["2"]
    marked = next(a["data-css"] for name, a in shown.page.tags if name == "tr" and "data-css" in a)
    assert f'#out-2 [data-css="{marked}"]{{text-align:right}}' in shown.css


@pytest.mark.parametrize(
    ("thing", "tags", "text"),
    [
        (display.HTML("<p>x</p>"), {"p"}, "x"),
        (display.Markdown("# H\n\n- a *b* $x^2$\n\n|c|\n|-|\n|d|"), {"h3", "li", "em", "math", "table", "td"}, None),
        (display.Latex(r"$$\frac{a}{b}$$"), {"math", "mfrac"}, None),
        (display.Latex(r"\begin{align}a&=b\\c&=d\end{align}"), {"math", "mtable"}, None),
        (display.Math(r"\sqrt{x}"), {"math", "msqrt"}, None),
        (display.JSON({"a": [1, {"b": "<c>"}]}), {"details", "pre"}, None),
        (
            display.SVG('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9"/></svg>'),
            {"img"},
            "",
        ),
        (display.Image(picture("PNG")), {"img"}, ""),
        (display.Image(picture("JPEG"), format="jpeg"), {"img"}, ""),
        (display.Image(picture("GIF"), format="gif"), {"img"}, ""),
        (display.Pretty("a <b>"), {"pre"}, "a <b>"),
        (display.Pretty("tensor([[0., 1.]], grad_fn=<AddBackward0>)"), {"pre"}, None),
        (display.FileLink(__file__), {"a"}, None),
        (display.Audio([0.0, 0.5] * 40, rate=8000), {"audio", "source"}, None),
        (display.ProgressBar(10), {"progress"}, ""),
        (display.Code("x = 1", language="python"), {"pre"}, "x = 1"),
    ],
    ids=lambda found: type(found).__name__,
)
def test_what_ipython_displays_is_shown(thing: object, tags: set[str], text: str | None) -> None:
    shown = Shown(displayed(thing))
    assert tags <= shown.page.names
    assert text is None or shown.text == text
    assert "IPython.core" not in shown.text
    assert "cannot be shown" not in shown.text
    assert_harmless(shown.html, shown.css)
    for name, content in shown.media.files.items():
        assert content, name


@pytest.mark.parametrize(
    ("output", "named"),
    [
        (displayed(display.Javascript("alert(1)")), "application/javascript"),
        (displayed(display.YouTubeVideo("abc")), "iframe"),
        (displayed(display.IFrame("https://example.org", 10, 10)), "iframe"),
        (displayed(display.Video(url="https://example.org/x.mp4")), "video"),
        (displayed(display.Image(url="https://example.org/x.png")), "lies elsewhere"),
        (bundle(**{"application_vnd.plotly.v1+json": {"data": []}}), "application/vnd.plotly.v1+json"),
        (bundle(text_html="<div id=p></div><script>Plotly.newPlot()</script>"), "text/html"),
        (bundle(image_png="bm90IGEgcGljdHVyZQ=="), "image/png"),
        (bundle(image_png="\x00\x01binary junk"), "image/png"),
        (bundle(image_svg="<svg><unclosed"), "image/svg+xml"),
        (bundle(image_svg="<html xmlns='http://www.w3.org/1999/xhtml'/>"), "image/svg+xml"),
        (bundle(**{"application_pdf": "JVBERi0="}), "application/pdf"),
        (bundle(text_html="", text_plain="<x.Y object at 0x0>"), "text/html"),
        (bundle(**{"application_vnd.jupyter.widget-view+json": {"model_id": "1"}}), "widget-view"),
    ],
)
def test_what_cannot_be_shown_is_named(output: dict, named: str) -> None:
    shown = Shown(output)
    assert named in shown.text
    assert "cannot be shown" in shown.text
    assert "line 3" in shown.text
    assert ("lies elsewhere" in shown.text) == (named == "lies elsewhere")
    assert_harmless(shown.html, shown.css)


def test_a_widget_leaves_its_text_and_a_line() -> None:
    view = {"application_vnd.jupyter.widget-view+json": {"model_id": "1"}}
    shown = Shown(bundle(**view, text_plain="IntSlider(value=3)"))
    assert shown.text.startswith("IntSlider(value=3)Not shown here: application/vnd.jupyter.widget-view+json")


def test_of_two_kinds_the_one_that_can_be_shown_is() -> None:
    broken = bundle(image_png="AAAA", text_html="<script>x</script>", text_markdown="*yes*", text_plain="no")
    assert "yes" in Shown(broken).text
    assert "no" not in Shown(broken).text.split()


def test_an_estimator_of_scikit_learn_is_a_diagram_and_its_text() -> None:
    pytest.importorskip("sklearn")
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    shown = Shown(displayed(make_pipeline(StandardScaler(), LogisticRegression(C=0.5))))
    assert {"details", "table", "label"} <= shown.page.names
    assert "LogisticRegression(C=0.5)" in shown.text
    assert "sk-" in shown.css
    assert_harmless(shown.html, shown.css)


def test_a_formula_of_sympy_is_shown() -> None:
    sympy = pytest.importorskip("sympy")
    expression = sympy.sqrt(sympy.Symbol("x")) / 2
    shown = Shown(bundle(text_latex=f"$\\displaystyle {sympy.latex(expression)}$", text_plain=str(expression)))
    assert {"math", "msqrt"} <= shown.page.names


def test_latex_that_pandoc_cannot_read_stands_as_it_is_and_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret.tex").write_text("secret words")
    shown = Shown(bundle(text_latex=f"\\input{{{tmp_path}/secret.tex}}", text_plain="x"))
    assert "secret words" not in shown.text
    assert "$\\frac{$" in Shown(bundle(text_latex="$\\frac{$", text_plain="x")).text


def test_pictures_within_html_become_files_that_are_pictures() -> None:
    html = f'<img src="data:image/png;base64,{encoded("PNG")}"><img src="data:image/png;base64,{"QUJD" * 9}">'
    svg = base64.b64encode(b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script><path d="M0 0"/></svg>').decode()
    shown = Shown(bundle(text_html=f'{html}<img src="data:image/svg+xml;base64,{svg}"><svg><rect width="3"/></svg>'))
    links = [a["src"] for name, a in shown.page.tags if name == "img"]
    assert len(links) == 3
    assert {link.rsplit(".")[-1] for link in links} == {"png", "svg"}
    assert all(f"media/q1/{name}" in links for name in shown.media.files)
    assert not any(b"script" in content for content in shown.media.files.values())


def test_outputs_that_were_updated_and_cleared_are_shown_as_they_stood_at_last() -> None:
    """Through a real kernel, since that is where outputs are updated."""
    import nbformat
    from nbclient import NotebookClient

    source = """
from IPython.display import HTML, clear_output, display
print("gone"); clear_output()
handle = display(HTML("<p>first</p>"), display_id=True)
handle.update(HTML("<p>second</p>"))
print("\\rloading 1\\rloading 2", end="")
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    shown = Shown(*notebook.cells[0].outputs)
    assert shown.text == "second loading 2"


def test_progress_bars_and_colours_are_what_a_terminal_shows() -> None:
    shown = Shown(stream("a 10%\ra 100%\nb\r\n\x1b[31mred\x1b[0m <b>\x1b[38;2;1;2;3mrgb\x1b[0m\x00\x07"))
    assert shown.text == "a 100% b red <b>rgb"
    assert 'class="ansi-red-fg"' in shown.html
    assert_harmless(shown.html)
