"""Tables, long words and formulas stay on the page, and off each other."""

from __future__ import annotations

import re

import pytest

from onepage.core.errors import UserError
from onepage.publishing import geometry


def table(sheet, rows: list[dict]) -> None:
    keys = list(rows[0])
    columns = [{"key": k, "heading": k, "align": "left" if isinstance(rows[0][k], str) else "right"} for k in keys]
    source = sheet.results["tables"]["settings"]["source"]
    sheet.results["tables"]["t"] = {"caption": "Cap.", "note": None, "columns": columns, "rows": rows, "source": source}


WORDS = "a rather long description of what was done in this row that no column can hold"
TABLES = {
    "wide": [{"run": "a run", **{f"measure_{k}": 0.12345 * k for k in range(14)}} for _ in range(3)],
    "wider": [{"run": f"r{i}", **{f"m{k}": 1000.5 * k for k in range(22)}} for i in range(3)],
    "words": [{"run": "a", "setting": WORDS, "also": WORDS + " and on"} for _ in range(3)],
    "long": [{"row": f"row {i}", "v": 1.5 * i} for i in range(200)],
    "long and wide": [{"row": f"row {i}", **{f"measure_{k}": i * k for k in range(10)}} for i in range(150)],
    "long words": [{"address": "http://example.org/" + "abcdefgh/" * 20, "b": "x" * 90, "c": 3} for _ in range(3)],
    "one column": [{"c": WORDS * 6} for _ in range(30)],
}


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("name", list(TABLES))
def test_tables_stay_on_the_page_and_off_each_other(sheet, name, typed):
    rows = TABLES[name]
    table(sheet, rows)
    markdown = "\n".join(
        "| " + " | ".join(str(c) for c in line) + " |"
        for line in (rows[0], ["---"] * len(rows[0]), *(row.values() for row in rows))
    )
    body = "# A\n\nBefore.\n\n" + (f"{markdown}\n\n: Cap." if typed else '{{ table("t") }}') + "\n\nAfter it."
    made = sheet.write(body).set()
    assert made.typeset.tagged
    assert "Table 1. Cap." in made.words
    assert re.search(r'<div class="scroll"[^>]*>\s*<table', made.html)
    assert "After it." in made.words
    first = str(rows[-1][next(iter(rows[-1]))])[:20]
    assert first[:9] in made.words
    inside = [p for p in made.pieces() if p[2] > 40]  # without the footer
    right = (210 - geometry.MARGIN_X) * 72 / 25.4
    for _, x, y, size, text in inside:
        narrowest = 0.18 * size * len(text)  # of any text of that length
        assert x + narrowest <= right + 1, text
        assert y <= (297 - geometry.MARGIN_TOP) * 72 / 25.4 + 1
    seen = {}
    for page, x, y, _, text in inside:
        here = (page, round(x, 1), round(y, 1))
        assert here not in seen, (text, seen.get(here))
        seen[here] = text
    if name in ("long", "long and wide"):
        assert all(f"row {i} " in made.words for i in range(0, len(rows), 7))


def test_a_table_that_no_page_can_hold_is_refused(sheet):
    table(sheet, [{f"measurement{k}": 123456.5 for k in range(40)}])
    with pytest.raises(UserError, match=r'report\.md:7: table\("t"\): 40 columns are more than a page is wide; leave'):
        _ = sheet.write('Text\n\n{{ table("t") }}').set().typeset


def test_long_words_and_formulas_stay_in_their_column(sheet):
    word = "Donaudampfschiff" * 8
    address = "http://example.org/" + "abcdefgh/" * 15
    formula = "$$" + " + ".join("abcdefghijklmnopqrstuvwxyz" * 2) + "$$"
    made = sheet.write(f"# A\n\n{word} and {address} <{address}>\n\n`{word}`\n\n```\n{word}\n```\n\n{formula}").set()
    page = made.picture.convert("L")
    middle, scale = page.width // 2, page.width / 210
    gutter = page.crop((int(middle - 2.5 * scale), int(30 * scale), int(middle + 2.5 * scale), int(280 * scale)))
    assert gutter.getextrema()[0] > 240  # nothing is printed between the columns
    assert made.words.replace(" ", "").count(word) == 3
    assert made.words.replace(" ", "").count(address) >= 2
