"""`spokenlang corpus make | import | convert | check`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from spokenlang.errors import InputError

EPILOG = (
    "A corpus is a folder of the assignment's four .npy arrays; clips.csv and languages.json beside them are optional."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands `make`, `import`, `convert` and `check`."""
    parser.epilog = EPILOG
    actions = parser.add_subparsers(dest="action", required=True, metavar="make|import|convert|check")

    make = actions.add_parser("make", help="make a synthetic corpus on this machine")
    make.add_argument("name", choices=["espeak"], help="which one: espeak")
    make.add_argument("--out", type=Path, required=True, help="folder to make; complete or absent")
    make.add_argument("--train", type=int, default=1000, help="training clips of each language (%(default)s)")
    make.add_argument("--test", type=int, default=200, help="test clips of each language (%(default)s)")
    make.add_argument("--workers", type=int, help="processes; as many as there are cores")
    make.set_defaults(run=_make)

    _add_import(actions.add_parser("import", help="make a corpus of a folder of recordings"))

    convert = actions.add_parser("convert", help="make a corpus of arrays in another form")
    convert.add_argument("folder", type=Path, help="holds .npy or .npz files")
    convert.add_argument("--out", type=Path, required=True, help="folder to make; complete or absent")
    convert.add_argument("--rate", type=int, default=8000, help="samples per second of the arrays (%(default)s)")
    convert.add_argument("--seconds", type=float, help="length of the clips to make (as long as they are)")
    convert.add_argument("--languages", help="codes in the order of the labels, such as en,es")
    convert.set_defaults(run=_convert)

    check = actions.add_parser("check", help="read a whole corpus and say whether it is fit for use")
    check.add_argument("folder", type=Path, help="holds the .npy arrays")
    check.set_defaults(run=_check)


def _add_import(load: argparse.ArgumentParser) -> None:
    load.add_argument("folder", type=Path, help="holds the recordings, in folders named by language or as published")
    load.add_argument("--out", type=Path, required=True, help="folder to make; complete or absent")
    load.add_argument(
        "--layout", default="auto", choices=["auto", "folders", "csv", "voxlingua107", "mls", "commonvoice", "fleurs"],
        help="how the recordings lie in the folder (%(default)s: it is seen)",
    )  # fmt: skip
    load.add_argument("--metadata", type=Path, help="table with path, speaker, ... (metadata.csv in the folder)")
    load.add_argument("--speaker", default="", metavar="COLUMN", help="column of the table that says who speaks")
    load.add_argument("--speaker-folders", action="store_true", help="folders below each language's are speakers")
    load.add_argument("--languages", default="", help="these and no others, in this order, such as en,es")
    load.add_argument("--test", type=float, help="share of clips for the test set (the publisher's test set, else 0.2)")
    load.add_argument("--seed", type=int, default=0, help="of every draw (%(default)s)")
    load.add_argument("--seconds", type=float, default=5.0, help="length of a clip (%(default)s)")
    load.add_argument("--speech", type=float, default=0.3, help="least share of a clip that is speech (%(default)s)")
    load.add_argument("--per-speaker", type=int, default=0, metavar="N", help="at most so many clips of a speaker")
    load.add_argument("--per-language", type=int, default=0, metavar="N", help="at most so many clips of a language")
    load.add_argument("--bad", type=float, default=0.5, help="share of bad files that stops the import (%(default)s)")
    load.add_argument("--strict", action="store_true", help="one bad file or an unknown speaker stops the import")
    load.add_argument("--workers", type=int, help="processes; as many as there are cores")
    load.add_argument("--launch", default="", metavar="WORDS", help="put before each of them, such as `srun -c1`")
    load.set_defaults(run=_import)


def main(args: argparse.Namespace) -> int:
    """Run a subcommand; 0 if all is well, 1 if a corpus that was checked falls short.

    `InputError` on wrong input; the command line makes it one line and exit status 2.
    """
    return args.run(args)


def _make(args: argparse.Namespace) -> int:
    from spokenlang.corpus.espeak import recipe

    with _bar("clips") as progress:
        made = recipe.make(args.out, recipe.Options(args.train, args.test), args.workers, progress)
    print(f"{args.out}: {'made' if made else 'is there already'}")
    return 0


def _import(args: argparse.Namespace) -> int:
    from spokenlang.corpus import importer
    from spokenlang.corpus.helpers import cores
    from spokenlang.corpus.ingest import recordings, report

    options = importer.Options(
        args.test, args.seed, args.seconds, args.speech, args.per_speaker, args.per_language, args.bad, args.strict,
        args.workers or cores(), args.launch,
    )  # fmt: skip
    languages = _codes(args.languages)
    wanted = recordings.Wanted(args.layout, args.metadata, args.speaker, args.speaker_folders, languages)
    try:
        with _bar("files") as progress:
            found = importer.import_folder(args.folder, args.out, None, options, progress, wanted)
    except importer.BadFiles as error:
        print(*error.lines, sep="\n", file=sys.stderr)
        raise
    for remark in found.remarks:
        print(remark, file=sys.stderr)
    print(*report.named(found.skipped), sep="\n", end="\n" if found.skipped else "", file=sys.stderr)
    _warn(found.warnings)
    print(*found.balance.lines(), sep="\n")
    counts = ", ".join(f"{count} {split}" for split, count in found.clips.items())
    print(f"{args.out}: {found.files} files ({found.layout}), {counts} clips, {', '.join(found.languages)}")
    return 0


def _convert(args: argparse.Namespace) -> int:
    from spokenlang.corpus import convert

    with _bar("clips") as progress:
        said = convert.convert(args.folder, args.out, args.rate, args.seconds, _codes(args.languages), progress)
    print(*said, sep="\n")
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


def _codes(text: str | None) -> tuple[str, ...]:
    """Codes of the languages in a comma-separated list; what is not understood is kept as it is."""
    from spokenlang.language_names import resolve

    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    codes = tuple(resolve(name) or name.lower() for name in names)
    if len(set(codes)) < len(codes):
        raise InputError(f"--languages names one language twice ({', '.join(codes)})")
    return codes


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)


@contextmanager
def _bar(unit: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, as a function of what is done and what there is."""
    bar: tqdm | None = None

    def progress(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:  # what an earlier run had done says nothing about the speed
            bar = tqdm(
                total=total,
                initial=done,
                unit=f" {unit}",
                file=sys.stderr,
                dynamic_ncols=True,
                mininterval=0.5,
                delay=0.5,
            )
        bar.update(done - bar.n)

    try:
        yield progress
    finally:
        if bar is not None:
            bar.close()
