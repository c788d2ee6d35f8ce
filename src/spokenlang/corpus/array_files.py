"""numpy's own files, read so that whatever is wrong with one is an `InputError`: no pickles, no bombs, no surprises."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from spokenlang.errors import InputError

_DENSE = 200  # a member of an archive that unpacks to so many times its size is a bomb, unless it stays small
_LARGE = 1 << 28  # bytes that an array may have, however small it is packed


def array(path: Path, advice: str = "write it again with numpy.save") -> np.ndarray:
    """The array of a .npy file, memory-mapped."""
    found = _load(path, advice)
    if not isinstance(found, np.ndarray):
        raise InputError(f"{path}: cannot be read as a .npy array (it is an archive of arrays); {advice}")
    return found


def arrays(path: Path, advice: str = "write it again") -> Iterator[tuple[str, np.ndarray]]:
    """Name and array of each in a .npz file, one in memory at a time; of a .npy file the one, without a name."""
    found = _load(path, advice)
    if isinstance(found, np.ndarray):
        yield "", found
        return
    with found:
        _require_bounds(path, found.zip)
        for key in found.files:
            try:
                content = found[key]
            except Exception as error:
                raise _unreadable(path, error, advice) from None
            if not isinstance(content, np.ndarray):  # a member that is no array comes as its bytes
                raise InputError(f"{path}: {key} is no array; {advice}")
            yield key, content


def _load(path: Path, advice: str) -> np.ndarray | np.lib.npyio.NpzFile:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:
        raise _unreadable(path, error, advice) from None


def _unreadable(path: Path, error: Exception, advice: str) -> InputError:
    """What numpy says, and what it lets through of its parsers' own: tokenize.TokenError, zlib.error and others."""
    said = str(error).partition("\n")[0] or type(error).__name__
    if "pickle" in said:
        said = "it holds pickled objects, which may run anything when they are read"
    return InputError(f"{path}: cannot be read as an array ({said}); {advice}")


def _require_bounds(path: Path, archive: zipfile.ZipFile) -> None:
    if said := bomb(archive.infolist(), _LARGE):
        raise InputError(f"{path}: {said}; save it uncompressed, with numpy.savez")


def bomb(members: Iterable[zipfile.ZipInfo], small: int) -> str:
    """Which member of an archive unpacks out of all proportion, and to more than ``small`` bytes; "" if none does."""
    for member in members:
        if member.file_size > max(small, _DENSE * member.compress_size):
            return f"{member.filename} is {member.compress_size:,} bytes that unpack to {member.file_size:,}"
    return ""
