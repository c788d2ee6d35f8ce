"""The law for whatever reads a file from somebody: it is read, or refused in one clear line, within bounds."""

from __future__ import annotations

import resource
import sys
import time
import unicodedata
from collections.abc import Callable
from typing import Any

SECONDS = 6.0  # of processor time for one reading, on a busy machine; what it guards against takes minutes
MEGABYTES = 400  # that readings may add to the most that the process has ever held
LONGEST = 1500  # characters of a message; paths are in it


def peak_mb() -> float:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def obeyed(read: Callable[[], Any], refusal: type[Exception] | tuple[type[Exception], ...]) -> str | None:
    """None where the content is read; else the message of the refusal, which has to be in order."""
    before, started = peak_mb(), time.process_time()
    message = None
    try:
        read()
    except refusal as error:
        message = str(error)
    assert time.process_time() - started < SECONDS
    assert peak_mb() - before < MEGABYTES
    if message is not None:
        assert message, "a refusal says why"
        assert all(sign.isprintable() or unicodedata.category(sign) == "Zs" for sign in message), ascii(message)
        assert len(message) < LONGEST, message
    return message
