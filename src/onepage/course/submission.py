"""`onepage submission`: checks the report, then writes `group_<id>.zip`, the same bytes for the same content.

brief.toml's `[hand-in]` says what goes in: the report, the entry script at the top, the code. `runs.json` beside
the entry says what the report's runs were. Data, weights and build products stay out, and nothing in it may
name this machine's folders.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import io
import os
import zipfile
from pathlib import Path
from typing import Any

from onepage.check import check
from onepage.core import config
from onepage.core.errors import CheckFailed, UserError
from onepage.core.files import write as put
from onepage.course import additions, group, handed_in
from onepage.page import brief as briefs
from onepage.page import results
from onepage.page.tree.drafts import named_below
from onepage.plan import planfile

EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest date that an archive can hold
LARGEST = 2_000_000  # bytes of one file; code and text are smaller
KEPT_OUT = {
    ".npy", ".npz", ".pt", ".pth", ".onnx", ".safetensors", ".ckpt", ".pkl", ".wav", ".flac", ".mp3", ".ogg", ".opus",
    ".ipynb", ".pyc", ".so", ".zip", ".gz", ".tar", ".h5",
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `onepage submission`."""
    planfile.add_plan_argument(parser)


def main(args: argparse.Namespace) -> int:
    """Check, and write the archive only if nothing falls short."""
    plan = planfile.chosen(args)
    brief, people = _demanded(plan)
    rows = check.check(plan, additions.of_plan(plan))
    short = [said for row in rows for said in row.shortfalls] + _unwritten(plan, people)
    if short:
        for said in short:
            print(f"  {said}")
        raise CheckFailed(f"{len(short)} to mend before handing in; nothing was written")
    path, names, left_out = write(plan)
    entry = Path(_require_hand_in(brief).entry).name
    for name, reason in left_out.items():
        print(f"  left out: {name} ({reason})")
    for row in rows:
        for warning in row.warnings:
            print(f"  note: {warning}")
    print(f"{path.name}: {len(names)} files, {path.stat().st_size:,} bytes; unpack it and run its {entry} to try it")
    return 0


def _unwritten(plan: planfile.Plan, people: group.Group) -> list[str]:
    folder = plan.root / config.load(plan.root).page
    texts = [(path.relative_to(plan.root).as_posix(), path) for path in sorted(folder.glob("[!.]*.md"))]
    texts = [(name, path) for name, path in texts if not handed_in.unfit(path, plan.root)]
    return handed_in.unwritten(people, texts)


def write(plan: planfile.Plan) -> tuple[Path, list[str], dict[str, str]]:
    """Write the archive into the project's folder; returns its path, the names inside and what was left out."""
    brief, people = _demanded(plan)
    archive = plan.root / group.zip_name(people)
    top = archive.stem
    files, left_out = contents(plan, brief)
    buffer = io.BytesIO()
    # Stored, not deflated: compressors differ between machines.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as made:
        for name in sorted(files):
            about = zipfile.ZipInfo(f"{top}/{name}", EPOCH)
            about.create_system = 3
            about.external_attr = (0o100644) << 16
            made.writestr(about, files[name])
        made.comment = _mark({f"{top}/{name}": content for name, content in files.items()})
    if os.path.lexists(archive) and not _is_own(archive):
        raise UserError(f"{archive.name}: is there already, and not as `make submission` wrote it; move it away")
    put(archive, buffer.getvalue())
    return archive, sorted(files), left_out


def _mark(files: dict[str, bytes]) -> bytes:
    """The archive's comment: that it is ours, and what we put into it."""
    told = "".join(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n" for name in sorted(files))
    return b"onepage " + hashlib.sha256(told.encode()).hexdigest().encode()


def _is_own(archive: Path) -> bool:
    """Whether an archive is as we wrote it, so that another may replace it."""
    try:
        with zipfile.ZipFile(archive) as found:
            if any(each.compress_type != zipfile.ZIP_STORED for each in found.infolist()):
                return False  # and may unpack to anything
            return found.comment == _mark({name: found.read(name) for name in found.namelist()})
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError):
        return False


def contents(plan: planfile.Plan, brief: briefs.Brief) -> tuple[dict[str, bytes], dict[str, str]]:
    """(what goes into the archive: name -> bytes, what matches but stays out: name -> reason).

    Data, weights and files that name this machine are an error.
    """
    hand_in = _require_hand_in(brief)
    report = plan.root / plan.data["out"]
    entry = plan.root / hand_in.entry
    if not entry.is_file():
        raise UserError(f"{brief.path}: the entry script {hand_in.entry} does not exist")
    try:
        ast.parse(entry.read_bytes())
    except SyntaxError as error:
        raise UserError(f"{hand_in.entry}:{error.lineno}: does not parse as Python") from None
    files = {"report.pdf": (report / "report.pdf").read_bytes(), entry.name: entry.read_bytes()}
    files["runs.json"] = results.as_json(_runs(results.load_results(report))).encode("utf-8")
    chosen, left_out = handed_in.selected(plan.root, hand_in.include)
    left_out.pop(entry.relative_to(plan.root).as_posix(), None)
    for path in chosen:
        name = path.relative_to(plan.root).as_posix()
        if path == entry:
            continue
        if name in files:
            raise UserError(f"{name}: the archive has a file of that name of its own; rename it")
        files[name] = path.read_bytes()
    for name, content in files.items():
        _fit(name, content, plan.root)
    return files, left_out


def _require_hand_in(brief: briefs.Brief) -> briefs.HandIn:
    if brief.hand_in is None:
        raise UserError(f"{brief.path}: [hand-in] is missing; it names the entry script and the code")
    return brief.hand_in


def _demanded(plan: planfile.Plan) -> tuple[briefs.Brief, group.Group]:
    """What the brief wants handed in, and by whom."""
    page_folder = plan.root / config.load(plan.root).page
    people = additions.require_group(page_folder, plan.root)
    brief = briefs.load(page_folder / "brief.toml", named_below(page_folder / "brief.toml", plan.root))
    _require_hand_in(brief)
    return brief, people


def _runs(found: dict[str, Any]) -> dict[str, Any]:
    """The report's runs, for the entry script to train again."""
    made = found["provenance"]
    runs = {
        name: {key: target[key] for key in ("row", "seed", "parameters")}
        for name, target in made["targets"].items()
        if target["kind"] == "run"
    }
    return {"report": made["report"], "profile": made["profile"], "corpus": made["corpus"], "runs": runs}


def _fit(name: str, content: bytes, root: Path) -> None:
    """Refuse data, weights, and places of this machine."""
    if Path(name).suffix.lower() in KEPT_OUT:
        raise UserError(f"{name}: data, weights and build products are not handed in; narrow [hand-in] include")
    if len(content) > LARGEST:
        raise UserError(f"{name}: {len(content):,} bytes are too much for code; narrow [hand-in] include")
    for place in {str(root), str(Path.home())} - {"/", "/root"}:
        at = content.find(place.encode("utf-8"))
        if at >= 0:
            line = content.count(b"\n", 0, at) + 1
            raise UserError(f"{name}:{line}: names a folder of this machine ({place})")
