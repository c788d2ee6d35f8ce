"""What may be called what, and which folder may be what: checked before anything is made, run or written.

The report, the build folder and the store are ours to replace; the page, the scripts and the corpus are somebody's
work. The two kinds must lie apart, however a path is spelt.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from onepage.core import files
from onepage.core.errors import UserError

PACKAGE = Path(__file__).parents[1]  # this package's own folder
BUILD = "build"  # everything that can be made again, under the project's root
REPORTS = "reports"
FOLDERS = ("store", "cache", "failed", "scratch", "plain", "compare")  # of build/, beside one for each report
FAILURE = "failure"  # how the folder of one is marked
LONGEST = 100  # letters; with an ending it still is a file name anywhere

_NO_RECORD = (OSError, ValueError, KeyError, TypeError, RecursionError)  # what a record that is none raises
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(1, 10))}


def name_fault(name: str) -> str:
    """What is wrong with a name that becomes a file's or a folder's on any system; the empty string if nothing is."""
    if not name:
        return "is empty"
    if not _NAME.fullmatch(name):
        return "should be of letters (a-z), digits and . _ + -, and begin with a letter or digit"
    if len(name) > LONGEST:
        return f"is longer than {LONGEST} letters"
    if name.endswith(".") or name.split(".")[0].lower() in _DEVICES:
        return "is no name for a file on every system"
    return ""


def require_report_name(name: str) -> None:
    """`UserError` if a report cannot be called so."""
    if fault := name_fault(name):
        raise UserError(f"REPORT={name}: the name of a report {fault}")
    if name.lower() in FOLDERS:
        raise UserError(f"REPORT={name}: {BUILD}/{name.lower()} is a folder of onepage's own; choose another name")


def setting_fault(root: Path, setting: str, path: str) -> str:
    """What is wrong with a path of [tool.onepage] to something that people write; the empty string if nothing is."""
    if not path.strip() or not _inside(root / path, root):
        return "should be a place inside the project"
    if _within(root / path, root / BUILD):
        return f"lies in {BUILD}/, which is for what can be made again; keep it elsewhere"
    if setting == "page" and _same(root / path, root):
        return "should be a folder of its own inside the project, such as reports/page"
    if setting == "page" and _within(root / REPORTS, root / path):
        return "would hold the built reports too; give it a folder of its own, such as reports/page"
    return ""


def require_apart(root: Path, report: str, store: str, theirs: Mapping[str, Path]) -> None:
    """`UserError` if the report's folder or the store would be, or lie in, or hold, what is somebody's work.

    Args:
        theirs: what it is (as a message names it) -> its place: "the page", "the corpus", "the scripts" ...
    """
    out, place = root / REPORTS / report, root / store
    for what, path in theirs.items():
        # scripts may lie in the project's own folder, and then hold all else
        if _within(path, out) or (what in ("the page", "the corpus") and _within(out, path)):
            raise UserError(f"REPORT={report}: {REPORTS}/{report} would be one with {what}; choose another name")
        if _same(place, path) or (what in ("the page", "the corpus") and _within(place, path)):
            raise UserError(f"STORE={store}: is one with {what}; choose another folder")
    ours = {BUILD: root / BUILD, f"{BUILD}/{report}": root / BUILD / report, f"{REPORTS}/{report}": out}
    for shown, path in ours.items():
        if _same(place, path) or (shown != BUILD and _within(place, path)):
            raise UserError(f"STORE={store}: {shown} is for other things; choose another folder")
    if _same(place, root) or _within(place, root / ".git"):
        raise UserError(f"STORE={store}: the store needs a folder of its own; choose another one")
    if os.path.lexists(place) and not place.is_dir():
        raise UserError(f"STORE={store}: is not a folder; choose another one")


def require_not_in(folder: Path, theirs: Iterable[Path]) -> None:
    """`UserError` if what people write lies in a folder that is to be removed."""
    for path in theirs:
        if _within(path, folder):
            raise UserError(f"{folder}: holds {path}, so it is not removed; keep that elsewhere")


def require_project(folder: Path) -> None:
    """`UserError` if a new project cannot be begun in a folder, which need not be there yet."""
    said, advice = f"{folder}: ", "; name a folder of its own for the project"
    if os.path.lexists(folder) and not folder.is_dir():
        raise UserError(f"{said}is no folder{advice}")
    place = folder.resolve()
    if place in (Path(place.anchor), Path.home().resolve()):
        raise UserError(f"{said}holds much besides{advice}")
    if any(_within(place, ours) for ours in (PACKAGE, Path(sys.prefix) / "lib", Path(sys.base_prefix) / "lib")):
        raise UserError(f"{said}is where Python's packages are{advice}")
    for around in (place, *place.parents):
        if around.name.lower() == ".git":
            raise UserError(f"{said}is git's own{advice}")
        if os.path.lexists(around / files.MARKER):
            raise UserError(f"{said}lies in a folder that onepage may replace or remove ({around}){advice}")
        if around != place and (around / "pyproject.toml").is_file():
            for name in (BUILD, REPORTS):
                if _within(place, around / name):
                    raise UserError(f"{said}lies in {around / name}, which is for what a project makes{advice}")


# --- the report's folder ---------------------------------------------------------------------------------------------


def report_marker(report: str) -> str:
    """What the folder of a report is marked as. A copy under another name is not ours to replace."""
    return f"report {report}"


def build_marker(report: str) -> str:
    """The same for build/<report>."""
    return f"build of {report}"


def require_out(root: Path, report: str) -> Path:
    """The report's folder, which is absent, empty or ours; `UserError` otherwise."""
    out = root / REPORTS / report
    if not os.path.lexists(out) or files.is_own(out, report_marker(report)):
        return out
    if out.is_dir() and not out.is_symlink():
        if not any(out.iterdir()):
            files.mark(out, report_marker(report))
            return out
        if _proves_itself(out, report):  # as it was made before there were markers
            files.mark(out, report_marker(report))
            return out
    shown = f"{REPORTS}/{report}"
    raise UserError(f"{shown}: is there already and was not made by `make report`; move it away, or choose REPORT=NAME")


