"""`onepage run`: executes one target of a plan, puts the result in the store, and makes its page ready."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from onepage.core import files
from onepage.execute import progress, warm
from onepage.plan import bucket, planfile, store

if TYPE_CHECKING:
    from onepage.execute import failures


def add_arguments(parser: argparse.ArgumentParser) -> None:
    planfile.add_plan_argument(parser)
    parser.add_argument("--launch", default="", metavar="WORDS", help="put before the execution, such as `srun -c1`")
    parser.add_argument("--here", action="store_true", help="make the result, whether or not a bucket has it")
    parser.add_argument("target", help="a target's id, its script, or `corpus`")


def main(args: argparse.Namespace) -> int:
    plan = planfile.chosen(args)
    target = plan.corpus if args.target == "corpus" else plan.target(args.target)
    entry = plan.entry(target)
    if store.is_done(entry):
        return 0
    shared = None if args.here else bucket.of(plan.data["request"]["store"])
    progress.announce(plan)
    if shared and shared.fetch(entry, target["id"]):
        progress.fetched(plan, target, shared.url)
        return 0
    code = _make(plan, target, args.launch)
    if shared and code == 0:
        shared.put(entry)
    return code


def _make(plan: planfile.Plan, target: dict[str, Any], words: str) -> int:
    """Make a result where it is to be made: by a launcher, by the warm parent process, or here."""
    if words:
        from onepage.execute import launch

        return launch.place(plan, target, words)
    if target["id"] == "corpus":
        from onepage.execute import corpora

        return corpora.make(plan)
    code = warm.submit(plan.root, ["run", "--here", "--plan", str(plan.folder / "plan.json"), target["id"]])
    return _execute(plan, target) if code is None else code


def _execute(plan: planfile.Plan, target: dict[str, Any]) -> int:
    from onepage.execute import failures  # not for a mere client, of which make starts one for each target
    from onepage.execute.execute import execute

    try:
        made = execute(plan, target)
    except failures.Failed as failed:
        _show(plan, target, failed)
        raise
    if made:  # its page now, beside other executions, rather than when all have ended
        from onepage.review import render

        shown = planfile.identified(plan)
        render.prepare(shown.data, shown.target(target["id"]), plan.root)
    return 0


def _show(plan: planfile.Plan, target: dict[str, Any], failed: failures.Failed) -> None:
    """A page of the partial notebook, and a mark in the index of the old report; neither may hide the failure."""
    try:
        from onepage.execute import failures
        from onepage.review import index, render

        script, page = plan.root / target["script"], failed.kept / failures.PAGE
        render.render_failed(
            failed.kept / "notebook.ipynb", script, failed.message, page, plan=plan.data, target=target
        )
        index.mark(plan.data, plan.root)
    except Exception as error:
        said = f"this page could not be rendered: {type(error).__name__}: {error}\n"
        files.write(failed.kept / "page.txt", said)
