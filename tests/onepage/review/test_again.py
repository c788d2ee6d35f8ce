"""A file that is to be as it was gets the inode that it had, and only then."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from onepage.review import again

OTHERS: dict[str, Callable[[Path], object]] = {
    "gone": lambda file: file.unlink(),
    "of other bytes, as many": lambda file: file.write_bytes(b"abx"),
    "longer": lambda file: file.write_bytes(b"abcd"),
    "with a second name": lambda file: os.link(file, file.with_name("copy")),
    "a link": lambda file: file.symlink_to(file.rename(file.with_name("there"))),
    "a folder": lambda file: (file.unlink(), file.mkdir()),
    "a pipe": lambda file: (file.unlink(), os.mkfifo(file)),
    "not readable by others": lambda file: file.chmod(0o600),
    "executable": lambda file: file.chmod(0o755),
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    again.write(tmp_path / "old/a/file", b"abc", tmp_path / "older/a/file")
    return tmp_path


def test_a_file_with_the_same_bytes_is_the_same_file(place: Path) -> None:
    again.write(place / "new/a/file", b"abc", place / "old/a/file")
    assert (place / "new/a/file").samefile(place / "old/a/file")
    (place / "old/a/file").unlink()  # with the folder that is replaced
    again.write(place / "newer/a/file", b"abc", place / "new/a/file")
    assert (place / "newer/a/file").read_bytes() == b"abc"


@pytest.mark.parametrize("earlier", OTHERS)
def test_any_other_is_written_anew(place: Path, earlier: str) -> None:
    file = place / "old/a/file"
    OTHERS[earlier](file)
    again.write(place / "new/a/file", b"abc", file)
    new = (place / "new/a/file").lstat()
    assert (place / "new/a/file").read_bytes() == b"abc"
    assert new.st_nlink == 1
    assert not file.exists() or new.st_ino != file.stat().st_ino
    assert new.st_mode & 0o777 == 0o666 & (place / "new").stat().st_mode
