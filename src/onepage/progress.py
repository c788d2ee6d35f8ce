"""What `make report` says while it works: one line for what starts (on a terminal) and one for what has finished."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from onepage.planfile import Plan
from onepage.store import is_done


def duration(seconds: float) -> str:
    """4.2 s, 3 min 20 s, 1 h 05 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


@contextmanager
def running(plan: Plan, target: dict[str, Any]) -> Iterator[None]:
    yield


def finished(plan: Plan, target: dict[str, Any], seconds: float) -> None:
    total = len({t["key"] for t in plan.targets})
    done = len({t["key"] for t in plan.targets if is_done(plan.entry(t))})
    print(f"  [{done}/{total}] {target['id']}  {duration(seconds)}", flush=True)
    sys.stdout.flush()
