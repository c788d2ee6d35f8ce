"""Whatever a file holds that `onepage` reads and did not write itself: it is read, or refused in one line; see law.py.

What people write of a project is in core/test_written_files_fuzz.py; what a build leaves, in test_harmed_files.py.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import damage
import pytest
import results_made
import tally
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from law import obeyed
from PIL import Image
from tries import tries

from onepage import context
from onepage.core import config, locks, places, repository
from onepage.core.errors import UserError
from onepage.core.watch import Watch
from onepage.course import submission
from onepage.execute import progress
from onepage.page import preflight
from onepage.page.tree import bibliography, pictures
from onepage.plan import surroundings, uses
from onepage.plan.planfile import Plan
from onepage.review import index
from onepage.tools import compare, reports, verify

fuzz = settings(
    max_examples=tries(8), deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
TEXT = "{{ six.accuracy | percent }} {{ figure('waves') }} {{ table('all') }} [x]{.claim #holds} {{ answer('q1') }}"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="40pt" height="20pt"><path d="M0 0L1 1" style="fill:red"/></svg>'
BIB = b'@article{one, title = {On {D}ice}, author = {Ada and Bo}, year = 2020}\n@book{two, title = "Chance"}\n'
CSL = b'<style xmlns="http://purl.org/net/xbiblio/csl" version="1.0"><citation><layout/></citation></style>'


def picture(form: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(file, form)
    return file.getvalue()


def archive(pack: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", pack) as made:
        made.writestr("group_1/report.pdf", b"a page")
        made.comment = submission._mark({"group_1/report.pdf": b"a page"})
    return file.getvalue()


RESULTS = json.dumps(results_made.results(TEXT, "default", {})).encode()
STATES = {"states": {"q1": "stale"}, "checks": [], "headline": []}
PLAN = {
    "report": "r", "profile": "full", "device": "cpu",
    "corpus": {"name": "d", "folder": "data", "entry": "", "key": ""},
    "out": "reports/r", "store": "build/store", "code": {}, "versions": {}, "request": {},
    "targets": [{"id": "slow-s0", "kind": "run", "row": "slow", "seed": 0, "script": "analysis/q.py", "parameters": {},
                 "entry": "build/store/ab/ab", "key": "ab", "reads": [], "runs": {}, "title": "T", "question": "1",
                 "modules": [], "timeout": 60}],
}  # fmt: skip


def _plan(root: Path) -> Plan:
    return Plan(root, root / "build" / "r", json.loads(json.dumps(PLAN)))


def _reports(root: Path) -> None:
    """Everything that looks at a report that somebody else built."""
    one, other = reports.load(root / "reports" / "r"), reports.load(root / "reports" / "other")
    compare.as_text(compare.compare(one, other))
    verify.compare_values(one.folder, other.folder)


def _plain_script(root: Path) -> None:
    context._from_plan.cache_clear()
    context._from_plan(str(root / "analysis" / "q.py"))


def _index(root: Path) -> None:
    index.mark(PLAN, root, {"slow-s0": "fresh"})


def _packages(root: Path) -> None:
    surroundings.versions(config.Config(root), Watch())


def _lock(root: Path) -> None:
    path, told = root / "build" / "r" / "lock", []
    content, held = path.read_bytes(), locks.Lock(path)
    assert held.acquire(None)
    path.write_bytes(content)
    assert not locks.Lock(path).acquire(None)
    with path.open("rb") as stream:
        told.append(locks._holder(stream.fileno()))
    held.release()
    path.write_bytes(content)


def _png(root: Path) -> None:
    for name in ("a.png", "a.jpg", "a.gif", "a.webp", "a.svg"):
        path = root / "reports" / "page" / name
        pictures._kind(path, name, UserError)


READ: dict[str, tuple[bytes, Callable[[Path], Any]]] = {
    "reports/r/results.json": (RESULTS, _reports),
    "reports/r/manifest.json": (b'{"report": "r", "files": {"a": "00"}}', lambda root: (
        places.manifest(root / "reports/r"), places.manifest_names(root / "reports/r"), places.require_out(root, "r"))),
    "reports/page/references.bib": (BIB, lambda root: bibliography.load(root / "reports/page/references.bib", "r.bib")),
    "reports/page/theme/numeric.csl": (CSL, lambda root: preflight._theme(root / "reports/page/theme", root)),
    **{f"reports/page/a.{kind}": (picture(form), _png) for kind, form in
       (("png", "PNG"), ("jpg", "JPEG"), ("gif", "GIF"), ("webp", "WEBP"))},
    "reports/page/a.svg": (SVG, _png),
    "group_1.zip": (archive(), lambda root: submission._is_own(root / "group_1.zip")),
    "build/r/running/slow-s0": (b'{"pid": 1, "since": 1.5}', lambda root: progress.in_execution(_plan(root))),
    "build/store/ab/ab/timing.json": (b'{"seconds": 1.5}', lambda root: progress.took(root / "build/store/ab/ab")),
    "build/r/last/slow-s0": (b"ab\n", lambda root: progress._last_seconds(_plan(root), "slow-s0")),
    "build/store/uses/a.json": (b'{"root": "/x", "report": "r", "branch": "main", "keys": ["ab"]}', lambda root: (
        uses.needed(uses.known(root / "build/store")))),
    "build/r/plan.json": (json.dumps(PLAN).encode(), _plain_script),
    "build/r/index.json": (json.dumps(STATES).encode(), _index),
    "build/r/lock": (b'{"pid": 1, "host": "h", "since": "10:00"}', _lock),
    "build/failed/r/q1/failure.json": (b'{"target": "q1", "message": "x"}', lambda root: (
        places.forget_failure(root, "r", "q1"))),
    "requirements.lock": (b"numpy==2.0\ntorch==2.13.0 ; sys_platform\n", _packages),
    ".git/HEAD": (b"ref: refs/heads/main\n", lambda root: (
        repository.watched(root), repository.state(root, ["analysis"]), uses.branch(root))),
    ".git/commondir": (b".\n", lambda root: repository.find(root)),
}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "project"
    for name, (good, _) in READ.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(good)
    (folder / "reports/other").mkdir()
    (folder / "reports/other/results.json").write_bytes(RESULTS)
    (folder / "analysis").mkdir()
    return folder


@pytest.mark.parametrize("name", READ)
@fuzz
@given(data=st.data())
def test_a_file_may_hold_anything(root: Path, name: str, data: st.DataObject) -> None:
    good, read = READ[name]
    path = root / name
    tally.count("hostile files of a project")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.draw(damage.anything(good)))
        obeyed(lambda: read(root), (UserError, context.ContextError))
    finally:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(good)


def _places(data: Any, where: tuple = ()) -> list[tuple]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [place for key, each in inner for place in ((*where, key), *_places(each, (*where, key)))]


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
              st.sampled_from(["../../etc/passwd", "/etc/passwd", "\0", 10**400, -1])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip


@pytest.mark.parametrize("name", [name for name in READ if READ[name][0].startswith(b"{")])
@fuzz
@given(data=st.data())
def test_one_value_of_a_record_may_be_anything(root: Path, name: str, data: st.DataObject) -> None:
    good, read = READ[name]
    found = json.loads(good)
    place = data.draw(st.sampled_from([(), *_places(found)]))
    wrong: Any = data.draw(ANYTHING)
    if place:
        inner = found
        for part in place[:-1]:
            inner = inner[part]
        inner[place[-1]] = wrong
    tally.count("hostile records of a project")
    path = root / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found if place else wrong))
        obeyed(lambda: read(root), (UserError, context.ContextError))
    finally:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(good)


def test_bombs_are_refused(root: Path) -> None:
    """A few kilobytes that unpack to hundreds of megabytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("group_1/report.pdf", bytes(1 << 29))
        made.comment = submission._mark({})
    (root / "bomb.zip").write_bytes(file.getvalue())
    assert obeyed(lambda: submission._is_own(root / "bomb.zip"), UserError) is None
    assert not submission._is_own(root / "bomb.zip")
    Image.new("1", (16_000, 16_000)).save(root / "bomb.png")
    said = obeyed(lambda: pictures._kind(root / "bomb.png", "bomb.png", UserError), UserError)
    assert "16000 x 16000 points" in (said or "") or "decompression bomb" in (said or "")
