"""`onepage rules`: where the rules for Make are, for a project's Makefile to include.

    include $(shell python3 -P -m onepage rules)

Make takes no path with a space or the like. Where onepage lies at such a place, the rules are copied into the project.
"""

from __future__ import annotations

import argparse
import re

from onepage.core import files, places
from onepage.core.config import find_root
from onepage.core.places import BUILD, PACKAGE

RULES = "onepage.mk"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`onepage rules` takes none."""


def main(args: argparse.Namespace) -> int:
    """Print the path."""
    rules = PACKAGE / RULES
    if re.fullmatch(r"[\w./+@,=-]+", str(rules)):
        print(rules)
        return 0
    root = find_root()
    places.own_shared(root)
    files.write_if_changed(root / BUILD / "cache" / RULES, rules.read_text(encoding="utf-8"))
    print(f"{BUILD}/cache/{RULES}")
    return 0
