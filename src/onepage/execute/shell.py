"""The shell in which a script's cells are executed: Python, and nothing else.

IPython reads more than Python: `!ls`, `%cd`, `name?`, a bare `rm keep.txt`, `await` outside a function, `_` for the
last result. A script is plain Python, and `python analysis/q1.py` knows none of these, so neither does this shell.
What it keeps of IPython is that the last expression of a cell is displayed.

Cells are compiled under the script's own path and at their own lines, so that tracebacks, warnings and `inspect` say
what they say of the plain script. Only the kernel imports this module (see kernels.py).
"""

from __future__ import annotations

import asyncio
import io
import json
import linecache
import sys
import traceback
import warnings
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import TracebackType
from typing import Any

from ipykernel.displayhook import ZMQShellDisplayHook
from ipykernel.ipkernel import IPythonKernel
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.compilerop import CachingCompiler
from traitlets import Bool, Type, Unicode

from onepage.execute import spawned

PARAMETERS = "<parameters>"  # what the cell is called that papermill puts in


class Program:
    """The script that is executed: where its cells stand, and which of them comes next."""

    def __init__(self, file: Path) -> None:
        facts = json.loads(file.read_text(encoding="utf-8"))
        self.script: str = facts["script"]  # absolute
        self.argv: list[str] = facts["argv"]
        self.doc: str | None = facts["doc"]  # the plain script's `__doc__`
        self.text: str = facts["text"]
        self._cells: list[tuple[int, str]] = facts["cells"]  # (line of the script, source), in order
        self._next = 0

    def line_of(self, source: str) -> int | None:
        """The line at which this source begins; None for what is not the script's (papermill's, ours)."""
        position = self._position(source)
        return None if position is None else self._cells[position][0]

    def enter(self, source: str) -> str:
        """The name to compile this source under; it is being executed, so what comes before it is over."""
        position = self._position(source)
        if position is None:
            return PARAMETERS
        self._next = position + 1
        return self.script

    def _position(self, source: str) -> int | None:
        remaining = range(self._next, len(self._cells))
        return next((at for at in remaining if self._cells[at][1] == source), None)


class Compiler(CachingCompiler):
    """Compiles cells under the script's own name. `__future__` imports hold for the cells that follow."""

    program: Program

    def cache(self, transformed_code: str, number: int = 0, raw_code: str | None = None) -> str:
        return self.program.enter(raw_code if raw_code is not None else transformed_code)


class DisplayHook(ZMQShellDisplayHook):
    """Displays, and does not set `_`, `__` or `_1`, which a plain script does not have."""

    def update_user_ns(self, result: Any) -> None:
        pass


class PythonShell(ZMQInteractiveShell):
    """An IPython shell without IPython's own syntax, names and tracebacks."""

    program = Unicode(help="a JSON file, see Program").tag(config=True)
    autoawait = Bool(False)
    automagic = Bool(False)
    displayhook_class = Type(DisplayHook)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._program = Program(Path(self.program))
        self.compile.program = self._program  # type: ignore[attr-defined]  # it is a Compiler
        self._become_main()
        warnings.formatwarning = _formatwarning
        warnings.filterwarnings("ignore", message="To exit: use 'exit'")
        spawned.support(Path(self.program))

    def _become_main(self) -> None:
        """`__main__`, `sys.argv` and the source as inspect sees it, as `python <script>` has them."""
        script, text = self._program.script, self._program.text
        sys.argv = list(self._program.argv)
        self.user_ns.update(
            __file__=script, __cached__=None, __doc__=self._program.doc, __loader__=SourceFileLoader("__main__", script)
        )
        # without a time, this entry is never looked up again: the file may be edited while it is executed
        linecache.cache[script] = (len(text), None, io.StringIO(text).readlines(), script)

    # --- the source as it is ---

    def transform_cell(self, raw_cell: str) -> str:
        line = self._program.line_of(raw_cell)
        return "\n" * ((line or 1) - 1) + raw_cell + "\n"

    def should_run_async(self, raw_cell: str, **_: Any) -> bool:
        return False

    def run_cell(self, *args: Any, **options: Any) -> Any:
        """Without the kernel's event loop in sight: `asyncio.run` works in a plain script."""
        loop = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        try:
            return super().run_cell(*args, **options)
        finally:
            asyncio._set_running_loop(loop)
            asyncio.set_event_loop(loop)

    # --- the names as they are ---

    def init_builtins(self) -> None:
        super().init_builtins()
        self.builtin_trap.auto_builtins = {"get_ipython": self.get_ipython}  # and no hiding of exit and quit

    def init_user_ns(self) -> None:
        self.user_ns["get_ipython"] = self.get_ipython

    def push(self, variables: Any, interactive: bool = True) -> None:
        if interactive:  # what is not are `_i`, `_ii`, `_1`, over whatever the script calls so
            super().push(variables, interactive)

    def init_environment(self) -> None:
        pass  # the environment is execute.py's; IPython would ask for colours

    # --- errors as Python tells them ---

    def showtraceback(self, exc_tuple: Any = None, *_: Any, **__: Any) -> None:
        kind, error, trace = self._get_exc_info(exc_tuple)
        own = (self._program.script, PARAMETERS)
        lines = traceback.format_exception(kind, error, _from_script(trace, own, isinstance(error, SyntaxError)))
        if isinstance(error, SystemExit):
            error = f"the script ends itself here, with exit code {_exit_code(error)}; let it run to its end"
        self._showtraceback(kind, error, "".join(lines).splitlines())

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        self.showtraceback()


class PythonKernel(IPythonKernel):
    """The kernel whose shell is a `PythonShell`."""

    shell_class = Type(PythonShell)
    compiler_class = Type(Compiler)  # type: ignore[assignment]  # declared as the one class, used as a base


def _from_script(trace: TracebackType | None, own: tuple[str, ...], syntax: bool) -> TracebackType | None:
    """The traceback from the script's own outermost frame on; all of it where the script has none."""
    inner = trace
    while inner is not None and inner.tb_frame.f_code.co_filename not in own:
        inner = inner.tb_next
    return inner if inner is not None or syntax else trace


def _exit_code(error: SystemExit) -> str:
    return "0" if error.code is None else str(error.code)


def _formatwarning(message: Any, category: type, filename: str, lineno: int, line: str | None = None) -> str:
    """Without line number and source line: both change with a comment, and a comment re-runs nothing."""
    return f"{filename}: {category.__name__}: {message}\n"
