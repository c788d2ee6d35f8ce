"""`onepage page`: the report's folder, written beside and put in place whole.

results.json and what it names, a page for every run and analysis, the report as PDF and HTML, the index with the
checks, and last the manifest with every file's sha256.
"""

from __future__ import annotations

import argparse
import gc
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from onepage.check import check
from onepage.core import config, files, locks, places, quantities
from onepage.course import additions
from onepage.execute import ledger
from onepage.page import pagestate, results
from onepage.page.compose import Composed, compose
from onepage.page.layout import documents
from onepage.page.layout.typeset import Typeset, typeset
from onepage.page.layout.webpage import webpage
from onepage.plan import planfile
from onepage.review import again, index, pages, render
from onepage.tools import plan as planning

UNLISTED = {"manifest.json", "timing.js", files.MARKER}  # the manifest itself, and what may differ from build to build


@dataclass(frozen=True)
class Built:
    """A finished report."""

    folder: Path
    results: dict[str, Any]
    composed: Composed
    typeset: Typeset
    pictures: list[bytes]  # of every page, as PNG
    rows: list[check.Row]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `onepage page`."""
    planfile.add_plan_argument(parser)
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="also write every page as a PNG there")


def main(args: argparse.Namespace) -> int:
    """Build the report and say what came of it."""
    gc.disable()  # a process of two seconds, a tenth of them spent on looking for what it could free
    plan = planfile.chosen(args)
    built = build(plan)
    planning.again(plan)
    if args.pictures:
        for number, picture in enumerate(built.pictures, 1):
            _put(args.pictures / f"page-{number}.png", picture)
    print(summary(built, Path.cwd()))
    return 0


def build(plan: planfile.Plan) -> Built:
    """Write the report's folder; it is replaced whole, or, where anything fails, left as it was."""
    ledger.require_current(plan)
    plan = planfile.identified(plan)
    what = places.report_marker(plan.report)
    with locks.held(plan.folder / "page.lock", locks.waiting(plan.data["out"])):
        key = pagestate.wanted(plan.folder) if (plan.folder / "page.key").is_file() else ""
        out = places.require_out(plan.root, plan.report)
        out.parent.mkdir(parents=True, exist_ok=True)
        files.finish_earlier(out, what, pagestate.names(plan.folder))
        with files.temporary(f".{out.name}-", what, out.parent) as folder:
            folder.chmod(0o755)
            built, known = _write(plan, folder)
            ours = pagestate.names(plan.folder) | places.manifest_names(out)
            kept = files.put_in_place(folder, out, what, ours)
        pagestate.remember(plan.folder, key, known)
    for name in kept:
        print(f"  note: {plan.data['out']}/{name} is not of this report, and was left where it is")
    return replace(built, folder=out)


def summary(built: Built, here: Path) -> str:
    """The headline values, what to mend and what to open."""
    shown = list(dict.fromkeys(name for name, _ in built.composed.use.shown if name in built.results["values"]))
    lines = []
    for name in shown[: index.HEADLINES]:
        value = built.results["values"][name]
        text = quantities.interval(value["value"], value["low"], value["high"], value["unit"])
        lines.append(f"  {name:28} {text}")
    made = built.typeset
    lines.append(f"  {'page':28} body {made.body:g} pt, {quantities.percent(made.blank, 0)} empty, {made.pages} pages")
    for row in built.rows:
        lines += [f"  short: {said}" for said in row.shortfalls]
        lines += [f"  note: {said}" for said in row.warnings]
    folder = built.folder.relative_to(here) if built.folder.is_relative_to(here) else built.folder
    lines.append(f"open {folder}/report.pdf or {folder}/index.html")
    return "\n".join(lines)


def _write(plan: planfile.Plan, folder: Path) -> tuple[Built, pagestate.Known]:
    collected = results.collect(plan.data, plan.root)
    found = collected.results
    settings = config.load(plan.root)
    page_folder = plan.root / settings.page
    for name, content in collected.assets.items():
        again.write(folder / name, content, plan.root / plan.data["out"] / name)
    for name, source in collected.files.items():
        shutil.copyfile(source, folder / name)
    _put(folder / "results.json", results.as_json(found).encode("utf-8"))
    # What people write comes before the many pages: its errors are the likeliest.
    composed = compose(page_folder, found, plan.root, additions.of(page_folder, plan.root))
    page = (composed.document, composed.front, found, folder, page_folder)

    def press(sources: Path) -> tuple[Typeset, list[bytes]]:
        made = typeset(*page, sources)
        _put(folder / "report.pdf", made.pdf)
        pictures = made.pictures()
        _put(folder / "report.png", pictures[0])
        return made, pictures

    with tempfile.TemporaryDirectory(prefix="onepage-") as sources, ThreadPoolExecutor() as beside:
        pressing = beside.submit(press, Path(sources))  # Typst's work and Python's do not wait for each other
        _put(folder / "report.html", webpage(*page).encode("utf-8"))
        documents.write(settings.formats, *page)
        for target in plan.targets:
            render.render_target(plan.data, target, plan.root, folder)
        # Before Typst has ended: what the index is made with, and most of the manifest.
        pages.environment().get_template(index.TEMPLATE)
        early = pagestate.look(folder, without=("report.pdf", "report.png"))
        rows = check.judge(page_folder, composed, found, lambda: pressing.result()[0], folder, plan.root)
    made, pictures = pressing.result()
    headline = list(dict.fromkeys(name for name, _ in composed.use.shown if name in found["values"]))
    index.write_index(
        plan.data, found, folder, [row.as_dict() for row in rows], found["claims"], root=plan.root,
        headline=headline[: index.HEADLINES],
    )  # fmt: skip
    early = pagestate.look(folder, early)
    listed = {name: digest for name, (digest, _) in early.items() if name not in UNLISTED}
    _put(folder / "manifest.json", results.as_json({"report": plan.report, "files": listed}).encode("utf-8"))
    return Built(folder, found, composed, made, pictures, rows), pagestate.look(folder, early)


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
