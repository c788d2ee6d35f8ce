"""What may stand in a published table, value or figure's data: right as JSON, or refused with its row and column."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import json
import math
import re
from pathlib import Path, PureWindowsPath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepage import publish
from onepage.core.errors import UserError
from onepage.page import results
from onepage.plan import planfile
from onepage.publish import PublishError
from onepage.publishing import records, tables
from onepage.tools import page


def named(item: object) -> str:
    """A test's name that is the same in every process: without memory addresses."""
    return re.sub(r" at 0x\w+", "", repr(item))


class Frame:
    """What pandas's DataFrame is to `publish.table`."""

    columns = ("a", "b")

    def to_dict(self, orient: str) -> list[dict]:
        assert orient == "records"
        return [{"a": 1, "b": "x"}]


class Polars:
    """What polars's DataFrame is."""

    def to_dicts(self) -> list[dict]:
        return [{"a": 1, "b": "x"}]


def cell(content: object) -> object:
    """A cell as it comes out in results.json."""
    made = tables.cells(tables.rows([{"a": 1, "b": content}], "t"), ["a", "b"], "t")
    return json.loads(json.dumps(made, allow_nan=False))[0]["b"]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (datetime.date(2024, 1, 2), "2024-01-02"),
        (datetime.datetime(2024, 1, 2, 3, 4), "2024-01-02 03:04:00"),
        (datetime.time(3, 4), "03:04:00"),
        (np.datetime64("2024-01-02"), "2024-01-02"),
        (np.datetime64("2024-01-02T03:04"), "2024-01-02 03:04"),
        (decimal.Decimal("1.25"), 1.25),
        (decimal.Decimal("3"), 3),
        (fractions.Fraction(1, 4), 0.25),
        (np.float32(0.5), 0.5),
        (np.float64(0.1), 0.1),
        (np.longdouble(0.5), 0.5),
        (np.int8(-3), -3),
        (np.uint64(2**63), 2**63),
        (np.array(2.5), 2.5),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (True, True),
        (None, None),
        (Path("a/b"), "a/b"),
        ("half \ud800", "half ?"),
        ({"value": decimal.Decimal("0.5"), "low": np.float32(0.25), "high": 1, "unit": "fraction"},
         {"value": 0.5, "low": 0.25, "high": 1, "unit": "fraction"}),
        ({"value": None}, {"value": None}),
    ],
    ids=named,
)  # fmt: skip
def test_a_cell_is_right(content: object, wanted: object) -> None:
    found = cell(content)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    "content",
    [
        math.nan, math.inf, -math.inf, np.float32("nan"), np.longdouble("inf"), decimal.Decimal("sNaN"),
        decimal.Decimal("Infinity"), np.datetime64("NaT"), 1j, np.complex64(1j), b"x", bytearray(b"x"), [1], (1, 2),
        [[1], [2]], {1, 2}, np.zeros(2), datetime.timedelta(1), np.timedelta64(1, "s"), Path("/srv/a"),
        PureWindowsPath("C:/a"), object(), enum.Enum("E", "A").A, range(3), lambda: 1, Exception("x"),
        {"value": math.nan}, {"value": 1, "low": math.inf, "high": 2}, {"value": [1]}, {"low": 1}, {"valeu": 1},
        {"value": 1, "low": "x", "high": 2}, {"value": "x"},
    ],
    ids=named,
)  # fmt: skip
def test_what_is_no_cell_is_refused_with_table_row_and_column(content: object) -> None:
    with pytest.raises(PublishError) as raised:
        publish.table("steps", [{"a": 1, "b": 2}, {"a": 1, "b": content}], caption="C")
    said = str(raised.value)
    assert said.startswith('table("steps"), row 2, column "b"')
    assert "\n" not in said
    assert len(said) < 300


