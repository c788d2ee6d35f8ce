"""`spokenlang corpus make | import | check`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from spokenlang.errors import InputError

EPILOG = "A corpus is a folder of the assignment's four .npy arrays; clips.csv beside them is optional."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands `make`, `import` and `check`."""
    parser.epilog = EPILOG
    actions = parser.add_subparsers(dest="action", required=True, metavar="make|import|check")

    make = actions.add_parser("make", help="make a synthetic corpus on this machine")
    make.add_argument("name", choices=["espeak"], help="which one: espeak")
    make.add_argument("--out", type=Path, required=True, help="folder to make; complete or absent")
    make.add_argument("--train", type=int, default=1000, help="training clips of each language (%(default)s)")
    make.add_argument("--test", type=int, default=200, help="test clips of each language (%(default)s)")
    make.add_argument("--workers", type=int, help="processes; as many as there are cores")
    make.set_defaults(run=_make)

    load = actions.add_parser("import", help="make a corpus of a folder of recordings")
    load.add_argument("folder", type=Path, help="holds de, en, es, fr, nl, pt, and in these the recordings")
    load.add_argument("--out", type=Path, required=True, help="folder to make; complete or absent")
    load.add_argument("--metadata", type=Path, help="CSV with path, speaker, ... (metadata.csv in the folder)")
    load.add_argument("--test", type=float, default=0.2, help="share of clips for the test set (%(default)s)")
    load.add_argument("--seed", type=int, default=0, help="of the draw of test speakers (%(default)s)")
    load.set_defaults(run=_import)

    check = actions.add_parser("check", help="read a whole corpus and say whether it is fit for use")
    check.add_argument("folder", type=Path, help="holds the .npy arrays")
    check.set_defaults(run=_check)


def main(args: argparse.Namespace) -> int:
    """Run a subcommand; 0 if all is well, 1 if a corpus that was checked falls short.

    `InputError` on wrong input; the command line makes it one line and exit status 2.
    """
    return args.run(args)


def _make(args: argparse.Namespace) -> int:
    from spokenlang.corpus import espeak

    with _bar("clips") as progress:
        made = espeak.make(args.out, espeak.Options(args.train, args.test), args.workers, progress)
    print(f"{args.out}: {'made' if made else 'is there already'}")
    return 0


def _import(args: argparse.Namespace) -> int:
    from spokenlang.corpus import importer

    options = importer.Options(args.test, args.seed)
    with _bar("files") as progress:
        found = importer.import_folder(args.folder, args.out, args.metadata, options, progress)
    _warn(found.warnings)
    counts = ", ".join(f"{count} {split}" for split, count in found.clips.items())
    print(f"{args.out}: {found.files} files, {counts} clips")
    return 0


def _check(args: argparse.Namespace) -> int:
    from spokenlang.corpus.store import ClipStore

    try:
        store = ClipStore.open(args.folder)
        found = store.check()
    except InputError as error:
        if args.debug:
            raise
        print(f"spokenlang corpus: {error}", file=sys.stderr)
        return 1
    _warn(found.warnings)
    counts = ", ".join(f"{count} {split}" for split, count in found.clips.items())
    print(f"{args.folder}: {counts} clips of {store.samples / store.rate:g} s")
    return 0


def _warn(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)


@contextmanager
def _bar(unit: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, as a function of what is done and what there is."""
    with tqdm(unit=f" {unit}", file=sys.stderr, dynamic_ncols=True, mininterval=0.5, delay=0.5) as bar:

        def progress(done: int, total: int) -> None:
            if bar.total is None:
                bar.reset(total)
                bar.initial = bar.n = done  # what an earlier run had done says nothing about the speed
            bar.update(done - bar.n)

        yield progress
