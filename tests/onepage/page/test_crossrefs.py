"""References to sections and equations, in the PDF and on the web page; what leads nowhere is named."""

from __future__ import annotations

import re

import pytest
from page_sheet import Sheet

from onepage.core.errors import UserError


@pytest.fixture
def sheet(built, tmp_path):
    return Sheet(built, tmp_path)


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
