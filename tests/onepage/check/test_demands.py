"""Demands that could be met although they are not, or fall short although they are met: words, code, steps, bounds."""

from __future__ import annotations

import math
import types

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from onepage.check import demands_page, demands_work
from onepage.check.evidence import Evidence
from onepage.course import group
from onepage.page import brief
from onepage.page.numbers import wording
from onepage.page.tree import document, pandoc
from onepage.page.tree.document import ClaimUse, Section
from onepage.scripts import code_names

SENTENCES = [
    ("Vitamin C. It helps.", 2), ("It ended at 5 p.m. The next day it rained.", 2), ("At 3 p.m. sharp.", 1),
    ("We use e.g. dropout, i.e. noise, cf. Fig. 3.", 1), ("It reached 95.4% on 1,200 clips. Good!", 2),
    ("First. Second? Third!", 3), ("Don’t stop… now.", 1), ("He said “stop.” Then he left.", 2),
    ("Dr. Ada met A. Turing.", 1), ("See Fig. 2. It shows much.", 2), ("J. K. Smith wrote it.", 1),
    ("The U.S. Army came. It left.", 2), ("He lives in the U.S. She does not.", 2),
    ("It is 3.5 m long. We measured.", 2),
    ("Visit http://a.b/c.html. Then go.", 2), ("Is it? Yes (it is). Good.", 3),
    ("It works (see Sec. 3). It is fast.", 2),
    ("Use torch.nn.LSTM. It learns.", 2), ("We tried it, etc. Then we stopped.", 2),
    ("Smith et al. found it. We agree.", 2),
    ("Choose option B. It is best.", 2), ("So do I. You too.", 2), ("Wait... What? Yes.", 3),
    ("It is No. 5 of them.", 1),
    ("Is it? No. It is not.", 3), ("Mr. and Mrs. Jones vs. Ms. Lee.", 1), ("approx. 5 clips, ca. 6 s.", 1),
    ('"Why?" he asked.', 1), ("It ended in 2019. In 2020 it began.", 2), ("x = 5. y = 6.", 2),
    ("A, B and C. D follows.", 2), ("iPhone sales rose. eBay fell.", 2), ("No end", 1), ("see a. x", 1),
    ("- one\n- two.\n- three", 3), ("# Head\n\nText. More.", 3), ("It is $a. B$ there. Yes.", 2),
    ("Das ist z. B. ein Satz. Noch einer.", 2), ("Am 3. Mai kam er. Dann ging er.", 2),
    ("Es gibt u. a. Hunde, d. h. Tiere.", 1),
    ("Prof. Dr. Meier kam. Er ging.", 2), ("El Sr. López vino. Se fue.", 2), ("¿Qué es? Es así. ¡Bien!", 3),
    ("Hay gatos, p. ej. negros. Son bonitos.", 2), ("M. Dupont est venu. Il part.", 2),
    ("C'est l'art. 3 du code. Voilà.", 2),
    ("Dat is bijv. een zin. Nog een.", 2), ("Dhr. Jansen kwam o.a. gisteren. Hij ging.", 2),
    ("O Sr. Silva veio. Ele foi.", 2), ("Há cães, p. ex. grandes. São bons.", 2),
]  # fmt: skip


@pytest.mark.parametrize(("text", "count"), SENTENCES)
def test_sentences_in_six_languages(text, count):
    assert wording.sentences(text) == count


KNOWN = st.sampled_from([text for text, count in SENTENCES if count == 1 and text[-1] in ".!?" and text[0].isupper()])


@given(KNOWN, KNOWN)
def test_two_sentences_joined_are_two(one, other):
    assume(not one.endswith(" s."))
    assert wording.sentences(f"{one} {other}") == 2


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a/b/c", 3), ("a<b and c>d", 5), ("<b>x</b> y", 2), ('<span class="k">x</span> y', 2), ("and,or", 2),
        ("1,200.5 of 1/2", 3),
        ("see http://a.b/c.html.", 2), ("$a = b + c$ holds", 2), ("nai\u0308ve", 1), ("soft\u00adware", 1),
        ("we saw\n5. Then", 4),
        ("1. a\n2. b", 2), ("it's a well-known x", 4), ("`a b` [c](d e)", 3), ("x < y > z", 3), ("95.4%", 1),
        ("[@a2016, p. 3] x", 1),
        ("a:b", 2), ("12:30", 1), ("> quoted words", 2),
    ],
)  # fmt: skip
def test_words(text, count):
    assert wording.words(text) == count


