"""What is published to be heard: the samples, pictures of them, and what leads to them."""

from __future__ import annotations

import io
import struct
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import review_project as project
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tries import tries

from onepage.publish import PublishError
from onepage.publishing import media, records, sound

RATE = project.RATE


@pytest.mark.parametrize(("codec", "error"), [("flac", 2 / 32768), ("wav", 2 / 32768), ("opus", 0.25)])
def test_sound_comes_back_as_it_was(codec: str, error: float) -> None:
    song = project.wave(440.0)
    back, rate = soundfile.read(io.BytesIO(sound.encode(song, RATE, codec)), dtype="float32")
    assert rate == RATE
    assert back.shape == song.shape
    assert np.abs(back - song).max() < error
    assert np.corrcoef(back, song)[0, 1] > 0.99


@pytest.mark.parametrize("codec", sound.CODECS)
def test_the_same_samples_give_the_same_bytes(codec: str) -> None:
    song = project.wave(440.0, seconds=2.0)
    first = sound.encode(song, RATE, codec)
    time.sleep(1.1)  # the encoder's stream number hangs on the clock
    assert sound.encode(song, RATE, codec) == first


def test_wav_needs_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    assert sound.encode(project.wave(300.0), RATE, "wav")[:4] == b"RIFF"
    with pytest.raises(sound.SoundError, match="needs the package soundfile"):
        sound.encode(project.wave(300.0), RATE, "flac")


def test_a_quiet_clip_is_brought_up_and_silence_is_left_alone() -> None:
    assert sound.listening_gain(project.wave(300.0, loud=1e-4)) == pytest.approx(sound.PEAK / 1e-4, rel=0.01)
    assert sound.listening_gain(np.zeros(100)) == 1.0
    assert sound.listening_gain(project.wave(300.0)) == 1.0
    assert sound.listening_gain(2 * np.ones(10)) == 0.5


def decoded(png: bytes) -> np.ndarray:
    """Palette indices of a PNG, read by the format's own rules."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + size
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    pixels = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert pixels.max() < len(chunks[b"PLTE"]) // 3 == len(chunks[b"tRNS"])
    return pixels[:, 1:]


@settings(max_examples=tries(40), deadline=None)
@given(arrays.arrays(np.float32, st.integers(1, 3000), elements=st.floats(-2, 2, width=32)))
def test_any_clip_has_a_picture(samples: np.ndarray) -> None:
    assert decoded(sound.strip(samples, RATE)).shape == (40 + 2 + 64, 320)


def test_a_tone_stands_at_its_frequency_and_the_band_at_its_time() -> None:
    picture = decoded(sound.strip(project.wave(1000.0), RATE, np.array([0.0, 0.0, 0.0, 1.0])))
    spectrum, band = picture[42 : 42 + 64], picture[-9:]
    row = int(np.argmax(spectrum.astype(int).sum(axis=1)))
    assert abs((63 - row) / 64 * RATE / 2 - 1000) < 2 * RATE / 2 / 64
    assert band[0, -1] > 0
    assert band[0, 0] == 0
    assert len(sound.strip(project.wave(1000.0), RATE)) < 25_000


def test_clips_are_checked_sorted_and_counted(tmp_path: Path) -> None:
    items = project.misheard(10)
    columns = {"true": "True", "predicted": "Predicted", "confidence": "Confidence"}
    with project.Recorder(tmp_path) as recorder:
        media.clips("wrong", items, rate=RATE, columns=columns, caption="C", order="-confidence", most=8)
    record = recorder.outputs[0]["data"][records.MIME]
    assert record["left_out"] == 2
    pairs = [tuple(item["values"][:2]) for item in record["items"]]
    assert pairs == sorted(pairs)
    assert {item["values"][2] for item in record["items"]} == {item["confidence"] for item in items[:8]}
    assert all((tmp_path / item[part]).is_file() for item in record["items"] for part in ("file", "strip"))
    with pytest.raises(PublishError, match="stands twice"):
        media.clips("x", [items[0], items[0]], rate=RATE, columns=columns, caption="C")
    with pytest.raises(PublishError, match="lacks 'nothing'"):
        media.clips("x", items, rate=RATE, columns={"nothing": "N"}, caption="C")
    with pytest.raises(PublishError, match=r"id '\.\./x'"):
        media.clips("x", [{**items[0], "id": "../x"}], rate=RATE, columns=columns, caption="C")
    with pytest.raises(PublishError, match="not finite"):
        media.audio("x", [0.0, float("nan")], RATE, label="l")


def test_shapes_of_matrix_and_scatter_are_checked() -> None:
    with pytest.raises(PublishError, match="counts are"):
        media.matrix("m", [[1, 2]], rows=["a", "b"], caption="C")
    with pytest.raises(PublishError, match="one finite entry"):
        media.scatter("s", [1.0], [float("nan")], group=["a"], texts=["t"], caption="C", alt="A")
    with pytest.raises(PublishError, match="groups lacks 'b'"):
        media.scatter("s", [1.0], [1.0], group=["b"], groups=["a"], texts=["t"], caption="C", alt="A")
