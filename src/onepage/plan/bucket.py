"""A store in a bucket (`STORE=s3://bucket/prefix`): results that several machines share, behind a local store.

    <prefix>/<first two of key>/<key>/<name of the writer's own>.tar    all files of a result
    <prefix>/<first two of key>/<key>.json                             the marker: which tar, its size and sha256

An entry counts by its marker, which is written last and as one object, so a result is complete or absent. Every writer
has a tar of its own: of two with the same result the last marker stays, and it names a whole one. What is fetched is
checked against the marker and becomes an entry of the local store by one rename; everything else reads that store.
Transport is fsspec's (the library s3fs). Nothing is ever removed from a bucket.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from onepage.core.errors import UserError
from onepage.plan import store

if TYPE_CHECKING:
    import tarfile

    from onepage.observing.observations import Observed

_URL = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w.+@=-]+)*/?")
_PATIENCE = {"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 3}}
_SAID = {  # the name of an exception of fsspec's or the client's -> what was wrong, and what to do
    "NoCredentialsError": "no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "PartialCredentialsError": "only half of the credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "ProfileNotFound": "AWS_PROFILE names no profile of this machine",
    "PermissionError": "access is denied to these credentials",
    "FileNotFoundError": "there is no such bucket; make it, or correct the name",
    "EndpointConnectionError": "cannot be reached; check the network and AWS_ENDPOINT_URL",
    "ConnectTimeoutError": "cannot be reached; check the network and AWS_ENDPOINT_URL",
}


def is_url(name: str) -> bool:
    """Whether STORE names no folder."""
    return "://" in name


def of(name: str) -> Bucket | None:
    """The bucket that STORE names; None for a folder."""
    return Bucket(name) if is_url(name) else None


class Bucket:
    """An open bucket. `UserError` if it cannot be used, here and in everything that it does."""

    def __init__(self, url: str) -> None:
        if not _URL.fullmatch(url):
            raise UserError(f"STORE={url}: a store is a folder, or s3://BUCKET or s3://BUCKET/PREFIX")
        self.url = url.rstrip("/")
        self._root = self.url.removeprefix("s3://")
        self._damaged: set[str] = set()  # what could not be fetched, and is to be put again
        try:
            s3fs = importlib.import_module("s3fs")
        except ImportError:
            raise UserError(f"STORE={url}: needs the library s3fs; pip install s3fs") from None
        with self._said():
            self._system = s3fs.S3FileSystem(
                use_listings_cache=False, skip_instance_cache=True, config_kwargs=_PATIENCE
            )
            self._system.call_s3("head_bucket", Bucket=self._root.partition("/")[0])

    def variants(self, key: str) -> Iterator[tuple[str, Observed]]:
        """Of each result with this key or a variant of it: its name, and what its execution was seen to read."""
        with self._said():
            found = self._system.glob(f"{self._root}/{key[:2]}/{key}*.json")
        for path in sorted(found):
            if marker := self._marker(Path(path).stem):
                yield Path(path).stem, marker["observed"]

    def fetch(self, entry: Path, what: str) -> bool:
        """Bring a result into the local store; False if the bucket has none, or what it has is damaged."""
        marker = self._marker(entry.name)
        if marker is None:
            return False
        try:
            with store.staging(entry, what) as folder, self._said():
                if folder is not None:
                    self._unpack(entry.name, marker, folder)
        except _Damaged:
            print(f"{self.url}: what it holds of {what} is damaged; it is made anew", file=sys.stderr, flush=True)
            self._damaged.add(entry.name)
            return False
        return True

    def _unpack(self, name: str, marker: dict[str, Any], folder: Path) -> None:
        import tarfile  # here, since every make has this module and few have a bucket

        try:
            with self._system.open(self._place(name, marker["tar"]), "rb") as stream:
                counted = _Counted(stream)
                with tarfile.open(fileobj=cast(IO[bytes], counted), mode="r|") as tar:
                    tar.extractall(folder, filter="data")
                while counted.read(1 << 20):  # what follows the last file
                    pass
        except (FileNotFoundError, tarfile.TarError, EOFError) as error:
            raise _Damaged from error
        if (counted.size, counted.digest.hexdigest()) != (marker["size"], marker["sha256"]):
            raise _Damaged

    def put(self, entry: Path) -> None:
        """Copy a finished result of the local store there, unless it is there already."""
        import tarfile

        from onepage.observing import observations

        if entry.name not in self._damaged and self._marker(entry.name) is not None:
            return
        name = f"{os.urandom(8).hex()}.tar"
        with self._said():
            counted = _Counted(self._system.open(self._place(entry.name, name), "wb"))
            with counted.stream, tarfile.open(fileobj=cast(IO[bytes], counted), mode="w|") as tar:
                for path in sorted(entry.rglob("*")):
                    if path.name != "done" or path.parent != entry:
                        tar.add(path, path.relative_to(entry).as_posix(), recursive=False, filter=_nobody)
            said = {"tar": name, "size": counted.size, "sha256": counted.digest.hexdigest()}
            marker = {**said, "observed": observations.load(entry) or {}}
            self._system.pipe_file(self._at(entry.name), json.dumps(marker, sort_keys=True).encode())

    def _marker(self, name: str) -> dict[str, Any] | None:
        """The marker of an entry; None if there is none, or none of ours."""
        with self._said():
            try:
                found = json.loads(self._system.cat_file(self._at(name)))
            except (FileNotFoundError, ValueError):
                return None
        fits = isinstance(found, dict) and found.keys() >= {"tar", "size", "sha256", "observed"}
        return found if fits and re.fullmatch(r"[0-9a-f]{16}\.tar", str(found["tar"])) else None

    def _at(self, name: str) -> str:
        return f"{self._root}/{name[:2]}/{name}.json"

    def _place(self, name: str, tar: str) -> str:
        return f"{self._root}/{name[:2]}/{name}/{tar}"

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """What a bucket refuses is one line."""
        try:
            yield
        except (UserError, _Damaged):
            raise
        except Exception as error:  # each layer below has exceptions of its own
            names = (kind.__name__ for kind in type(error).__mro__)
            first = next(iter(str(error).splitlines()), "")
            said = next((_SAID[name] for name in names if name in _SAID), f"{type(error).__name__}: {first}")
            raise UserError(f"STORE={self.url}: {said}") from error


class _Damaged(Exception):
    """What the bucket holds is not what the marker says."""


class _Counted:
    """A stream whose bytes are counted and hashed on their way through."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.size, self.digest = stream, 0, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        return self._through(self.stream.read(size))

    def write(self, block: bytes) -> int:
        return self.stream.write(self._through(block))

    def _through(self, block: bytes) -> bytes:
        self.size += len(block)
        self.digest.update(block)
        return block


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the names of whoever made it."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