@given(
    st.lists(
        st.from_regex(r"(?:[a-z]{2,6}|[1-9]\d?\.?|[a-z]{2,4}-[a-z]{2,4})", fullmatch=True), min_size=2, max_size=12
    ),
    st.data(),
)
def test_the_count_of_words_does_not_depend_on_line_breaks(listed, data):
    assume(not listed[0][0].isdigit())
    breaks = data.draw(st.lists(st.sampled_from([" ", "\n"]), min_size=len(listed) - 1, max_size=len(listed) - 1))
    broken = "".join(word + gap for word, gap in zip(listed, [*breaks, ""], strict=True))
    assert wording.words(broken) == wording.words(" ".join(listed)) == len(listed)


LSTM = "torch.nn.LSTM"


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("from torch import nn\nnn.LSTM()", LSTM), ("import torch.nn as nn\nx = nn\nx.LSTM", LSTM),
        ("from torch.nn import *\nLSTM()", LSTM),
        ("import torch\ngetattr(torch.nn, 'LSTM')", LSTM),
        ("from torch import optim\noptim.Adam(p)", "torch.optim.Adam"),
        ("import torchvision.models", "torchvision"), ("from torchvision.models import resnet18", "torchvision"),
        ("from torch.nn.modules.rnn import LSTM", LSTM), ("import torch as t\nL = t.nn.LSTM\nL()", LSTM),
        ("import importlib\nimportlib.import_module('torchvision')", "torchvision"),
        ("__import__('torchvision')", "torchvision"),
        ("from torch import nn\nclass A:\n    def f(self):\n        self.n = nn\n        self.n.LSTM", LSTM),
        ("import torch.hub\ntorch.hub.load()", "torch.hub"), ("m.x().from_pretrained()", "from_pretrained"),
        ("from torch.nn import LSTM as L, GRU as G\nG()", LSTM), ("import torch\na, b = torch.nn, 1\na.LSTM", LSTM),
        ("\ufefffrom torch import nn\nnn.LSTM()", LSTM), ("from torch import nn as layers\nlayers.LSTM()", LSTM),
        ("def f():\n    from torch import nn\n    return nn.LSTM", LSTM),
        ("import torch\n(n := torch.nn)\nn.LSTM", LSTM),
    ],
)  # fmt: skip
def test_names_are_found_through_the_imports(source, wanted):
    assert any(code_names.uses(name, wanted) for _, name in code_names.names(source.encode()))


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("x = 'torch.nn.LSTM'  # torch.nn.LSTM", LSTM), ('"""torch.nn.LSTM"""', LSTM),
        ("from torch import nn\nnn.LSTMCell", LSTM),
        ("from mine import nn\nnn.LSTM()", LSTM), ("import torchvisions", "torchvision"),
        ("from torch import nn\nnn.Linear", LSTM),
        ("from torch.nn import *\nclass LSTM: pass\nLSTM()", LSTM),
        ("import torch.optim\ntorch.optim.AdamW", "torch.optim.Adam"),
    ],
)  # fmt: skip
def test_what_only_looks_like_the_name_is_not_it(source, wanted):
    assert not any(code_names.uses(name, wanted) for _, name in code_names.names(source.encode()))


def test_names_are_looked_for_once_for_each_source_and_question(tmp_path, monkeypatch):
    file, source = tmp_path / "names.json", b"from torch import nn\nnn.LSTM()\nnn.GRU()"
    questions = (source, [LSTM]), (source, ["torch.nn.GRU", LSTM]), (b"x = 1", [LSTM]), (source + b"\nx", [LSTM])
    memory = code_names.Memory(file)
    afresh = [memory.among(*question) for question in questions]
    assert [len(found) for found in afresh] == [1, 2, 0, 1]
    memory.save()
    with monkeypatch.context() as patch:
        patch.setattr(code_names, "_among", None)
        again = code_names.Memory(file)
        assert [list(map(tuple, again.among(*question))) for question in questions] == afresh
    with pytest.raises(SyntaxError):
        again.among(b"def", [LSTM])
    monkeypatch.setattr(code_names.files, "digest", lambda path: "of another reader")
    assert not code_names.Memory(file)._known


@pytest.mark.parametrize("steps", [[0, 50, 100], [50, 100, 120], [0, 50], [50, 100, 150, 151], [0.0, 50.0, 99.0]])
def test_regular_steps(steps):
    assert demands_work.uneven(steps, 50) == []


