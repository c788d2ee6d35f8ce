"""`onepage run`: executes one target of a plan and puts the result in the store.

Our own reader cuts the script into cells (see scripts.py), papermill injects the parameters and executes them as plain
Python in a kernel of its own (see shell.py), the outputs are normalised, and one rename makes the store entry. Whatever
goes wrong before that rename leaves no trace in the store.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from onepage import environ, files, ledger, locks, observe, planfile, progress, relay, store
from onepage.config import BUILD, load
from onepage.context import describe_run
from onepage.errors import CheckFailed, UserError

_PRIVATE, _SCRATCH = "private folder of an execution", "scratch"  # how folders are marked


def add_arguments(parser: argparse.ArgumentParser) -> None:
    planfile.add_plan_argument(parser)
    parser.add_argument("target", help="a target's id, its script, or `corpus`")


def main(args: argparse.Namespace) -> int:
    plan = planfile.load(args.plan)
    if args.target == "corpus":
        return make_corpus(plan)
    target = plan.target(args.target)
    if store.is_done(plan.entry(target)):
        return 0
    from onepage import warm

    code = warm.submit(plan.root, ["run", "--plan", str(args.plan.resolve()), args.target])
    return execute(plan, target) if code is None else code


def execute(plan: planfile.Plan, target: dict[str, Any]) -> int:
    """Execute a run or an analysis in this process and a kernel of its own."""
    entry = plan.entry(target)
    started = time.monotonic()
    with _private_folder() as private, store.staging(entry, target["id"]) as folder, progress.running(plan, target):
        if folder is None:
            return 0  # made by another make while this one waited
        scratch = files.own(plan.root / BUILD / "scratch" / target["key"], _SCRATCH)
        context = _context(plan, target, folder, scratch / "files")
        (private / "context.json").write_text(json.dumps(context), encoding="utf-8")
        environment = environ.environ(plan.root)
        environment["ONEPAGE_CONTEXT"] = str(private / "context.json")
        environment["IPYTHONDIR"] = environment["JUPYTER_CONFIG_DIR"] = str(private)
        environment[observe.VARIABLE] = ledger.prepare(plan, target, private, [folder, scratch, private])
        environ.enter(environment)
        _require_as_planned(plan, target)
        notebook = _papermill(plan, target, folder, private)
        observed = ledger.observed(plan, target, private)
        _require_as_planned(plan, target)
        import nbformat

        (folder / "notebook.ipynb").write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        seconds = time.monotonic() - started
        ledger.describe(plan, target, folder, observed, seconds)
    files.remove(scratch, _SCRATCH)
    _finished(plan, target, seconds)
    from onepage import render

    shown = planfile.identified(plan)
    # now, beside other executions, rather than when all have ended
    render.prepare(shown.data, shown.target(target["id"]), plan.root)
    return 0


def _papermill(plan: planfile.Plan, target: dict[str, Any], folder: Path, private: Path) -> Any:
    """The executed, normalised notebook."""
    import nbformat
    import papermill

    from onepage import failures, kernels, notebooks, script_check, scripts

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what it would say is said in failures.py
    script = plan.root / target["script"]
    cwd = script.parent
    paths = notebooks.replacements(plan.root, folder / "files", private)
    made, done = private / "made.ipynb", private / "done.ipynb"
    prepared = notebooks.prepared(script)
    if message := script_check.syntax_error(scripts.read_text(script), target["script"]):
        _fail(plan, target, prepared, folder, message, paths)
    nbformat.write(prepared, made)
    program = notebooks.program(script, target["parameters"], cwd)
    (private / kernels.PROGRAM).write_text(json.dumps(program), encoding="utf-8")
    kind = kernels.manager(private)
    clock = kernels.Clock(target["timeout"])
    try:
        papermill.execute_notebook(
            made,
            done,
            parameters=target["parameters"],
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=cwd,
            start_timeout=120,
            iopub_timeout=60,
            timeout_func=clock.remaining,
            record_timing=False,
            store_widget_state=False,
            kernel_manager_class=kind,
        )
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, TimeoutError):
            raise  # a full disk and the like; a cell's own errors come as papermill's
        partial = nbformat.read(done if done.exists() else made, as_version=4)
        log = (private / kernels.LOG).read_text(errors="replace") if (private / kernels.LOG).exists() else ""
        ended = kind.process.poll() if kind.process is not None else None
        message = failures.explain(target["script"], partial, clock.line, error, paths, log, ended)
        _fail(plan, target, partial, folder, message, paths)
    return notebooks.normalised(nbformat.read(done, as_version=4), paths)


def _fail(
    plan: planfile.Plan, target: dict[str, Any], partial: Any, folder: Path, message: str, paths: dict[str, str]
) -> NoReturn:
    """Keep what there is of a failed execution, and say why it failed."""
    from onepage import failures

    kept = failures.keep(plan, target, partial, folder / "files", message, paths)
    raise CheckFailed(f"{message}\n  kept for reading: {os.path.relpath(kept, plan.root)}/") from None


def _require_as_planned(plan: planfile.Plan, target: dict[str, Any]) -> None:
    """A result is kept under the key of the code that the plan saw, so it must be that code's."""
    from onepage import why

    changed = why.since(plan, target)
    if "corpus" in target["reads"]:
        changed += ledger.corpus_changes(plan)
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise CheckFailed(
            f"{target['id']}: {changed[0]}{more} since this make began, so its result would be of neither state;"
            " run make again (what is finished is kept)"
        )


