"""Media types of the files that a report holds, by suffix: the same on every machine, whatever its own tables say."""

from __future__ import annotations

from mimetypes import guess_type

TYPES = {
    "js": "text/javascript", "csv": "text/csv", "json": "application/json", "md": "text/plain", "svg": "image/svg+xml",
    "png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "webp": "image/webp", "wav": "audio/wav",
    "mp3": "audio/mpeg", "ogg": "audio/ogg", "flac": "audio/flac", "aac": "audio/aac", "m4a": "audio/mp4",
}  # fmt: skip
ALSO = {"audio/x-wav": "wav", "audio/wave": "wav", "audio/mp3": "mp3", "audio/x-flac": "flac"}  # what libraries say
_SUFFIXES = {**{kind: suffix for suffix, kind in TYPES.items()}, **ALSO}


def type_of(name: str) -> str:
    """The media type of a file by its name."""
    return TYPES.get(name.rpartition(".")[2]) or guess_type(name)[0] or "application/octet-stream"


def suffix_of(kind: str) -> str | None:
    """The suffix of a picture or a sound by its media type; None for anything else."""
    return _SUFFIXES.get(kind) if kind.startswith(("image/", "audio/")) else None