def own_build(root: Path, report: str) -> Path:
    """build/<report>, made if need be and marked as ours, as are the folders beside it that all reports share."""
    folder = root / BUILD / report
    if not files.is_own(folder, build_marker(report)) and _is_older_build(folder):
        files.mark(folder, build_marker(report))
        for page in (folder / "pages").glob("*/digest"):
            files.mark(page.parent, "page of an execution")
    files.own(folder, build_marker(report), "move it away, or choose another name with REPORT=")
    own_shared(root)
    return folder


def own_shared(root: Path) -> None:
    """The folders of build/ that all reports share, made if need be and marked as ours."""
    for name in FOLDERS:
        if not (root / BUILD / name).is_dir():  # one without a marker is used as it is, and never removed
            files.own(root / BUILD / name, name)


def manifest(folder: Path) -> dict[str, str]:
    """name -> sha256 of the files that a report's manifest lists; none where it cannot be read."""
    try:
        return dict(json.loads((folder / "manifest.json").read_text("utf-8"))["files"])
    except _NO_RECORD:
        return {}


def manifest_names(folder: Path) -> set[str]:
    """The files of a report's folder that its manifest says are ours."""
    return {*manifest(folder), "manifest.json", "timing.js"}


def _proves_itself(folder: Path, report: str) -> bool:
    """Whether a manifest names this report and, with their sha256, all files that are there."""
    try:
        found: Any = json.loads((folder / "manifest.json").read_text("utf-8"))
        listed = dict(found["files"])
        names = set(files.listing(folder)) - {"manifest.json", "timing.js"}
        return found["report"] == report and all(listed.get(n) == files.digest(folder / n) for n in names)
    except _NO_RECORD:
        return False


def _is_older_build(folder: Path) -> bool:
    try:
        return (folder / "plan.mk").read_text("utf-8").startswith("# Written by `onepage plan`")
    except (OSError, UnicodeDecodeError):
        return False


def forget_failure(root: Path, report: str, name: str) -> None:
    """Remove what is kept of a target's failure."""
    folder = root / BUILD / "failed" / report / name
    if folder.is_dir() and not files.is_own(folder, FAILURE):
        with contextlib.suppress(*_NO_RECORD):  # as it was before there were markers
            if json.loads((folder / "failure.json").read_text("utf-8"))["target"] == name:
                files.mark(folder, FAILURE)
    files.remove(folder, FAILURE)


# --- paths -----------------------------------------------------------------------------------------------------------


def _parts(path: Path) -> tuple[str, ...]:
    """A path as the least careful file system sees it: links followed, letters of either case the same."""
    resolved = os.path.realpath(path)
    return tuple(unicodedata.normalize("NFKC", part).casefold() for part in Path(resolved).parts)


def _same(one: Path, other: Path) -> bool:
    return _parts(one) == _parts(other)


def _within(inner: Path, outer: Path) -> bool:
    """Whether `inner` is `outer` or lies in it."""
    here, there = _parts(inner), _parts(outer)
    return here[: len(there)] == there


def _inside(path: Path, root: Path) -> bool:
    """Whether a path, as it is spelt, stays in the project; it may be a link to elsewhere."""
    return Path(os.path.normpath(path)).is_relative_to(root)
