"""Parameters are declared with type and comment, and nothing but what is declared gets in; rows expand into runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from onepage.core.errors import UserError
from onepage.plan import experiments
from onepage.scripts.parameters import Parameter, convert, declared, overrides, resolve


def script(*lines: str) -> str:
    return "\n".join(["# %%", "x = 1", '# %% tags=["parameters"]', *lines, "# %%", "y = 2"])


GOOD = script(
    "epochs: int = 14  # passes",
    "rate: float = 1  # step",
    "task: str  # which",
    "sizes: list[int] = [1, 2]  # sizes",
    "fast: bool = False  # whether",
    "seed: int = 0  # seed",
)


def test_declarations() -> None:
    found = {parameter.name: parameter for parameter in declared(GOOD, "a.py")}
    assert found["epochs"] == Parameter("epochs", "int", 14, False, "passes", 4)
    assert found["rate"].default == 1.0
    assert isinstance(found["rate"].default, float)
    assert found["task"].required
    assert found["sizes"].default == [1, 2]
    assert declared("# %%\nx = 1", "a.py") == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("epochs = 3  # passes", "a.py:4: the parameters cell holds only lines like"),
        ("epochs: int = 3", "needs a comment"),
        ("epochs: int = 3.5  # passes", "should be a int, not 3.5"),
        ("epochs: bool = 1  # passes", "should be a bool, not 1"),
        ("epochs: float = float('nan')  # passes", "should be a plain value"),
        ("epochs: float = 1e999  # passes", "finite"),
        ("epochs: int = 2 * 3  # passes", "should be a plain value"),
        ("epochs: dict = {}  # passes", "has type dict; it may be int, float"),
        ("epochs: list[int] = [1, 'a']  # passes", "should be a int, not 'a'"),
        ("import os", "the parameters cell holds only"),
        ("epochs: int = (  # passes", "a.py:4: '(' was never closed"),
    ],
)
def test_wrong_declarations_are_named(line: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        declared(script(line), "a.py")
    assert message in str(error.value)


def test_values_are_strict() -> None:
    declaration = declared(GOOD, "a.py")
    assert resolve(declaration, {"task": "six", "rate": 2}, "row")["rate"] == 2.0
    for given, message in [
        ({"task": "six", "epoch": 3}, "unknown parameter 'epoch' (did you mean 'epochs'?)"),
        ({"task": "six", "zzz": 3}, "there is epochs, rate"),
        ({}, "parameter task (str) has no default and no value"),
        ({"task": 6}, "parameter task should be a str, not 6"),
        ({"task": "six", "epochs": True}, "should be a int, not True"),
        ({"task": "six", "rate": float("inf")}, "finite"),
    ]:
        with pytest.raises(UserError) as error:
            resolve(declaration, given, "row")
        assert message in str(error.value)


def test_overrides_from_the_command_line() -> None:
    scripts = {"train": declared(GOOD, "train.py"), "q1": declared(script("rate: str = 'a'  # text"), "q1.py")}
    found = overrides("""epochs=3 rate=0.5 sizes=[3,4] fast=yes task='a b'""", scripts)
    assert found["train"] == {"epochs": 3, "rate": 0.5, "sizes": [3, 4], "fast": True, "task": "a b"}
    assert found["q1"] == {"rate": "0.5"}  # each script reads it as the type that it declares
    for words, message in [
        ("epoch=3", "no script has a parameter 'epoch' (did you mean 'epochs'?)"),
        ("epochs=three", "parameter epochs should be a int, not 'three'"),
        ("epochs=3.0", "should be a int"),
        ("fast=maybe", "should be a bool"),
        ("epochs", "should be name=value"),
        ("task='", "No closing quotation"),
    ]:
        with pytest.raises(UserError) as error:
            overrides(words, scripts)
        assert message in str(error.value)


def test_convert_keeps_text_apart_from_numbers() -> None:
    for value, kind in [("1", "int"), (1, "str"), ([1.5], "list[int]"), (None, "int")]:
        with pytest.raises(UserError):
            convert(value, kind, "x")


# --- experiments.toml ---

PROFILES = {"full": {}, "quick": {"parameters": {"epochs": 2}}}


def expand(row: dict[str, Any], profile: str = "full", pinned: dict[str, Any] | None = None) -> list[experiments.Run]:
    tables = {"profiles": PROFILES, "runs": {"six": {"script": "train", "parameters": {"task": "six"}, **row}}}
    chosen = experiments.profile(tables, profile, "e.toml")
    (found,) = experiments.rows(tables, chosen, "e.toml")
    return experiments.expand(found, declared(GOOD, "train.py"), chosen, pinned or {}, "e.toml")


def ids(runs: list[experiments.Run]) -> list[str]:
    return [run.id for run in runs]


def test_seeds_and_profiles() -> None:
    assert ids(expand({})) == ["six-s0"]
    assert ids(expand({"seeds": [3, 5]}, "quick")) == ["six-s3", "six-s5"]
    assert expand({"seeds": {"full": [1]}}, "quick") == []
    run = expand({"seeds": {"quick": [7]}}, "quick")[0]
    assert (run.seed, run.parameters["seed"], run.parameters["epochs"]) == (7, 7, 2)


def test_what_beats_what() -> None:
    row = {"parameters": {"task": "six", "epochs": 5}}
    assert expand(row)[0].parameters["epochs"] == 5
    assert expand(row, "quick")[0].parameters["epochs"] == 2
    own = {**row, "parameters_in": {"quick": {"epochs": 3}}}
    assert expand(own, "quick")[0].parameters["epochs"] == 3
    assert expand({"grid": {"epochs": [8, 9]}}, "quick")[1].parameters["epochs"] == 9
    assert expand(own, "quick", {"epochs": 1})[0].parameters["epochs"] == 1


def test_grids_expand_and_pins_collapse_them() -> None:
    row = {"grid": {"rate": [0.004, 1], "sizes": [[1], [2, 3]]}, "seeds": [0, 1]}
    assert len(expand(row)) == 8
    assert ids(expand(row))[:2] == ["six-rate0.004-sizes1-s0", "six-rate0.004-sizes2_3-s0"]
    assert ids(expand(row, pinned={"rate": 2.0, "seed": 9})) == ["six-rate2.0-sizes1-s9", "six-rate2.0-sizes2_3-s9"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"seed": [0]}, "unknown key 'seed' (did you mean 'seeds'?)"),
        ({"seeds": ["a"]}, "should be a whole number"),
        ({"seeds": {"ful": [1]}}, "seeds names profile 'ful' (did you mean 'full'?)"),
        ({"parameters_in": {"quik": {}}}, "parameters_in names profile 'quik'"),
        ({"grid": {"task": ["a"]}}, "task stands both in parameters and in grid"),
        ({"grid": {"rate": 3}}, "should be a list"),
        ({"parameters": {"task": "six", "epoch": 1}}, "[runs.six]: unknown parameter 'epoch'"),
        ({"seeds": [1, 1]}, "two runs would be called six-s1"),
    ],
)
def test_wrong_rows_are_named(row: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        expand(row)
    assert message in str(error.value)


def test_wrong_files_are_named(tmp_path: Path) -> None:
    file = tmp_path / "e.toml"
    file.write_text("[runs.x")
    with pytest.raises(UserError, match=r"e\.toml:1: not valid TOML"):
        experiments.load(file, "e.toml")
    file.write_text("[run.x]\n")
    with pytest.raises(UserError, match=r"e\.toml:1: unknown key 'run' \(did you mean 'runs'"):
        experiments.load(file, "e.toml")
    with pytest.raises(UserError, match="PROFILE=quik"):
        experiments.profile({"profiles": PROFILES, "runs": {}}, "quik", "e.toml")
