"""How many inputs a property test tries: `make test` a stated number, `make test-long` many times that."""

from __future__ import annotations

import os

FACTOR = int(os.environ.get("TRIES") or 1)


def tries(number: int) -> int:
    """`number` of examples for the gate, `TRIES` times as many for a long run."""
    return number * FACTOR
