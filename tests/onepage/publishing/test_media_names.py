"""Names and labels of what is heard: whatever they hold, they stay text, and files stay in their folder."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

sys.path.insert(0, str(Path(__file__).parent))
import review_project as project
from outputs_shown import ORIGIN, Elements

from onepage.publish import PublishError
from onepage.publishing import media, records
from onepage.review import outputs
from onepage.review.cells import Cell

SOUND = np.zeros(80, dtype=np.float32)
LABELS = st.text(max_size=30) | st.sampled_from(
    ['"><script>alert(1)</script>', "' onmouseover='alert(1)", "</script><script>", "<!--", "]]>", "\ud800", "\x00x",
     "a\nb", "{{ 7*7 }}", "&quot;", "javascript:alert(1)", "../../x", "\u202eabc", "<img src=x onerror=alert(1)>"]
)  # fmt: skip


def drawn(files: Path, call) -> tuple[Elements, str]:
    with project.Recorder(files) as recorder:
        call()
    page = outputs.Media("media/q1", files)
    lists = {o["data"][records.MIME]["name"]: o["data"][records.MIME] for o in recorder.outputs}
    html = "\n".join(outputs.cell_outputs(Cell("code", "x", 1, outputs=recorder.outputs), page, ORIGIN, lists))
    html.encode("utf-8")
    own = "".join(str(o["data"].get("text/html", "")) for o in recorder.outputs)
    own.encode("utf-8")
    return Elements(html), own


def assert_text_only(page: Elements) -> None:
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        for name in ("src", "href"):
            if value := attributes.get(name):
                assert value.startswith(("media/q1/", "#")), (tag, value)
        assert tag != "script" or attributes == {"type": "application/json"}
        assert tag != "img" or attributes["src"].startswith("media/q1/")


@given(LABELS, LABELS, LABELS)
@settings(max_examples=tries(60), deadline=None)
def test_labels_stay_text(tmp_path_factory, one: str, two: str, three: str) -> None:
    files = tmp_path_factory.mktemp("files")
    known = (f"{one} ", f"{two}  ", f"{three}   ")
    clip = {"id": "1", "samples": SOUND, "a": one, "b": two}

    def call() -> None:
        media.audio("song", SOUND, 8000, label=f"x{one}", meta={two: three})
        media.clips("list", [clip], rate=8000, columns={"a": one, "b": two}, caption=three)
        media.matrix("m", np.eye(3), rows=known, caption=one, clips="list", keys=("a", "b"), titles=(two, three))
        media.scatter(
            "plane", [0, 1], [0, 1], group=[one, two], texts=[two, three], ids=["1", "2"], clips="list", caption=one,
            alt=f"x{two}", titles=(one, three),
        )  # fmt: skip

    page, own = drawn(files, call)
    assert_text_only(page)
    assert not [a for _, a in Elements(own).tags if any(name.startswith("on") for name in a)]
    assert not [t for t, _ in Elements(own).tags if t in ("script", "img", "iframe")]
    written = [path for path in files.rglob("*") if path.is_file()]
    assert {path.parent.relative_to(files).as_posix() for path in written} == {"media/song", "media/list"}


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/b", "A", "", "a b", "x\n", "\x00", ".x", "a\\b", 3, None])
@pytest.mark.parametrize("kind", ["audio", "clips", "matrix", "scatter"])
def test_a_name_that_is_none_is_refused_before_anything_is_written(kind: str, name: object, tmp_path: Path) -> None:
    files = tmp_path / "entry" / "files"
    files.mkdir(parents=True)
    clip = {"id": "1", "samples": SOUND, "a": "x", "b": "y"}
    calls = SimpleNamespace(
        audio=lambda: media.audio(name, SOUND, 8000, label="x"),
        clips=lambda: media.clips(name, [clip], rate=8000, columns={"a": "A", "b": "B"}, caption="c"),
        matrix=lambda: media.matrix(name, np.eye(1), rows=["x"], caption="c"),
        scatter=lambda: media.scatter(name, [0], [0], group=["x"], texts=["x"], caption="c", alt="a"),
    )
    with project.Recorder(files), pytest.raises(PublishError, match="a name is made of"):
        getattr(calls, kind)()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("identity", ["../1", "a/b", "", ".", "..", "a b", '"', "<", "x" * 65, "1\n"])
def test_ids_of_clips_are_plain_names(identity: str, tmp_path: Path) -> None:
    clip = {"id": identity, "samples": SOUND, "a": "x"}
    with project.Recorder(tmp_path), pytest.raises(PublishError, match="letters, digits"):
        media.clips("list", [clip], rate=8000, columns={"a": "A"}, caption="c")


def test_ids_that_differ_in_case_only_are_refused(tmp_path: Path) -> None:
    clips = [{"id": identity, "samples": SOUND, "a": "x"} for identity in ("a1", "A1")]
    with project.Recorder(tmp_path), pytest.raises(PublishError, match="stands twice"):
        media.clips("list", clips, rate=8000, columns={"a": "A"}, caption="c")


@pytest.mark.parametrize("codec", ["../../x", "mp3", "", "flac/../x"])
def test_a_codec_that_is_none_writes_nothing(codec: str, tmp_path: Path) -> None:
    with project.Recorder(tmp_path), pytest.raises(PublishError, match="there are flac, opus, wav"):
        media.audio("song", SOUND, 8000, label="x", codec=codec)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
