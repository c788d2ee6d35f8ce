"""What a percent script may not hold, since a notebook tool would then run other code than `python <script>` does.

The pipeline runs a script as plain Python does. Whatever would part the two is refused here, with file and line.
"""

from __future__ import annotations

import ast
import re
import warnings

from onepage.core.errors import UserError
from onepage.scripts import percent
from onepage.scripts.cell_options import NOT_READ

_PARTING_TAGS = re.compile(r"skip-execution|raises-exception|injected-parameters|papermill-.*|active-.*", re.DOTALL)
_PARTING_KEYS = ("active", "language", "magic_args", "run_control", "eval")
_NOTEBOOK_SYNTAX = re.compile(r"\s*(%|!|\?)|.*=\s*[%!]\s*[A-Za-z]|.*[\w)\]*]\?{1,2}\s*$")


def cells(text: str, path: str) -> None:
    """Refuse markers that are not understood, tags that change what runs, and prose that holds code."""
    found = percent.cells(text)
    declaring = [cell for cell in found if "parameters" in cell.tags]
    for cell in found:
        where = f"{path}:{max(cell.line - 1, 1)}"
        _check_metadata(cell, where)
        if "parameters" in cell.tags and cell.kind != "code":
            raise UserError(f"{where}: a {cell.kind} cell cannot declare parameters; take its tag out")
        if "parameters" in cell.tags and cell is not declaring[0]:
            first = declaring[0].line - 1
            raise UserError(f"{where}: a second cell tagged `parameters` (the first: line {first}); make them one")
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return  # executing it will say where
    for statement in body:
        before = [cell for cell in found if cell.line <= statement.lineno]
        if before and before[-1].kind != "code" and not _is_string(statement):
            raise UserError(
                f"{path}:{statement.lineno}: code in a {before[-1].kind} cell: a plain script runs it, a notebook does"
                " not; put `# %%` before it, or make it a comment"
            )


def _check_metadata(cell: percent.Cell, where: str) -> None:
    metadata = cell.metadata
    if NOT_READ in metadata:
        raise UserError(f"{where}: this cell's metadata cannot be read: {metadata[NOT_READ]}")
    tags = metadata.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise UserError(f'{where}: tags should be a list such as tags=["parameters"], not {tags!r}')
    if not isinstance(metadata.get("name", ""), str):
        raise UserError(f'{where}: name should be a text such as name="first-look", not {metadata["name"]!r}')
    parting = [f"the tag {tag!r}" for tag in tags if _PARTING_TAGS.fullmatch(tag)]
    parting += [f"{key!r}" for key in _PARTING_KEYS if key in metadata]
    if parting and cell.kind == "code":
        raise UserError(
            f"{where}: {parting[0]} makes notebook tools run other code than `python` does; take it out (a cell that"
            " is not to run is best commented out)"
        )


def _is_string(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def syntax_error(text: str, path: str) -> str | None:
    """`analysis/q1.py:14: SyntaxError: ...` where Python would not run the script, or one of its cells by itself."""
    lines = percent.lines_of(text)
    error = _compile_error(text, path)
    if error is not None:
        line = error[0] or 1
        culprit = lines[line - 1] if line <= len(lines) else ""
        hint = ""
        if _NOTEBOOK_SYNTAX.match(culprit):
            hint = f"; `{culprit.strip()}` is a notebook's syntax, and a script is plain Python"
        elif "await" in error[1]:
            hint = "; in a script that is asyncio.run(...)"
        return f"{path}:{line}: SyntaxError: {error[1]}{hint}"
    for cell in percent.cells(text):
        if cell.kind == "code" and (error := _compile_error("\n" * (cell.line - 1) + cell.source, path)):
            return f"{path}:{error[0] or cell.line}: SyntaxError: {error[1]}: a cell begins or ends inside a statement"
    return None


def _compile_error(source: str, path: str) -> tuple[int | None, str] | None:
    """(line, message), if Python cannot compile this."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.lineno, error.msg
    except ValueError as error:
        return source.count("\n", 0, max(source.find("\0"), 0)) + 1, str(error)
    return None
