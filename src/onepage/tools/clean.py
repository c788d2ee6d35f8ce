"""`onepage clean`: removes what can be made again, which is what onepage made itself; all else is left, and named."""

from __future__ import annotations

import argparse
from pathlib import Path

from onepage.core import files, places
from onepage.core.config import find_root, load
from onepage.core.errors import UserError
from onepage.core.locks import Lock
from onepage.core.places import BUILD
from onepage.page import pagestate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`onepage clean` takes none: it is about the whole project."""


def main(args: argparse.Namespace) -> int:
    root = find_root()
    config = load(root)
    written = [root / config.page, root / config.scripts, *(root / package for package in config.code)]
    reports = [path for path in _folders(root / places.REPORTS) if files.is_own(path, places.report_marker(path.name))]
    builds = [path for path in _folders(root / BUILD) if files.is_own(path, places.build_marker(path.name))]
    shared = [path for path in _folders(root / BUILD) if path.name in places.FOLDERS and files.is_own(path, path.name)]
    for folder in (*reports, *builds, *shared):
        places.require_not_in(folder, written)
    held = [_quiet(folder) for folder in builds]
    left = []
    try:
        for folder in reports:
            ours = places.manifest_names(folder) | pagestate.names(root / BUILD / folder.name)
            left += [f"{places.REPORTS}/{folder.name}/{name}" for name in _remove_report(folder, ours)]
        for folder in builds:
            files.remove(folder, places.build_marker(folder.name))
        for folder in shared:
            files.remove(folder, folder.name)
    finally:
        for lock in held:
            lock.release()
    left += [f"{BUILD}/{path.name}" for path in _children(root / BUILD)]
    if not left:
        files.remove_empty(root / BUILD)
    for name in left:
        print(f"left alone, since onepage did not make it (or did, before it marked its folders): {name}")
    return 0


def _remove_report(folder: Path, ours: set[str]) -> list[str]:
    return files.remove_but(folder, places.report_marker(folder.name), ours)


def _quiet(folder: Path) -> Lock:
    """The lock of a build folder; `UserError` if a make is at work there."""
    lock = Lock(folder / "lock")
    if not lock.acquire(None):
        raise UserError(f"{BUILD}/{folder.name}: a make is at work on this report; stop it, or wait for it to end")
    return lock


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _folders(folder: Path) -> list[Path]:
    return [path for path in _children(folder) if path.is_dir() and not path.is_symlink()]
