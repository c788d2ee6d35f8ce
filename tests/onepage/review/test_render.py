"""Pages of analyses: prose from the script, outputs from the store, the same bytes every time, nothing escapes."""

from __future__ import annotations

import csv
import html.parser
import json
import re
from pathlib import Path

import pytest
import review_project as project

from onepage.core.errors import UserError
from onepage.publishing import records
from onepage.review import cells, pages, prose, render

NASTY = project.NASTY


class Elements(html.parser.HTMLParser):
    """Tags with their attributes, and the text outside of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    root = tmp_path_factory.mktemp("birds")
    return root, project.make(root)


def target(plan: dict, name: str) -> dict:
    return next(t for t in plan["targets"] if t["id"] == name)


def rendered(birds: tuple[Path, dict], name: str, out: Path) -> tuple[Path, Elements]:
    root, plan = birds
    path = render.render_target(plan, target(plan, name), root, out)
    return path, Elements(path.read_text())


def test_every_record_has_its_anchor_and_its_origin(birds: tuple[Path, dict], tmp_path: Path) -> None:
    path, page = rendered(birds, "q1_waves", tmp_path)
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids)), "an id stands twice"
    for name in ("waves", "birds.count", "birds.loudness", "owl-is-lowest", "wren-is-loud", "q1a", "birds", "song-owl"):
        assert name in ids
    script = (birds[0] / "analysis/q1_waves.py").read_text().splitlines()
    line = 1 + next(i for i, text in enumerate(script) if 'value("birds.loudness"' in text)
    assert f"analysis/q1_waves.py:{line}" in page.text
    assert page.text.count("q1_waves") > 8
    assert pages.short(target(birds[1], "q1_waves")["key"]) in page.text
    assert path.stat().st_size < 150_000


def test_figures_have_alt_text_downloads_and_data(birds: tuple[Path, dict], tmp_path: Path) -> None:
    path, page = rendered(birds, "q1_waves", tmp_path)
    assert all(image.get("alt") is not None for image in page.of("img"))
    assert "Three sine waves" in [image["alt"] for image in page.of("img")]
    links = {a["href"] for a in page.of("a") if "download" in a}
    assert {f"media/q1_waves/waves.{kind}" for kind in ("svg", "png", "csv")} <= links
    for link in links:
        assert (path.parent / str(link)).is_file()
    rows = list(csv.reader((path.parent / "media/q1_waves/birds.csv").open()))
    assert rows[0] == ["bird", "songs", "pitch", "pitch_low", "pitch_high"]
    assert rows[1] == ["wren", "100", "300.0", "290.0", "312.0"]


def test_no_notebook_furniture_and_nothing_from_elsewhere(birds: tuple[Path, dict], tmp_path: Path) -> None:
    path, page = rendered(birds, "q2_errors", tmp_path)
    text = path.read_text()
    assert not re.search(r"In\s*\[|Out\s*\[|jp-|cdn|https?://", text.replace("http://www.w3.org/", ""))
    assert page.tags[0] == ("html", {"lang": "en"})
    policy = next(a["content"] for a in page.of("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not [a for _, a in page.tags if "style" in a or any(name.startswith("on") for name in a)]


def test_prose_is_the_scripts_own_but_changed_code_is_not_shown_as_executed(tmp_path: Path) -> None:
    plan = project.make(tmp_path)
    script = tmp_path / "analysis/q1_waves.py"
    text = script.read_text()
    script.write_text(
        text.replace("The loudness does", "The volume does").replace("# The figure that", "# This figure that")
    )
    _, page = rendered((tmp_path, plan), "q1_waves", tmp_path / "out")
    assert "The volume does" in page.text
    assert "This figure that" in page.text
    assert "has changed since" not in page.text
    script.write_text(text.replace("draw(seed)", "draw(seed + 1)"))
    _, page = rendered((tmp_path, plan), "q1_waves", tmp_path / "out")
    assert "has changed since" in page.text
    assert "seed + 1" not in page.text


def test_a_missing_notebook_is_one_clear_line(tmp_path: Path) -> None:
    plan = project.make(tmp_path)
    (tmp_path / target(plan, "q1_waves")["entry"] / "notebook.ipynb").unlink()
    with pytest.raises(UserError, match="q1_waves has not been executed"):
        render.render_target(plan, target(plan, "q1_waves"), tmp_path, tmp_path / "out")


def test_a_failed_notebook_is_shown_with_its_message(tmp_path: Path) -> None:
    plan = project.make(tmp_path)
    page = Elements(project.fail(tmp_path, plan, "q1_waves").read_text())
    assert "This analysis failed" in page.text
    assert "ValueError: no <b>songs</b>" in page.text
    assert not page.of("b") or all("songs" not in str(a) for a in page.of("b"))
    assert "Three sine waves" in [image["alt"] for image in page.of("img")], "what was shown before stays readable"


def nasty_notebook(root: Path, plan: dict) -> None:
    """Put hostile text wherever a record or an output can hold text."""
    entry = root / target(plan, "q2_errors")["entry"]
    notebook = json.loads((entry / "notebook.ipynb").read_text())

    def poison(node: object, inside: str = "") -> object:
        if isinstance(node, dict):
            return {key: poison(value, key) for key, value in node.items()}
        if isinstance(node, list):
            return [poison(value, inside) for value in node]
        kept = {
            "kind",
            "id",
            "ids",
            "order",
            "key",
            "row_key",
            "column_key",
            "codec",
            "clips",
            "unit",
            "align",
            "sha256",
        }
        return NASTY if isinstance(node, str) and inside not in kept else node

    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            record = output["data"][records.MIME]
            output["data"][records.MIME] = poison(record)
            output["data"] = {k: v if k != "text/html" else NASTY for k, v in output["data"].items()}
        if cell.get("outputs"):
            cell["outputs"].append({"output_type": "stream", "name": "stdout", "text": NASTY})
            cell["outputs"].append(
                {"output_type": "display_data", "data": {"text/html": f"<b>x</b>{NASTY}<img src=x onerror=1>"}}
            )
            cell["outputs"].append({"output_type": "execute_result", "data": {"text/plain": NASTY}})
    (entry / "notebook.ipynb").write_text(json.dumps(notebook))


def test_hostile_text_is_shown_as_text_and_writes_nowhere_else(tmp_path: Path) -> None:
    root = tmp_path / "project"
    plan = project.make(root)
    nasty_notebook(root, plan)
    script = root / "analysis/q2_errors.py"
    script.write_text(script.read_text() + f"\n# %% [markdown]\n# ## A {NASTY.splitlines()[0]}\n")
    hostile = {**target(plan, "q2_errors"), "title": NASTY, "question": NASTY, "parameters": {NASTY: NASTY}}
    plan["targets"] = [hostile if t["id"] == "q2_errors" else t for t in plan["targets"]]
    before = {p for p in tmp_path.rglob("*") if p.is_file()}
    path = render.render_target(plan, hostile, root, tmp_path / "out")
    page = Elements(path.read_text())
    assert '<script>alert("x")</script>' in page.text
    assert "אבג" in page.text
    assert [a for a in page.of("script") if "type" not in a] == [{}], "only the page's own script"
    assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]
    written = {p for p in tmp_path.rglob("*") if p.is_file()} - before
    places = (tmp_path / "out" / "analyses", root / "build" / "birds-full" / "pages")
    assert all(any(p.is_relative_to(place) for place in places) for p in written)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", p.name) for p in written)


def test_a_record_cannot_take_files_from_outside_its_entry(tmp_path: Path) -> None:
    root = tmp_path / "project"
    plan = project.make(root)
    (tmp_path / "secret").write_text("secret")
    entry = root / target(plan, "q2_errors")["entry"]
    text = (entry / "notebook.ipynb").read_text()
    (entry / "notebook.ipynb").write_text(re.sub(r"media/wrong/\d+\.flac", "../../../../../../secret", text))
    path = render.render_target(plan, target(plan, "q2_errors"), root, tmp_path / "out")
    assert "The sound file is missing" in path.read_text()
    assert b"secret" not in b"".join(p.read_bytes() for p in (tmp_path / "out" / "analyses" / "media").rglob("*.*"))


def test_a_page_with_as_many_clips_and_points_as_it_may_have_stays_small(tmp_path: Path) -> None:
    """The limit of a list (120 clips) and a plot of 1200 points must not make a page that a phone chokes on."""
    plan = project.make(tmp_path)
    one = target(plan, "q2_errors")
    entry = tmp_path / one["entry"]
    notebook = json.loads((entry / "notebook.ipynb").read_text())
    published = [o["data"][records.MIME] for c in notebook["cells"] for o in c.get("outputs", [])]
    for record in published:
        if record["kind"] == "clips":
            record["columns"].append({"key": "recording", "heading": "Recording", "unit": None})
            item = record["items"][0] | {"values": [*record["items"][0]["values"], "telephone band, 12 dB noise"]}
            record["items"] = [item | {"id": str(1000 + i), "gain_db": 12.0} for i in range(120)]
        if record["kind"] == "scatter":
            record["clips"] = None
    (entry / "notebook.ipynb").write_text(json.dumps(notebook))
    page = render.render_target(plan, one, tmp_path, tmp_path / "out")
    assert page.read_text().count("<audio") == 120
    assert page.stat().st_size < 115_000, "35 kB are left for prose and code"

    for record in published:
        if record["kind"] == "clips":
            record["items"] = record["items"][:60]
        if record["kind"] == "scatter":
            for part in ("points", "group", "texts", "ids"):
                record[part] = [record[part][i % 150] for i in range(1200)]
            record["texts"] = [f"clip {i}: de, taken for nl" for i in range(1200)]
            record["clips"], record["ids"] = "wrong", [str(1000 + i) for i in range(1200)]
    (entry / "notebook.ipynb").write_text(json.dumps(notebook))
    assert render.render_target(plan, one, tmp_path, tmp_path / "out").stat().st_size < 150_000


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("six.test_accuracy", "six.test_accuracy"),
        ("a..b", None),
        ("../../x", None),
        ("A", None),
        ("", None),
        ("x" * 200, None),
    ],
)
def test_names_become_plain_file_names(name: str, safe: str | None) -> None:
    found = pages.safe_name(name)
    assert records.NAME.match(found)
    assert ".." not in found
    assert "/" not in found
    assert (found == name) == (safe is not None)


def test_cells_meet_by_behaviour() -> None:
    script = cells.script_cells(
        '# %%\n# say\nx = 1  # one\n# %% [markdown]\n# # T\n# %%\ndef f():\n    "Doc."\n    return 2\n'
    )
    executed = [cells.Cell("code", "x=1", None), cells.Cell("code", "def f():\n    return 2", None)]
    executed[1].outputs = [{"output_type": "stream"}]
    page, current = cells.merge(script, executed)
    assert current
    assert [cell.line for cell in page] == [2, 5, 7]
    assert page[2].outputs
    page, current = cells.merge(script, [cells.Cell("code", "x = 2", None), executed[1]])
    assert not current
    assert [cell.line for cell in page] == [None, 7]


def test_an_origin_is_the_line_of_the_call_and_not_of_a_mention() -> None:
    cell = cells.Cell("code", 'x = "wrong"\nmatrix("m", clips="wrong")\nclips(\n    "wrong", [])', 10)
    assert cells.line_of(cell, "m") == 11
    assert cells.line_of(cell, "wrong") == 12
    assert cells.line_of(cell, "made-in-a-loop") == 10
    assert cells.line_of(cells.Cell("code", "x = 1", None), "m") is None


def test_markdown_keeps_html_as_text_and_makes_mathematics() -> None:
    outline = prose.Outline()
    text = prose.markdown("# A <b>&\n\n$x^2$ costs 5$ or `$y$`\n\n## A b\n\n[x](javascript:alert(1))", outline)
    assert "<b>" not in text
    assert "<math" in text
    assert "<code>$y$</code>" in text
    assert "javascript:" not in text
    assert [(level, name) for level, name, _ in outline.headings] == [(2, "a-b"), (2, "a-b-2")]


def test_every_picture_of_a_sound_says_of_which_one_it_is(tmp_path: Path) -> None:
    plan = project.make(tmp_path)
    out = project.build(tmp_path, plan)
    for page, told in (
        ("q1_waves", {"A wren", "A robin", "A owl"}),
        ("q2_errors", {f"Clip {100 + n}" for n in range(12)}),
    ):
        strips = re.findall(
            r'<div class="player"><img src="[^"]*" alt="([^"]*)"', (out / f"analyses/{page}.html").read_text()
        )
        assert {*strips} == {f"Waveform and spectrogram: {each}" for each in told}
