"""`onepage gc`: removes results from the store that nobody needs any more, the longest unused first.

What the newest plan of any report names stays, whatever its age, on every branch of every clone that is still there. A
result that is gone is made again when it is asked for: what this costs is time, never a number.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from onepage.core.config import find_root
from onepage.core.errors import UserError
from onepage.core.places import BUILD
from onepage.plan import store, uses
from onepage.plan.bucket import is_url
from onepage.plan.surroundings import store_path

DAYS = 30.0  # how long a result is kept that nothing names
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Kept:
    """A result in the store."""

    entry: Path
    size: int  # bytes on the disk
    used: float  # when a plan last named it, seconds since the epoch
    needed: bool  # by a report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=float, default=DAYS, help=f"keep what was used so lately (default {DAYS:g})")
    parser.add_argument("--size", default="", metavar="20G", help="and beyond that, keep no more than so much")
    parser.add_argument("--store", default="", metavar="DIR", help=f"which store (default {BUILD}/store)")
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and remove nothing")


def main(args: argparse.Namespace) -> int:
    """Remove, and say how much of what."""
    root = find_root()
    named = args.store or os.environ.get("STORE", "")
    if is_url(named):
        raise UserError(
            f"{named}: nothing is removed from a bucket, since nobody knows who needs what of it; give it a lifecycle"
            " rule (what goes is made again). `onepage gc` without STORE cleans the local store in front of it"
        )
    folder = root / store_path(root, named)
    if not args.days >= 0:
        raise UserError(f"--days {args.days:g}: a number of days is 0 or more")
    room = _bytes(args.size) if args.size else None
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such store; nothing has been built with it")
    found = survey(folder)
    going = chosen(found, time.time() - args.days * 86400, room)
    if not args.dry_run:
        going = [each for each in going if store.discard(each.entry)]
    freed, there = sum(each.size for each in going), sum(each.size for each in found)
    verb = "would remove" if args.dry_run else "removed"
    print(f"{verb} {len(going)} of {len(found)} results: {_said(freed)} of {_said(there)}")
    if room is not None and there - freed > room:
        print(f"{_said(there - freed)} stay, more than --size {args.size}: reports need them, or they are being made")
    return 0


def survey(folder: Path) -> list[Kept]:
    """All results of a store, the longest unused first."""
    known = uses.known(folder)
    needed = uses.needed(known)
    found = [
        Kept(entry, _size(entry), uses.last_used(entry, known), entry.name in needed) for entry in store.entries(folder)
    ]
    return sorted(found, key=lambda each: (each.used, each.entry.name))


def chosen(found: Iterable[Kept], before: float, room: int | None) -> list[Kept]:
    """Those to remove: used last before that time, and as many more as it takes to come down to `room` bytes."""
    found = list(found)
    left = sum(each.size for each in found)
    going = []
    for each in found:
        if not each.needed and (each.used < before or (room is not None and left > room)):
            going.append(each)
            left -= each.size
    return going


def _size(entry: Path) -> int:
    total = 0
    for place, _, names in os.walk(entry):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
            except OSError:  # removed by another at this moment
                continue
    return total


def _bytes(text: str) -> int:
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "")
    with contextlib.suppress(ValueError, KeyError, OverflowError):  # no number, no such unit, endless
        size = round(float(number) * UNITS[unit])
        if size >= 0:
            return size
    raise UserError(f"--size {text}: write a number and K, M, G or T, such as 20G")


def _said(size: int) -> str:
    unit = max((unit for unit, least in UNITS.items() if size >= least), key=UNITS.__getitem__, default="")
    return f"{size / UNITS[unit]:.3g} {unit + 'iB' if unit else 'bytes'}"
