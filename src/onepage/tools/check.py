"""`onepage check`: holds a report against its brief, its claims and what a course demands, and prints the table."""

from __future__ import annotations

import argparse
import json

from onepage.check import check
from onepage.course import additions
from onepage.page import brief as briefs
from onepage.plan import planfile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `onepage check`."""
    planfile.add_plan_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    parser.add_argument("--format", action="store_true", help="say what may stand in brief.toml, and stop")


def main(args: argparse.Namespace) -> int:
    """Print the table; 1 if anything falls short."""
    if args.format:
        print(briefs.format_text())
        return 0
    plan = planfile.chosen(args)
    rows = check.check(plan, additions.of_plan(plan))
    if args.json:
        for row in rows:
            print(json.dumps({"id": row.id, "state": row.state, **row.as_dict()}, ensure_ascii=False))
    else:
        print(check.table(rows))
    return 1 if any(row.state == "short" for row in rows) else 0
