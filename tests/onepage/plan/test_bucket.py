"""A store in a bucket, on a real S3 server of this machine: whole results or none, whoever writes at the same time."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import bucket_made
import engine_project as example
import pytest

from onepage import cli
from onepage.core.errors import UserError
from onepage.observing import observations
from onepage.plan import store
from onepage.plan.bucket import Bucket

KEY = "ab" * 16
URL = f"s3://{bucket_made.NAME}"


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    yield from bucket_made.server()


@pytest.fixture
def url(server: dict[str, str], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A prefix of the test's own."""
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    return f"{URL}/{abs(hash(request.node.name))}/results"


def put(folder: Path, name: str = KEY, content: bytes = b"x" * 100_000, reads: str = "1") -> Path:
    """A finished result of a local store."""
    entry = store.entry_path(folder, name)
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    with store.staging(entry, "a result") as made:
        assert made is not None
        (made / "files" / "deep").mkdir()
        (made / "files" / "deep" / "data ü").write_bytes(content)
        (made / "files" / "empty").touch()
        (made / observations.FILE).write_text(observations.dump({"file:data.csv": reads}))
    return entry


def contents(entry: Path) -> dict[str, bytes]:
    return {path.relative_to(entry).as_posix(): path.read_bytes() for path in entry.rglob("*") if path.is_file()}


def objects(url: str) -> list[str]:
    return [path.removeprefix(url.removeprefix("s3://")) for path in Bucket(url)._system.find(url)]


def test_a_result_goes_there_and_comes_back(url: str, tmp_path: Path) -> None:
    mine = put(tmp_path / "mine")
    assert list(Bucket(url).variants(KEY)) == []
    assert not Bucket(url).fetch(store.entry_path(tmp_path / "other", KEY), "q1")
    Bucket(url).put(mine)
    assert list(Bucket(url).variants(KEY)) == [(KEY, {"file:data.csv": "1"})]
    theirs = store.entry_path(tmp_path / "other", KEY)
    assert Bucket(url).fetch(theirs, "q1")
    assert contents(theirs) == contents(mine)
    Bucket(url).put(mine)  # is there already
    assert len(objects(url)) == 2


def test_variants_are_told_apart(url: str, tmp_path: Path) -> None:
    other = f"{KEY}-{'0' * 12}"
    for name, reads in ((KEY, "1"), (other, "2"), ("ac" * 16, "3")):
        Bucket(url).put(put(tmp_path, name, reads=reads))
    assert dict(Bucket(url).variants(KEY)) == {KEY: {"file:data.csv": "1"}, other: {"file:data.csv": "2"}}


def _write(url: str, entry: Path) -> None:
    for _ in range(3):
        writer = Bucket(url)
        writer._damaged.add(entry.name)  # as one that does not see the other's
        writer.put(entry)


@pytest.mark.long
def test_of_writers_at_the_same_time_one_whole_result_stays(url: str, tmp_path: Path) -> None:
    sources = [put(tmp_path / str(number), content=bytes([number]) * 2_000_000) for number in range(3)]
    start = multiprocessing.get_context("spawn")
    writers = [start.Process(target=_write, args=(url, source)) for source in sources]
    for writer in writers:
        writer.start()
    for turn in range(5):  # and readers meanwhile
        entry = store.entry_path(tmp_path / f"reader-{turn}", KEY)
        if Bucket(url).fetch(entry, "q1"):
            assert contents(entry) in [contents(source) for source in sources]
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    last = store.entry_path(tmp_path / "last", KEY)
    assert Bucket(url).fetch(last, "q1")
    assert contents(last) in [contents(source) for source in sources]


HARM = {
    "no tar": lambda system, tar: system.rm(tar),
    "a tar cut short": lambda system, tar: system.pipe_file(tar, system.cat_file(tar)[:5000]),
    "another tar": lambda system, tar: system.pipe_file(tar, system.cat_file(tar).replace(b"xxxx", b"yyyy")),
    "no tar at all": lambda system, tar: system.pipe_file(tar, b"<html>"),
    "nothing": lambda system, tar: system.pipe_file(tar, b""),
    "more behind it": lambda system, tar: system.pipe_file(tar, system.cat_file(tar) + b"\0"),
}


