"""Publishing: records out, records back, and what is refused."""

from __future__ import annotations

import base64
import json
import math
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from onepage import publish
from onepage.core import quantities
from onepage.core.errors import UserError
from onepage.page import results
from onepage.plan import planfile
from onepage.publish import PublishError
from onepage.publishing import records
from onepage.tools import page


def published(project, publishing, name="extra"):
    """The records of an analysis that publishes so."""
    project.analysis(name, publishing)
    return records.records(project.root / f"build/store/{name[:2]}/{name}/notebook.ipynb")


def figure() -> Figure:
    made = Figure(figsize=(2, 1))
    made.subplots().plot([0, 1], label="x")
    made.axes[0].set_ylabel("Höhe −1")
    return made


def test_records_come_back(project):
    def publishing(out):
        publish.figure("plot", figure(), alt=" Two\n words ", caption="C", data={"x": np.arange(2), "y": [1, math.nan]})
        publish.value("a.b", np.float32(0.5), low=0.25, high=1, unit="fraction", n=np.int64(3), seeds=range(2))
        publish.claim("c", np.bool_(False), text="T", evidence="E", test="sign", p=0.5)
        publish.table("t", {"k": ["x", "y"], "v": [1, None]}, caption="C", align="lr", note="N")
        publish.answer("q", "  one\n  two ")

    found = {record.name: record for record in published(project, publishing)}
    assert found["plot"].body["alt"] == "Two words"
    assert found["plot"].body["data"] == {"columns": ["x", "y"], "rows": [[0, 1], [1, None]]}
    assert found["plot"].body["size"] == [2, 1]
    assert found["plot"].cell == "findings"
    assert found["a.b"].body == {
        "value": 0.5, "low": 0.25, "high": 1, "unit": "fraction", "n": 3, "seeds": [0, 1], "about": None,
    }  # fmt: skip
    assert found["c"].body["holds"] is False
    assert found["t"].body["rows"] == [{"k": "x", "v": 1}, {"k": "y", "v": None}]
    assert found["q"].body["text"] == "one\ntwo"


def test_an_interval_stands_for_its_numbers_and_what_the_call_says_goes_before(project):
    def publishing(out):
        ends = SimpleNamespace(value=0.5, low=0.25, high=0.75)
        publish.value("ends", ends, unit="fraction")
        publish.value("all", SimpleNamespace(**vars(ends), n=7, seeds=(0, 1)), n=6)
        publish.value("none", SimpleNamespace(value=2, low=None, high=None))

    found = {record.name: record.body for record in published(project, publishing)}
    told = {name: [body[key] for key in ("value", "low", "high", "n", "seeds")] for name, body in found.items()}
    assert told == {
        "ends": [0.5, 0.25, 0.75, None, None],
        "all": [0.5, 0.25, 0.75, 6, [0, 1]],
        "none": [2, None, None, None, None],
    }


def test_figures_are_the_same_bytes_and_their_text_is_text(project):
    def publishing(out):
        publish.figure("plot", figure(), alt="A", caption="C")

    first, second = (published(project, publishing)[0].bundle for _ in range(2))
    assert first["image/svg+xml"] == second["image/svg+xml"]
    assert first["image/png"] == second["image/png"]
    svg = first["image/svg+xml"]
    assert "Höhe −1" in svg
    assert "Libertinus Serif" in svg
    assert "dc:date" not in svg
    assert base64.b64decode(first["image/png"]).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: publish.value("Bad name", 1), "a name is made of"),
        (lambda: publish.value("../x", 1), "a name is made of"),
        (lambda: publish.value("x", math.nan), "not a finite number"),
        (lambda: publish.value("x", True), "is not a number"),
        (lambda: publish.value("x", "3"), "is not a number"),
        (lambda: publish.value("x", 5, low=1, high=2), "does not hold the value"),
        (lambda: publish.value("x", 5, low=1), "does not hold the value"),
        (lambda: publish.figure("x", figure(), alt=" ", caption="c"), "alt is empty"),
        (lambda: publish.figure("x", figure(), alt="a", caption=""), "caption is empty"),
        (lambda: publish.claim("x", 1, text="t", evidence="e"), "must be True or False"),
        (lambda: publish.claim("x", True, text="t", evidence=" "), "must not be empty"),
        (lambda: publish.table("x", [], caption="c"), "there are no rows"),
        (lambda: publish.table("x", [{"a": 1}, {}], caption="c"), 'lacks the column "a"'),
        (lambda: publish.table("x", {"a": [1], "b": [1, 2]}, caption="c"), "different lengths"),
        (lambda: publish.table("x", [{"a": 1}], caption="c", align="lr"), "needs l, r or c"),
        (lambda: publish.answer("x", "  "), "the text is empty"),
        (lambda: publish.file("x", "/nowhere/x.csv"), "there is no file"),
    ],
)
def test_what_is_not_fit_is_refused(call, said):
    with pytest.raises(PublishError, match=re.escape(said)):
        call()


