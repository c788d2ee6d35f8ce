"""Whether an audio file holds all that it says it holds.

A decoder is content with the half of a file that a broken download left. The container knows better: most state their
length, Ogg marks its last page, and MPEG audio is a chain of frames whose lengths are known.
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_SLACK = 64  # bytes by which writers miscount, and nobody minds
_UNKNOWN = 0x7FFFF000  # sizes from here on: the writer could not go back to fill them in

_SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"RIFF", "wav"), (0, b"RIFX", "wav"), (0, b"RF64", "wav"), (0, b"riff\x2e\x91\xcf\x11", "w64"),
    (0, b"FORM", "aiff"), (0, b".snd", "au"), (0, b"caff", "caf"), (0, b"fLaC", "flac"), (0, b"OggS", "ogg"),
    (0, b"NIST_1A", "sph"), (0, b"ID3", "mp3"), (4, b"ftyp", "mp4"), (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "wma"), (0, b"#!AMR", "amr"),
)  # fmt: skip
EXTENSIONS = {
    "wav": "wav wave rf64 bwf", "w64": "w64", "aiff": "aif aiff aifc", "au": "au snd", "caf": "caf",
    "flac": "flac", "ogg": "ogg oga opus spx", "sph": "sph nist wav", "mp3": "mp3 mp2 mpga",
    "mp4": "mp4 m4a m4b mov 3gp 3g2 aac", "matroska": "mka mkv webm", "wma": "wma asf wmv", "amr": "amr 3ga awb",
    "aac": "aac adts",
}  # fmt: skip
"""Kind of file -> the extensions that it goes by."""
AUDIO = frozenset(f".{extension}" for names in EXTENSIONS.values() for extension in names.split())


def kind(path: Path) -> str:
    """What a file is by its first bytes; "" if it is no audio that we know."""
    with path.open("rb") as file:
        head = file.read(16)
    for at, sign, name in _SIGNS:
        if head[at : at + len(sign)] == sign:
            return "" if name == "wav" and head[8:12] not in (b"WAVE", b"") else name
    if len(head) > 3 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "aac"
    return "mp3" if len(head) > 3 and _frame_size(head[:4]) else ""


@dataclass(frozen=True)
class Whole:
    """What a container says of itself."""

    missing: str = ""  # what shows that the end is not there, in words; "" if nothing does
    share: float = 1.0  # of the stated length that is there


def whole(path: Path) -> Whole:
    """Whether the end of a file is there."""
    check = _CHECKS.get(kind(path))
    if not check or not path.stat().st_size:
        return Whole()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            found = check(data)
        except (struct.error, IndexError, ValueError):
            return Whole("its header is incomplete")
    return found if isinstance(found, Whole) else Whole(found)


def _lacking(stated: int, there: int) -> Whole:
    if stated - there <= _SLACK:
        return Whole()
    there = max(there, 0)
    return Whole(f"it says {stated} bytes of sound, {there} are there", there / stated)


def _wav(data: mmap.mmap) -> Whole | str:
    order = ">" if data[:4] == b"RIFX" else "<"
    at, long_size = 12, None
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack(order + "I", data[at + 4 : at + 8])[0]
        if name == b"ds64":
            long_size = struct.unpack("<Q", data[at + 16 : at + 24])[0]
        if name == b"data":
            if size == 0xFFFFFFFF and long_size:
                size = long_size
            elif size >= _UNKNOWN:
                return ""
            if not size and len(data) - at - 8 > _SLACK:
                return "its header says that it holds no sound: the recorder did not finish it"
            return _lacking(size, len(data) - at - 8)
        at += 8 + size + size % 2
    return "it ends before its sound begins"


def _w64(data: mmap.mmap) -> Whole | str:
    return _lacking(struct.unpack("<Q", data[16:24])[0], len(data))


def _aiff(data: mmap.mmap) -> Whole | str:
    size = struct.unpack(">I", data[4:8])[0]
    return "" if size >= _UNKNOWN else _lacking(size, len(data) - 8)


def _au(data: mmap.mmap) -> Whole | str:
    start, size = struct.unpack(">II", data[4:12])
    return "" if size >= _UNKNOWN else _lacking(size, len(data) - start)


def _sph(data: mmap.mmap) -> Whole | str:
    start = int(data[8:16])
    header = data[:start].decode("ascii", "replace")
    fields = dict(re.findall(r"^(\w+) -i (\d+)", header, re.MULTILINE))
    if "shorten" in header or not {"sample_count", "channel_count", "sample_n_bytes"} <= fields.keys():
        return ""
    size = int(fields["sample_count"]) * int(fields["channel_count"]) * int(fields["sample_n_bytes"])
    return _lacking(size, len(data) - start)


def _caf(data: mmap.mmap) -> Whole | str:
    at = 8
    while at + 12 <= len(data):
        name, size = data[at : at + 4], struct.unpack(">q", data[at + 4 : at + 12])[0]
        if size < 0:  # the last chunk, of a recorder that could not go back
            return ""
        if name == b"data":
            return _lacking(size, len(data) - at - 12)
        at += 12 + size
    return "it ends before its sound begins"


def _ogg(data: mmap.mmap) -> str:
    at = data.rfind(b"OggS")
    segments = data[at + 26]
    length = 27 + segments + sum(data[at + 27 : at + 27 + segments])
    if at + length > len(data):
        return "it breaks off within a page"
    return "" if data[at + 5] & 4 else "it ends without Ogg's mark of the end"


def _mp3(data: mmap.mmap) -> str:
    end = len(data) - 128 if data[-128:-125] == b"TAG" else len(data)
    for at, size in _frames(data, _first_frame(data)):
        if at + size > end:
            return "it breaks off within a frame"
    return ""


def _first_frame(data: mmap.mmap) -> int:
    if data[:3] != b"ID3":
        return 0
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _frames(data: mmap.mmap, at: int) -> Iterator[tuple[int, int]]:
    """Places and sizes of the frames of MPEG audio, up to the first thing that is none."""
    while at + 4 <= len(data) and (size := _frame_size(data[at : at + 4])):
        yield at, size
        at += size


_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_FIRST = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_SECOND = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_LAYER_2 = (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)


def _frame_size(head: bytes) -> int:
    """Bytes of a frame of MPEG audio, layer II or III; 0 if this is no frame's header."""
    if head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer, rate, step = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 2 & 3, head[2] >> 4
    if version == 1 or layer not in (1, 2) or rate == 3 or not 0 < step < 15:
        return 0
    kilobits = (_SECOND if version != 3 else _FIRST if layer == 1 else _LAYER_2)[step - 1]
    samples = 72 if layer == 1 and version != 3 else 144
    return samples * kilobits * 1000 // _RATES[version][rate] + (head[2] >> 1 & 1)


_CHECKS: dict[str, Callable[[mmap.mmap], Whole | str]] = {
    "wav": _wav, "w64": _w64, "aiff": _aiff, "au": _au, "caf": _caf, "sph": _sph, "ogg": _ogg, "mp3": _mp3,
}  # fmt: skip
