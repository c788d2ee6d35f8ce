"""A named corpus, built, or a folder, checked, with the project's own commands; observed as an execution is."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from onepage.core import relay
from onepage.core.config import load
from onepage.core.errors import CheckFailed
from onepage.execute import environ, ledger, progress
from onepage.execute.execute import finished, private_folder, require_as_planned
from onepage.observing import children
from onepage.plan import planfile, store


def make(plan: planfile.Plan) -> int:
    """Build a named corpus, or check a folder, with the project's own commands."""
    config, corpus = load(plan.root), plan.data["corpus"]
    target = plan.corpus
    entry = plan.entry(target)
    made = corpus["name"] in config.corpus.names and corpus["folder"].startswith(corpus["entry"])  # not the user's own
    started = time.monotonic()
    with store.resumable(entry, "corpus") as folder, private_folder() as private, progress.running(plan, target):
        if folder is None:
            return 0
        environment = environ.environ(plan.root)
        environment[children.VARIABLE] = ledger.prepare(plan, target, private, [folder, private])
        if made:
            command = config.corpus.make.format(
                name=shlex.quote(corpus["name"]),
                options=_options(corpus["options"]),
                out=shlex.quote(str(folder / "files")),
            )
        else:
            command = config.corpus.check.format(folder=shlex.quote(str(plan.root / corpus["folder"])))
        if command:
            _command(plan.root, command, environment)
        try:
            observed = ledger.observed(plan, target, private) if made else {}
            require_as_planned(plan, target)
        except CheckFailed:
            store.start_afresh(folder)
            raise
        seconds = time.monotonic() - started
        ledger.describe(plan, target, folder, observed, seconds)
    finished(plan, target, seconds)
    return 0


def _options(options: dict[str, Any]) -> str:
    """{train = 60, degrade = true} -> "--train 60 --degrade"."""
    words: list[str] = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            words.append(flag)
        elif value is not False:
            words += [flag, *map(str, value if isinstance(value, list) else [value])]
    return shlex.join(words)


def _command(root: Path, command: str, environment: dict[str, str]) -> None:
    """Run one of the project's commands, with this interpreter's own programs first on the PATH."""
    if sys.stderr.isatty():
        environment.pop("TQDM_DISABLE", None)
    words = shlex.split(command)
    beside = Path(sys.executable).parent
    environment["PATH"] = f"{beside}{os.pathsep}{environment.get('PATH', '')}"
    found = shutil.which(words[0], path=environment["PATH"])
    argv = [found, *words[1:]] if found else [sys.executable, "-m", *words]
    code = relay.run(argv, root, environment)
    if code:
        raise CheckFailed(f"`{command}` ended with exit code {code}")
