"""What people write wrong: one line with file, line and what to do, whichever file and whatever the mistake."""

from __future__ import annotations

import os
import re
import time
import tomllib
from pathlib import Path

import pytest
import written_files
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries
from written_files import KINDS, TOML

from onepage.core import errors, toml_source, yaml_source
from onepage.core.errors import UserError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return written_files.project(tmp_path / "project")


def said(root: Path, kind: str, content: str | bytes) -> str:
    """The one line about this content of the file."""
    raw = content if isinstance(content, bytes) else content.encode()
    (root / KINDS[kind].name).write_bytes(raw)
    started = time.process_time()
    with pytest.raises(UserError) as error:
        KINDS[kind].read(root)
    assert time.process_time() - started < 3
    message = str(error.value)
    assert "\n" not in message
    assert message.isprintable()
    assert len(message) <= 700
    return message


def changed(kind: str, old: str, new: str) -> str:
    assert old in KINDS[kind].good, old
    return KINDS[kind].good.replace(old, new, 1)


def test_good_files_are_read(root: Path) -> None:
    for kind in KINDS.values():
        assert kind.read(root) is not None


@pytest.mark.parametrize(
    ("kind", "old", "new", "message"),
    [
        # pyproject.toml
        ("pyproject", "[tool.onepage.corpus]", "corpus = 'd'\n[other]", r"6: tool.onepage.corpus: 'd' should be"),
        ("pyproject", 'code = ["src/dice"]', "code = [1]", r"3: tool.onepage.code: 1 should be a path"),
        ("pyproject", 'code = ["src/dice"]', 'code = [\n "src/dice",\n true]', r"5: tool.onepage.code: true should be"),
        ("pyproject", '"src/dice"', '"src/dic"', r"3: tool.onepage.code: 'src/dic' is not a folder"),
        ("pyproject", '"src/dice"', '"../dice"', r"3: .*leaves the project"),
        ("pyproject", '"src/dice"', '"src/../../dice"', r"3: .*leaves the project"),
        ("pyproject", '"analysis"', '"/etc"', r"2: .*'/etc' should be a path below the project"),
        ("pyproject", '"analysis"', '"~/x"', r"2: .*should be a path below the project"),
        ("pyproject", '"analysis"', '"a\\u0000b"', r"2: .*'a\\x00b' holds characters"),
        ("pyproject", '"analysis"', f'"{"x" * 5000}"', r"2: .*longer than a path can be"),
        ("pyproject", "scripts", "skripts", r"2: tool.onepage: unknown key 'skripts' \(did you mean 'scripts'\?\)"),
        ("pyproject", '["numpy"]', '["numpy", "a-b"]', r"4: tool.onepage.warm: 'a-b' is not the name of a module"),
        ("pyproject", "{options}", "{optoins}", r"8: .*placeholder '{optoins}' \(did you mean 'options'\?\)"),
        ("pyproject", "{options}", "{options.x}", r"8: .*placeholder '{options.x}'"),
        ("pyproject", "{options}", "{0}", r"8: .*placeholder '{0}'"),
        ("pyproject", "{options}", "{options", r"8: .*cannot be read as a command"),
        ("pyproject", "{options}", "'x", r"8: .*cannot be read as a command: no closing quotation"),
        ("pyproject", "--out {out}", "", r"8: .*does not say where {out} goes"),
        ("pyproject", "{folder}", "{foldr}", r"9: .*did you mean 'folder'"),
        ("pyproject", "{ dice =", "{ dcie =", r"10: .*there is no corpus 'dcie' .*did you mean 'dice'"),
        ("pyproject", 'make = "dice.rolls make {options} --out {out}"', "", r"6: .*names without make"),
        # experiments.toml
        ("experiments", "[profiles.full]", "runs = 3\n[profiles.full]", r"1?\d: "),
        ("experiments", "[profiles.full]\n[profiles.quick]", "profiles.quick.about = 3\n[profiles.full]", r"1: "),
        ("experiments", 'script = "learn"', "script = 5", r"8: runs.slow.script: 5 should be the name of a script"),
        ("experiments", 'script = "learn"', 'scirpt = "learn"', r"8: .*unknown key 'scirpt' \(did you mean 'script'\?"),
        ("experiments", 'script = "learn"\n', "", r"6: runs.slow: lacks script: the name of a script"),
        ("experiments", "grid = { size = [\n  1,\n  2,\n] }", "grid = 3", r"12: runs.slow.grid: 3 should be a table"),
        ("experiments", "  2,\n", "  2,\n  { a = 1 },\n", r"15: runs.slow.grid.size: a table should be"),
        ("experiments", "  2,\n", "  2,\n  nan,\n", r"15: runs.slow.grid.size: nan is no finite number"),
        ("experiments", "rate = 0.001", "rate = 2024-01-01", r"10: .*2024-01-01 is a date or a time; put it in quotes"),
        ("experiments", "rate = 0.001", f"rate = {9**30}", r"10: .*too large a number"),
        ("experiments", "rate = 0.001", f"rate = {'9' * 5000}", r"10: .*a number of very many digits"),
        ("experiments", "{ rate = 0.001", '3 # { rate = ""', r"10: runs.slow.parameters: 3 should be a table"),
        ("experiments", "quick = [0]", "quik = [0]", r"9: .*profile 'quik' \(did you mean 'quick'\?\)"),
        ("experiments", "quick = [0]", "quick = [0.0]", r"9: runs.slow.seeds.quick: 0.0 should be a whole number"),
        ("experiments", "quick = [0]", "quick = [true]", r"9: runs.slow.seeds.quick: true should be a whole number"),
        ("experiments", "quick = [0]", "quick = [-1]", r"9: runs.slow.seeds.quick: -1 should be .*at least 0"),
        ("experiments", "parameters_in.quick", "parameters_in.quik", r"11: .*profile 'quik'"),
        ("experiments", "size = [", "rate = [", r"12: .*rate stands both in parameters and in grid"),
        ("experiments", "size = [", "seed = [", r"12: .*write seeds = "),
        ("experiments", "[runs.slow]", "[runs.'Slow one']", r"6: runs.'Slow one': a row's name is"),
        # a script's header
        ("script", "onepage:\n#     title: Which die is loaded?", "onepage: 5", r"\d: "),
        ("script", "timeout: 60", "timeout: .inf", r"7: jupyter.onepage.timeout: inf is no finite number"),
        ("script", "timeout: 60", "timeout: .nan", r"7: .*nan is no finite number"),
        ("script", "timeout: 60", "timeout: -1", r"7: .*-1 should be a number of seconds, above 0"),
        ("script", "timeout: 60", "timeout: 0", r"7: .*above 0"),
        ("script", "timeout: 60", "timeout: yes", r"7: .*true should be a number of seconds"),
        ("script", "timeout: 60", "timeout: '60'", r"7: .*'60' should be a number of seconds"),
        ("script", "timeout: 60", "timeout:", r"7: .*without a value should be a number of seconds"),
        ("script", "timeout: 60", "timeuot: 60", r"7: .*unknown key 'timeuot' \(did you mean 'timeout'\?\)"),
        ("script", "[corpus, slow]", "corpus", r"6: .*'corpus' should be a list of texts; write \['corpus'\]"),
        ("script", "[corpus, slow]", "[corpus, corpus]", r"6: .*names 'corpus' twice"),
        ("script", "[corpus, slow]", "[corpus, no]", r"6: .*false should be a text; put it in quotes"),
        ("script", "[corpus, slow]", "[corpus, 3]", r"6: .*3 should be a text"),
        ("script", "title: Which die is loaded?", "title: [a]", r"4: .*a list should be what the page .* is called"),
        ("script", "title: Which die is loaded?", "title:", r"4: .*title: without a value should be"),
        ("script", "title: Which die is loaded?", "title: on", r"4: .*true should be .*; put it in quotes"),
        ("script", "title: Which die is loaded?", "title: 2024-01-01", r"4: .*is a date or a time; put it in quotes"),
        ("script", "title: Which die is loaded?", "title: 2024-99-99", r"4: '2024-99-99' is no date; put it in quotes"),
        ("script", "#     title: Which die is loaded?\n", "", r"3: jupyter.onepage: lacks title"),
        ("script", 'question: "1"', "question: 1", r"5: .*1 should be a text; put it in quotes"),
        ("script", 'question: "1"', "title: again", r"5: the key 'title' stands there twice"),
        ("script", 'question: "1"', "? [a]\n#     : b", r"5: a list or a table cannot be a key"),
        ("script", 'question: "1"', "no: b", r"5: 'no' cannot be a key"),
        ("script", 'question: "1"', 'question: !!python/object:os.system "x"', r"5: a tag .* is not read here"),
        ("script", 'question: "1"', "question: !!int x", r"5: 'x' is no number"),
        ("script", 'question: "1"', "question: &a [*a]", r"5: an alias"),
        ("script", 'question: "1"', 'question: "\\ud800"', r"5: .*half a character"),
        ("script", 'question: "1"', 'question: "\\U00ffffff"', r"5: not valid YAML"),
        ("script", 'question: "1"', "\tquestion: 1", r"[45]: not valid YAML"),
        ("script", 'question: "1"', f"question: {'[' * 3000}", r"5: nested more than"),
        # report.md
        ("report", "lang: en", "lang: [de]", r"5: lang: a list should be a language"),
        ("report", "lang: en", "lang: 3", r"5: lang: 3 should be a language"),
        ("report", "lang: en", "lang: english please", r"5: lang: 'english please' is (no|not a) language"),
        ("report", "keywords: [dice, chance]", "keywords: 3", r"4: keywords: 3 should be a text with commas"),
        ("report", "keywords: [dice, chance]", "keywords: [dice, 3]", r"4: keywords: 3 should be a text"),
        ("report", "title: Dice", "title: 3", r"2: title: 3 should be a text; put it in quotes"),
        ("report", "title: Dice", "title:", r"2: title: without a value should be a text"),
        ("report", "title: Dice", 'title: " "', r"2: title: ' ' should not be empty"),
        ("report", "title: Dice\n", "", r"1: the header has no title"),
        ("report", "subtitle", "sub-title", r"3: unknown key 'sub-title' \(did you mean 'subtitle'\?\)"),
        ("report", "title: Dice", "title: Dice\ntitle: Dice", r"3: the key 'title' stands there twice"),
        ("report", "title: Dice", "title: *x", r"2: not valid YAML"),
        ("report", "lang: en\n---", "lang: en", r"1: the header that begins here does not end"),
        ("report", "title: Dice\nsubtitle: Fair or not\nkeywords: [dice, chance]\nlang: en", "- a", r"2: "),
        ("report", "title: Dice", f"title: {'x' * 1_000_000}", r"2: the header has 1,000,0\d\d characters"),
        ("report", "percent }}", "prcent }}", r'10: there is no filter "prcent" \(did you mean \'percent\'\?\)'),
        ("report", "percent }}", "percent", r"\d+: "),
        ("report", "# Results", '{{ figrue("x") }}', r'8: there is no function "figrue" \(did you mean \'figure\'\?\)'),
        ("report", "# Results", "{% if a %}{{ b | prcent }}{% endif %}", r'8: there is no filter "prcent"'),
        ("report", "# Results", "{% if a is devined %}{% endif %}", r'8: there is no test "devined"'),
        ("report", "# Results", "{% if a %}", r"\d+: Unexpected end of template"),
        ("report", "# Results", "{{ " + "(" * 5000, r"8: an expression is nested too deeply"),
        ("report", "# Results", "{{ " + "9" * 5000 + " }}", r"8: not readable as a template"),
        # brief.toml
        ("brief", '"/macro.F1/"', '"/(/"', r"5: numbers.typed: '/\(/' is not a regular expression"),
        ("brief", '"/macro.F1/"', "\n3", r"6: numbers.typed: 3 should be"),
        ("brief", '"src/**/*.py", "analysis/*.py"', '"/etc/*.py"', r"21: demand.files: .*should be a pattern"),
        ("brief", '"src/**/*.py", "analysis/*.py"', '"a/*",\n "../x/*.py"', r"22: demand.files: .*leaves the project"),
        ("brief", '"src/**/*.py", "analysis/*.py"', '"src/**.py"', r"21: demand.files: .*\*\* stands alone"),
        ("brief", '"src/**/*.py", "analysis/*.py"', '""', r"21: demand.files: '' should be a pattern"),
        ("brief", '["src/**/*.py", "analysis/*.py"]', "[]", r"21: demand.files: should not be empty"),
        ("brief", '["src/**/*.py"]', '["/etc/*"]', r"9: hand-in.include: '/etc/\*' should be a pattern"),
        ("brief", '"reports/page/predict.py"', '"../../x.py"', r"8: hand-in.entry: .*leaves the project"),
        ("brief", "[3, 4]", "[4, 3]", r"15: demand.members: 4 is above 3"),
        ("brief", "[3, 4]", "[3]", r"15: demand.members: has 1 members, 2 are wanted"),
        ("brief", "[3, 4]", "[3, nan]", r"15: demand.members: nan is no finite number"),
        ("brief", 'kind = "group"', 'kind = "gruop"', r'14: there is no kind of demand "gruop" .*\'group\''),
        ("brief", 'kind = "group"', 'kind = ["group"]', r"14: there is no kind of demand"),
        ("brief", 'kind = "group"\n', "", r"11: there is no kind of demand"),
        ("brief", "plain = true", "palin = true", r"23: demand: unknown key 'palin' \(did you mean 'plain'\?\)"),
        ("brief", "plain = true", "plain = 1", r"23: demand.plain: 1 should be true or false"),
        ("brief", 'id = "code"', 'id = "who"', r'18: two demands have the id "who"'),
        ("brief", "[[demand]]", "[demand]", r"\d+: "),
        # group.toml
        ("group", 'id = "7"', 'id = "../7"', r"2: group.id: '../7' must be letters"),
        ("group", 'id = "7"', "id = 7", r"2: group.id: 7 should be letters.*; put it in quotes"),
        ("group", "git = true", 'git = "yes"', r"4: group.git: 'yes' should be true or false"),
        ("group", '  "Network: designed the layer",', "  3,", r"13: member.parts: 3 should be a text"),
        ("group", '["src"]', '"src"', r"15: member.folders: 'src' should be a list"),
        ("group", '["src"]', '["../other"]', r"15: member.folders: '../other' leaves the project"),
        ("group", 'name = "Bo"', 'nmae = "Bo"', r"11: member: unknown key 'nmae' \(did you mean 'name'\?\)"),
        ("group", 'name = "Bo"', 'name = " "', r"11: member.name: ' ' should not be empty"),
        ("group", "[group]", "[goup]", r"1: unknown key 'goup' \(did you mean 'group'\?\)"),
        ("group", 'id = "7"', 'id = "7"\nid = "8"', r"3: not valid TOML: Cannot overwrite a value"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_its_place(root: Path, kind: str, old: str, new: str, message: str) -> None:
    name = Path(KINDS[kind].name).name
    found = said(root, kind, changed(kind, old, new))
    assert re.match(rf"{re.escape(name)}:{message}", found), found


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_text_is_named(root: Path, kind: str) -> None:
    name, good = Path(KINDS[kind].name).name, KINDS[kind].good
    path = root / KINDS[kind].name
    for content, message in [
        (good.encode("utf-16"), r":1: is UTF-16; save the file as UTF-8"),
        (good.encode("utf-16-le"), r":1: holds a NUL byte"),
        (good.replace("e", "é").encode("latin-1"), r":\d: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (good.encode() + b"\0", r":\d+: holds a NUL byte"),
        (b"\xff" * 100, r":1: (byte 0xff is not UTF-8|is UTF-16)"),
    ]:
        if kind == "pyproject" and b"onepage" not in content and b"\0" not in content:
            continue  # no table of ours is to be seen in it: the error speaks of the folder
        found = said(root, kind, content)
        assert re.match(rf"(\S*/)?{re.escape(name)}{message}", found), found
    path.unlink()
    path.mkdir()
    with pytest.raises(UserError, match=rf"{re.escape(name)}: is a folder"):
        KINDS[kind].read(root)
    path.rmdir()
    path.symlink_to(path)
    with pytest.raises(UserError, match=rf"{re.escape(name)}: cannot be read|no pyproject.toml"):
        KINDS[kind].read(root)
    path.unlink()
    os.mkfifo(path)
    if kind != "pyproject":
        with pytest.raises(UserError, match=rf"{re.escape(name)}: is not an ordinary file"):
            KINDS[kind].read(root)


@pytest.mark.parametrize("kind", KINDS)
def test_marks_and_line_ends_of_other_systems_are_read(root: Path, kind: str) -> None:
    good = KINDS[kind].good
    wanted = KINDS[kind].read(root)
    for content in ("\ufeff" + good, good.replace("\n", "\r\n"), "\ufeff" + good.replace("\n", "\r\n")):
        (root / KINDS[kind].name).write_bytes(content.encode())
        found = KINDS[kind].read(root)
        assert getattr(found, "data", found) == getattr(wanted, "data", wanted) or kind == "group"


@pytest.mark.parametrize("kind", TOML)
def test_depth_and_size_are_bounded(root: Path, kind: str) -> None:
    for content in (
        "x = " + "[" * 100_000,
        "x = " + "\n[" * 100_000,
        "x = " + "{a=" * 100_000,
        ".".join("a" * 300_000) + " = 1",
        "[" + ".".join("a" * 300_000) + "]",
        "\n".join(".".join("a" * 900) + f".b{i} = 1" for i in range(500)),
        "x = " + "[" * 100 + "]" * 100,
        'x = "' + "y" * 2_000_000 + '"',
        "x = '''" + "y\n" * 300_000,
    ):
        found = said(root, kind, ("[tool.onepage]\n" if kind == "pyproject" else "") + content)
        assert re.match(r"\S+:\d+: ", found), found


def test_text_that_a_terminal_obeys_is_shown(root: Path) -> None:
    for kind, old, new in [
        ("experiments", "[runs.slow]", '[runs."\\u001b[2J\\u202ex"]'),
        ("experiments", 'script = "learn"', '"\\u001b]0;x\\u0007" = 1\nscript = "learn"'),
        ("brief", 'kind = "group"', 'kind = "\\u001b[31mgroup"'),
        ("group", 'id = "7"', 'id = "\\u001b[2J\\n"'),
        ("report", "percent }}", "x\x1b[2J }}"),
        ("report", "lang: en", 'lang: "\\e[2J"'),
        ("script", "reads: [corpus, slow]", '"\\e[2J": 1'),
    ]:
        said(root, kind, changed(kind, old, new))
    assert str(UserError("a\x1b[2J\tb\u202e\nc")) == "a\\x1b[2J\\tb\\u202e\nc"
    assert len(str(UserError("report.md:3: " + "x" * 10_000))) < 700
    assert str(UserError("report.md:3: " + "x" * 10_000)).startswith("report.md:3: ")


# --- one hint for a name that there is not ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("epoch", ["epochs", "rate"], " (did you mean 'epochs'?)"),
        ("zzz", ["epochs", "rate"], " (there is epochs, rate)"),
        ("zzz", [], " (there is none)"),
        ("zzz", [f"row{i}" for i in range(30)], f" (there is {', '.join(f'row{i}' for i in range(12))} and 18 more)"),
        ("Test-Accuracy", ["test_accuracy"], " (did you mean 'test_accuracy'?)"),
        ("zzzzzzzzzzzzzz.accuracy", ["six.accuracy", "q.other"], " (did you mean 'six.accuracy'?)"),
        ("x" * 100_000, ["a"], " (there is a)"),
    ],
)
def test_a_hint_names_the_nearest_or_all(name: str, known: list[str], hint: str) -> None:
    assert errors.nearest(name, known) == hint


# --- lines -----------------------------------------------------------------------------------------------------------


def test_lines_of_every_way_to_write_toml() -> None:
    text = """\
# a comment with x = 1 and [table]
top = 1
"quoted.key" = 2
a.b.c = 3
a.b."d e" = '''
x = 4
[not.a.table]'''
list = [
  1, # one
  [2,
   3], { in = "line", deep.er = [
     "x", ] },
]

[t."u.v"] # [other]
w = { x = 1, y = "}]#" }
[[rows]]
name = "a"
[[rows.inner]]
z = 1
[[rows.inner]]
z = 2
[rows.side]
s = \"\"\"a\\\"\"\"\"\"
after = 1
[[rows]]
name = "b"
inner = []
"""
    source = toml_source.parse(text, "t.toml")
    for place, line in {
        ("top",): 2, ("quoted.key",): 3, ("a",): 4, ("a", "b", "c"): 4, ("a", "b", "d e"): 5, ("list",): 8,
        ("list", 0): 9, ("list", 1): 10, ("list", 1, 0): 10, ("list", 1, 1): 11, ("list", 2): 11,
        ("list", 2, "in"): 11, ("list", 2, "deep", "er"): 11, ("list", 2, "deep", "er", 0): 12, ("t", "u.v"): 15,
        ("t", "u.v", "w", "y"): 16, ("rows", 0): 17, ("rows", 0, "name"): 18, ("rows", 0, "inner", 0, "z"): 20,
        ("rows", 0, "inner", 1): 21, ("rows", 0, "inner", 1, "z"): 22, ("rows", 0, "side", "s"): 24,
        ("rows", 0, "side", "after"): 25, ("rows", 1): 26, ("rows", 1, "inner"): 28, ("rows", 1, "none"): 26,
    }.items():  # fmt: skip
        assert source.line(*place) == line, place


def places(data: object, where: tuple = ()) -> set[tuple]:
    found = {where} if where else set()
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            found |= places(value, (*where, key))
    return found


_KEYS = st.sampled_from(["a", "b", '"a.b"', "'c d'", '"\\u0041"', '"[x]"', "1", "a.b", 'c . "d"'])
_VALUES = st.recursive(
    st.sampled_from(
        [
            "1",
            "-1.5e3",
            "true",
            "inf",
            "1979-05-27 07:32:00",
            '"x # y"',
            "'[z]'",
            '"""\na = 1\n"""',
            "'''\n[t]'''",
            '""""q"""""',
            '"\\"]"',
            "0x1F",
        ]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: "[" + ", ".join(each) + "]"),
        st.lists(inner, max_size=3).map(lambda each: "[ # c\n" + "".join(f"  {e},\n" for e in each) + "]"),
        st.lists(inner, max_size=2).map(lambda each: "{" + ", ".join(f"k{i} = {e}" for i, e in enumerate(each)) + "}"),
    ),
    max_leaves=6,
)
_LINES = st.one_of(
    st.tuples(_KEYS, _VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    _KEYS.map(lambda key: f"[{key}]"), _KEYS.map(lambda key: f"[[{key}]] # c"), st.sampled_from(["", "# x = 1", "  "]),
)  # fmt: skip


@settings(max_examples=tries(300), deadline=None)
@given(st.lists(_LINES, max_size=12).map("\n".join))
def test_every_place_of_any_toml_has_its_line(text: str) -> None:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = toml_source._Scanner(text).lines
    assert places(data) == set(lines)
    rows = text.split("\n")
    for place, line in lines.items():
        last = next((part for part in reversed(place) if isinstance(part, str)), "")
        if not isinstance(place[-1], int):
            spelt = {last, last.replace("A", "\\u0041")}
            assert any(each in rows[line - 1] for each in spelt), (place, line)


def test_lines_of_yaml() -> None:
    text = "a: 1\nb:\n  - x\n  - {c: 3,\n     d: 4}\n'e f': |\n  a: 9\ng: 1\n"
    source = yaml_source.parse(text, "y", first=11)
    for place, line in {("a",): 11, ("b",): 12, ("b", 0): 13, ("b", 1, "d"): 15, ("e f",): 16, ("g",): 18}.items():
        assert source.line(*place) == line, place