@pytest.mark.parametrize(
    "steps",
    [[0, 777], [0], [], [50], [0, 50, 777], [0, 30, 50], [0, 100], [500, 550], [0, 50, 150, 200],
     [-50, 0, 50], [0, math.nan, 50], [0, math.inf]],
)  # fmt: skip
def test_irregular_steps(steps):
    assert demands_work.uneven(steps, 50)


@given(st.integers(1, 500), st.integers(2, 30), st.integers(0, 1), st.floats(0, 1))
def test_steps_are_regular_if_and_only_if_made_so(every, count, start, part):
    steps = [(start + i) * every for i in range(count)] + [(start + count - 1 + part) * every]
    assert demands_work.uneven(steps, every) == []
    assert demands_work.uneven([*steps, (start + count + 1.5) * every], every)


@pytest.mark.parametrize(
    ("text", "phrase", "language"),
    [
        ("The tests show it.", "test", "en"), ("We tested and trained.", "training", "en"),
        ("An Error  analysis.", "error analysis", "en"),
        ("By optimisation.", "optimis*", "en"), ("With Adam.", "Adam", "en"), ("Studies differ.", "study", "en"),
        ("Die Ergebnisse.", "Ergebnis", "de"), ("the learning-rate", "rate", "en"),
        ("Learning rates.", "learning rate", "en"),
    ],
)  # fmt: skip
def test_a_discussion_is_met_by_inflections(text, phrase, language):
    assert wording.mentions(text, phrase, language)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("the latest", "test"),
        ("contest", "test"),
        ("error of analysis", "error analysis"),
        ("x", ""),
    ],
)
def test_a_discussion_is_not_met_by_parts_of_words(text, phrase):
    assert not wording.mentions(text, phrase)


def people(tmp_path, part: str) -> group.Group:
    path = tmp_path / "group.toml"
    path.write_text(f'[group]\nid = "1"\n\n[[member]]\nname = "Ada"\nparts = ["{part}"]\n', encoding="utf-8")
    return group.load(path, "group.toml")


@pytest.mark.parametrize(
    "part",
    [
        "asdf asdf asdf asdf",
        "lorem ipsum dolor sit",
        "wrote wrote wrote wrote",
        "xx zz qq kk",
        "Did various things here",
        "Wrote it together once with Bo",
    ],
)
def test_a_part_that_says_little_is_a_warning_that_quotes_it(tmp_path, part):
    found = people(tmp_path, part)
    assert group.shortfalls(found, 1, 4, 4) == []
    assert part in group.doubts(found)[0]
    assert group.doubts(found)[0].startswith("group.toml:6: ")


@pytest.mark.parametrize(
    "part",
    ["Split the data equally into five folds", "Divided the clips evenly over train and test",
     "Distributed the images equally over three sets",
     "Wrote the loader and its tests"],
)  # fmt: skip
def test_what_is_equal_about_data_is_no_fault(tmp_path, part):
    assert group.shortfalls(people(tmp_path, part), 1, 4, 4) == []
    assert group.doubts(people(tmp_path, part)) == []


@pytest.mark.parametrize(
    "part", ["The work was split equally between us", "Divided all tasks evenly", "We shared the writing equally"]
)
def test_wording_that_says_that_all_did_everything_falls_short(tmp_path, part):
    assert "does not say who did what" in group.shortfalls(people(tmp_path, part), 1, 4, 4)[0]


def evidence(**parts) -> Evidence:
    made = types.SimpleNamespace
    composed = made(
        document=parts.pop("document", None), drafts=[made(path="report.md", text="")], use=made(consulted=set())
    )
    composed.front = made(language=made(tag="en"))
    return Evidence(None, composed, parts.pop("results", {}), lambda: None, parts.pop("report", None), None)


@pytest.mark.parametrize("number", [math.nan, math.inf, None, True])
def test_a_value_that_is_no_number_is_within_no_bounds(number):
    record = {"value": number, "unit": None, "source": {"script": "a.py", "cell": "c"}}
    found = demands_work._value(
        {"name": "v", "at_least": 0, "at_most": 1e9}, evidence(results={"values": {"v": record}})
    )
    assert found.shortfalls


@pytest.mark.parametrize(
    ("content", "options", "met"),
    [
        (10, {"between": [5, 20]}, True), (math.nan, {"between": [5, 20]}, False), (True, {"between": [0, 2]}, False),
        ("10", {"between": [5, 20]}, False), ([10], {"between": [5, 20]}, False), (None, {"between": [5, 20]}, False),
        (1, {"one_of": [1]}, True), (True, {"one_of": [1]}, False), (1.0, {"one_of": [1]}, True),
        ("a", {"one_of": ["b"]}, False),
    ],
)  # fmt: skip
def test_bounds_of_a_parameter(content, options, met):
    targets = {"six-s0": {"kind": "run", "row": "six", "parameters": {"p": content}}}
    found = demands_work._parameter(
        {"rows": ["six"], "name": "p", **options}, evidence(results={"provenance": {"targets": targets}})
    )
    assert (not found.shortfalls) is met


