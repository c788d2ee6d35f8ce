"""Letters of every script, fonts of a theme, signs in figures, and the language of the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from page_sheet import SVG, coloured

from onepage import publish
from onepage.core.errors import UserError
from onepage.page.layout import typeset
from onepage.publishing import drawing


def test_letters_without_a_glyph_are_named_with_their_line(sheet):
    import matplotlib.pyplot as plt

    people = sheet.folder / "group.toml"
    people.write_text(people.read_text("utf-8").replace("Li #1 [Wei]", "李 Wei"), encoding="utf-8")
    bib = sheet.folder / "references.bib"
    bib.write_text(bib.read_text("utf-8").replace("Notes", "Notes 日"), encoding="utf-8")
    fig, ax = plt.subplots(figsize=(2, 1))
    ax.set_title("한국")
    plt.close(fig)
    sheet.captions("A caption 語", "plain")
    sheet.report = sheet.root / "report"
    (sheet.report / "assets").mkdir(parents=True)
    for name in ("f0", "f1"):
        sheet.results["figures"][name]["svg"] = f"assets/{name}.svg"
        svg = drawing.svg(name, fig) if name == "f1" else SVG.format("red")
        (sheet.report / "assets" / f"{name}.svg").write_text(svg, encoding="utf-8")
    made = sheet.write('中文 [@lovelace1843] 😀\n\n{{ figure("f0", "f1") }}').set()
    notes = "\n".join(made.notes)
    for where, sign in (
        ("reports/page/report.md:5", "中"), ("reports/page/report.md:5", "😀"), ("reports/page/group.toml:14", "李"),
        ("reports/page/references.bib:2", "日"), ('analysis/weights.py: figure "f0"', "語"),
        ('analysis/weights.py: figure "f1"', "한"),
    ):  # fmt: skip
        assert re.search(rf"^{re.escape(where)}: .*{sign} \(U\+", notes, re.MULTILINE), (where, notes)
    assert "theme/fonts/" in notes


def test_a_theme_brings_fonts_and_a_logo(sheet):
    """A font of the theme's own shows what no other has; its images stand in PDF and HTML."""
    from matplotlib import font_manager

    font = Path(font_manager.findfont("DejaVu Sans")).read_bytes()  # it has Tifinagh, and Typst's own fonts have not
    assert "ⴰ" in "".join(sheet.write("Text ⴰ here.").set().notes)
    sheet.file("theme/fonts/square.ttf", font)
    sheet.file("theme/logo.svg", SVG.format("red"))
    theme = typeset.THEME
    design = (theme / "page.typ").read_text("utf-8")
    sheet.file("theme/page.typ", design.replace("  content\n", '  image("logo.svg", alt: "Logo")\n  content\n', 1))
    sheet.file("theme/page.css", "@font-face { font-family: S; src: url(fonts/square.ttf); } a { cursor: url('#x'); }")
    html = (theme / "page.html").read_text("utf-8").replace("<header>", '<header><img src="{{ asset("logo.svg") }}">')
    sheet.file("theme/page.html", html.replace("\n", "\r\n"))
    made = sheet.set()
    assert made.typeset.tagged
    assert not [note for note in made.notes if "U+" in note]
    assert min(coloured(made, "red")) > 5
    assert 'src: url("data:"' in made.html
    assert '<header><img src="data:">' in made.html
    sheet.file("theme/page.css", "a {}\nb { background: url(no.png); }")
    with pytest.raises(UserError, match=r'theme/page\.css:2: there is no file "no\.png"'):
        _ = sheet.set().html


@pytest.mark.parametrize("fontset", ["stix", "cm", "dejavusans", "dejavuserif"])
def test_signs_of_formulas_in_figures_are_the_same_in_svg(fontset):
    """Script letters, roots and brackets are drawn; plain text and Greek stay text."""
    import matplotlib.pyplot as plt

    with plt.rc_context({**publish.STYLE, "mathtext.fontset": fontset}):
        fig, ax = plt.subplots()
        ax.set_title(r"$\mathcal{L}_{CE}$")
        ax.set_xlabel(r"$\sqrt{\frac{x}{y}}$ $\left(\sum_i\right)$ $\hat{q}$")
        ax.set_ylabel("plain text and Ωμ")
        svg = drawing.svg("x", fig)
        plt.close(fig)
    text = "".join(re.findall(r">([^<>]+)</(?:tspan|text)>", svg))
    assert "plain text and Ωμ" in text
    assert not re.search("[\ue000-\uf8ff\u0300-\u036f\x80-\x9f¡-¿]", text)
    assert "CE" not in text
    assert svg.count("<use xlink:href") > 8


# --- languages


@pytest.mark.parametrize(
    ("lang", "figure", "table", "references", "tag"),
    [
        ("en", "Figure", "Table", "References", "en"), ("en-GB", "Figure", "Table", "References", "en-GB"),
        ("nl", "Figuur", "Tabel", "Referenties", "nl"), ("pt-BR", "Figura", "Tabela", "Referências", "pt-BR"),
        ('"no"', "Figur", "Tabell", "Referanser", "no"), ("no", "Figur", "Tabell", "Referanser", "no"),
        ("", "Figure", "Table", "References", "en"),
        ("de-CH-1996", "Abbildung", "Tabelle", "Literatur", "de-CH-1996"),
        ("es-419", "Figura", "Cuadro", "Referencias", "es-419"), ("FR", "Figure", "Tableau", "Références", "fr"),
        ("sr-Latn-RS", "Слика", "Табела", "Литература", "sr-Latn-RS"),
    ],
)  # fmt: skip
def test_the_pages_own_words_follow_its_language(sheet, lang, figure, table, references, tag):
    body = '# A\n\n{{ figure("loss") }}\n\n{{ table("settings") }}\n\nAs in {{ ref("settings") }} [@lovelace1843].'
    made = sheet.write(body, head=f"title: T\nlang: {lang}").set()
    assert f'<html lang="{tag}">' in made.html
    for text in (made.words, made.seen):
        text = text.replace("\xa0", " ")
        for said in (f"{figure} 1. The loss", f"{table} 1. Accuracy", f"As in {table} 1"):
            assert said in text
        assert re.search(rf"\b{references[:6]}", text)
    assert made.pdf.trailer["/Root"]["/Lang"].lower().startswith(tag.split("-")[0])


@pytest.mark.parametrize("lang", ["english", "xx", "12", "en us", "[de]", "{a: b}", "de-", "e"])
def test_no_language_is_one_line(sheet, lang):
    with pytest.raises(UserError, match=r"^reports/page/report\.md:3: [^\n]*lang[^\n]*$"):
        sheet.write("Text", head=f"title: T\nlang: {lang}").set()


def test_a_language_without_words_is_noted(sheet):
    made = sheet.write('{{ figure("loss") }}', head="title: T\nlang: gv").set()
    assert made.notes[-1].startswith('reports/page/report.md:3: lang: "gv": there are no words for Figure')
    assert "Figure 1." in made.words
