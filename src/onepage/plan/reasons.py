"""`onepage why`: what `make report` would run, and because of what; of everything else that it is fresh."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from onepage.core.config import load
from onepage.core.places import BUILD, PACKAGE
from onepage.observing.observations import States
from onepage.plan import planfile, store
from onepage.plan.differences import differences
from onepage.plan.planfile import Plan
from onepage.scripts.behaviour import Modules, SourceCache, described, find_modules
from onepage.scripts.self_reading import DOCSTRINGS, TEXT

_SHOWN = 12  # reasons per target; a new torch has hundreds of definitions behind it
_NEW = "it has not run yet"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    planfile.add_plan_argument(parser)


def main(args: argparse.Namespace) -> int:
    plan = planfile.chosen(args)
    waiting = [target for target in plan.executed if not store.is_done(plan.entry(target))]
    found = {target["id"]: because(plan, target) for target in waiting}
    new = [name for name, reasons in found.items() if reasons == [_NEW]]
    if new:
        print(f"would run for the first time: {', '.join(new)}")
    for name, reasons in found.items():
        if name in new:
            continue
        print(f"{name} would run:")
        for reason in reasons[:_SHOWN]:
            print(f"  {reason}")
        if len(reasons) > _SHOWN:
            print(f"  and {len(reasons) - _SHOWN} more")
    fresh = len(plan.executed) - len(waiting)
    if fresh:
        print(f"{'the other ' if waiting else 'all '}{fresh} results are fresh")
    page = page_reasons(plan)
    if waiting or page:
        print(f"the page would be written again: {'; '.join(page[:_SHOWN]) or 'results that it shows would be new'}")
    else:
        print("the page is fresh")
    return 0


def because(plan: Plan, target: dict[str, Any]) -> list[str]:
    """Why a target that is not in the store would run."""
    now = plan.inputs(target["id"])
    try:
        key = (plan.folder / "last" / target["id"]).read_text(encoding="utf-8").strip()
        entry = store.entry_path(plan.root / plan.data["store"], key)
        before = json.loads((entry / "inputs.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [_NEW]
    now = {**now, "observed": States(plan.root, _sources(plan)).of(before.get("observed", {}))}
    lines = [cell["line"] for cell in _cells(plan, target, _sources(plan))]
    changed = differences(before, now, target["script"], _shown(plan, _modules(plan)), lines)
    return changed or ["its result is gone from the store"]


def since(plan: Plan, target: dict[str, Any]) -> list[str]:
    """What of a target's code is no longer what the plan was made from: somebody is at work on it."""
    planned, sources, modules = plan.inputs(target["id"]), _sources(plan), _modules(plan)
    cells, states = _cells(plan, target, sources), States(plan.root, sources)
    now = {
        **planned,
        "code": _code(planned.get("code", {}), plan, target, sources, modules),
        "files": {name: states[f"tree:{name}"] for name in planned.get("files", {})},
        "cells": [cell["digest"] for cell in cells],
    }
    lines = [cell["line"] for cell in cells]
    return differences({"cells": [], "files": {}, **planned}, now, target["script"], _shown(plan, modules), lines)


def page_reasons(plan: Plan) -> list[str]:
    """Why the page would be written again although all results are there."""
    manifest = plan.root / plan.data["out"] / "manifest.json"
    if not manifest.exists():
        return ["it has not been written yet"]
    if manifest.stat().st_mtime_ns >= (plan.folder / "page.key").stat().st_mtime_ns:
        return []
    now = json.loads((plan.folder / "page.json").read_text(encoding="utf-8"))
    try:
        before = json.loads((plan.folder / "page.shown.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ["its sources have changed"]
    reasons = []
    for part in ("files", "scripts", "targets", "plan", "code"):
        names = before.get(part, {}).keys() | now[part].keys()
        changed = sorted(name for name in names if before.get(part, {}).get(name) != now[part].get(name))
        words = {"plan": "{} of the report", "targets": "result of {}", "code": "module {}"}.get(part, "{}")
        reasons += [words.format(name) for name in changed]
    return reasons or ["its sources have changed"]


def _sources(plan: Plan) -> SourceCache:
    return SourceCache(plan.root, plan.root / BUILD / "cache" / "sources.json")


def _cells(plan: Plan, target: dict[str, Any], sources: SourceCache) -> list[dict[str, Any]]:
    """The executing cells of a target's script as it is now; the corpus has none."""
    script = plan.root / target["script"]
    return sources.script(script).get("cells", []) if target["script"] and script.is_file() else []


def _code(
    planned: dict[str, dict[str, str]], plan: Plan, target: dict[str, Any], sources: SourceCache, modules: Modules
) -> dict[str, dict[str, str]]:
    """What the planned code does as it is now, said as the plan says it."""
    found = {}
    for name, known in planned.items():
        marks = [mark for mark in (DOCSTRINGS, TEXT) if mark in known]
        if name in modules:
            found[name] = described(sources.module(modules[name]), marks)
        elif name == target["script"] and (plan.root / name).is_file():
            found[name] = described(sources.script(plan.root / name), marks)
    return found


def _modules(plan: Plan) -> Modules:
    config = load(plan.root)
    packages = [*(plan.root / package for package in config.code), PACKAGE]
    return find_modules(packages, plan.root / config.scripts)


def _shown(plan: Plan, modules: Modules) -> dict[str, str]:
    return {name: os.path.relpath(path, plan.root) for name, path in modules.items()}