@pytest.mark.parametrize(
    ("content", "met"),
    [
        (b"clip,prediction\n", True),
        (b'"clip","prediction"\n', True),
        (b"\xef\xbb\xbfclip,prediction\n", True),
        (b"clip,\xff\n", False),
        (b"", False),
        (b"clip;prediction\n", False),
    ],
)
def test_columns_of_a_file(tmp_path, content, met):
    (tmp_path / "p.csv").write_bytes(content)
    made = Evidence(None, None, {}, lambda: None, tmp_path, tmp_path)
    found = demands_work._file({"name": "p.csv", "columns": ["clip", "prediction"]}, made)
    assert (not found.shortfalls) is met


@pytest.mark.parametrize(
    ("header", "met"),
    [
        ("clip,prediction,de", True),
        ("clip,prediction,it,pl,tr", True),
        ("clip,prediction", False),  # further columns are asked for
        ("prediction,clip,de", False),
        ("clip", False),
    ],
)
def test_columns_that_go_on(tmp_path, header, met):
    (tmp_path / "p.csv").write_text(f"{header}\n")
    made = Evidence(None, None, {}, lambda: None, tmp_path, tmp_path)
    found = demands_work._file({"name": "p.csv", "columns": ["clip", "prediction", "..."]}, made)
    assert (not found.shortfalls) is met


@pytest.mark.parametrize(
    ("title", "demanded", "met"),
    [
        ("Results", "Results", True),
        ("Results and more", "results", True),
        ("Resultsless", "Results", False),
        ("1. Results", "Results", False),
    ],
)
def test_a_heading_is_met_by_whole_words(title, demanded, met):
    assert demands_page._titled(Section(title, 1), demanded) is met


@pytest.mark.parametrize(
    ("markdown", "bullets"),
    [
        ("- a\n- b", 2),
        ("- a\n    - b\n    - c", 1),
        ("1. a\n2. b", 0),
        ("- a\n-\n- b", 2),
        ("::: {.x}\n- a\n:::", 1),
        ("> - a\n> - b", 2),
    ],
)
def test_bullets_that_say_something_are_counted(markdown, bullets):
    blocks = pandoc.read([pandoc.Source("content", "r", "# T\n\n" + markdown)], None, None)["blocks"]
    assert document._sections(blocks)[0].bullets == bullets


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_rows_are_counted_where_no_table_is_named(rows):
    table = "# T\n\n| a |\n|---|\n" + "| x |\n" * rows
    blocks = pandoc.read([pandoc.Source("content", "r", table)], None, None)["blocks"]
    made = types.SimpleNamespace(sections={"content": document._sections(blocks)})
    found = demands_page._table({"section": "T", "rows": 2}, evidence(document=made, results={"tables": {}}))
    assert bool(found.shortfalls) is (rows < 2)


@pytest.mark.parametrize(
    ("use", "met"),
    [
        (ClaimUse("yes", False, "It is.", "content"), True), (ClaimUse("no", True, "It is not.", "content"), True),
        (ClaimUse("no", False, "It is.", "content"), False), (ClaimUse("yes", True, "It is not.", "content"), False),
        (ClaimUse("other", False, "It is.", "content"), False), (ClaimUse("", False, "It is.", "content"), False),
        (ClaimUse("yes", False, "", "content"), False),
    ],
)  # fmt: skip
def test_a_bound_sentence_is_held_against_its_claim_whatever_the_brief_asks(use, met):
    claims = {"yes": {"holds": True, "evidence": "e"}, "no": {"holds": False, "evidence": "e"}}
    made = evidence(document=types.SimpleNamespace(claims=[use, use]))
    assert (not demands_page.bound_claims(made.composed, {"claims": claims}).shortfalls) is met


def test_the_brief_may_ask_for_numerals_in_words(tmp_path):
    path = tmp_path / "brief.toml"
    text = '[brief]\ntitle = "T"\n[numbers]\ntyped = ["8 kHz"]\nwords = true\n'
    text += '[[demand]]\nid = "n"\nsays = "n"\nkind = "numbers"\n'
    path.write_text(text, encoding="utf-8")
    assert brief.load(path).rules.words
