"""What an entry of the store says of its own making: its inputs, those that were seen to be read among them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from onepage.core import places, watch
from onepage.core.config import Config, load
from onepage.core.errors import CheckFailed
from onepage.core.places import BUILD, PACKAGE
from onepage.observing import observations
from onepage.observing.observations import Observed
from onepage.plan import planfile, store
from onepage.plan.differences import differences
from onepage.plan.planfile import Plan
from onepage.scripts.behaviour import SourceCache, find_modules

_LOG = "observed.log"


def prepare(plan: Plan, target: dict[str, Any], private: Path, own: list[Path]) -> str:
    """Write what the observer needs to know; returns the file's path."""
    by_id = {other["id"]: other for other in plan.executed}
    declared = [plan.entry(by_id[run]) for ids in target["runs"].values() for run in ids]
    if "corpus" in target["reads"] and plan.data["corpus"]["folder"]:
        declared.append(plan.root / plan.data["corpus"]["folder"])
    caches = [plan.root / BUILD / name for name in ("cache", "warm.log", plan.report)]
    ignore = [*own, *declared, *caches, plan.root / ".git"]
    settings = {"log": str(private / _LOG), "root": str(plan.root), "ignore": [str(path) for path in ignore]}
    file = private / "observe.json"
    file.write_text(json.dumps(settings), encoding="utf-8")
    return str(file)


def observed(plan: Plan, target: dict[str, Any], private: Path) -> Observed:
    """What the execution was seen to read, beyond what its key says already; refuses what cannot be keyed."""
    config = load(plan.root)
    packages = [*(plan.root / package for package in config.code), PACKAGE]
    modules = find_modules(packages, plan.root / config.scripts)
    seen = watch.Watch()
    seen.load_fingerprints(plan.folder / "watched.json")
    sources = SourceCache(plan.root, plan.root / BUILD / "cache" / "sources.json")
    states = observations.States(plan.root, sources, seen.content)
    planned = plan.inputs(target["id"])
    known = {f"{kind}:{name}" for name in planned.get("files", {}) for kind in ("file", "tree")}
    for module in target["modules"]:
        if module in modules:
            known.add(observations.named("code", str(modules[module]), plan.root))
    log = private / _LOG
    text = log.read_text(encoding="utf-8", errors="surrogateescape") if log.exists() else ""
    found = observations.parse(text, plan.root)
    if target["script"] and not found.ended:
        raise CheckFailed(f"{target['script']}: ended early, with sys.exit or the like; let it run to its end")
    if not target["script"] and not found.started:
        _require_command_declared(config)
    programs = {name.removeprefix("program:") for name in target["reads"] if name.startswith("program:")}
    where = target["script"] or target["id"]
    observations.require_declared(
        found, programs, where, "the header" if target["script"] else "pyproject.toml: [tool.onepage.corpus]"
    )
    read = observations.inputs(found, states, known, lambda path: _generated(plan, path), where)
    for name, state in planned.get("observed", {}).items():
        if read.get(name, state) != state:
            raise CheckFailed(
                f"{target['id']}: {name.partition(':')[2]} changed since this make began, so its result would be of"
                " neither state; run make again (what is finished is kept)"
            )
    return read


def require_current(plan: Plan) -> None:
    """Refuse to make a page of results of which one was made from what has changed since.

    A script may have written what another one reads, in no order that was declared; somebody may be at work on the
    data; another clone may have made a result in a shared store while this make had just planned to.
    """
    seen = watch.Watch()
    seen.load_fingerprints(plan.folder / "watched.json")
    states = observations.States(
        plan.root, SourceCache(plan.root, plan.root / BUILD / "cache" / "sources.json"), seen.content
    )
    for target in plan.executed:
        store.require_whole(plan.entry(target), seen.sha256)
        for name, state in (observations.load(plan.entry(target)) or {}).items():
            for said in differences({"observed": {name: state}}, {"observed": {name: states[name]}}, "", {}, []):
                raise CheckFailed(
                    f"{target['id']} reads what is no longer as it was: {said}. Run make again; if a script of yours"
                    " writes it, have it write to onepage.context.out(), and declare that run in `reads`"
                )


def require_whole(plan: Plan, target: dict[str, Any]) -> None:
    """Refuse to execute on results of which one has come to harm since this make began."""
    by_id = {other["id"]: other for other in plan.executed}
    read = [by_id[run] for ids in target["runs"].values() for run in ids]
    if "corpus" in target["reads"] and "corpus" in by_id:
        read.append(by_id["corpus"])
    seen = watch.Watch()
    seen.load_fingerprints(plan.folder / "watched.json")
    for other in read:
        store.require_whole(plan.entry(other), seen.sha256)


def corpus_changes(plan: Plan) -> list[str]:
    """What in a corpus of the user's own is no longer as the plan saw it."""
    planned = plan.inputs("corpus") if plan.data["corpus"]["folder"] else {}
    if "content" not in planned:
        return []
    seen = watch.Watch()
    seen.load_fingerprints(plan.folder / "watched.json")
    folder = plan.root / plan.data["corpus"]["folder"]
    return differences(planned, {**planned, "content": observations.contents(folder, seen.content)}, "", {}, [])


def _require_command_declared(config: Config) -> None:
    """A corpus's command that is no Python, and so cannot be observed, has to say what it reads."""
    corpus = config.corpus
    if not corpus.reads:
        raise CheckFailed(
            f"{config.place('corpus', 'make')}: make = {corpus.make!r} starts no Python, so what it reads cannot be"
            ' seen; declare it: reads = ["file:data/raw"] (or the program alone: reads = ["program:name"])'
        )


def _generated(plan: Plan, path: Path) -> str | None:
    """Why what is below the project cannot be an input: make writes it ("": there, but perhaps not by make)."""
    reports, build, store = plan.root / places.REPORTS, plan.root / BUILD, plan.root / plan.data["store"]
    inside = path.relative_to(reports).parts[:1] if path.is_relative_to(reports) else ()
    report = any(name == plan.report or (reports / name / "manifest.json").exists() for name in inside)
    if path.is_dir():  # other executions and reports come and go in these
        ours = [store, *(build / name for name in (*places.FOLDERS, plan.report))]
        return "" if path in (build, reports) or report or any(map(path.is_relative_to, ours)) else None
    if path.is_relative_to(store):
        return "a result in the store: declare the run (or `corpus`) in `reads` and ask onepage.context for it"
    if path == reports or path.is_relative_to(build):
        return ""
    return "which make writes from the results, not the other way round" if report else None


def describe(plan: Plan, target: dict[str, Any], folder: Path, observed: Observed, seconds: float) -> None:
    """What an entry says of itself."""
    inputs = {**plan.inputs(target["id"]), "observed": observed}
    (folder / "inputs.json").write_text(json.dumps(inputs, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    (folder / planfile.IDENTITY).write_text(planfile.identify(plan, target, inputs) + "\n", encoding="utf-8")
    (folder / observations.FILE).write_text(observations.dump(observed), encoding="utf-8")
    (folder / "timing.json").write_text(json.dumps({"seconds": round(seconds, 2)}) + "\n", encoding="utf-8")
