"""Captions are Markdown of their own: whatever stands in one, the figure and its words are there."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_sheet import Sheet
from tries import tries

from onepage.core.errors import UserError

SIGNS = [
    "(0, 1]", "[0, 1)", "a ]", "[ b", "{ c", "d }", "`e", "``f` g", "*h", "i *", "_j", "$5", "costs $5 and $6", "@",
    "k @ 5", "@home", "precision@k @ 10", "[@nobody2020]", "x < y > z", "<b>bold</b>", "<div>", "<!-- l", "a | b | c",
    '"m', "it's", "back \\ slash", "\\", "\\alpha", "\\begin{x}", "# heading", "1. one", "- item", "> quote", "::: div",
    "---", "~~~", "```", "^[note]", "[^1]", "[a]: b", "]{.figure names=x}", '" names="', "{{ six }}", "{% if %}",
    "&amp; &", "a\nb", "![alt](nowhere.png)", ": def", "| line", "   indented", "~tilde", "^caret", "ü 中", "\u200f x", "<https://a.b/c>",
    "http://a.b/c_d*e", "= (", "#let x", "/ term: y", "+ plus", "x\\_y", "'", "“", "<", "a <b", "&", "&lt;",
]  # fmt: skip


def shown(text: str) -> set[str]:
    """Words of a caption that every reading of it keeps."""
    return set(re.findall(r"[A-Za-z]{2,}", re.sub(r"&\w+;|https?:\S+|\]\(.*?\)", "", text)))


def test_every_sign_may_stand_in_a_caption(sheet):
    made = sheet.captions(*SIGNS).set()
    for number, caption in enumerate(SIGNS, 1):
        assert f"<b>Figure {number}.</b>" in made.html, caption
        part = made.html.split(f"<b>Figure {number}.</b>")[1].split("</figcaption>")[0]
        for word in shown(caption):
            assert word in part, caption
        assert f"Figure {number}." in made.words, caption
    for word in ("nobody2020", "home", "slash", "heading", "item", "term:"):
        assert word in made.words
    for caption in ("(0, 1]", "[0, 1)", "costs $5 and $6", "precision@k @ 10", "x < y > z"):
        assert caption in made.words
        assert caption in made.seen
    assert made.html.count("<img ") == len(SIGNS)


LETTERS = st.sampled_from("ab [](){}`*_$@<>|\"'\\\n#^~!:;=-./&%0+")
OTHERS = st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"])
CAPTION = st.text(LETTERS | OTHERS, min_size=1, max_size=25).filter(str.strip)
NO_FORMULA = r'"f\d": (?:the formula .* cannot be set|\\\w+\{)'  # `$\q$` is refused, with its figure's name


@settings(deadline=None, max_examples=tries(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CAPTION, min_size=4, max_size=4))
def test_a_caption_is_shown_whatever_it_is(built, captions):
    with tempfile.TemporaryDirectory() as folder:
        page = Sheet(built, Path(folder)).captions(*captions)
        said = ""
        try:
            made = page.set()
        except UserError as error:
            said = str(error)
        if said:
            assert re.search(NO_FORMULA, said), said
            return
        for number, caption in enumerate(captions, 1):
            part = made.html.split(f"<b>Figure {number}.</b>")[1].split("</figcaption>")[0]
            assert all(word in part for word in shown(caption)), caption
            assert f"Figure {number}." in made.words, caption


def test_captions_of_panels_do_not_meet(sheet):
    sheet.captions("opens [ and * here", "closes ] and * there")
    made = sheet.write('{{ figure("f0", "f1") }}\n\nSee {{ ref("f1") }}.').set()
    for text in (made.words, made.seen):
        assert "opens [ and * here (b) closes ] and * there" in text.replace("\xa0", " ")
        assert "Fig. 1b" in text.replace("\xa0", " ")


def test_captions_are_markdown(sheet):
    sheet.captions(
        "The *loss* in `nats`, $x^2$, H~2~O [@lovelace1843], see [A](#fig) and [is bound]{.claim #wet-harder}"
    )
    made = sheet.write('# Fig\n\n{{ figure("f0") }}').set()
    part = made.html.split("<figcaption>")[1].split("</figcaption>")[0]
    for tag in (
        "<em>loss</em>",
        "<code>nats</code>",
        "<math",
        "<sub>2</sub>",
        "#ref-lovelace1843",
        'href="#fig"',
        "data-claim",
    ):
        assert tag in part
    assert "References" in made.words


def test_captions_of_tables_and_of_the_text_too(sheet):
    body = '{{ table("settings", caption="Half-open [0, 1) and `") }}\n\n{{ figure("loss", caption="(0, 1] \\" @ x") }}'
    made = sheet.write(body).set()
    for text in (made.words, made.seen):
        assert "Table 1. Half-open [0, 1) and `" in text
        assert re.search(r"Figure 1\. \(0, 1\] [\"”“] @ x", text)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('```\n{{ figure("loss") }}\n```', 'report.md:6: figure("loss") stands inside code'),
        ('Text.\n\n    {{ table("settings") }}', 'report.md:7: table("settings") stands inside code'),
        ('*{{ figure("loss") }}*', 'report.md:5: figure("loss") stands inside a paragraph'),
        ('# {{ figure("loss") }}', 'report.md:5: figure("loss") stands inside a paragraph'),
        ('Text {{ figure("loss") }} goes on', 'report.md:5: figure("loss") stands inside a paragraph'),
        ('Text [{{ figure("loss") }}](http://a.b)', 'report.md:5: figure("loss") stands inside a paragraph'),
    ],
)
def test_a_figure_where_none_can_stand_is_named(sheet, body, said):
    with pytest.raises(UserError) as caught:
        sheet.write(body).set()
    assert said in str(caught.value)
