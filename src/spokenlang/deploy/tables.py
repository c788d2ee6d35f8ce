"""Tables that commands write: CSV, over nothing that is not such a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from spokenlang.errors import InputError


def require_replaceable(path: Path, header: str) -> None:
    """`InputError` if a file is there that does not begin with that header."""
    try:
        with path.open("rb") as file:
            ours = file.read(len(header)) == header.encode()
    except FileNotFoundError:
        ours = not path.is_symlink()
    except OSError:
        ours = False
    if not ours:
        raise InputError(f"{path}: is there already and holds something else; choose another --out")


def write_predictions(
    path: Path, probabilities: np.ndarray, languages: Sequence[str], clips: np.ndarray | None = None
) -> None:
    """Write `predictions.csv`: clip (index in the test arrays), prediction (code), one probability a
    language.

    Args:
        probabilities: (clips, languages), each row summing to 1.
        languages: codes in the order of the columns.
        clips: (clips,) indices; 0, 1, 2 ... where none are given.
    """
    rows = ["clip,prediction," + ",".join(languages)]
    for number, row in zip(range(len(probabilities)) if clips is None else clips, probabilities, strict=True):
        rows.append(f"{number},{languages[int(np.argmax(row))]}," + ",".join(f"{value:.6f}" for value in row))
    write_table(path, rows)


def write_table(path: Path, rows: Sequence[str], begins: str = "") -> None:
    """Write the lines of a CSV file, its header first, over nothing but a file whose header is that, or `begins` so."""
    require_replaceable(path, begins or rows[0])
    beside = path.with_name(path.name + ".partial")
    beside.write_text("\n".join(rows) + "\n", encoding="utf-8")
    beside.replace(path)
