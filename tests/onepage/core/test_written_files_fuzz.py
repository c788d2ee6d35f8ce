"""Whatever stands in a file that people write: it is read, or refused by one line with the file's name and a line."""

from __future__ import annotations

import copy
import json
import math
import re
import time
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import written_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tries import tries
from written_files import KINDS, TOML

from onepage.core.errors import UserError

SECONDS = 4.0  # of processor time for one reading, on a busy machine; what it guards against takes minutes
fuzz = settings(
    max_examples=tries(60), deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_files.project(tmp_path_factory.mktemp("fuzz") / "project")


def read(root: Path, name: str, content: bytes) -> str | None:
    """None where the content is read; else the message, which has to be in order."""
    kind = KINDS[name]
    path = root / kind.name
    path.write_bytes(content)
    started = time.process_time()
    try:
        kind.read(root)
    except UserError as error:
        message = str(error)
    else:
        message = None
    finally:
        spent = time.process_time() - started
        path.write_text(kind.good, encoding="utf-8")
    assert spent < SECONDS
    if message is not None:
        assert all(sign.isprintable() or unicodedata.category(sign) == "Zs" for sign in message), message
        assert len(message) < 700
        # a pyproject.toml in which no table of ours is to be seen belongs to another project
        lost = f"{root}: no pyproject.toml with a [tool.onepage] table here or above"
        assert re.match(rf"(\S*/)?{Path(kind.name).name}:\d+: \S", message) or message.startswith(lost), message
        line = re.search(r":(\d+): ", message)
        assert not line or int(line.group(1)) <= content.count(b"\n") + content.count(b"\r") + 1
    return message


# --- (a) data of the right shape, one value of it replaced by anything -----------------------------------------------

_TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", " ", "..", "../x", "/etc", "~", "a\0b", "/(/", "/x/", "{out}", "{", "'", "**", "a/**b",
                     "\x1b[2J"]),
)  # fmt: skip
_NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([0, -1, 1.0, 2**63, 10**4000, float("nan"), float("inf"), -0.0])
)
ANYTHING = st.recursive(
    st.one_of(_TEXTS, _NUMBERS, st.booleans(), st.dates(), st.datetimes(), st.times()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)),
    max_leaves=8,
)


def places(data: Any, where: tuple = ()) -> Iterator[tuple]:
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield (*where, key)
        yield from places(value, (*where, key))


def replaced(data: Any, place: tuple, by: Any) -> Any:
    data = copy.deepcopy(data)
    inner = data
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = by
    return data


def as_toml(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return re.sub(r"\x7f", r"\\u007f", json.dumps(value, ensure_ascii=False)).replace("\\/", "/")
    if isinstance(value, int | float):
        return repr(value) if not isinstance(value, int) or abs(value) < 10**40 else "9" * 5000
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_toml(str(key))} = {as_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return value.isoformat()


def as_yaml(value: Any) -> str:
    """A value in flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_yaml(str(key))}: {as_yaml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_yaml, value)) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}[repr(value)]
    return json.dumps(value) if isinstance(value, str) else as_toml(value)


@pytest.mark.parametrize("name", TOML)
@fuzz
@given(data=st.data())
def test_one_value_of_a_toml_file_may_be_anything(root: Path, name: str, data: st.DataObject) -> None:
    good = tomllib.loads(KINDS[name].good)
    place = data.draw(st.sampled_from(list(places(good))))
    wrong = replaced(good, place, data.draw(ANYTHING))
    read(
        root,
        name,
        "".join(f"{as_toml(key)} = {as_toml(each)}\n" for key, each in wrong.items()).encode("utf-8", "replace"),
    )


@pytest.mark.parametrize("name", ["script", "report"])
@fuzz
@given(data=st.data())
def test_one_value_of_a_header_may_be_anything(root: Path, name: str, data: st.DataObject) -> None:
    good: dict[str, Any] = {
        "script": {"jupyter": {"onepage": {"title": "T", "question": "1", "reads": ["corpus"], "timeout": 60}}},
        "report": {"title": "T", "subtitle": "S", "keywords": ["a"], "lang": "en"},
    }[name]
    place = data.draw(st.sampled_from(list(places(good))))
    written = as_yaml(replaced(good, place, data.draw(ANYTHING))).encode("utf-8", "replace").decode()
    header = {"script": f"# ---\n# {written}\n# ---\n\n# %%\nx = 1\n", "report": f"---\n{written}\n---\n\ntext\n"}[name]
    read(root, name, header.encode())


# --- (b) a good file, edited at random -------------------------------------------------------------------------------

_PIECES = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["\n", "\t", "\r", '"', "'", '"""', "[", "]", "{", "}", "[[", ".", "=", ":", "#", "---", "- ",
                     "&a ", "*a", "!!", "|", ">", "{{", "}}", "{%", "%}", "\x00", "\x1b", "\ufeff", "\u2028", "\x85",
                     "nan", "1e999", "9" * 5000, "[" * 3000, "a." * 3000, "{{ (" * 200, "\n# ---\n"]),
)  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
@fuzz
@given(data=st.data())
def test_a_good_file_may_be_edited_anyhow(root: Path, name: str, data: st.DataObject) -> None:
    text = KINDS[name].good
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.sampled_from([0, 0, 1, 2, 10, 80])))
        text = text[:start] + data.draw(_PIECES) + text[end:]
    read(root, name, text.encode("utf-8", "surrogatepass"))


# --- (c) bytes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
@fuzz
@given(content=st.binary(max_size=400), kept=st.integers(0, 400))
def test_a_file_may_hold_any_bytes(root: Path, name: str, content: bytes, kept: int) -> None:
    read(root, name, KINDS[name].good.encode()[:kept] + content)
