"""The map of the pipeline: of every plan a graph whose boxes lead somewhere, say their state and hold their text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import review_project as project
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from onepage.review import map as maps
from onepage.review import map_drawing
from onepage.tools import map as command

NASTY = [
    *(project.NASTY, "", " ", "\u202eevil", "W" * 300, "日本語" * 40, "a\tb\nc", "</svg><script>", "é" * 90),
    *("👩🏽‍🔬" * 9, "\ud800", "𝔚" * 50, "--", '"&<>'),
]


def plan(corpus: str = "birds", rows: dict[str, tuple[int, list[str]]] | None = None,
         analyses: dict[str, tuple[str, list[str]]] | None = None) -> dict[str, Any]:  # fmt: skip
    """A plan of rows (name -> how many runs, what they read) and analyses (id -> title, what it reads)."""
    entry = {"entry": "build/store/00/0", "key": "0", "runs": {}}
    targets = [
        {"id": f"{row}-s{n}", "kind": "run", "row": row, "seed": n, "title": "t", "reads": reads, **entry}
        for row, (count, reads) in (rows or {}).items()
        for n in range(count)
    ]
    targets += [
        {"id": name, "kind": "analysis", "title": title, "reads": reads, **entry}
        for name, (title, reads) in (analyses or {}).items()
    ]
    return {"report": "birds-full", "corpus": {"name": corpus, "entry": "", "key": ""}, "targets": targets}


PLANS = {
    "nothing": plan(""),
    "corpus alone": plan(),
    "no corpus": plan("", {"small": (2, [])}, {"q1": ("One", ["small"])}),
    "no runs": plan("birds", None, {"q1": ("One", ["corpus", "profile"]), "q2": ("Two", ["file:data.csv"])}),
    "a hundred runs": plan("birds", {"small": (100, ["corpus"])}, {"q1": ("One", ["corpus", "small"])}),
    "a hundred rows": plan("birds", {f"r{n}": (1, ["corpus"]) for n in range(100)}),
    "rows that read rows": plan(
        "birds",
        {"a": (1, ["corpus"]), "b": (3, ["a"]), "c": (1, ["b", "a"])},
        {"q1": ("One", ["c", "a", "corpus"]), "q2": ("Two", ["corpus"])},
    ),
    "300 analyses": plan("birds", {"a": (1, [])}, {f"q{n}": (f"No. {n}", ["corpus", "a"]) for n in range(300)}),
    "hostile names": plan("x" * 120, None, {f"q{n}": (said, ["corpus"]) for n, said in enumerate(NASTY)}),
    "a row that is not in this profile": plan("birds", None, {"q1": ("One", ["corpus", "large"])}),
}


@pytest.mark.parametrize("name", PLANS)
def test_every_target_is_in_one_box_and_every_box_leads_somewhere(name: str) -> None:
    nodes = maps.graph(PLANS[name], {})
    wanted = [target["id"] for target in PLANS[name]["targets"]]
    assert sorted(each for node in nodes for each in node.targets if node.kind != "corpus") == sorted(wanted)
    assert len({node.id for node in nodes}) == len(nodes)
    for index, node in enumerate(nodes):
        assert {*node.reads} <= {other.id for other in nodes[:index]}  # so there can be no circle
        assert re.match(r"analyses/[^/]+\.html$|#|report\.html$", node.href)
        assert node.label
    assert len([n for n in nodes if n.kind == "runs"]) == len({t["row"] for t in PLANS[name]["targets"] if "row" in t})


@pytest.mark.parametrize("name", PLANS)
def test_who_reads_can_be_followed_to_the_page(name: str) -> None:
    nodes = maps.graph(PLANS[name], {})
    edges = maps.edges(nodes)
    behind: dict[str, set[str]] = {}
    for node in nodes:
        direct = {one for one, other in edges if other == node.id}
        behind[node.id] = direct.union(*(behind[each] for each in direct))
        assert {*node.reads} <= behind[node.id]
    left = {node.id for node in nodes} - {maps.PAGE} - behind[maps.PAGE]
    assert left <= {"corpus"}


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("kind", ["wide", "narrow"])
def test_the_drawing_is_whole_links_fit_and_bytes_stay(name: str, kind: str) -> None:
    nodes = maps.graph(PLANS[name], {"q1": "failed"})
    drawn = str(map_drawing.pictures(nodes)[kind])
    assert drawn == str(map_drawing.pictures(maps.graph(PLANS[name], {"q1": "failed"}))[kind])
    tree = ElementTree.fromstring(drawn)
    boxes = tree.findall("a")
    assert [box.get("aria-label") for box in boxes] == [node.said for node in nodes]
    assert tree.find(".//script") is None
    size = [float(side) for side in tree.get("viewBox").split()[2:]]
    corners = []
    for box in boxes:
        rect = {key: float(box.find("rect").get(key)) for key in ("x", "y", "width", "height")}
        assert rect["x"] >= 0
        assert rect["x"] + rect["width"] <= size[0]
        assert rect["y"] + rect["height"] <= size[1]
        corners.append((rect["x"], rect["y"], rect["width"], rect["height"]))
        for text in box.findall("text"):
            at = float(text.get("x")) + map_drawing.width(
                text.text or "", {"name": 13, "is": 12}.get(text.get("class"), 11)
            )
            assert text.get("class") == "time" or at <= rect["x"] + rect["width"]
    for n, (x, y, w, h) in enumerate(corners):
        assert not [1 for a, b, c, d in corners[n + 1 :] if x < a + c and a < x + w and y < b + d and b < y + h]


STATES = [
    (["fresh", "fresh"], "fresh"),
    (["fresh", "stale"], "1 of 2 stale"),
    (["stale", "stale"], "stale"),
    (["stale", "failed"], "1 of 2 failed"),
    (["running", "failed"], "1 of 2 failed"),
    (["running", "stale"], "1 of 2 running"),
]


@pytest.mark.parametrize(("states", "said"), STATES)
def test_a_row_says_the_worst_of_its_runs_and_the_page_waits_for_it(states: list[str], said: str) -> None:
    given = {f"small-s{n}": state for n, state in enumerate(states) if state != "fresh"}
    nodes = maps.graph(plan("", {"small": (2, [])}), given)
    assert nodes[0].standing == said
    assert nodes[-1].state == ("fresh" if said == "fresh" else "stale")


@settings(deadline=None, max_examples=tries(60))
@given(st.text(max_size=200), st.text(max_size=80))
def test_any_name_stays_one_line_in_its_box(title: str, corpus: str) -> None:
    nodes = maps.graph(plan(corpus, None, {"q1": (title, ["corpus", f"file:{corpus}"])}), {})
    for drawn in map_drawing.pictures(nodes).values():
        ElementTree.fromstring(str(drawn))
    assert maps.tree(nodes, {}).count("\n") == 1 + 2 * len(nodes) - 2
    assert "\u202e" not in maps.tree(nodes, {})


def test_the_index_has_the_map_its_list_and_no_times(tmp_path: Path) -> None:
    made = project.make(tmp_path)
    out = project.build(tmp_path, made)
    text = (out / "index.html").read_text()
    assert text.count('class="node fresh"') == 2 * 5
    assert 'href="#row-small"' in text
    assert text.count('id="row-small"') == 1
    assert "The map as a list" in text
    assert "12.5" not in text


def test_the_command_prints_states_times_and_what_runs_now(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    import argparse
    import os

    made = project.make(tmp_path)
    project.build(tmp_path, made)
    folder = tmp_path / "build" / made["report"]
    (folder / "page.key").write_text("x")
    (tmp_path / made["out"] / "manifest.json").write_text("{}")
    arguments = argparse.Namespace(plan=folder / "plan.json")

    def line(name: str) -> str:
        assert command.main(arguments) == 0
        return next(line for line in capsys.readouterr().out.splitlines() if name in line)

    assert re.search(r"small \(2 runs\) +fresh +25\.0 s +reads corpus", line("small"))
    assert re.search(r"birds-full +fresh +reads 2 analyses", line("birds-full"))
    next(tmp_path.glob(f"{made['targets'][0]['entry']}/done")).unlink()
    assert re.search(r"small \(2 runs\) +1 of 2 stale", line("small"))
    assert re.search(r"birds-full +stale", line("birds-full"))
    (folder / "running").mkdir()
    (folder / "running" / "small-s0").write_text(json.dumps({"pid": os.getpid(), "since": 0}))
    assert re.search(r"small \(2 runs\) +1 of 2 running", line("small"))
    project.fail(tmp_path, made, "q1_waves")
    assert re.search(r"q1_waves +failed", line("q1_waves"))
