"""References to sections and equations, and footnotes, in the PDF and on the web page; what leads nowhere is named."""

from __future__ import annotations

import re

import pytest

from onepage.core.errors import UserError

BODY = """# First {#one}

$$ E = mc^2 $$ {#eq-energy}

## Below {#below}

See [](#eq-energy), [](#eq-other), [](#two), [](#below), [](#away) and [this](#two).

# Second {#two}

As in $$ a = b $$
{#eq-other}. And so on[^n].

[^n]: A note.

# References
"""


@pytest.mark.parametrize(
    ("lang", "equation", "section"), [("en", "Eq.", "Section"), ("de", "Gl.", "Abschnitt"), ("sv", "Eq.", "Section")]
)
def test_equations_and_sections_are_referred_to_by_number(sheet, lang, equation, section):
    made = sheet.write(BODY, f"title: T\nlang: {lang}", "# Elsewhere {#away}\n\nText.").set()
    for text in (made.words, made.seen):
        text = text.replace("\xa0", " ").replace(" ,", ",")
        assert f"See {equation} (1), {equation} (2), {section} 2, {section} 1.1, Elsewhere and this" in text
        assert re.search(r"1\s+First", text)
        assert re.search(r"2\s+Second", text)
        assert not re.search(r"3\s+References", text)
        assert "A note." in text
        assert "{#" not in text
    assert 'id="eq-energy"' in made.html
    assert 'href="#eq-energy"' in made.html
    assert [each.title for each in made.composed.document.sections["content"]][:3] == ["First", "Below", "Second"]


def test_headings_stay_as_they_are_where_no_link_asks_for_a_number(sheet):
    made = sheet.write("# First {#one}\n\nText.\n\n# Second\n\n[there](#one)").set()
    assert "1\u2002First" not in made.html


@pytest.mark.parametrize("target", ["eq-enrgy", "twoo"])
def test_a_link_that_leads_nowhere_names_its_line_and_the_nearest(sheet, target):
    with pytest.raises(UserError) as caught:
        sheet.write(f"{BODY}\n[](#{target})".replace("[](#away), ", "").replace(", [](#away)", "")).set()
    assert re.search(rf"report\.md:\d+: a link to #{target}, .*(eq-energy|two)", str(caught.value))


NOTED = """# A

{word}[^first-{word}] and more.[^{word}]

```python
x = "{word}"
```

[^first-{word}]: First of {word}.
[^{word}]: Second of {word}, with `code`:

    - a list
"""


def test_every_id_is_on_the_page_once_whatever_each_part_brings(sheet):
    """Footnotes and code in the abstract, the content and the appendix; their numbers are those of the PDF."""
    parts = {word: NOTED.format(word=word) for word in ("content", "appendix")}
    body = f"::: abstract\nAbstract.^[Of the abstract.]\n:::\n\n{parts['content']}"
    made = sheet.write(body, appendix=parts["appendix"]).set()
    ids = re.findall(r'\bid="([^"]+)"', made.html)
    assert len(ids) == len(set(ids)), sorted(each for each in ids if ids.count(each) > 1)
    assert {link for link in re.findall(r'href="#([^"]+)"', made.html)} <= set(ids)
    assert made.typeset.tagged
    notes = ["Of the abstract.", *(f"{n} of {part}" for part in parts for n in ("First", "Second"))]
    for number, note in enumerate(notes, 1):
        assert re.search(rf'<li id="op:note-{number}">\s*<p>{note}', made.html), note
        assert re.search(rf"(?<!\d){number}\s?{note}", made.words), note
    assert re.search(r'<p>content<a href="#op:note-2" id="op:noteref-2"', made.html)
