"""What stands on the page, in PDF and HTML alike: numbers, tables, pictures, references, letters, languages, TeX."""

from __future__ import annotations

import io
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from onepage.core.errors import UserError
from onepage.page.layout import measure, typeset


def red() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(buffer, "PNG")
    return buffer.getvalue()


def test_one_numbering_over_published_and_typed(sheet):
    sheet.file("p.png", red())
    made = sheet.write(
        """
| none | b |
|------|---|
| 1    | 2 |

![Typed *picture*](p.png){#typed}

| a | b |
|---|---|
| 1 | 2 |

: Typed table {#tab}

{{ table("settings") }}

{{ figure("loss", "errors") }}

![](p.png)

See {{ ref("settings") }}, {{ ref("errors") }}, [](#typed), [](#tab), [there](#settings).
"""
    ).set()
    for text in (made.words, made.seen):
        text = text.replace("\xa0", " ")
        assert "Figure 1. Typed picture" in text
        assert "Table 1. Typed table" in text
        assert "Table 2. Accuracy over settings." in text
        assert "Figure 2. (a) The loss figure." in text
        assert re.search(r"See Table 2 ?, Fig\. 2b ?, Fig\. 1 ?, Table 1 ?, there", text)
        assert len(re.findall(r"(?:Figure|Table) \d+[.:]", text)) == 4
    anchors = set(re.findall(r' id="([^"]*)"', made.html))
    assert {address[1:] for address in re.findall(r'href="(#[^"]*)"', made.html)} <= anchors


@pytest.mark.parametrize(
    "body",
    [
        '# Loss\n\n{{ figure("loss") }}\n\n# Loss\n\n# Content\n\n[a](#loss) [b](#content)',
        '# Settings\n\n{{ table("settings") }}\n\n[x]{#settings}\n\n::: {#settings}\ny\n:::',
        "# One\n\n# One\n\n[x]{#one-1}",
        '{{ figure("loss") }}\n\n{{ figure("loss") }}\n\nSee {{ ref("loss") }}.',
        "# Refs\n\n# refs\n\n[@lovelace1843]\n\n[x]{#ref-lovelace1843}",
        "# Fig:loss {#fig:loss}\n\n{{ figure('loss') }}",
        '{{ figure("loss", "errors") }}\n\n{{ figure("errors") }}\n\n# Errors',
    ],
)
def test_every_id_is_there_once_and_every_link_arrives(sheet, body):
    made = sheet.write(body).set()
    ids = re.findall(r' id="([^"]*)"', made.html)
    assert len(ids) == len(set(ids)), ids
    assert {address[1:] for address in re.findall(r'href="(#[^"]*)"', made.html)} <= set(ids)
    assert made.typeset.tagged


# --- references

BIB = "@misc{%s, title = {A title}, author = {Doe, Jo}, year = 2020}\n"


@pytest.mark.parametrize(
    ("body", "appendix", "before", "after"),
    [
        ("# A\n\nText [@lovelace1843].\n\n- last item", None, "last item References", "Work distribution"),
        ("# A\n\nText [@lovelace1843].\n\n# References\n\n# More\n\nx", None, "References", "More"),
        ("# A\n\nText [@lovelace1843].", "# Appendix\n\n- item", "item References", ""),
        ("# A\n\nText [@lovelace1843].", "# Appendix\n\n## Sub\n\n> quoted", "quoted References", ""),
        ("# A\n\n[@lovelace1843]\n\n# References\n\nBooks:", "# Appendix\n\n- item", "Books:", "Work distribution"),
        ("# A\n\n[@lovelace1843]\n\n::: {#refs}\n:::\n\nTail", "# Appendix\n\n- item", "", "Tail"),
    ],
)
def test_references_have_a_place_of_their_own(sheet, body, appendix, before, after):
    made = sheet.write(body, appendix=appendix).set()
    for text in (made.words, made.seen):
        text = re.sub(r"Every number on .*?\d / \d", "", text)
        around = re.split(r"\[1\] A. Lovelace. Notes. Scientific Memoirs *, 3, 1843\.", text)
        assert len(around) == 2
        assert around[0].strip().endswith(before)
        assert around[1].strip().startswith(after) or not after
    assert re.search(r"</ul>\s*<h\d[^>]*>References|<div id=\"refs\"", made.html)
    outside = re.split(r'<div id="refs"', made.html)[0]
    for tag in ("li", "ul", "blockquote", "section"):
        assert outside.count(f"<{tag}>") + outside.count(f"<{tag} ") == outside.count(f"</{tag}>")


