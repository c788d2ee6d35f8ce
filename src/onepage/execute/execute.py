"""One target of a plan, executed, and the result put in the store.

Our own reader cuts the script into cells (scripts/percent.py), papermill injects the parameters and executes them as
plain Python in a kernel of its own (shell.py), the outputs are normalised, and one rename makes the store entry.
Whatever goes wrong before that rename leaves no trace in the store.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from onepage.context import describe_run
from onepage.core import files, locks
from onepage.core.errors import CheckFailed, UserError
from onepage.core.places import BUILD
from onepage.execute import environ, ledger, progress
from onepage.observing import children
from onepage.plan import planfile, store

_PRIVATE, _SCRATCH = "private folder of an execution", "scratch"  # how folders are marked


def execute(plan: planfile.Plan, target: dict[str, Any]) -> bool:
    """Execute a run or an analysis in this process and a kernel of its own; False if another make did meanwhile."""
    entry = plan.entry(target)
    started = time.monotonic()
    with private_folder() as private, store.staging(entry, target["id"]) as folder, progress.running(plan, target):
        if folder is None:
            return False
        scratch = files.own(plan.root / BUILD / "scratch" / target["key"], _SCRATCH)
        context = _context(plan, target, folder, scratch / "files")
        (private / "context.json").write_text(json.dumps(context), encoding="utf-8")
        environment = environ.environ(plan.root)
        environment["ONEPAGE_CONTEXT"] = str(private / "context.json")
        environment["IPYTHONDIR"] = environment["JUPYTER_CONFIG_DIR"] = str(private)
        environment[children.VARIABLE] = ledger.prepare(plan, target, private, [folder, scratch, private])
        environ.enter(environment)
        require_as_planned(plan, target)
        ledger.require_whole(plan, target)
        notebook = _papermill(plan, target, folder, private)
        observed = ledger.observed(plan, target, private)
        require_as_planned(plan, target)
        import nbformat

        (folder / "notebook.ipynb").write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        seconds = time.monotonic() - started
        ledger.describe(plan, target, folder, observed, seconds)
    files.remove(scratch, _SCRATCH)
    finished(plan, target, seconds)
    return True


def _papermill(plan: planfile.Plan, target: dict[str, Any], folder: Path, private: Path) -> Any:
    """The executed, normalised notebook."""
    import nbformat
    import papermill

    from onepage.execute import failures, kernels, notebooks
    from onepage.scripts import percent, script_check

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what it would say is said in failures.py
    script = plan.root / target["script"]
    cwd = script.parent
    paths = notebooks.replacements(plan.root, folder / "files", private)
    made, done = private / "made.ipynb", private / "done.ipynb"
    prepared = notebooks.prepared(script)
    if message := script_check.syntax_error(percent.read_text(script), target["script"]):
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
    from onepage.execute import failures

    kept = failures.keep(plan, target, partial, folder / "files", message, paths)
    raise failures.Failed(
        f"{message}\n  kept for reading: {os.path.relpath(kept, plan.root)}/", kept, message
    ) from None


def require_as_planned(plan: planfile.Plan, target: dict[str, Any]) -> None:
    """A result is kept under the key of the code that the plan saw, so it must be that code's."""
    from onepage.plan import reasons

    changed = reasons.since(plan, target)
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
def private_folder() -> Iterator[Path]:
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


def finished(plan: planfile.Plan, target: dict[str, Any], seconds: float) -> None:
    from onepage.execute import failures

    failures.clear(plan, target)
    files.write(plan.folder / "last" / target["id"], target["key"] + "\n")
    progress.finished(plan, target, seconds)
