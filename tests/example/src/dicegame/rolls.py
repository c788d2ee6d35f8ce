"""The corpus: a table of rolls, `rolls.csv` with the columns die and face."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np

from dicegame.faces import FACES

LOADED = "green"  # this die shows its last face too often


def make(rolls: int, out: Path) -> None:
    """Roll three dice, always the same way."""
    random = np.random.default_rng(2024)
    with (out / "rolls.csv").open("w", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["die", "face"])
        for die in ("red", "green", "blue"):
            weights = np.ones(FACES)
            weights[-1] = 3 if die == LOADED else 1
            for face in random.choice(FACES, size=rolls, p=weights / weights.sum()):
                table.writerow([die, face + 1])


def read(folder: Path) -> dict[str, np.ndarray]:
    """Die -> its rolls, in order."""
    found: dict[str, list[int]] = {}
    with (folder / "rolls.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            found.setdefault(row["die"], []).append(int(row["face"]))
    return {die: np.array(faces) for die, faces in found.items()}


def main() -> int:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("--rolls", type=int, default=600)
    making.add_argument("--out", type=Path, required=True)
    commands.add_parser("check").add_argument("folder", type=Path)
    args = parser.parse_args()
    if args.command == "make":
        make(args.rolls, args.out)
    elif not (args.folder / "rolls.csv").is_file():
        print(f"{args.folder}/rolls.csv: missing; a corpus of dice has this file", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