def test_a_name_twice_in_one_script(project):
    def publishing(out):
        publish.value("twice", 1)
        publish.claim("twice", True, text="t", evidence="e")

    with pytest.raises(PublishError, match="published already"):
        published(project, publishing)


def test_a_name_twice_in_two_scripts_names_both(project):
    project.analysis("other", lambda out: publish.value("net.parameters", 3))
    with pytest.raises(UserError, match=r"analysis/weights\.py \(findings\) and in analysis/other\.py \(findings\)"):
        results.collect(planfile.load(project.plan).data, project.root)


def test_results_say_where_everything_came_from(project):
    found = results.load_results(project.out)
    assert found["values"]["net.accuracy"]["source"] == {
        "script": "analysis/weights.py", "key": "weights" * 8, "cell": "findings", "target": "weights",
    }  # fmt: skip
    assert found["figures"]["loss"]["svg"] == "assets/loss.svg"
    assert (project.out / found["figures"]["loss"]["data"]).read_text().splitlines()[1] == "10,3.0"
    assert found["answers"]["q1"]["words"] == 11
    assert found["answers"]["q1"]["sentences"] == 1
    assert found["provenance"]["targets"]["net-s1"]["parameters"] == {"epochs": 14}
    assert (project.out / "predictions.csv").read_text() == "clip,prediction\n0,heavy\n"


def test_a_published_file_that_changed_is_refused(project):
    kept = project.root / "build/store/we/weights/files/predictions.csv"
    kept.write_text("clip,prediction\n0,light\n")
    with pytest.raises(UserError, match=r"predictions\.csv: changed since analysis/weights\.py"):
        page.build(planfile.load(project.plan))


def test_plain_script_prints_and_never_imports_ipython(tmp_path):
    script = tmp_path / "plain.py"
    script.write_text(
        "import sys\nfrom onepage import publish\n"
        "publish.value('a', 0.5, low=0.4, high=0.6, unit='fraction')\n"
        "publish.table('t', [{'a': 1, 'b': 'x'}], caption='Cap')\n"
        "publish.claim('c', False, text='T', evidence='E')\n"
        "assert 'IPython' not in sys.modules and 'matplotlib' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "a = 50.0% (40.0–60.0)" in done.stdout
    assert "claim c DOES NOT HOLD" in done.stdout


@given(st.floats(min_value=-1e9, max_value=1e9, allow_nan=False), st.integers(1, 6))
def test_significant_digits_stay_near(number, digits):
    written = quantities.significant(number, digits).replace(",", "").replace(quantities.MINUS, "-")
    assert float(written) == pytest.approx(number, rel=0.51 * 10 ** (1 - digits), abs=1e-300)
    assert "e" not in written


@given(st.floats(0, 1))
def test_percent_is_rounded_as_shown(fraction):
    assert abs(float(quantities.percent(fraction)[:-1]) - 100 * fraction) <= 0.05 + 1e-9


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (quantities.interval(0.9541, 0.9477, 0.9604, "fraction"), "95.4% (94.8–96.0)"),
        (quantities.interval(-0.02, -0.03, 0.01, "fraction"), "−2.0% (−3.0 to 1.0)"),
        (quantities.interval(7, None, None), "7"),
        (quantities.shown(99126, "parameters"), "99,126"),
        (quantities.shown(143.2, "s"), "143\N{NO-BREAK SPACE}s"),
        (quantities.significant(0.9996), "1.00"),
        (quantities.significant(0.0012345, 2), "0.0012"),
        (quantities.decimals(-0.04), "0.0"),
        (quantities.decimals(2.06, signed=True), "+2.1"),
        (quantities.cell({"value": 0.5, "unit": "fraction", "digits": 0}), "50%"),
        (quantities.cell(None), "–"),
    ],
)
def test_quantities(made, wanted):
    assert made == wanted


def test_results_are_strict_json(project):
    text = (project.out / "results.json").read_text(encoding="utf-8")
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
