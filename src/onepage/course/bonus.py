"""`onepage bonus`: what a leaderboard score earns.

The first rank earns the whole bonus, a score at or below the baseline nothing, and in between it is linear in
the score.
"""

from __future__ import annotations

import argparse
import math

from onepage.core.errors import UserError

WHOLE = 2.0  # points for the first rank


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `onepage bonus`."""
    parser.add_argument("--first", type=float, required=True, metavar="SCORE", help="the leaderboard's first score")
    parser.add_argument("--baseline", type=float, required=True, metavar="SCORE", help="the baseline's score")
    parser.add_argument("--score", type=float, required=True, metavar="SCORE", help="the score to judge")


def main(args: argparse.Namespace) -> int:
    """Print the bonus."""
    points = bonus(args.score, first=args.first, baseline=args.baseline)
    print(f"{points:.2f} of {WHOLE:g} points")
    return 0


def bonus(score: float, *, first: float, baseline: float) -> float:
    """Bonus points of `score`, where higher scores are better."""
    if not all(math.isfinite(number) for number in (score, first, baseline)):
        raise UserError("scores must be finite numbers")
    if first <= baseline:
        raise UserError(f"the first score ({first:g}) must be above the baseline's ({baseline:g})")
    return WHOLE * min(1.0, max(0.0, (score - baseline) / (first - baseline)))
