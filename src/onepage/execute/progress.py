"""What `make report` says while it works: what is there already, what has finished, and about how long is left.

Every execution is a process of its own, so what they have in common lies in files: build/<report>/running/ has one
for each target in execution. On a terminal a last line, which the next one overwrites, names them.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from onepage.core import files, locks
from onepage.plan import store
from onepage.plan.planfile import Plan

_CLEAR = "\r\x1b[K"


def duration(seconds: float) -> str:
    """4.2 s, 3 min 20 s, 1 h 05 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


@contextmanager
def running(plan: Plan, target: dict[str, Any]) -> Iterator[None]:
    """Around an execution."""
    marker = plan.folder / "running" / target["id"]
    files.write(marker, json.dumps({"pid": os.getpid(), "since": time.time()}))
    _status(plan)
    try:
        yield
    finally:
        files.discard(marker)
        if sys.stdout.isatty():
            print(_CLEAR, end="", flush=True)


def finished(plan: Plan, target: dict[str, Any], seconds: float) -> None:
    """After one that went well."""
    done, total = _count(plan)
    print(f"  [{done:{len(str(total))}}/{total}] {target['id']}  {duration(seconds)}{_left(plan)}", flush=True)
    _status(plan)


def fetched(plan: Plan, target: dict[str, Any], source: str) -> None:
    """After a result came from a bucket."""
    done, total = _count(plan)
    print(f"  {done:{len(str(total))}}/{total} {target['id']}  from {source}", flush=True)


def announce(plan: Plan) -> None:
    """Once per make: how much of the report the store has already."""
    mark = plan.folder / f"announced-{os.environ.get('ONEPAGE_MAKE') or os.getppid()}"
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return
    for older in plan.folder.glob("announced-*"):
        if older != mark:
            files.discard(older)
    done, total = _count(plan)
    print(f"{plan.report}: {done} of {total} results are in the store, {total - done} to make", flush=True)


def _status(plan: Plan) -> None:
    names = sorted(in_execution(plan))
    if names and sys.stdout.isatty():
        print(f"{_CLEAR}  running: {', '.join(names)}"[:100], end="", flush=True)


def in_execution(plan: Plan) -> dict[str, float]:
    """Targets in execution -> since when."""
    found = {}
    folder = plan.folder / "running"
    for marker in folder.iterdir() if folder.is_dir() else ():
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            state = json.loads(marker.read_text(encoding="utf-8"))
            if locks.is_alive(int(state["pid"])):  # one that was killed leaves its marker
                found[marker.name] = float(state["since"])
    return found


def _count(plan: Plan) -> tuple[int, int]:
    """Results in the store, and all."""
    entries = {plan.entry(target) for target in plan.executed}
    return sum(map(store.is_done, entries)), len(entries)


def _left(plan: Plan) -> str:
    """`, about 5 min left`, as far as earlier executions of the same targets tell."""
    waiting = [target for target in plan.executed if not store.is_done(plan.entry(target))]
    known = {target["id"]: _last_seconds(plan, target["id"]) for target in plan.executed}
    told = [seconds for seconds in known.values() if seconds is not None]
    if not waiting or not told:
        return ""
    mean, now, since = sum(told) / len(told), time.time(), in_execution(plan)
    needed = [known[target["id"]] or mean for target in waiting]
    gone = [min(now - since[target["id"]], known[target["id"]] or mean) for target in waiting if target["id"] in since]
    seconds = (sum(needed) - sum(gone)) / max(1, min(len(waiting), os.cpu_count() or 1))
    return f", about {round(seconds / 60)} min left" if seconds >= 90 else ""


def _last_seconds(plan: Plan, name: str) -> float | None:
    try:
        key = (plan.folder / "last" / name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return took(store.entry_path(plan.root / plan.data["store"], key))


def took(entry: Path) -> float | None:
    """Seconds that a finished entry took to make; None where nobody has measured it."""
    try:
        return float(json.loads((entry / "timing.json").read_text(encoding="utf-8"))["seconds"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
