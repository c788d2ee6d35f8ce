"""`onepage map`: the pipeline as a tree in the terminal: what reads what, its state and how long it took."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from onepage.execute import progress
from onepage.plan import planfile, reasons
from onepage.review import map as maps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    planfile.add_plan_argument(parser)


def main(args: argparse.Namespace) -> int:
    plan = planfile.chosen(args)
    nodes = maps.graph(plan.data, states(plan), f"{plan.data['out']}/report.html")
    if nodes[-1].state == "fresh" and reasons.page_reasons(plan):
        nodes[-1] = maps.waiting(nodes[-1])
    print(maps.tree(nodes, _times(plan, nodes)))
    return 0


def states(plan: planfile.Plan) -> dict[str, str]:
    """Targets that are not fresh, those in execution among them."""
    return {**maps.current_states(plan.data, plan.root), **dict.fromkeys(progress.in_execution(plan), "running")}


def _times(plan: planfile.Plan, nodes: Sequence[maps.Node]) -> Mapping[str, str]:
    """How long each took when it was executed, those of a row together."""
    known = {target["id"]: progress.took(plan.entry(target)) for target in plan.executed}
    found = {}
    for node in nodes:
        seconds = [each for name in node.targets if (each := known.get(name)) is not None]
        if seconds:
            found[node.id] = progress.duration(sum(seconds))
    return found
