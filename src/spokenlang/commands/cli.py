"""The command line `spokenlang`: a table of subcommands, each in a module imported only when it is chosen."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from spokenlang.errors import InputError

COMMANDS = {
    "corpus": ("spokenlang.commands.corpus", "make, import, convert or check a corpus of clips"),
    "train": ("spokenlang.commands.train", "train one network on a corpus"),
    "search": ("spokenlang.commands.search", "search hyper-parameters on validation speakers"),
    "classify": ("spokenlang.deploy.predict", "say which language is spoken in audio files"),
    "predict": ("spokenlang.deploy.predictions", "predict arrays without targets"),
    "score": ("spokenlang.deploy.server", "score a model on a corpus exactly as the course's server does"),
    "export": ("spokenlang.deploy.export", "write a trained network as TorchScript and ONNX"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; returns the exit status (0 success, 1 what was checked falls short, 2 wrong use)."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    args = _parser(chosen).parse_args(arguments)
    try:
        return importlib.import_module(COMMANDS[args.command][0]).main(args)
    except InputError as error:
        if args.debug:
            raise
        print(f"spokenlang {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has seen enough (`| head`); there is nobody left to tell.
        sys.stderr.close()
        return 141
    except OSError as error:  # a full disk, a read-only folder: the system's own words say it best
        if args.debug:
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"spokenlang {args.command}: {where}{error.strerror or error}", file=sys.stderr)
        return 2


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spokenlang", description="Which language is spoken in a clip.")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, about) in COMMANDS.items():
        command = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
        command.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        if name == chosen:
            importlib.import_module(module).add_arguments(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
