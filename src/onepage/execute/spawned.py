"""Processes that multiprocessing starts anew ("spawn", "forkserver") from a cell.

Each of them runs the script again under the name `__mp_main__`, to have its functions. In the pipeline it has to do so
with this execution's parameters, which stand in no file. Without a guard every process would start others in turn: of a
plain script's processes each dies of that, and a pool waits for ever; here it is said at once.
"""

from __future__ import annotations

import ast
import json
import multiprocessing.spawn
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

_AGAIN = "__import__('onepage.execute.spawned', fromlist=['run_again']).run_again(globals(), {!r}, {})\n"
_PATIENCE = 3  # processes that may fail to start before it is taken that none ever will: a pool tries for ever


def support(program: Path) -> None:
    """In the kernel: have spawned processes run the script of this program file (see shell.py)."""
    facts = json.loads(program.read_text(encoding="utf-8"))
    usual = multiprocessing.spawn.get_preparation_data

    def preparation(name: str) -> dict[str, Any]:
        found = usual(name)
        if found.get("init_main_from_path") == facts["script"]:
            if not is_guarded(facts["text"]):
                raise RuntimeError(
                    "a process started by 'spawn' or 'forkserver' runs this script again; start it under"
                    ' `if __name__ == "__main__":`, or with multiprocessing.get_context("fork")'
                )
            again = program.with_name("spawned_main.py")
            again.write_text(_AGAIN.format(str(program), os.getpid()), encoding="utf-8")
            found["init_main_from_path"] = str(again)
        return found

    multiprocessing.spawn.get_preparation_data = preparation


def is_guarded(text: str) -> bool:
    """Whether the script asks for `__name__` anywhere."""
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(ast.parse(text)))


def run_again(namespace: dict[str, Any], program: str, kernel: int) -> None:
    """In the new process: the script's own definitions, with the parameters of the execution that started it."""
    try:
        _run(namespace, program)
    except BaseException as error:
        with Path(program).with_name("spawned.failed").open("ab") as failed:
            failed.write(b".")
        if Path(program).with_name("spawned.failed").stat().st_size >= _PATIENCE:
            sys.stderr.write("Processes started by multiprocessing's 'spawn' cannot run this script again:\n")
            sys.stderr.write("".join(traceback.format_exception_only(error)))
            sys.stderr.flush()
            os.kill(kernel, signal.SIGABRT)
        raise


def _run(namespace: dict[str, Any], program: str) -> None:
    facts = json.loads(Path(program).read_text(encoding="utf-8"))
    tree = ast.parse(facts["text"], facts["script"])
    for node in tree.body:
        declares = isinstance(node, ast.AnnAssign) and node.lineno in range(*facts["parameter_lines"])
        if declares and ast.unparse(node.target) in facts["parameters"]:
            node.value = ast.parse(repr(facts["parameters"][ast.unparse(node.target)]), mode="eval").body
    namespace.update(__file__=facts["script"], __doc__=facts["doc"])
    exec(compile(ast.fix_missing_locations(tree), facts["script"], "exec", dont_inherit=True), namespace)
