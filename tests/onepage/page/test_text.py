"""What people write: templates and their errors, typed digits, words and sentences, vague work distributions."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from onepage.core.errors import UserError
from onepage.course import bonus, group
from onepage.page.numbers import template, wording
from onepage.page.numbers.filters import escape
from onepage.page.tree import document, lint, pandoc


def value(number, low=None, high=None, unit=None):
    return {"value": number, "low": low, "high": high, "unit": unit}


RESULTS = {
    "values": {
        "six.test_accuracy": value(0.954, 0.94, 0.96, "fraction"),
        "six": value(6),
        "base.test_accuracy": value(0.48, unit="fraction"),
        "odd-name.x": value(3),
        "p": value(0.00001),
    },
    "claims": {"good": {"holds": True}, "bad": {"holds": False}},
    "figures": {"plot": {"caption": "Cap."}, "other": {"caption": "Oth."}},
    "tables": {"t": {"caption": "Tab.", "columns": [{"key": "a"}]}},
    "answers": {"q": {"text": "An *answer*."}},
}


def render(text: str) -> str:
    return template.render(text, "report.md", RESULTS)[0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ six.test_accuracy | percent }}", "95.4%"),
        ("{{ six.test_accuracy | percent(0) }}", "95%"),
        ("{{ six.test_accuracy }}", "95.4%"),
        ("{{ six.test_accuracy | interval }}", "95.4% (94.0–96.0)"),
        ("{{ six }}", "6"),
        ("{{ six | spelled }}", "six"),
        ("{{ (six.test_accuracy * -0.5) | exact }}", "−0.477"),
        ("{{ six | count }}", "6"),
        ("{{ (six.test_accuracy - base.test_accuracy) | points }}", "47.4\N{NO-BREAK SPACE}points"),
        ("{{ (six.test_accuracy / base.test_accuracy) | times }}", "2.0×"),
        ("{{ value('odd-name.x') | unit('s') }}", "3\N{NO-BREAK SPACE}s"),
        ("{{ p | pvalue }}", "p < 0.001"),
        ("{{ six | signed }}", "+6.0"),
        ("{{ six.test_accuracy | digits(2) }}", "0.95"),
    ],
)
def test_filters_show(text, shown):
    written, use = template.render(text, "report.md", RESULTS)
    assert use.shown[0][1] == shown
    assert document.text(pandoc.read([pandoc.Source("content", "r", written)], None, None)["blocks"]) == shown


def test_conditions_on_claims_and_names():
    assert render('{% if claim("good") and not claim("bad") %}yes{% endif %}') == "yes"
    assert render('{% if has("six.test_accuracy") and not has("six.dialects") %}yes{% endif %}') == "yes"
    assert render("{% if six.test_accuracy > base.test_accuracy %}yes{% endif %}") == "yes"


def test_tags_on_lines_of_their_own_do_not_break_a_paragraph():
    assert render('a\n{% if claim("good") %}\nb\n{% else %}\nc\n{% endif %}\nd\n') == "a\nb\nd\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "\n{{ six.test_acuracy | percent }}",
            "report.md:2: there is no value \"six.test_acuracy\" (did you mean 'six.test_accuracy'?)",
        ),
        ("{{ sixx.test_accuracy }}", "report.md:1: there is no value \"sixx\" (did you mean 'six'?)"),
        ("{{ base }}", 'report.md:1: "base" is a group of values, not a value; it has test_accuracy'),
        ("a\n\n{% if claim('god') %}{% endif %}", "report.md:3: there is no claim \"god\" (did you mean 'good'?)"),
        ("{{ figure('plt') }}", "there is no figure \"plt\" (did you mean 'plot'?)"),
        ("{{ table('t', columns=['b']) }}", 'there is no column of the table t "b"'),
        ("{{ ref('plto') }}", "there is no figure or table \"plto\" (did you mean 'plot'?)"),
        ("{{ answer('r') }}", 'there is no answer "r"'),
        ("\n\n{{ six | prcent }}", "report.md:3: there is no filter \"prcent\" (did you mean 'percent'?)"),
        ("x\n{{ six ", "report.md:2: unexpected end of template"),
        ("{% if six %}", "report.md:1: Unexpected end of template"),
        ("{{ 'text' | percent }}", "'text' is not a number"),
        ("{{ six.test_accuracy - nothing }}", 'there is no value "nothing"'),
    ],
)
def test_template_errors_name_the_line(text, said):
    with pytest.raises(UserError) as caught:
        render(text)
    assert said in str(caught.value)
    assert re.match(r"report\.md:\d+: ", str(caught.value))


def test_a_value_must_not_hide_a_function():
    results = {**RESULTS, "values": {"figure.count": value(1)}}
    with pytest.raises(UserError, match="hides the function"):
        template.render("x", "report.md", results)


@settings(deadline=None, max_examples=tries(60))  # each example is a process of pandoc's
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30))
def test_escaped_text_is_only_text(text):
    blocks = pandoc.read([pandoc.Source("content", "r", "x " + escape(text))], None, None)["blocks"]
    assert [block["t"] for block in blocks] == ["Para"]
    assert {node["t"] for node in document.nodes(blocks)} <= {"Para", "Str", "Space"}
    assert document.text(blocks) == "x " + text


def typed(text: str, allowed=(), words=False) -> list[str]:
    """What is typed by hand in a page's text, as `onepage check` says it."""
    source = pandoc.Source("content", "report.md", render(text), text)
    found: list[lint.Typed] = []
    pandoc.read([source], None, None, change=lambda blocks: found.extend(lint.typed_in_tree(blocks, source)) or blocks)
    rules = lint.Rules(tuple(allowed), words)
    return [str(each) for each in found if not rules.permits(each)]


