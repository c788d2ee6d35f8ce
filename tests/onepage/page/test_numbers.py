"""Numbers of the page: what the text may compute, filter and compare, and what is refused; what was typed is found."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepage.core import quantities
from onepage.core.errors import UserError
from onepage.page.numbers import marks, template
from onepage.page.numbers.arithmetic import Quantity, compute
from onepage.page.numbers.filters import ALL_FILTERS, ALL_TESTS, FILTERS
from onepage.page.tree import document, lint, pandoc

NBSP = "\N{NO-BREAK SPACE}"


def value(number, low=None, high=None, unit=None):
    return {"value": number, "low": low, "high": high, "unit": unit}


RESULTS = {
    "values": {
        "n": value(12345, unit="clips"), "m": value(5, unit="clips"), "voices": value(4, unit="speakers"),
        "k": value(3), "x": value(2.5), "zero": value(0), "minus": value(-0.0),
        "acc": value(0.9541, 0.9477, 0.9604, "fraction"), "base": value(0.48, unit="fraction"),
        "length": value(3.2, unit="m"), "width": value(1.6, unit="m"), "time": value(2.5, unit="s"),
        "pct": value(95.4, unit="%"), "pct2": value(94.0, unit="%"), "rate": value(0.003),
        "a": value(5), "b": value(2), "a-b": value(100), "g": value(2), "g.value": value(7), "group.x": value(1),
        "many": value(1234567), "whole": value(2, 1.5, 2.5), "huge": value(1e300), "bad": value(float("nan")),
        "six": value(6),
    },
    "claims": {"c-1": {"holds": True, "text": "it is 5", "evidence": "e"}},
    "figures": {"plot": {"caption": "Cap of 3."}}, "tables": {},
    "answers": {"q": {"text": "It is 5 of six, as [@x2016] and `k9` say."}},
    "provenance": {"profile": "full", "corpus": {"name": "c2"}, "targets": {"net": {"parameters": {"epochs": 3}}}},
}  # fmt: skip


def source(text: str) -> tuple[pandoc.Source, list]:
    written = template.render(text, "report.md", RESULTS)[0]
    made = pandoc.Source("content", "report.md", written, text)
    kept: list = []

    def keep(blocks: list) -> list:
        kept.extend(blocks)
        return blocks

    pandoc.read([made], None, None, change=keep)
    return made, kept


def read(text: str) -> str:
    """What the page says."""
    return document.text(marks.restore(source(text)[1]))


def typed(text: str, *allowed: str, words: bool = False) -> list[str]:
    made, blocks = source(text)
    rules = lint.Rules(allowed, words)
    return [each.text for each in lint.typed_in_tree(blocks, made) if not rules.permits(each)]


def refused(text: str) -> str:
    with pytest.raises(UserError) as caught:
        template.render("\n" + text, "report.md", RESULTS)
    assert str(caught.value).startswith("report.md:2: ")
    return str(caught.value)


# Right


RIGHT = [
    ("{{ n | int }}", "12,345"), ("{{ acc | float }}", "0.954"), ("{{ k | round }}", "3"),
    ("{{ acc | round(2) }}", "0.95"),
    ("{{ (a - b) | abs }}", "3"), ("{{ (b - a) | abs }}", "3"), ("{{ many | exact }}", "1,234,567"),
    ("{{ rate | exact }}", "0.003"), ("{{ whole | interval }}", "2.0 (1.5–2.5)"), ("{{ minus }}", "0"),
    ("{{ acc - base }}", f"47.4{NBSP}points"), ("{{ (acc - base) | points(0) }}", f"47{NBSP}points"),
    ("{{ 1 - acc }}", "4.6%"), ("{{ acc - 0.5 }}", f"45.4{NBSP}points"), ("{{ acc + base }}", "143.4%"),
    ("{{ acc / base }}", "1.99"), ("{{ (acc - base) / base }}", "0.988"), ("{{ acc * n }}", "11,778"),
    ("{{ length + width }}", f"4.80{NBSP}m"), ("{{ length / width }}", "2.00"), ("{{ length * 2 }}", f"6.40{NBSP}m"),
    ("{{ 2 * length }}", f"6.40{NBSP}m"), ("{{ length / 2 }}", f"1.60{NBSP}m"), ("{{ n + m }}", "12,350"),
    ("{{ n + 1 }}", "12,346"), ("{{ n // m }}", "2,469"), ("{{ n % m }}", "0"), ("{{ k ** 2 }}", "9"),
    ("{{ 2 ** k }}", "8"),
    ("{{ -length }}", f"−3.20{NBSP}m"), ("{{ +k }}", "3"), ("{{ pct - pct2 }}", f"1.4{NBSP}points"),
    ("{{ a - b }}", "3"), ("{{ value('a-b') }}", "100"), ("{{ a -b }}", "3"),
    ("{{ g.value }}", "7"), ("{{ g }}", "2"), ("{{ acc.value }}", "0.954"), ("{{ acc.low }}", "94.8%"),
    ("{{ length.unit }}", "m"), ("{{ 2 * acc - acc }}", f"95.4{NBSP}points"),
    ("{{ (acc * 0.5) | interval }}", "47.7% (47.4–48.0)"), ("{{ (-acc) | interval }}", "−95.4% (−96.0 to −94.8)"),
    ("{{ [a, b] | sum }}", "7"), ("{{ [length, width] | sum }}", f"4.80{NBSP}m"), ("{{ [a, b] | max }}", "5"),
    ("{{ [a, b] | min }}", "2"), ("{{ [a, b] | sort | join(' and ') }}", "2 and 5"),
    ("{{ [a, b] | map('exact') | join('; ') }}", "5; 2"), ("{{ [a, b] | select('>', 3) | first }}", "5"),
    ("{{ [a, b, a] | unique | join('; ') }}", "5; 2"), ("{{ [{'v': a}, {'v': b}] | sum('v') }}", "7"),
    ("{% for v in [a, b] %}{{ v }} {% endfor %}", "5 2"), ("{{ k ~ ' of ' ~ n }}", "3 of 12,345"),
    ("{{ '%s of' | format(k) }}", "3 of"), ("{{ '%s of' % k }}", "3 of"), ("{{ '{}'.format(n) }}", "12,345"),
    ("{{ acc | percent | upper }}", "95.4%"), ("{{ n | string }}", "12,345"), ("{{ k | default('x') }}", "3"),
    ("{{ n if n > 5 else k }}", "12,345"), ("{{ many }}", "1,234,567"), ("{{ huge }}", f"1.00{NBSP}×{NBSP}10³⁰⁰"),
    ("{{ six | spelled }}", "six"), ("{{ n | spelled }}", "12,345"),
    ("{{ provenance.targets['net'].parameters.epochs }}", "3"), ("{{ provenance.corpus.name }}", "c2"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), RIGHT)
def test_what_has_one_meaning_is_written_and_counts_as_computed(text, said):
    assert read(text) == said
    assert typed(text, words=True) == []


@pytest.mark.parametrize(
    "condition",
    [
        "k == 3", "3 == k", "k != 4", "k is eq 3", "k in [1, 3]", "k <= 3", "k < acc * 9", "n > 10", "acc > 0.9",
        "acc > base > 0.1", "not zero", "k and n", "k is odd", "n is divisibleby 5", "k is number", "k is integer",
        "x is float", "k is defined", "not (k is none)", "many == 1234567", "length > 3", "length > width",
        "n is gt m", "minus == 0", "k == a - b", "provenance.corpus.name == 'c2'", "length.unit == 'm'",
        "acc.low > 0.94", "k is not divisibleby 2",
    ],
)  # fmt: skip
def test_conditions_are_about_the_number(condition):
    assert read(f"{{% if {condition} %}}yes{{% else %}}no{{% endif %}}") == "yes"


# Refused


MEANINGLESS = [
    "length / time", "length + time", "length - time", "length * time", "length + 1", "1 - length", "length + k",
    "n + voices", "n / voices", "n - voices", "length ** 2", "2 ** length", "acc ** 2", "1 / length", "acc + length",
    "acc - base - acc", "length // 2", "x // 2", "x % 2", "k / 0", "k // zero", "k % 0", "pct * pct2", "pct - 1",
    "k + 'a'", "'a' + k", "k * 'a'", "'a' * k", "k + none", "k + true", "true + k", "k + [1]", "[1] + k", "k - 'a'",
    "bad + 1", "bad", "bad * 2", "-bad", "huge * huge", "huge ** 9", "minus ** -1", "(b - a) ** 0.5",
    "group", "group + 1", "-group", "k + nothing", "k - group.y", "n.nothing", "k['a']", "k[0]", "k[:1]",
    "'%d' % k", "'%.2f' % acc", "'{:.2f}'.format(acc)", "k ~ k", "'5' ~ k", "k ~ '5'", "k ~ '.' ~ k", "[a, b]",
    "{'a': k}",
    "(acc | string)[:2]", "(acc | percent)[:2]", "(acc | upper)[1]", "(acc | percent) * 2", "(acc | percent) + 1",
    "(acc | percent) > 3", "[1, 2][k]", "range(3)", "a-b", "a-b | exact", "1 + a-b", "acc.__class__", "k(3)",
    "k in 3",
]  # fmt: skip


@pytest.mark.parametrize("expression", MEANINGLESS)
def test_what_has_no_one_meaning_is_refused_with_its_line(expression):
    refused(f"{{{{ {expression} }}}}")


@pytest.mark.parametrize(
    "condition",
    [
        "k == '3'", "'3' == k", "k == none", "k == true", "k != 'x'", "k < 'a'", "k == [3]", "length == time",
        "n > voices",
        "acc > length", "k in ['3']", "3 in k", "bad == bad", "bad > 0", "group", "group == 1", "x is odd",
        "acc is even",
        "k is sameas 3", "k is lower", "k is sequence", "k is true", "k is iterable", "x is divisibleby 2",
        
        "(acc | percent) == '95.4%'", "acc | percent | int > 5", "bad",
    ],
)  # fmt: skip
def test_comparisons_that_are_never_true_are_refused(condition):
    refused(f"{{% if {condition} %}}x{{% endif %}}")


WRITING = [
    ("length | percent", "percent"), ("(acc - base) | percent", "percent"), ("length | points", "points"),
    ("n | points", "points"),
    ("length | count", "count"), ("x | count", "count"), ("length | unit('km')", "km"), ("acc | unit('s')", "in s"),
    ("n | duration", "duration"), ("-x | duration", "duration"), ("x | pvalue", "probability"),
    ("acc | pvalue", "pvalue"),
    ("acc | percent(-1)", "percent"), ("acc | percent('2')", "percent"), ("acc | percent(1.5)", "percent"),
    ("acc | percent(true)", "percent"), ("acc | percent(99)", "percent"), ("acc | percent(k)", "percent"),
    ("acc | percent(place=1)", "place"), ("acc | round(k)", "round"), ("acc | round(1, 'ceil')", "ceil"),
    ("x | int", "int"),
    ("'5' | percent", "not a number"), ("none | percent", "no number"), ("true | count", "no number"),
    ("[k] | count", "no number"),
    ("bad | exact", "finite"), ("(acc | percent) | percent", "no number"), ("group | count", "group of values"),
    ("[length, time] | sum", "no one meaning"), ("[length, time] | max", "units differ"),
    ("[n, voices] | sort", "units differ"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "said"), WRITING)
def test_filters_that_do_not_fit_are_refused_by_name(expression, said):
    assert said in refused(f"{{{{ {expression} }}}}")


GOOD_FOR_ONE = {
    "abs", "capitalize", "center", "d", "default", "e", "escape", "float", "forceescape", "indent", "int", "lower",
    "round", "safe", "string", "title", "trim", "upper",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(ALL_FILTERS) - set(FILTERS)))
@pytest.mark.parametrize("content", ["n", "n | exact", "n | string"])
def test_every_filter_of_jinja_is_right_or_refused_by_name(name, content):
    """12,345 stays 12,345, whole; a filter that does anything else with it is named in the error."""
    text = f"x {{{{ {content} | {name} }}}}"
    if name in GOOD_FOR_ONE and (content == "n" or name not in ("abs", "float", "int", "round")):
        assert read(text) == "x 12,345"
        assert typed(text) == []
    else:
        assert f'"{name}"' in refused(text) or name == "abs"


@pytest.mark.parametrize("name", sorted(ALL_TESTS))
def test_every_test_of_jinja_is_right_or_refused(name):
    right = {
        "boolean": "no", "defined": "yes", "even": "no", "float": "no", "integer": "yes", "mapping": "no", "none": "no",
        "number": "yes", "odd": "yes", "string": "no", "undefined": "no",
    }  # fmt: skip
    argument = {"divisibleby": " 5", "in": " [12345]"} | dict.fromkeys(
        ("eq", "equalto", "ge", "greaterthan", "gt", "le", "lessthan", "lt", "ne", "sameas"), " 12345"
    )
    if not name.isalpha():
        pytest.skip("the same function under another name")
    text = f"{{% if n is {name}{argument.get(name, '')} %}}yes{{% else %}}no{{% endif %}}"
    if name in (
        "callable",
        "escaped",
        "false",
        "filter",
        "iterable",
        "lower",
        "sameas",
        "sequence",
        "test",
        "true",
        "upper",
    ):
        assert f'"{name}"' in refused(text)
    else:
        wanted = right.get(name, "no" if name in ("ne", "lt", "lessthan", "gt", "greaterthan") else "yes")
        assert read(text) == wanted


UNITS = [None, "fraction", quantities.DIFFERENCE, "m", "s", "clips", "speakers", "%"]


@given(
    st.sampled_from(["+", "-", "*", "/"]), st.sampled_from(UNITS), st.sampled_from(UNITS),
    st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-6), st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-6),
)  # fmt: skip
def test_laws_of_units(sign, one, other, a, b):
    left, right = Quantity(a, unit=one, names=("left",)), Quantity(b, unit=other, names=("right",))
    try:
        made = compute(sign, left, right)
    except UserError:
        assert one != other or sign == "*"  # within a unit, only a product has no meaning
        return
    assert made.names == ("left", "right")
    if sign in "+-" and None not in (one, other):
        assert one == other or {one, other} <= {"fraction", quantities.DIFFERENCE}
    if sign == "/" and one == other:
        assert made.unit is None
        assert made.value == pytest.approx(a / b)
    if sign == "-" and one == other == "fraction":
        assert made.unit == quantities.DIFFERENCE
    if sign == "+":
        back = compute("+", right, left)
        assert (back.value, back.unit) == (pytest.approx(made.value), made.unit)


# Written


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (quantities.exact(1234567), "1,234,567"), (quantities.exact(999_999_999_999_999), "999,999,999,999,999"),
        (quantities.exact(1e15 - 1), "999,999,999,999,999"), (quantities.exact(0.1 + 0.2), "0.3"),
        (quantities.exact(-0.0), "0"),
        (quantities.exact(1e-5), "0.00001"), (quantities.exact(-2.5), "−2.5"),
        (quantities.exact(1e-12), f"1{NBSP}×{NBSP}10⁻¹²"),
        (quantities.interval(2, 1.5, 2.5), "2.0 (1.5–2.5)"), (quantities.interval(2, 1.6, 2.4), "2.0 (1.6–2.4)"),
        (quantities.interval(143.2, 143.1, 143.3, "s"), f"143.2{NBSP}s (143.1–143.3)"),
        (quantities.interval(0.9996, 0.9991, 0.9999, "fraction"), "99.96% (99.91–99.99)"),
        (quantities.percent(0.9996), "99.96%"), (quantities.percent(0.996, 0), "99.6%"),
        (quantities.percent(1.0), "100.0%"),
        (quantities.percent(-0.00001), "0.0%"), (quantities.points(0.01, 0), f"1{NBSP}point"),
        (quantities.points(-0.01, 0), f"−1{NBSP}point"), (quantities.decimals(-0.04, signed=True), "0.0"),
        (quantities.decimals(0.0, signed=True), "0.0"), (quantities.shown(2024.0), "2,024"),
        (quantities.shown(-0.0), "0"),
        (quantities.shown(float("inf")), "–"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_they_are(written, said):
    assert written == said


def plain(text: str) -> float:
    return float(re.sub(r"[%,]", "", text).replace(quantities.MINUS, "-"))


@given(
    st.one_of(st.integers(-10**6, 10**6), st.floats(-1e4, 1e4)), st.floats(0, 100), st.floats(0, 100),
    st.sampled_from([None, "fraction", "clips", quantities.DIFFERENCE]),
)  # fmt: skip
def test_an_interval_as_written_holds_its_number_and_its_digits_agree(number, below, above, unit):
    low, high = number - below, number + above
    said = quantities.interval(number, low, high, unit).replace(f"{NBSP}points", "").replace(f"{NBSP}point", "")
    centre, ends = said.rstrip(")").split(" (")
    first, last = re.split(r" to |(?<=\d)–", ends)
    assert plain(first) <= plain(centre) <= plain(last)
    assert len({each.strip("%").partition(".")[2].__len__() for each in (centre, first, last)}) == 1
    if (low, high) != (number, number) and below + above > 0.01:
        assert first != last


@given(st.floats(0, 1, exclude_max=True, allow_subnormal=False), st.integers(0, 2))
def test_what_is_not_all_is_not_written_as_all(share, places):
    if share < 0.99999:
        assert plain(quantities.percent(share, places)) < 100


@given(st.integers(-(10**15), 10**15))
def test_whole_numbers_are_exact(number):
    assert int(plain(quantities.exact(number))) == number
    assert int(plain(quantities.exact(float(number)))) == number


# Typed


TYPED = [
    "97.3%", "{{ 97.3 }}", '{{ "13.5" }}', "{% set n2 = 12 %}{{ n2 }}", "{{ 0.97 | percent }}",
    '{{ "%d" | format(5) }}',
    '{{ "%d" % 5 }}', '{{ figure("plot", caption="Of 12 clips") }}', "# Twelve or 12 {#some-id}", "# 12 {#some-id}",
    "97. clips were heard.", "97) clips were heard.", "(97) clips", "½", "x²", "H₂O", "①", "٣ clips", "５ clips", "𝟗",
    "&#49;", "&#x31;", "&frac12;", "a {{ 3 + 4 }} b", "$x = 1$", "$$\n1 + a\n$$", "`a5`", "```\nx = 5\n```",
    "x[^1]\n\n[^1]: of 12 clips", "[of 12](a.html)", '[a](a.html "of 12")', "![of 12](a.png)", '![a](a.png "of 12")',
    '![a](a.png){alt="of 12"}', "| a | b |\n|---|---|\n| c | 12 |", "- of 12", "1. of 12", "> of 12", "*12*",
    "**1**2",
    '<b title="12">x</b>', "<b>12</b>", "<td>12</td>", "`12`{=html}", "`12`{=typst}", "```{=typst}\n12\n```",
    "[@x2016, 12 clips]", "[12 clips in @x2016]", "@x2016 [of 12 clips]", "x\n:   of 12", "| of 12\n| lines",
    "12^th^",
    '[x]{title="12"}', "{% for i in [1, 2] %}{{ i }}{% endfor %}", "{{ [a, b] | length }}", "{{ 'x' ~ 5 }}",
    "{% for i in [a, b] %}{{ loop.index }}{% endfor %}", "{% set t = 'of 12' %}{{ t }}", "{{ '1' }}{{ '2' }}",
    "{{ k }}5", "5{{ k }}", "{{ k }}{{ k }}", "{{ k }}.{{ n }}", "{{ n | default(3) }} {{ n.z | default(3) }}",
    "{% if k > 3 %}a{% else %}of 12{% endif %}", "{% macro f(x) %}{{ x }}{% endmacro %}{{ f(5) }}",
    "::: {.warning}\n12\n:::",
    "{% raw %}12{% endraw %}", "12--13", "{{ '12' | safe }}", '<ol start="7"><li>x</li></ol>', "1. a\n\nb\n\n7. c",
    "[95.4%]{.value names=\"acc\"}", "<!-- x --> 12 <!-- y -->", "[it is 12]{.claim #c-1}", "{{ '١٢' }}",
    "kHz\u00a08",
]  # fmt: skip


@pytest.mark.parametrize("text", TYPED)
def test_a_digit_that_nobody_computed_is_typed_however_it_got_there(text):
    assert typed(f"Before.\n\n{text}\n\nAfter.\n")


@pytest.mark.parametrize(
    "text",
    [
        "{{ acc }} of {{ n | count }}", "# {{ n }} clips {#h-1}", "{{ answer('q') }}", "{{ finding('c-1') }}",
        '{{ figure("plot") }}', "[@x2016, p. 33]", "[@x2016, pp. 3-5; @y2017]", "1. a\n2. b", "1. a\n\nb\n\n2. c",
        "VIII and Ⅷ", "[a](http://b/1.html)", "<https://a.b/1>", "see https://a.b/1 there", "<!-- 12 -->",
        "{!-- 12 --!}",
        "::: {.x width=3}\ny\n:::", "[s]{.claim #c-1}", "![a](b1.png){width=30%}",
        "| {{ n }} | a |\n|---|---|\n| {{ k }} | b |",
        "{% if k > 2 %}a{% endif %}", "${{ k }}$", "`{{ k }}`", "{{ answer('q') ~ ' more' }}",
        "{{ provenance.corpus.name }}",
        "(@) first\n(@) second", "a. x\nb. y", "{{ acc | interval }}", "{{ six | spelled }} languages",
    ],
)  # fmt: skip
def test_what_was_computed_or_states_no_number_is_not_typed(text):
    assert typed(f"Before.\n\n{text}\n\nAfter.\n") == []


@pytest.mark.parametrize(
    "word", ["seven", "Twelve", "twenty-one", "hundred", "zwei", "einundzwanzig", "trois", "doce", "vijftig", "três"]
)
def test_numerals_in_words_count_where_the_brief_asks_for_it(word):
    assert typed(f"Of {word} clips.\n") == []
    assert typed(f"Of {word} clips.\n", words=True) == [word]


@pytest.mark.parametrize(
    "text", ["One of them.", "often", "weight", "tension", "{{ six | spelled }}", "{{ answer('q') }}"]
)
def test_other_words_are_no_numerals(text):
    assert typed(text, words=True) == []


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("At 8 kHz.", "8 kHz"), ("At 8\nkHz.", "8 kHz"), ("At 8\u00a0kHz.", "8 kHz"), ("Of 5--10 items.", "5-10"),
        ("macro-F1", "/macro.F1/"), ("Question 2b.", r"/\b[1-4][a-d]\b/"), ("{{ 97.3 }}", "97.3"),
    ],
)  # fmt: skip
def test_what_the_brief_allows_may_be_typed_and_nothing_beside_it(text, allowed):
    assert typed(text) != []
    assert typed(text, allowed) == []
    assert typed(text + " And 77.", allowed) == ["77"]


def test_the_line_of_a_typed_number_is_named_where_the_same_digits_stand_elsewhere():
    text = "a [@x12]\n\n[b](c12.html) {{ n }}\n\nof 12 c\n\n{{ k }} and\n12 d\n\n{{ 0.5 | percent }} halves\n"
    made, blocks = source(text)
    found = [(each.text, each.where) for each in lint.typed_in_tree(blocks, made)]
    assert found == [("12", "report.md:5"), ("12", "report.md:8"), ("50.0%", "report.md:10")]


@pytest.mark.parametrize(
    "forged", ["\U00011c53", "&#x11C53;", "&#72787;", '{{ "\\U00011c53" }}', '{{ "\\N{BHAIKSUKI DIGIT THREE}" }}']
)
def test_the_mark_of_a_computed_number_cannot_be_typed(forged):
    assert "report.md:2: " in refused(forged)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=30))
def test_marks_leave_no_trace(text):
    assert marks.restore(marks.text(text)) == marks.restore(marks.whole(text)) == marks.restore(text)


def test_the_footer_says_what_the_check_found():
    def said(*texts: str, allowed: tuple[str, ...] = ()) -> str:
        return lint.statement(lint.typed_in_texts([(text, 1) for text in texts], "r"), lint.Rules(allowed))

    assert said("none") == "Every number on these pages is computed by make report."
    assert "given by the assignment (8 kHz)" in said("at 8 kHz", allowed=("8 kHz",))
    found = said("at 8 kHz", "97.3%", allowed=("8 kHz",))
    assert "typed by hand (97.3%)" in found
    assert "Every" not in found


def test_every_filter_is_tried():
    named = {name for name, _ in itertools.chain(RIGHT, WRITING)}
    assert all(
        any(f"| {name}" in text for text in named)
        for name in FILTERS
        if name not in ("digits", "times", "rounded", "signed")
    )


UNSEEN = [
    "<!-- 1 2 -->", "<b class='h2'>", "[5](https://a.example/66)", "https://a.example/77", "[8](#sec-99)", "[3]{.w10}",
    "`4`{.r11}", "[@key12]", "@key13", "[^14]", "&#157;",
]  # fmt: skip


@pytest.mark.parametrize("heading", ["", "# Part 6 {#part-7}\n", "## 8 and 9 {.n10 #n11}\n\n"])
@pytest.mark.parametrize("pieces", [(one, two) for one, two in zip(UNSEEN, [*UNSEEN[1:], UNSEEN[0]], strict=True)])
def test_digits_that_are_read_are_marked_and_those_for_pandoc_are_not(heading, pieces):
    """Whatever stands before, between and behind them; `str` of the pieces says which digits are pandoc's own."""
    written = f"{heading}20 {pieces[0]} 21 {pieces[1]} 22"
    found = marks.text(written)
    assert marks.restore(found) == written
    kept = re.sub(r"\[\d+\](?=[({])|`\d`", "", heading + "".join(pieces))  # brackets and code hold what is read
    kept = re.sub(r"^#+ [^{]*", "", kept)
    plain = "".join(re.findall(r"[0-9]", found))
    assert plain == "".join(re.findall(r"[0-9]", kept))
