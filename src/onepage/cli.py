"""The `onepage` command: a table of subcommands, each imported only when it is chosen.

Starting fast matters here: Make calls `onepage plan` on every build and `onepage run` once per target.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from onepage.core.errors import UserError
from onepage.version import VERSION

# subcommand -> (module, one line of help); a module has add_arguments(parser) and main(args) -> exit code
COMMANDS: dict[str, tuple[str, str]] = {
    "plan": ("onepage.tools.plan", "work out what has to run, and write the rules that Make includes"),
    "run": ("onepage.tools.run", "execute one target of a plan and put its result in the store"),
    "page": ("onepage.tools.page", "write the report from the results in the store"),
    "check": ("onepage.tools.check", "hold the report against its brief and its claims"),
    "why": ("onepage.plan.reasons", "say what would run again, and because of what"),
    "map": ("onepage.tools.map", "the pipeline as a tree: what reads what, its state and how long it took"),
    "verify": ("onepage.tools.verify", "build a second time elsewhere and compare every byte"),
    "compare": ("onepage.tools.compare", "say what changed between two reports"),
    "preview": ("onepage.tools.preview", "serve the report on loopback and rebuild it on every save"),
    "submission": ("onepage.course.submission", "check, then write the archive to hand in"),
    "bonus": ("onepage.course.bonus", "say what a score on the leaderboard earns"),
    "clean": ("onepage.tools.clean", "remove what can be made again"),
    "gc": ("onepage.tools.gc", "remove results from the store that no report needs any more"),
    "init": ("onepage.tools.start.init", "begin a project that works at once"),
    "rules": ("onepage.tools.start.rules", "say where the rules for Make are, for a Makefile to include"),
    "new": ("onepage.tools.new", "start a new analysis from a good first script"),
}

# run in a fork of the warm parent, which has imported what they need, if there is one (`run` sees to that itself)
FORKED = ("page",)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; returns its exit code (0 good, 1 something fell short, 2 wrong use)."""
    argv = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in argv
    argv = [word for word in argv if word != "--debug"]
    command = argv[0] if argv else ""
    try:
        if command in FORKED:
            from onepage.core import config
            from onepage.execute import warm

            code = warm.submit(config.find_root(), argv, start=False)
            if code is not None:
                return code
        args = _parser(argv).parse_args(argv)
        return importlib.import_module(COMMANDS[command][0]).main(args)
    except UserError as error:
        if debug:
            raise
        print(f"onepage {command}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"onepage {command}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `onepage why | head` is not an error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a full disk, a read-only folder: the system's own words say it best
        if debug:
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"onepage {command}: {where}{error.strerror or error}", file=sys.stderr)
        return 2


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """The whole parser, but with the arguments of the chosen subcommand only."""
    parser = argparse.ArgumentParser(prog="onepage", description="A one-page report that runs.", allow_abbrev=False)
    parser.add_argument("--debug", action="store_true", help="show the whole traceback of an error")
    parser.add_argument("--version", action="version", version=f"onepage {VERSION}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, (module, text) in COMMANDS.items():
        subparser = subparsers.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False
        )
        if argv and argv[0] == name:
            importlib.import_module(module).add_arguments(subparser)
    return parser
