"""What an execution really reads: an audit hook in its kernel, and in every Python process that it starts.

Python announces each file that it opens, each folder that it lists, each module that it loads and each process that
it starts. The hook writes those that a result could hang on to a log, once each (`observer.py`); `observations.py`
makes the result's inputs of it. What Python does not announce is wrapped: questions about files (`os.stat`, behind
`exists` and the like, see `asked.py`) and libraries that open files in C (see `native.py`).

Used inside executions, where nothing else of this package need be loaded; `child/sitecustomize.py` starts it in child
processes.
"""

from __future__ import annotations

import json
import os
import sys

from onepage.observing import asked, native
from onepage.observing.children import VARIABLE
from onepage.observing.observer import Observer

observer: Observer | None = None


def start() -> None:
    """Begin to observe this process, if it is part of an execution; a second call does nothing."""
    global observer
    file = os.environ.get(VARIABLE)
    if observer is None and file and os.path.exists(file):
        with open(file, encoding="utf-8") as stream:
            observer = Observer(**json.load(stream))
        observer.begin()
        asked.watch(observer)
        native.watch(observer)


def declare(path: str) -> None:
    """Count a file, or a folder with all that is below it, as read, whoever opens it and how."""
    if observer is not None:
        observer.record("tree", path, observer.where(sys._getframe(1)))


def ask(path: str) -> None:
    """Count it whether this file is there, and what is in it."""
    if observer is not None:
        observer.record("read", os.path.abspath(path), "")


def reach_end() -> None:
    """Say that all cells of the script have been executed."""
    if observer is not None:
        asked.ask_where_modules_are(observer)
        observer.require_whole()
        observer.record("end", "", "")