@pytest.mark.parametrize(
    "harm",
    [pytest.param(harm, id=name, marks=[pytest.mark.long] if "tar" in name else []) for name, harm in HARM.items()],
)
def test_what_is_damaged_is_no_result_and_is_put_again(url: str, tmp_path: Path, harm, capsys) -> None:
    mine = put(tmp_path / "mine")
    shared = Bucket(url)
    shared.put(mine)
    harm(shared._system, next(path for path in shared._system.find(url) if path.endswith(".tar")))
    entry = store.entry_path(tmp_path / "other", KEY)
    assert not shared.fetch(entry, "q1")
    assert "q1 is damaged" in capsys.readouterr().err
    assert not entry.exists()
    assert os.listdir(tmp_path / "other" / "tmp") == []
    shared.put(mine)
    assert Bucket(url).fetch(entry, "q1")
    assert contents(entry) == contents(mine)


@pytest.mark.parametrize(
    "marker", [b"", b"[]", b"{}", b'{"tar": "../../x.tar", "size": 1, "sha256": "", "observed": {}}']
)
def test_a_marker_that_is_none_of_ours_is_no_result(url: str, tmp_path: Path, marker: bytes) -> None:
    shared = Bucket(url)
    shared._system.pipe_file(f"{url}/{KEY[:2]}/{KEY}.json", marker)
    assert list(shared.variants(KEY)) == []
    assert not shared.fetch(store.entry_path(tmp_path, KEY), "q1")


def test_nothing_is_unpacked_beside_the_result(url: str, tmp_path: Path) -> None:
    import hashlib
    import io
    import tarfile

    shared, made = Bucket(url), io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("../../../outside"))
    said = {"tar": "0" * 16 + ".tar", "size": len(made.getvalue()), "observed": {}}
    said["sha256"] = hashlib.sha256(made.getvalue()).hexdigest()
    shared._system.pipe_file(f"{url}/{KEY[:2]}/{KEY}/{said['tar']}", made.getvalue())
    shared._system.pipe_file(f"{url}/{KEY[:2]}/{KEY}.json", json.dumps(said).encode())
    assert not shared.fetch(store.entry_path(tmp_path / "a" / "store", KEY), "q1")
    assert not list(tmp_path.rglob("outside"))


BAD = {
    "no such bucket": ("s3://no-such-bucket/x", {}, "there is no such bucket"),
    "no address": ("s3://", {}, "a store is a folder, or s3://"),
    "another service": ("gs://results", {}, "a store is a folder, or s3://"),
    "a space": ("s3://results/a b", {}, "a store is a folder, or s3://"),
    "nobody answers": (URL, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "cannot be reached"),
    "no credentials": (URL, {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no credentials"),
    "half of them": (URL, {"AWS_SECRET_ACCESS_KEY": ""}, "credentials"),
    "no such profile": (URL, {"AWS_PROFILE": "nobody"}, "no profile of this machine"),
}


@pytest.mark.parametrize(("name", "environ", "said"), BAD.values(), ids=BAD)
def test_a_bucket_that_cannot_be_used_is_one_line(
    url: str, name: str, environ: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
        if not value:
            monkeypatch.delenv(variable)
    with pytest.raises(UserError, match=said) as caught:
        Bucket(name).variants(KEY)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_gc_refuses_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.onepage]\n")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["gc", "--store", URL]) == 2
    assert "nothing is removed from a bucket" in capsys.readouterr().err


@pytest.mark.long
def test_machines_share_what_they_have_made(server: dict[str, str], tmp_path: Path) -> None:
    where = f"STORE={URL}/machines"
    one, two = (example.copy(tmp_path / name) for name in ("one", "two"))
    assert len(one.executed(one.make("report"))) == 4  # without the bucket
    one.make("report", where, **server)  # which is then given what is there
    got = two.make("report", where, **server).stdout
    assert got.count(f"from {URL}/machines") == 4
    assert two.manifest() == one.manifest()
    assert two.entries() == one.entries()
    two.edit("analysis/q2_steps.py", "Small steps", "Tiny steps")
    two.edit("src/dicegame/models.py", "1 - rate", "1 - rate * 0.5")
    assert two.executed(two.make("report", where, "LAUNCH=env", **server)) == {"slow-s0", "q2_steps"}
    shutil.rmtree(one.path("build"))
    for name in ("analysis/q2_steps.py", "src/dicegame/models.py"):
        shutil.copy(two.path(name), one.path(name))
    assert one.make("report", where, **server).stdout.count(f"from {URL}/machines") == 4
    assert one.manifest() == two.manifest()
    gone = {**server, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    assert "nothing to do" in one.make("report", where, **gone).stdout  # all is here: nobody is asked
    one.edit("src/dicegame/models.py", "1 - rate * 0.5", "1 - rate * 0.4")
    assert "cannot be reached" in one.make("report", where, ok=False, **gone).stderr