def _context(plan: planfile.Plan, target: dict[str, Any], folder: Path, scratch: Path) -> dict[str, Any]:
    """What `onepage.context` answers during this execution."""
    by_id = {other["id"]: other for other in plan.targets}
    runs = {row: [describe_run(plan.root, by_id[run]) for run in ids] for row, ids in target["runs"].items()}
    corpus = plan.data["corpus"]
    return {
        "root": str(plan.root),
        "script": target["script"],
        "reads": target["reads"],
        "corpus": {"name": corpus["name"], "folder": str(plan.root / corpus["folder"])},
        "runs": runs,
        "profile": plan.data["profile"],
        "device": plan.data["device"],
        "out": str(folder / "files"),
        "scratch": str(scratch),
    }


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A short-named folder of our own for the kernel's sockets, whose paths the system limits to about 100 letters.

    Those of executions that were killed are told by their locks, which nobody holds.
    """
    parent = Path(tempfile.gettempdir() if len(tempfile.gettempdir()) < 40 else "/tmp")
    for older in parent.glob("onepage-run-*"):
        if files.is_own(older, _PRIVATE) and older.lstat().st_uid == os.getuid():
            with suppress(OSError, UserError):  # it vanished meanwhile
                other = locks.Lock(older / "alive")
                if other.acquire(None):
                    if other.real:
                        files.remove(older, _PRIVATE)
                    other.release()
    folder = Path(tempfile.mkdtemp(prefix="onepage-run-", dir=parent))
    lock = locks.Lock(folder / "alive")
    lock.acquire(None)
    files.mark(folder, _PRIVATE)  # only now, so that a folder with our mark and no holder is a dead one's
    try:
        yield folder
    finally:
        files.remove(folder, _PRIVATE)
        lock.release()


def _finished(plan: planfile.Plan, target: dict[str, Any], seconds: float) -> None:
    from onepage import failures

    failures.clear(plan, target)
    files.write(plan.folder / "last" / target["id"], target["key"] + "\n")
    progress.finished(plan, target, seconds)


# --- corpora -------------------------------------------------------------------------------------------------------


def make_corpus(plan: planfile.Plan) -> int:
    """Build a named corpus, or check a folder, with the project's own commands."""
    config, corpus = load(plan.root), plan.data["corpus"]
    if not corpus["entry"]:
        raise UserError(f"{plan.report}: this report has no corpus to make; name one with CORPUS=")
    entry = plan.root / corpus["entry"]
    target = plan.executed[0]
    made = corpus["name"] in config.corpus.names and corpus["folder"].startswith(corpus["entry"])  # not the user's own
    if store.is_done(entry):
        return 0
    started = time.monotonic()
    with store.resumable(entry, "corpus") as folder, _private_folder() as private, progress.running(plan, target):
        if folder is None:
            return 0
        environment = environ.environ(plan.root)
        environment[observe.VARIABLE] = ledger.prepare(plan, target, private, [folder, private])
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
            _require_as_planned(plan, target)
        except CheckFailed:
            store.start_afresh(folder)
            raise
        seconds = time.monotonic() - started
        ledger.describe(plan, target, folder, observed, seconds)
    _finished(plan, target, seconds)
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
