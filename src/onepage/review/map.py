"""The pipeline as a graph: corpus -> runs -> analyses -> page, with what each reads and the state it is in.

The runs of a row are one node with a count. `map_drawing` draws the graph on the index; `onepage map` prints it.
Nothing here knows of time: how long a thing took stands in `timing.js`, which no build is compared by.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from onepage.core.places import BUILD
from onepage.plan import store
from onepage.plan.planfile import with_corpus
from onepage.review import pages

BANDS = {"corpus": "Corpus", "runs": "Runs", "analysis": "Analyses", "page": "Page"}
WORST = ("failed", "running", "stale", "fresh")  # of a row's runs, the one that counts
PAGE = "page"
_CORPUS = "corpus"


@dataclass(frozen=True)
class Node:
    """A box of the map."""

    id: str  # unlike any other's: "corpus", "run six", "analysis q1", "page"
    kind: str  # a key of BANDS
    label: str  # for people, in one line
    href: str  # its page, from the index
    targets: tuple[str, ...]  # of the plan, that it stands for
    reads: tuple[str, ...] = ()  # ids of nodes
    told: tuple[str, ...] = ()  # what it reads, in words
    state: str = "fresh"
    count: int = 1  # of those targets, so many are in that state

    @property
    def standing(self) -> str:
        """Its state in words: `fresh`, `2 of 3 failed`."""
        several = len(self.targets) > 1 and self.state != "fresh" and self.count < len(self.targets)
        return f"{self.count} of {len(self.targets)} {self.state}" if several else self.state

    @property
    def said(self) -> str:
        """Everything about it in one line."""
        runs = f"{len(self.targets)} runs, " if len(self.targets) > 1 else ""
        reads = f"; reads {', '.join(self.told)}" if self.told else ""
        return f"{self.label}: {runs}{self.standing}{reads}"


def current_states(plan: Mapping[str, Any], root: str | Path = ".") -> dict[str, str]:
    """Targets that are not fresh: "failed" if their last execution failed, else "stale" if they wait for one."""
    root = Path(root)
    failed = root / BUILD / "failed" / plan["report"]
    states = {}
    for target in with_corpus(dict(plan)):
        if (failed / target["id"] / "failure.json").is_file():
            states[target["id"]] = "failed"
        elif not store.is_done(root / target["entry"]):
            states[target["id"]] = "stale"
    return states


def graph(plan: Mapping[str, Any], states: Mapping[str, str], page: str = "report.html") -> list[Node]:
    """The nodes, each after those that it reads; `states` names the targets that are not fresh.

    `page` is where the page's own node leads.
    """
    corpus, targets = plan["corpus"], plan["targets"]
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for target in targets:
        if target["kind"] == "run":
            rows.setdefault(str(target["row"]), []).append(target)
    made: list[Node] = []

    def add(name: str, kind: str, label: str, href: str, ids: Iterable[str], read: Iterable[str]) -> None:
        ids, there = tuple(ids), {_CORPUS: _CORPUS} if corpus["name"] else {}
        there |= {row: f"run {row}" for row in rows}
        state, count = _worst([states.get(each, "fresh") for each in ids])
        # A row that this profile has no runs of is not there to be read.
        told = tuple(each for each in dict.fromkeys(read) if each in there or each == "profile" or ":" in each)
        reads = tuple(there[each] for each in told if each in there)
        made.append(Node(name, kind, plain(label), href, ids, reads, tuple(map(plain, told)), state, count))

    if corpus["name"]:
        add(_CORPUS, "corpus", corpus["name"], "#provenance", (_CORPUS,), [])
    for row, runs in rows.items():
        ids = [run["id"] for run in runs]
        href = f"analyses/{ids[0]}.html" if len(ids) == 1 else f"#{row_anchor(row)}"
        add(f"run {row}", "runs", row, href, ids, (name for run in runs for name in run["reads"]))
    for target in targets:
        if target["kind"] == "analysis":
            label, href = target.get("title") or target["id"], f"analyses/{target['id']}.html"
            add(f"analysis {target['id']}", "analysis", label, href, [target["id"]], target["reads"])
    return [*made, _page(plan["report"], made, page)]


def _page(report: str, made: Sequence[Node], href: str) -> Node:
    """The page: of all analyses, and of what none of them reads."""
    read = {each for node in made for each in node.reads}
    shown = [node for node in made if node.kind != "corpus" and (node.kind == "analysis" or node.id not in read)]
    waits = any(node.state != "fresh" for node in made)
    told = [
        f"{sum(n.kind == kind for n in shown)} {word}" for kind, word in (("analysis", "analyses"), ("runs", "rows"))
    ]
    reads = tuple(words for words in told if not words.startswith("0 "))
    state = "stale" if waits else "fresh"
    return Node(PAGE, "page", plain(report), href, (), tuple(node.id for node in shown), reads, state)


def waiting(node: Node) -> Node:
    """The node, as one that will be made again."""
    return replace(node, state="stale")


def row_anchor(row: str) -> str:
    """The id of a row's first run in the index's table."""
    return f"row-{pages.anchor(row)}"


def _worst(states: Sequence[str]) -> tuple[str, int]:
    state = next((each for each in WORST if each in states), "fresh")
    return state, states.count(state)


def plain(text: object) -> str:
    """A name as one line of signs that can be seen: none that turns, hides or breaks what stands beside it."""
    line = " ".join(str(text).split())
    return "".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")) or "(no name)"


def edges(nodes: Sequence[Node]) -> list[tuple[str, str]]:
    """(from, to) of what is read, less what follows from the rest: who reads a run has read its corpus."""
    behind: dict[str, set[str]] = {}
    found = []
    for node in nodes:
        above = {each for read in node.reads for each in behind[read]}
        found += [(read, node.id) for read in dict.fromkeys(node.reads) if read not in above]
        behind[node.id] = {*above, *node.reads}
    return found


def tree(nodes: Sequence[Node], seconds: Mapping[str, str]) -> str:
    """The map for a terminal: bands, their nodes with state, time and what each reads."""
    bands = [(title, [node for node in nodes if node.kind == kind]) for kind, title in BANDS.items()]
    bands = [(title, inside) for title, inside in bands if inside]
    labels = {node.id: _label(node) for node in nodes}
    width = min(44, max(map(len, labels.values()), default=0))
    lines = []
    for title, inside in bands:
        lines.append(title)
        for node in inside:
            branch = "└─" if node is inside[-1] else "├─"
            read = f"reads {', '.join(node.told)}" if node.told else ""
            parts = f"{labels[node.id]:{width}}  {node.standing:16}  {seconds.get(node.id, ''):>12}  {read}"
            lines.append(f"{branch} {parts}".rstrip())
    return "\n".join(lines)


def _label(node: Node) -> str:
    name = node.id.partition(" ")[2] or node.label
    return f"{name} ({len(node.targets)} runs)" if len(node.targets) > 1 else name
