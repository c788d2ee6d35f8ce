"""The front page and the comparison of two reports."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import review_project as project

from onepage.core.errors import UserError
from onepage.review import index
from onepage.review import map as maps
from onepage.tools import compare, reports, revision


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict, Path]:
    root = tmp_path_factory.mktemp("birds")
    plan = project.make(root)
    return root, plan, project.build(root, plan)


def test_the_index_tells_everything_and_no_times(built: tuple[Path, dict, Path]) -> None:
    text = (built[2] / "index.html").read_text()
    shown = ["Waves of three birds", "Questions 1a, 1b", "51.2%", "small-s0", "Not met", "1 of 2 hold", "birdlib 1.0"]
    for told in (*shown, "0123456789abcdef", "c" * 64, "report.pdf", "analyses/q1_waves.html#wren-is-loud"):
        assert told in text, told
    assert "12.5" not in text
    assert "12.5" in (built[2] / "timing.js").read_text()


def test_the_index_marks_what_failed_and_what_waits_and_is_whole_again(tmp_path: Path) -> None:
    plan = project.make(tmp_path)
    out = project.build(tmp_path, plan)
    whole = (out / "index.html").read_bytes()
    assert not index.mark(plan, tmp_path)
    project.fail(tmp_path, plan, "q1_waves")
    run = next(t for t in plan["targets"] if t["id"] == "small-s1")
    (tmp_path / run["entry"] / "done").unlink()
    assert maps.current_states(plan, tmp_path) == {"q1_waves": "failed", "small-s1": "stale"}
    assert index.mark(plan, tmp_path)
    text = (out / "index.html").read_text()
    assert 'class="state failed"' in text
    assert 'class="state stale"' in text
    assert "../../build/failed/birds-full/q1_waves/index.html" in text
    shutil.rmtree(tmp_path / "build" / "failed")
    (tmp_path / run["entry"] / "done").write_text("")
    assert index.mark(plan, tmp_path)
    assert (out / "index.html").read_bytes() == whole


def other(report: Path, place: Path) -> Path:
    shutil.copytree(report, place)
    return place


def test_two_equal_reports_do_not_differ(built: tuple[Path, dict, Path], tmp_path: Path) -> None:
    found = compare.compare(reports.load(built[2]), reports.load(other(built[2], tmp_path / "b")))
    assert found.changed == found.claims == found.figures == found.tables == found.answers == []
    assert found.parameters == found.keys == found.origin == []


def test_a_seeded_change_of_value_claim_and_figure_is_found_and_nothing_else(
    built: tuple[Path, dict, Path], tmp_path: Path
) -> None:
    copy = other(built[2], tmp_path / "b")
    results = json.loads((copy / "results.json").read_text())
    results["values"]["birds.loudness"]["value"] += 0.01
    results["claims"]["owl-is-lowest"]["holds"] = False
    (copy / "results.json").write_text(json.dumps(results))
    figure = copy / results["figures"]["waves"]["svg"]
    figure.write_text(figure.read_text().replace("1.5", "1.6", 1))
    found = compare.compare(reports.load(built[2]), reports.load(copy))
    assert [value.name for value in found.changed] == ["birds.loudness"]
    assert found.changed[0].difference == "+1.0 points"
    assert found.changed[0].beyond is False
    assert [claim["name"] for claim in found.claims] == ["owl-is-lowest"]
    assert [item["name"] for item in found.figures] == ["waves"]
    assert found.tables == found.answers == found.parameters == found.keys == found.origin == []
    text = compare.as_text(found)
    assert "within the intervals" in text
    assert "claim owl-is-lowest: holds -> does not hold" in text
    page = compare.write_page(found, tmp_path / "page")
    assert (tmp_path / "page/media/b/waves.svg").read_bytes() == figure.read_bytes()
    assert "accuracy" not in page.read_text()


@pytest.mark.parametrize(
    ("a", "b", "beyond"),
    [
        ((0.5, 0.4, 0.6), (0.7, 0.65, 0.75), True),
        ((0.5, 0.4, 0.6), (0.55, 0.5, 0.7), False),
        ((0.5, 0.4, 0.6), (0.7, None, None), True),
        ((0.5, None, None), (0.7, None, None), None),
    ],
)
def test_beyond_means_that_the_intervals_have_no_point_in_common(a: tuple, b: tuple, beyond: bool | None) -> None:
    sides = [dict(zip(("value", "low", "high"), side, strict=True)) for side in (a, b)]
    assert compare.ValueChange("x", *sides).beyond is beyond


def test_what_only_one_side_has_is_told(built: tuple[Path, dict, Path], tmp_path: Path) -> None:
    copy = other(built[2], tmp_path / "b")
    results = json.loads((copy / "results.json").read_text())
    del results["values"]["birds.count"], results["claims"]["owl-is-lowest"], results["figures"]["accuracy"]
    results["provenance"]["targets"]["q1_waves"]["parameters"]["gain"] = 2.5
    (copy / "results.json").write_text(json.dumps(results))
    found = compare.compare(reports.load(built[2]), reports.load(copy))
    text = compare.as_text(found)
    assert "claim owl-is-lowest: holds -> absent" in text
    assert "figure accuracy: only in A" in text
    assert "parameter gain of q1_waves: 1.5 -> 2.5" in text
    assert compare.write_page(found, tmp_path / "page").is_file()


def test_a_folder_without_results_and_an_unknown_revision_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="not a report's folder"):
        revision.resolve(str(tmp_path / "empty"), tmp_path, {})
    with pytest.raises(UserError, match="neither a report's folder"):
        revision.resolve("no-such-thing", tmp_path, {})


def test_a_git_revision_is_built_once_in_a_tree_of_its_own(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / ".gitignore").write_text("build/\nreports/\n")
    folder, content = "reports/$(REPORT)", '{"values": {"x": {"value": %s}}}'
    rule = f"report:\n\tmkdir -p {folder}\n\techo '{content}' > {folder}/results.json\n"
    (tmp_path / "Makefile").write_text(rule % 1)
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    (tmp_path / "Makefile").write_text(rule % 2)
    side = revision.resolve("HEAD", tmp_path, {"report": "birds"})
    assert side.results == {"values": {"x": {"value": 1}}}
    assert side.label.startswith("HEAD (")
    assert not list((tmp_path / "build" / "compare").glob("tree-*"))
    stamp = (side.folder / "results.json").stat().st_mtime_ns
    assert (revision.resolve("HEAD", tmp_path, {"report": "birds"}).folder / "results.json").stat().st_mtime_ns == stamp
