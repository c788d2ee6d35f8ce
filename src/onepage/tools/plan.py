"""`onepage plan`: writes plan.json for every other command, and plan.mk, the rules that Make includes.

A rule's target is a path in the store, named after the content key of what it makes: if it exists it is right, and no
modification time matters. Prerequisites are therefore order-only. Make's own include mechanism calls this command
before anything else, so `make -n` and `make -k` speak of the present sources.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import sys
from pathlib import Path
from typing import Any

from onepage.core import locks, places, watch
from onepage.core.config import find_root
from onepage.core.errors import UserError
from onepage.core.places import BUILD
from onepage.page import pagestate
from onepage.plan import bucket, planfile
from onepage.plan.planfile import Plan, with_corpus
from onepage.plan.store import is_done


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--report", required=True, metavar="NAME", help="the report's folder under reports/")
    parser.add_argument("--corpus", default="", metavar="NAME|DIR", help="a corpus that a command builds, or a folder")
    parser.add_argument("--profile", default="full", help="a profile of experiments.toml")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--parameters", default="", metavar="WORDS", help='such as "epochs=3 seed=1"')
    parser.add_argument("--store", default="", metavar="DIR", help=f"where results are kept (default {BUILD}/store)")


def main(args: argparse.Namespace) -> int:
    root = find_root()
    places.require_report_name(args.report)
    _require_writable(root / places.REPORTS, root)
    out = places.require_out(root, args.report)
    folder = places.own_build(root, args.report)
    words = {name: getattr(args, name) for name in ("corpus", "profile", "device", "parameters", "store", "report")}
    request = _request(words, root)
    maker = os.environ.get("ONEPAGE_HOLD", "")
    if not maker.isdigit() and _stands(folder, request):  # nothing to write, so nobody to wait for
        pagestate.tell_make(folder, out)
        return 0
    lock = locks.Lock(folder / "lock")
    lock.acquire(locks.waiting(f"{places.REPORTS}/{args.report}"))
    try:
        if not _stands(folder, request):
            _write(root, folder, words, request)
        pagestate.tell_make(folder, out)
        os.utime(folder / "plan.json")  # the newest plan is the one that plain scripts take (see context.py)
        if maker.isdigit():  # this make's own until it ends: its steps are to find this very plan
            lock.hand_over(int(maker))
    finally:
        lock.release()
    return 0


def again(plan: Plan) -> None:
    """Plan once more, now that the results are there and tell what they read, so that the next make need not.

    For the last step of a make, which holds the lock.
    """
    if not (plan.folder / "watched.json").exists():  # not a plan of ours
        return
    words = plan.data["request"]
    request = _request(words, plan.root)
    if not _stands(plan.folder, request):
        _write(plan.root, plan.folder, words, request)


def _request(words: dict[str, str], root: Path) -> list[Any]:
    """What a plan answers: when any of it is another, so is the plan."""
    return [words, str(root), sys.version, sys.prefix, __file__, os.environ.get("CUDA_VISIBLE_DEVICES")]


def _stands(folder: Path, request: list[Any]) -> bool:
    """Whether the plan that is there answers the request and nothing that it was made from has changed."""
    if not watch.unchanged(folder / "watched.json", request) or planfile.fault(folder):
        return False
    # a bucket cannot be watched: while anything is still to be made, it is asked whether another has made it meanwhile
    if not bucket.is_url(request[0]["store"]):
        return True
    plan = planfile.load(folder / "plan.json")
    return all(is_done(plan.entry(target)) for target in plan.executed)


def _write(root: Path, folder: Path, words: dict[str, str], request: list[Any]) -> None:
    from onepage.core import config as configuration
    from onepage.core.files import write_if_changed
    from onepage.course import GROUP
    from onepage.page.preflight import check
    from onepage.plan import uses
    from onepage.plan.targets import Planner, Request
    from onepage.scripts.behaviour import SourceCache, digest

    record = folder / "watched.json"
    seen = watch.Watch()
    seen.load_fingerprints(record)
    seen.file(root / "pyproject.toml")
    cache = SourceCache(root, root / BUILD / "cache" / "sources.json")
    planner = Planner(configuration.load(root), Request(**words), seen, cache)
    plan = planner.plan()
    planner.require_corpus()
    for line in planner.warnings:
        print(f"onepage plan: {line}", file=sys.stderr)
    cache.save()
    page = root / planner.config.page
    check(planner, plan, folder / "page.looked", {GROUP: lambda: _look_over_group(page, root)})
    write_if_changed(folder / "inputs.json", json.dumps(planner.inputs, indent=1, sort_keys=True) + "\n")
    write_if_changed(folder / "page.json", json.dumps(planner.page, indent=1, sort_keys=True) + "\n")
    write_if_changed(folder / "page.key", digest(planner.page) + "\n")
    write_if_changed(folder / "plan.json", json.dumps(plan, indent=1) + "\n")
    write_if_changed(folder / "plan.mk", rules(plan))
    planfile.seal(folder)
    for target in with_corpus(plan):
        if is_done(root / target["entry"]):  # what `make why` compares the next state with
            write_if_changed(folder / "last" / target["id"], target["key"] + "\n")
            places.forget_failure(root, plan["report"], target["id"])
            if planner.reads.bucket:  # it may have been made without the bucket
                planner.reads.bucket.put(root / target["entry"])
    with contextlib.suppress(OSError):  # a store that can only be read
        uses.record(
            root / plan["store"], root, plan["report"], [Path(target["entry"]).name for target in with_corpus(plan)]
        )
    seen.save(record, request)


def _look_over_group(page: Path, root: Path) -> None:
    from onepage.course import additions

    additions.look_over(page, root)


def _require_writable(folder: Path, root: Path) -> None:
    """Better now than when everything has run."""
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        named = folder.relative_to(root).as_posix() if folder != root else str(root)
        raise UserError(f"{named}: this folder cannot be written to, so there can be no report; change its permissions")


def _patience(target: dict[str, Any] | None) -> float:
    """What Make begins first, as far as it can: runs as they come, then the analyses that may take longest.

    The one that takes longest would else be left for the end, with nothing beside it.
    """
    return -float(target["timeout"] or 0) if target and target["kind"] == "analysis" else -math.inf


def rules(plan: dict[str, Any]) -> str:
    """The text of plan.mk. It uses $(RUN) and $(PAGE), which the Makefile defines."""
    build = f"{BUILD}/{plan['report']}"
    by_id = {target["id"]: target for target in plan["targets"]}
    needs: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for target in with_corpus(plan):
        done = f"{target['entry']}/done"
        names.setdefault(done, target["id"])  # two targets with the same key are one piece of work
        before = [f"{by_id[run]['entry']}/done" for ids in target["runs"].values() for run in ids]
        if "corpus" in target["reads"] and plan["corpus"]["entry"]:
            before.insert(0, f"{plan['corpus']['entry']}/done")
        needs[done] = sorted(set(before))
    lines = [
        "# Written by `onepage plan`. A result is named after its content key: if it exists, it is right.",
        "",
    ]
    for done, name in names.items():
        lines += [
            f"{done}:" + "".join(f" {path}" for path in ["|", *needs[done]] if needs[done]),
            f"\t@$(RUN) {name}",
            "",
        ]
    everything = " ".join([f"{build}/page.key |", *sorted(names, key=lambda done: _patience(by_id.get(names[done])))])
    lines += [f"{plan['out']}/manifest.json: {everything}", "\t@$(PAGE)", ""]
    return "\n".join(lines)