@pytest.mark.parametrize("text", ["97.3%", "5 s", "`k5`", "$n = 3$", "a 1,000 b", "x2", "two or 3", "(12)", "*4*"])
def test_typed_digits_are_found(text):
    assert typed(f"A line.\n{text}\n")[0].startswith("report.md:2: ")


@pytest.mark.parametrize(
    "text",
    [
        "{{ six | digits(3) }}", "{% if six > 3 %}y{% endif %}", "[s]{.claim #a-1}", "[@yu2016; @oord2016, p. x]",
        "[text](http://a/1.html)", "<!-- 12 -->", "1. first", "# Title {#t1}", "::: {.x width=3}\ny\n:::",
        "on 8 kHz audio",
        "x[^1]\n\n[^1]: y", "![alt](pic1.png){width=3in}", "<https://a.b/1>",
    ],
)  # fmt: skip
def test_what_states_no_number_is_left_alone(text):
    assert typed(text + "\n", ["8 kHz"]) == []


def test_an_allowed_phrase_allows_no_more_than_itself():
    assert len(typed("8 kHz, 18 kHz, 8 kHzz and k3, k44\n", ["8 kHz", r"/\bk\d\b/"])) == 3


@pytest.mark.parametrize(
    ("text", "words", "sentences"),
    [
        ("It doesn't work.", 3, 1),
        ("A *bold* **claim** with `code` and [a link](http://x.y/z).", 8, 1),
        ("We use e.g. dropout, i.e. noise, cf. Fig. 3.", 9, 1),
        ("It reached 95.4% on 1,200 clips. Good!", 7, 2),
        ("log-mel energies, mean-normalised", 3, 1),
        ("First. Second? Third!", 3, 3),
        ("- one\n- two\n- three", 3, 3),
        ("It cites [@a2016; @b2017] here.", 3, 1),
        ("[A finding]{.claim #x} holds.", 3, 1),
        ("# Heading\n\nText.", 2, 2),
        ("", 0, 0),
        ("Don’t stop… now.", 3, 1),
        ("He said “stop.” Then he left.", 6, 2),
        ("Dr. Ada met A. Turing.", 5, 1),
        ("<!-- hidden words --> Seen.", 1, 1),
        ("Straße über naïve Ölfilme", 4, 1),
        ("At 3 p.m. sharp.", 4, 1),
    ],
)
def test_words_and_sentences_as_a_person_counts(text, words, sentences):
    assert (wording.words(text), wording.sentences(text)) == (words, sentences)


@given(st.lists(st.from_regex(r"[a-z]{2,8}", fullmatch=True), min_size=1, max_size=30))
def test_plain_words_are_counted_exactly(listed):
    assert wording.words(" ".join(listed)) == len(listed)
    assert wording.sentences(" ".join(listed).capitalize() + ".") == 1


@pytest.mark.parametrize(
    "text",
    [
        "All members worked together and contributed equally", "Everyone contributed equally to the project.",
        "We all did the same amount of work", "The work was divided evenly among us", "Contributed equally",
        "Each member did an equal share", "Both of us shared the work fifty-fifty", "Worked on everything",
        "Did a bit of everything", "The whole team worked together on all parts",
        "It was a joint effort by the group",
        "Every member participated in every part", "Equal contribution from everyone", "50/50 with the other members",
        "The members collaborated closely on all tasks", "We worked on everything together",
        "Helped with all aspects",
        "Workload was shared equally", "Everybody was involved in all questions", "One third of the work",
        "Iedereen heeft evenveel bijgedragen",
    ],
)  # fmt: skip
def test_equal_contribution_in_any_wording_is_refused(text):
    assert group.vague(text)


@pytest.mark.parametrize(
    "text",
    [
        "Data (1a, 1b): wrote the loader and the split by speakers",
        "Balanced it so each language is equally frequent",
        "Trained the binary network and plotted its losses", "Reviewed the report together with Bo",
        "Bias: measured accuracy by dialect and drafted the answer", "Measured all recording conditions",
        "Searched batch size and learning rate, read the confusion matrix", "Split the clips evenly over speakers",
        "Export: wrote predictions for all test clips", "Wrote the shared loader that the other scripts import",
    ],
)  # fmt: skip
def test_concrete_parts_are_accepted(text):
    assert group.vague(text) is None


def test_shipped_group_is_concrete(request):
    people = group.load(request.config.rootpath / "reports/page/group.toml")
    assert group.shortfalls(people, 3, 4, 5) == []


def test_git_stands_beside_a_members_parts(tmp_path):
    """What git knows of a member's folders, when group.toml asks for it."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=Ada *A*", "-c", "user.email=a@b.c"]
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "x.py").write_text("x = 1\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], check=True, capture_output=True)
    (tmp_path / "group.toml").write_text(
        '[group]\nid = "1"\ngit = true\n[[member]]\nname = "Ada"\nparts = ["Wrote x"]\nfolders = ["src"]\n'
    )
    made = group.as_markdown(group.load(tmp_path / "group.toml"), tmp_path)
    assert r"Commits in src: Ada \*A\* 1" in made


@pytest.mark.parametrize(("score", "points"), [(0.9, 2), (0.95, 2), (0.7, 1), (0.5, 0), (0.2, 0)])
def test_bonus_is_linear_between_baseline_and_first(score, points):
    assert bonus.bonus(score, first=0.9, baseline=0.5) == pytest.approx(points)


def test_bonus_refuses_what_makes_no_sense():
    with pytest.raises(UserError, match="must be above"):
        bonus.bonus(0.5, first=0.4, baseline=0.5)
    with pytest.raises(UserError, match="finite"):
        bonus.bonus(float("nan"), first=1, baseline=0)