@pytest.mark.parametrize(
    "key",
    ["DBLP:conf/icml/X-1_y", "10.1109/5.771073", "10.1000/x(1)", "a+b", "o'neil", "müller2020", "a.b:c_d", "x;y", "a&b",
     "k[1]", "2020", "a*b", "$k", "日本"],
)  # fmt: skip
def test_every_key_can_be_cited(sheet, key):
    sheet.file("references.bib", BIB % key)
    made = sheet.write(f"Text [@{{{key}}}].").set()
    for text in (made.words, made.seen):
        assert "Text [1]" in text.replace("[ 1 ]", "[1]")
        assert re.search(r"J\. Doe\. A title ?\. 2020", text)
    assert made.typeset.tagged
    ids = set(re.findall(r' id="([^"]*)"', made.html))
    assert {address[1:] for address in re.findall(r'href="(#ref[^"]*)"', made.html)} <= ids


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("A #1 study", "A #1 study"), ("100% of it", "100% of it"), ("R&D", "R&D"), ("a_b c", "a_b c"),
        ("$5 or $6", "$5 or $6"),
        ("costs $5", "costs $5"), (r"100\% \& \#2 \_x", "100% & #2 _x"), ("x^2", "x^2"), ("a~b", "a b"), ("50%", "50%"),
        (r"M{\"u}ller and Nguy{\~{\^e}}n", "Müller and Nguyễn"),
        (r"{\O}rsted, {\AA}ge, \v{S}koda, \'Ed", "Ørsted, Åge, Škoda, Éd"),
        (r"On $\alpha$ decay", "On 𝛼 decay"), ("{BERT} is {NLP}", "BERT is NLP"), ("a -- b", "a – b"), ("`` q ''", "q"),
        (r"\emph{It}", "It"), ("Straße, naïve, 日", "Straße, naïve"), ("a < b > c", "a < b > c"), ('say \\"a', "say ä"),
        (r"see \url{http://a.b/c_d%20e#f}", "http://a.b/c_d%20e#f"), ("%", "%"), ("a @ b", "a @ b"),
        ("C# and F#", "C# and F#"),
    ],
)  # fmt: skip
def test_titles_lose_nothing(sheet, title, shown):
    sheet.file("references.bib", f"@misc{{k, title = {{{title}}}, author = {{Doe, Jo}}, year = 2020}}")
    made = sheet.write("Text [@k].").set()
    assert shown.casefold() in made.words.replace("\xa0", " ").casefold()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BIB % "a" + BIB % "b" + BIB % "a", 'references.bib:3: the key "a" is there twice, first in line 1'),
        ("\n@misc{a, title = {x}\n\n" + BIB % "b", 'references.bib:2: not a valid bibliography: the entry "a"'),
        ("\n\n@misc{a, title = {x", 'references.bib:3: not a valid bibliography: a brace or quote of "a"'),
        ("@misc{a, title = {x {y}\n}\n" + BIB % "b", "references.bib:1: not a valid bibliography"),
        ("@misc{a, title = {x}, year 3}", 'references.bib:1: not a valid bibliography: unexpected \'year 3}\''),
        ("@misc{a b, title = {x}}", "references.bib:1: an entry begins with a key"),
        ("\n@misc{title = {x}}", "references.bib:2: an entry begins with a key"),
        ("@misc{a|b, title = {x}}", "references.bib:1: an entry begins with a key"),
        ("@misc{<a>, title = {x}}", "references.bib:1: an entry begins with a key"),
        ("@misc{a, title = }", 'references.bib:1: not a valid bibliography: title of "a" has no value'),
        (BIB % "other", "report.md:5: the citation @a is not in references.bib"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_a_broken_bibliography_is_one_line(sheet, text, said, ends):
    sheet.file("references.bib", "\ufeff" + text.replace("\n", ends))
    with pytest.raises(UserError) as caught:
        sheet.write("Text [@a].").set()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_citation_without_a_bibliography_is_named(sheet):
    (sheet.folder / "references.bib").unlink()
    with pytest.raises(UserError, match=r"report\.md:7: the citation @a is not in any bibliography"):
        sheet.write("Text\n\nmore [@a].").set()


def test_what_the_bibliography_does_not_show_is_noted(sheet):
    sheet.file(
        "references.bib", "% c\n" + BIB % "a" + "me@home.org\n@comment{x}\n" + BIB.replace("A title", r"\foo{x}") % "b"
    )
    notes = sheet.write("Text [@b].").set().notes
    assert 'references.bib:2: the entry "a" is cited nowhere' in notes[0]
    assert 'references.bib:5: the TeX \\foo{x} in "b" is not shown' in notes[1]


@given(fills=st.lists(st.floats(0, 3 * measure.CAPACITY), min_size=1, max_size=30).map(sorted))
def test_the_largest_setting_that_fits_is_found_in_few_rounds_of_layouts(fills):
    rounds = []

    class Press:
        def fit(self, settings: list[int]) -> list[bool]:
            rounds.append(settings)
            return [fills[at] <= measure.CAPACITY for at in settings]

    fitting = [at for at, fill in enumerate(fills) if fill <= measure.CAPACITY]
    assert typeset._last(list(range(len(fills))), Press()) == max(fitting, default=0)
    assert all(len(settings) <= 2 for settings in rounds)  # two cores
    assert len(rounds) <= math.ceil(math.log(len(fills) + 1, 3) - 1e-9)


@given(fits=st.lists(st.booleans(), min_size=1, max_size=30))
def test_the_setting_found_fits_if_any_that_was_tried_before_one_that_does_not(fits):
    class Press:
        def fit(self, settings: list[int]) -> list[bool]:
            return [fits[at] for at in settings]

    found = typeset._last(list(range(len(fits))), Press())
    assert fits[found] or found == 0
