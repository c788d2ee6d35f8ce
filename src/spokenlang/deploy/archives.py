"""TorchScript archives, looked over before torch is let at them.

An archive is a zip of code, constants and tensors. torch checks no checksums of it, and a file of `torch.save` is a zip
of the same kind that holds a pickle, which may run anything. So this comes first: a whole archive, of TorchScript, of a
size in proportion; and our own record, if it carries one.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

from spokenlang.corpus.array_files import bomb
from spokenlang.errors import InputError

_LARGE = 1 << 26  # bytes that a member may have, however small it is packed
_RECORD = 1 << 20  # bytes of a record


def record(path: Path, name: str) -> dict[str, Any]:
    """The record `name` that a TorchScript archive carries; empty if it carries none.

    Raises:
        InputError: the file is missing, is no TorchScript archive, or has come to harm.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename.partition("/")[2]: member for member in archive.infolist()}
            _require_model(path, members)
            if harmed := archive.testzip():
                raise _refused(path, f"{harmed} is no longer as it was written")
            member = members.get(f"extra/{name}")
            if member is None:
                return {}
            if member.file_size > _RECORD:
                raise _refused(path, f"its record has {member.file_size:,} bytes")
            found = json.loads(archive.read(member))
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, EOFError) as error:
        raise _refused(path, str(error) or type(error).__name__) from None
    except RecursionError:
        raise _refused(path, "its record is nested too deep") from None
    return _required(path, found)


def _required(path: Path, found: Any) -> dict[str, Any]:
    """A record as `export` writes it."""
    languages = found.get("languages", []) if isinstance(found, dict) else None
    if not isinstance(languages, list) or not all(isinstance(code, str) for code in languages):
        raise _refused(path, "its record is none of ours")
    return found


def _require_model(path: Path, members: dict[str, zipfile.ZipInfo]) -> None:
    if "data.pkl" in members and "constants.pkl" not in members:
        raise _refused(path, "it is a pickle of torch.save, which may run anything when it is read")
    if "constants.pkl" not in members or not any(name.startswith("code/") for name in members):
        raise _refused(path, "it holds no code of TorchScript")
    if said := bomb(members.values(), _LARGE):
        raise _refused(path, said)


def _refused(path: Path, reason: str) -> InputError:
    return InputError(f"{path}: cannot be loaded as a TorchScript model ({reason}); export it again")