@pytest.mark.parametrize(
    "content",
    [math.nan, math.inf, None, "3", True, np.bool_(1), 1j, b"3", [1], {}, np.zeros(2), datetime.date(2024, 1, 1),
     decimal.Decimal("NaN"), Path("a"), np.datetime64("NaT"), object()],
    ids=named,
)  # fmt: skip
@pytest.mark.parametrize("where", ["value", "low", "n", "seeds"])
def test_what_is_no_number_is_refused_as_a_value(content: object, where: str) -> None:
    given = {"value": 1.0, "low": 0.0, "high": 2.0}
    if content is None and where != "value":
        return
    given[where] = [content] if where == "seeds" else content
    with pytest.raises(PublishError, match=r'^value\("v"\)') as raised:
        publish.value("v", **given)
    assert "\n" not in str(raised.value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary()
    | st.dates() | st.datetimes() | st.times() | st.timedeltas() | st.decimals() | st.fractions()
    | st.builds(np.float32, st.floats(width=32)) | st.builds(np.int64, st.integers(-9, 9)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(ANYTHING)
def test_whatever_a_cell_is_it_is_json_or_refused(content: object) -> None:
    said = ""
    try:
        cell(content)
    except PublishError as error:
        said = str(error)
    assert not said or said.startswith('t, row 1, column "b"')
    assert "\n" not in said


@pytest.mark.parametrize(
    "rows",
    [
        [{"a": 1, "b": "x"}],
        {"a": [1], "b": ["x"]},
        Frame(),
        Polars(),
        ({"a": 1, "b": "x"},),
        {"a": range(1, 2), "b": ("x",)},
    ],
)
def test_rows_come_from_rows_columns_and_frames(rows: object) -> None:
    assert tables.rows(rows, "t") == [{"a": 1, "b": "x"}]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("abc", "is not a list of rows"),
        (3, "is not a list of rows"),
        ([1, 2], "row 1: 1 is not a dict"),
        ([{"a": 1}, ["x"]], "row 2: ['x'] is not a dict"),
        ({"a": 1}, "column 'a' is 1, not a list"),
        ({"a": [1], "b": [1, 2]}, "different lengths (a 1, b 2)"),
        ([{1: "x", "1": "y"}], "row 1: two columns have the same name"),
        ([], "there are no rows"),
        ({}, "there are no rows"),
    ],
)
def test_what_are_no_rows_is_refused(rows: object, said: str) -> None:
    with pytest.raises(PublishError) as raised:
        publish.table("t", rows, caption="C")
    assert said in str(raised.value)


def test_data_of_a_figure_may_have_gaps_and_nothing_else() -> None:
    assert tables.columns({"x": [1, math.nan], "d": [datetime.date(2024, 1, 2), None]}, "f")["rows"] == [
        [1, "2024-01-02"], [None, None],
    ]  # fmt: skip
    with pytest.raises(PublishError, match='f, row 2, column "x"'):
        tables.columns({"x": [1, 1j]}, "f")


def test_a_table_with_a_date_is_built(project) -> None:
    def publishing(out):
        publish.table("when", [{"day": datetime.date(2024, 1, 2), 7: np.float32(0.5)}], caption="C")

    project.analysis("extra", publishing)
    found = results.collect(planfile.load(project.plan).data, project.root)
    assert found.assets["assets/when.csv"] == b"day,7\n2024-01-02,0.5\n"


OWN = ("report.pdf", "report.html", "report.png", "index.html", "results.json", "manifest.json", "timing.js",
       "analyses", "assets")  # fmt: skip


@pytest.mark.parametrize(
    "name", [*OWN, *(name.upper() for name in OWN), "Index.html", "../x", ".onepage", "a/b", "a b"]
)
def test_a_file_cannot_take_a_name_of_the_reports_own(tmp_path: Path, name: str, monkeypatch) -> None:
    monkeypatch.setattr("onepage.context.out", lambda: tmp_path)
    source = tmp_path / "made.csv"
    source.write_text("x")
    with pytest.raises(PublishError, match=r"of its own|a name is made of"):
        publish.file(name, source)


def test_the_list_of_the_reports_own_names_is_whole(project) -> None:
    page.build(planfile.load(project.plan))
    published = set(results.load_results(project.out)["files"])
    assert {path.name for path in project.out.iterdir() if path.name[0] != "."} - published <= records.OWN


def test_a_file_published_twice_names_both_scripts(project) -> None:
    def publishing(out):
        (out / "other.csv").write_text("x")
        publish.file("predictions.csv", out / "other.csv")

    project.analysis("other", publishing)
    with pytest.raises(UserError, match=r'"predictions\.csv" is published twice: in analysis/weights\.py'):
        page.build(planfile.load(project.plan))


def test_a_file_from_elsewhere_does_not_replace_one_that_the_script_left(project, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("from elsewhere")

    def publishing(out):
        (out / "x.csv").write_text("the script's own")
        publish.file("x.csv", tmp_path / "x.csv")

    project.analysis("extra", publishing)
    files = project.root / "build/store/ex/extra/files"
    assert (files / "x.csv").read_text() == "the script's own"
    found = results.collect(planfile.load(project.plan).data, project.root)
    assert found.files["x.csv"].read_text() == "from elsewhere"
