"""What a script may ask of the report that it is part of: `from onepage import context`.

While a target executes, the answers come from the file that ONEPAGE_CONTEXT names. As a plain script (`python
analysis/q1.py`, an editor's cell, stock jupytext or papermill) they come from the newest plan under build/.

Every script imports this module, so it stays small and uses nothing else of the package.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any


class ContextError(RuntimeError):
    """A script asked for what its header does not declare, or for what has not been made yet."""


@dataclass(frozen=True)
class Run:
    """One finished run of a row of experiments.toml."""

    id: str  # such as "six-s0"
    row: str  # such as "six"
    seed: int
    parameters: dict[str, Any]  # every parameter of its script
    folder: Path  # what it left: see `out`


def corpus() -> Path:
    """The corpus's folder."""
    _declared("corpus")
    if not corpus_name():
        raise ContextError(f"{_state()['script']} asks for the corpus, and this report has none: name one with CORPUS=")
    return _existing(Path(_state()["corpus"]["folder"]), "the corpus")


def corpus_name() -> str:
    """The corpus's name, such as the named corpus's own or the folder's."""
    _declared("corpus")
    return _state()["corpus"]["name"]


def runs(row: str) -> list[Run]:
    """The runs of a row, in order of grid and seed; none if the row is not part of this profile."""
    _declared(row)
    found = [Run(**{**run, "folder": Path(run["folder"])}) for run in _state()["runs"].get(row, [])]
    for run in found:
        _existing(run.folder, f"run {run.id}")
    return found


def profile() -> str:
    """The profile's name. Declare it as `reads: [profile]`, since the result then hangs on it."""
    _declared("profile")
    return _state()["profile"]


def device() -> str:
    """ "cpu" or "cuda"."""
    return _state()["device"]


def out() -> Path:
    """The folder for files that this execution leaves, which becomes a run's `folder`."""
    return _made(Path(_state()["out"]))


def scratch() -> Path:
    """A folder that outlives a killed execution of this very target, for checkpoints; gone once it has succeeded."""
    return _made(Path(_state()["scratch"]))


def file(path: str | os.PathLike[str]) -> Path:
    """A file of the project, or a folder with all that is below it, named from the project's root: an input.

    The same file under make, in the preview and as a plain script, and however it is then opened.
    """
    found = Path(_state()["root"], path)
    if not found.exists():
        raise ContextError(f"{_state()['script']} reads {os.fspath(path)!r}, which is not there ({found})")
    hook = sys.modules.get("onepage.observing.hook")  # there in every execution, and of no use elsewhere
    if hook is not None:
        hook.declare(os.path.abspath(found))
    return found


def _declared(name: str) -> None:
    reads = _state()["reads"]
    if reads is not None and name not in reads:
        raise ContextError(f"{_state()['script']} uses {name!r} without declaring it: add it to `reads` in its header")


def _existing(folder: Path, what: str) -> Path:
    if not folder.is_dir():
        raise ContextError(f"{what} is not there yet ({folder}): run `make report` first")
    return folder


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _state() -> dict[str, Any]:
    file = os.environ.get("ONEPAGE_CONTEXT")
    return _from_file(file) if file else _from_plan(_main_file())


@lru_cache
def _from_file(file: str) -> dict[str, Any]:
    return json.loads(Path(file).read_text(encoding="utf-8"))


def _enter() -> None:
    """Give a plain script the working folder that it has under make: its own."""
    main = _main_file()
    if os.environ.get("ONEPAGE_CONTEXT") or not main or not os.path.isfile(main):
        return
    with open(main, encoding="utf-8", errors="replace") as stream:
        if any(line.startswith("# %%") for line in stream):
            os.chdir(os.path.dirname(os.path.abspath(main)))


def _main_file() -> str | None:
    """The script that is being run plainly; in an editor's cell or a notebook there is none."""
    return getattr(sys.modules["__main__"], "__file__", None)


@lru_cache
def _from_plan(main: str | None) -> dict[str, Any]:
    """The state of a plain script: of the newest plan in the project around it that has its corpus."""
    start = Path(main).resolve().parent if main else Path.cwd()
    for root in (start, *start.parents):
        plans = sorted(root.glob("build/*/plan.json"), key=lambda file: file.stat().st_mtime)
        if plans:
            break
    else:
        raise ContextError(f"no report has been planned in {start} or above: run `make report` first")
    try:
        return _state_in(root, [json.loads(file.read_text(encoding="utf-8")) for file in reversed(plans)], main)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ContextError(f"{root}/build: a plan there came to harm; run `make report`, which plans anew") from None


def _state_in(root: Path, read: list[dict[str, Any]], main: str | None) -> dict[str, Any]:
    # a plan may have been made for its own sake (`make -n`, `make why`): one whose corpus is there goes first
    plan = next((plan for plan in read if (root / plan["corpus"]["folder"]).is_dir()), read[0])
    script = Path(main).resolve() if main else None
    mine = [target for target in plan["targets"] if script == (root / target["script"]).resolve()]
    by_id = {target["id"]: target for target in plan["targets"]}
    rows: dict[str, list[dict[str, Any]]] = {}
    for run in by_id.values():
        if run["kind"] == "run":
            rows.setdefault(run["row"], []).append(describe_run(root, run))
    name = re.sub(r"\W", "_", script.stem) if mine and script else "notebook"
    return {
        "root": str(root),
        "script": mine[0]["script"] if mine else name,
        "reads": mine[0]["reads"] if mine else None,
        "corpus": {"name": plan["corpus"]["name"], "folder": str(root / plan["corpus"]["folder"])},
        "runs": rows,
        "profile": plan["profile"],
        "device": plan["device"],
        "out": str(root / "build" / "plain" / name),
        "scratch": str(root / "build" / "plain" / name / "scratch"),
    }


def describe_run(root: Path, target: dict[str, Any]) -> dict[str, Any]:
    """A run of a plan, as `Run` takes it."""
    facts = {name: target[name] for name in ("id", "row", "seed", "parameters")}
    return {**facts, "folder": str(root / target["entry"] / "files")}


_enter()
