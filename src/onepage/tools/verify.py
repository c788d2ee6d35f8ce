"""`onepage verify`: builds the report a second time, elsewhere and otherwise, and compares every byte.

The second build works on a clone of the working tree (with what is not committed yet) under another path, with another
home, time zone, locale, umask, hash seed and number of jobs, and with a store of its own, so that everything runs.
With `--against` an existing report folder takes its place, such as one from another machine; if that was built with
other versions or on another device, values are compared within the intervals that they state, and this is said.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import shutil
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

from onepage.core import files, places, repository
from onepage.core.errors import CheckFailed, UserError
from onepage.execute.progress import duration
from onepage.page.results import load_results
from onepage.plan import planfile
from onepage.plan.planfile import Plan

NOT_COMPARED = ("timing.js", files.MARKER)  # our mark, and how long things took; index.html reads it if it is there
_SHOWN = 20
_EXCERPT = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    planfile.add_plan_argument(parser)
    parser.add_argument("--against", type=Path, metavar="DIR", help="compare with this report instead of building one")
    parser.add_argument("--keep", action="store_true", help="keep the second build for inspection")


def main(args: argparse.Namespace) -> int:
    plan = planfile.chosen(args)
    mine = plan.root / plan.data["out"]
    if not (mine / "manifest.json").is_file():
        raise UserError(f"{plan.data['out']}: not built yet; run `make report`")
    if args.against:
        if not (args.against / "manifest.json").is_file():
            raise UserError(f"{args.against}: not a report (it has no manifest.json)")
        return _verdict(mine, args.against.resolve(), "")
    with files.temporary("onepage-verify-", "second build") as place:
        keep = args.keep
        try:
            started = time.monotonic()
            theirs = second_build(plan, place)
            took = f" The second build took {duration(time.monotonic() - started)}."
            code = _verdict(mine, theirs, took)
            keep = keep or code != 0
        finally:
            if keep:
                files.give_away(place)
                print(f"the second build is kept in {place}")
    return code


# --- the second build ----------------------------------------------------------------------------------------------


def second_build(plan: Plan, place: Path) -> Path:
    """Build the same report in a copy of the working tree; returns its folder."""
    if place.resolve().is_relative_to(plan.root):
        raise UserError(f"{place}: temporary files lie in the project itself; set TMPDIR to a folder outside it")
    clone = _copy_tree(plan.root, place / "a-second-clone-of-the-project")
    request = dict(plan.data["request"])
    if plan.data["corpus"]["entry"] and not plan.data["corpus"]["folder"].startswith(plan.data["corpus"]["entry"]):
        request["corpus"] = str((plan.root / plan.data["corpus"]["folder"]).resolve())
    home = place / "home"
    home.mkdir()
    jobs = 3 if (os.cpu_count() or 1) != 3 else 2
    names = {"corpus": "CORPUS", "profile": "PROFILE", "parameters": "P", "report": "REPORT"}
    words = [f"{names[name]}={value}" for name, value in request.items() if name in names]
    words += [f"DEVICE={plan.data['device']}", f"PYTHON={sys.executable}", "STORE=", f"-j{jobs}"]
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "MAKE", "MFLAGS", "LC_"))
    }
    environ.update(HOME=str(home), TZ="Asia/Kathmandu", PYTHONHASHSEED="4711", LANG=_other_locale(), USER="somebody")
    environ["LC_ALL"] = environ["LANG"]
    environ["ONEPAGE_LINGER"] = "0"  # nobody will make anything more in that place
    clock = ["faketime", "-f", "+397d"] if shutil.which("faketime") else []
    command = [*clock, "make", "-C", str(clone), "--no-print-directory", "report", *words]
    otherwise = [f"-j{jobs}", environ["LANG"], environ["TZ"], "umask 077", *(["397 days later"] if clock else [])]
    print(f"building a second time in {clone} ({', '.join(otherwise)})", flush=True)
    result = subprocess.run(command, env=environ, umask=0o077)
    if result.returncode:
        raise CheckFailed(f"the second build failed in {clone}")
    return clone / plan.data["out"]


def _copy_tree(root: Path, clone: Path) -> Path:
    """A clone of the repository with the working tree's present files; without git, a copy of the sources.

    Returns the project's place in it, which may be a subfolder as it is in the repository.
    """
    found = repository.find(root)
    if found and repository.tracked(root):
        done = found.git("clone", "-q", "--local", str(found.top), str(clone))
        listed = found.git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        if done.returncode or listed.returncode:
            raise UserError(f"{found.top}: git cannot clone it: {(done.stderr or listed.stderr).strip()}")
        clone = clone / found.prefix
        for name in filter(None, listed.stdout.split("\0")):
            if (root / name).is_file():
                (clone / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, clone / name, follow_symlinks=False)
            else:
                files.discard(clone / name)
        return clone

    def left_out(folder: str, names: list[str]) -> set[str]:
        if Path(folder) == root / "reports":  # of the reports, only what people wrote
            return {name for name in names if (root / "reports" / name / "manifest.json").exists()}
        return {name for name in names if name in ("build", ".venv", "__pycache__") and Path(folder) == root}

    shutil.copytree(root, clone, symlinks=True, ignore=left_out)
    return clone


def _other_locale() -> str:
    """A locale of this machine other than the present one, German where there is one (commas in numbers)."""
    try:
        found = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.SubprocessError):
        found = []
    present = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    other = [name for name in found if name != present]
    return next((name for name in other if name.startswith("de_")), next(iter(other), "C"))


# --- the comparison ------------------------------------------------------------------------------------------------


def _verdict(mine: Path, theirs: Path, took: str) -> int:
    found = compare_folders(mine, theirs)
    names = _files(mine)
    if not found:
        print(f"verified: all {len(names)} files of {mine.name} are the same, byte for byte.{took}")
        return 0
    differing = _different_machines(mine, theirs)
    if differing:
        print(f"not the same bytes, but built with another {', '.join(differing)}: comparing values instead")
        values = compare_values(mine, theirs)
        for line in values[:_SHOWN]:
            print(f"  {line}")
        if not values:
            print(f"verified: all values of {mine.name} agree within their stated intervals")
        return 1 if values else 0
    for line in found[:_SHOWN]:
        print(f"  {line}")
    print(f"{len(found)} of {len(names)} files of {mine.name} differ between the two builds.{took}")
    return 1


def compare_folders(mine: Path, theirs: Path) -> list[str]:
    """One line for each file that differs: its name and the first place."""
    here, there = _files(mine), _files(theirs)
    lines = [f"{name}: only in {mine if name in here else theirs}" for name in sorted(here ^ there)]
    for name in sorted(here & there):
        left, right = (mine / name).read_bytes(), (theirs / name).read_bytes()
        if left != right:
            lines.append(f"{name}: {_first_difference(mine / name, theirs / name, left, right)}")
    return lines


def _files(folder: Path) -> set[str]:
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    ours = places.manifest_names(folder)
    if len(ours) > 2:  # it could be read; what else is there is somebody's, and is in no manifest
        names &= ours
    return names - set(NOT_COMPARED)


def _first_difference(here: Path, there: Path, left: bytes, right: bytes) -> str:
    """The first place at which two files differ, in the terms of their kind."""
    if here.suffix in (".json", ".ipynb"):
        try:
            path = _json_difference(json.loads(left), json.loads(right), "")
            if path:
                return path
        except ValueError:
            pass
    # TorchScript is a zip archive; what is none, or none that is whole, is compared as the bytes that it is
    wrong = (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error)
    with contextlib.suppress(*wrong), zipfile.ZipFile(here) as one, zipfile.ZipFile(there) as other:
        names, others = one.namelist(), other.namelist()
        if names != others:
            return f"its members differ, first {next(iter(sorted({*names} ^ {*others})), 'in order')}"
        for name in names:
            if one.read(name) != other.read(name):
                return f"member {name}: {_bytes_difference(one.read(name), other.read(name))}"
    try:
        texts = left.decode().splitlines(), right.decode().splitlines()
    except UnicodeDecodeError:
        return _bytes_difference(left, right)
    for number, (mine, theirs) in enumerate(zip(*texts, strict=False), start=1):
        if mine != theirs:
            column = next(i for i, (a, b) in enumerate(zip(mine + "\0", theirs + "\1", strict=False)) if a != b)
            start = max(0, column - 20)
            excerpts = (repr(text[start : start + _EXCERPT]) for text in (mine, theirs))
            return f"line {number}, column {column + 1}: {' / '.join(excerpts)}"
    return f"{len(texts[0])} lines / {len(texts[1])} lines"


def _bytes_difference(left: bytes, right: bytes) -> str:
    place = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    return f"byte {place} (of {len(left)} / {len(right)})"


def _json_difference(left: Any, right: Any, path: str) -> str:
    """`values.x.value: 1 / 2` for the first difference, or an empty string."""
    if isinstance(left, dict) and isinstance(right, dict):
        for name in [*left, *(name for name in right if name not in left)]:
            if name not in left or name not in right:
                return f"{path}.{name}".lstrip(".") + f": only on the {'first' if name in left else 'second'} side"
            if found := _json_difference(left[name], right[name], f"{path}.{name}"):
                return found
        return ""
    if isinstance(left, list) and isinstance(right, list):
        for index, (one, other) in enumerate(zip(left, right, strict=False)):
            if found := _json_difference(one, other, f"{path}[{index}]"):
                return found
        return f"{path.lstrip('.')}: {len(left)} / {len(right)} entries" if len(left) != len(right) else ""
    if left == right and type(left) is type(right):
        return ""
    return f"{path.lstrip('.')}: {str(left)[:_EXCERPT]!r} / {str(right)[:_EXCERPT]!r}"


def _different_machines(mine: Path, theirs: Path) -> list[str]:
    """What of the two builds' surroundings differs."""
    left, right = (load_results(folder).get("provenance", {}) for folder in (mine, theirs))
    names = ("versions", "device", "environment")
    return [name for name in names if left.get(name) != right.get(name)]


def compare_values(mine: Path, theirs: Path) -> list[str]:
    """Values further apart than half their stated interval; without one, than a millionth of themselves."""
    left, right = load_results(mine).get("values", {}), load_results(theirs).get("values", {})
    lines = [f"{name}: only in one of the two" for name in sorted(left.keys() ^ right.keys())]
    for name in sorted(left.keys() & right.keys()):
        one, other = left[name], right[name]
        if not isinstance(one["value"], int | float) or isinstance(one["value"], bool):
            close = one["value"] == other["value"]
            tolerance = 0.0
        else:
            low, high = one.get("low"), one.get("high")
            tolerance = abs(high - low) / 2 if low is not None and high is not None else 1e-6 * abs(one["value"])
            close = math.isclose(one["value"], other["value"], rel_tol=0, abs_tol=tolerance)
        if not close:
            lines.append(f"{name}: {one['value']} / {other['value']}, further apart than {tolerance:.3g}")
    return lines
