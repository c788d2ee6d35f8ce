"""Every page in a real browser: silent, self-contained, accessible, and whole without script."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.browser

REPORT = "reports/birds-full"
PAGES = {
    "index": f"{REPORT}/index.html",
    "analysis": f"{REPORT}/analyses/q1_waves.html",
    "listening": f"{REPORT}/analyses/q2_errors.html",
    "run": f"{REPORT}/analyses/small-s0.html",
    "failed": "build/failed/birds-full/q1_waves/index.html",
    "compare": "build/compare/index.html",
}


WIDTHS = (1440, 390)
AXE = {"resultTypes": ["violations"]}  # what is in order need not be described


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", PAGES)
def test_a_page_is_silent_fits_and_is_accessible(birds: Path, visit: Callable, kind: str, scheme: str) -> None:
    from axe_core_python.sync_playwright import Axe

    page, seen = visit(birds / PAGES[kind], WIDTHS[0], scheme)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("innerWidth") == width
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
        found = Axe().run(page, options=AXE)["violations"]
        grave = {
            v["id"]: [n["html"][:200] for n in v["nodes"][:3]] for v in found if v["impact"] in ("serious", "critical")
        }
        assert not grave, width
    assert seen.console == []
    assert seen.foreign == []
    broken = "[...document.querySelectorAll('img[src]')].filter((i) => i.complete && !i.naturalWidth).map((i) => i.src)"
    assert page.evaluate(broken) == []


@pytest.mark.parametrize("kind", PAGES)
def test_the_policy_forbids_what_is_not_the_pages_own(birds: Path, visit: Callable, kind: str) -> None:
    page, seen = visit(birds / PAGES[kind])
    page.evaluate("""() => {
        const foreign = '<img src="https://example.com/a.png"><iframe src="https://example.com">';
        document.body.insertAdjacentHTML("beforeend", foreign);
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
        return fetch("https://example.com/").catch(() => null);
    }""")
    assert page.evaluate("window.ran") is None
    refused = [message for message in seen.console if "Content Security Policy" in message]
    assert len(refused) >= 3, "an image, a frame, a script and a request from elsewhere are all refused"


def test_a_page_is_whole_without_script(birds: Path, visit: Callable) -> None:
    page, seen = visit(birds / PAGES["listening"], script=False)
    assert page.locator("#wrong li audio").count() == 12
    assert page.locator("#wrong li audio").first.is_visible()
    href = page.locator("#confusion td a").first.get_attribute("href")
    assert page.locator(href).count() == 1, "a cell leads to the first of its clips"
    assert page.locator("details.code").first.get_attribute("open") is None
    assert seen.console == []


def test_one_key_unfolds_all_code(birds: Path, visit: Callable) -> None:
    page, _ = visit(birds / PAGES["analysis"])
    assert page.locator("details.code[open]").count() == 0
    page.keyboard.press("c")
    assert page.locator("details.code[open]").count() == page.locator("details.code").count() > 3
    page.keyboard.press("c")
    assert page.locator("details.code[open]").count() == 0


def test_a_figure_opens_under_the_lens_and_closes_by_keyboard(birds: Path, visit: Callable) -> None:
    page, _ = visit(birds / PAGES["analysis"])
    page.locator("#waves a.zoom").focus()
    page.keyboard.press("Enter")
    assert page.locator("dialog.lens[open] img").get_attribute("alt") == "Three sine waves"
    page.keyboard.press("Escape")
    assert page.locator("dialog.lens[open]").count() == 0
    assert page.evaluate("document.activeElement.className") == "zoom"


def test_tables_sort_by_value(birds: Path, visit: Callable) -> None:
    page, _ = visit(birds / PAGES["analysis"])
    heading = page.locator("#birds th button", has_text="Songs")
    heading.click()
    heading.click()
    assert page.locator("#birds tbody td:first-child").all_inner_texts() == ["owl", "robin", "wren"]
    assert page.locator('#birds th[aria-sort="descending"]').inner_text().strip() == "Songs"


def test_a_cell_of_the_matrix_lists_exactly_its_clips(birds: Path, visit: Callable) -> None:
    page, _ = visit(birds / PAGES["listening"])
    cells = page.locator("#confusion td a")
    for i in range(cells.count()):
        cell = cells.nth(i)
        wanted = [cell.get_attribute("data-row"), cell.get_attribute("data-column")]
        cell.click()
        shown = page.locator("#wrong li:visible")
        assert shown.count() == int(cell.inner_text())
        for j in range(shown.count()):
            assert shown.nth(j).locator("dd").all_inner_texts()[:2] == wanted
        assert cell.get_attribute("aria-current") == "true"
    page.get_by_role("button", name="Show all").click()
    assert page.locator("#wrong li:visible").count() == 12


def test_clips_sort_and_filter(birds: Path, visit: Callable) -> None:
    page, _ = visit(birds / PAGES["listening"])

    def confidences() -> list[float]:
        return [
            float(text.rstrip("%"))
            for text in page.locator("#wrong li:visible dd:nth-child(2)").all_inner_texts()
            if "%" in text
        ]

    assert len(confidences()) == 9, "a long list begins with its first few"
    assert confidences() == sorted(confidences(), reverse=True)
    page.get_by_role("combobox", name="Sorted by").select_option("confidence")
    assert confidences() == sorted(confidences())
    page.get_by_role("combobox", name="Bird").select_option("owl")
    assert page.locator("#wrong output").inner_text() == "4 of 12 clips"


def test_a_link_to_a_clip_finds_it_wherever_it_is(birds: Path, visit: Callable) -> None:
    page, _ = visit(f"{(birds / PAGES['listening']).as_uri()}#wrong-111")
    assert page.locator("#wrong-111").is_visible(), "it is the last of the list, and was not among the first few"


def test_each_clip_plays_for_as_long_as_it_is(birds: Path, visit: Callable) -> None:
    page, seen = visit(birds / PAGES["listening"])
    lengths = page.evaluate("""() => Promise.all([...document.querySelectorAll("#wrong audio")].map((audio) =>
        new Promise((resolve, reject) => {
            audio.addEventListener("loadedmetadata", () => resolve(audio.duration));
            audio.addEventListener("error", () => reject(audio.error.message));
            audio.preload = "metadata"; audio.load();
        })))""")
    assert lengths == pytest.approx([1.0] * 12, abs=0.01)
    button = page.locator("#wrong li:visible .play").first
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('#wrong li audio').currentTime > 0.1")
    assert button.get_attribute("aria-pressed") == "true"
    assert seen.console == []


def test_the_browser_decodes_the_samples_that_were_published(birds: Path, visit: Callable) -> None:
    import review_project

    page, _ = visit(birds / PAGES["listening"])
    for item in review_project.misheard()[:3]:
        path = birds / REPORT / f"analyses/media/q2_errors/wrong-{item['id']}.flac"
        decoded = np.array(
            page.evaluate(
                """async (text) => {
            const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            const sound = await new OfflineAudioContext(1, 8000, 8000).decodeAudioData(bytes.buffer);
            return [...sound.getChannelData(0)];
        }""",
                base64.b64encode(path.read_bytes()).decode(),
            )
        )
        assert np.abs(decoded - item["samples"]).max() < 1e-3
        assert np.abs(soundfile.read(path)[0] - item["samples"]).max() < 2 / 32768


def test_a_point_tells_what_it_is_and_leads_to_its_clip(birds: Path, visit: Callable) -> None:
    page, _ = visit(birds / PAGES["listening"])
    link = page.locator("#space a").nth(3)
    link.scroll_into_view_if_needed()
    link.hover()
    assert "click to listen" in page.locator("#space .tip").inner_text()
    wanted = link.get_attribute("href")
    link.click()
    page.wait_for_function(
        "(id) => document.querySelector(id + ' .play').getAttribute('aria-pressed') === 'true'", arg=wanted
    )


def test_links_between_pages_lead_somewhere(birds: Path, visit: Callable) -> None:
    page, _ = visit(birds / PAGES["index"])
    links = set(page.evaluate("[...document.links].map((link) => link.href)"))
    missing = [link for link in links if not Path(link.removeprefix("file://").partition("#")[0]).exists()]
    assert [Path(link).name for link in missing] in (
        [],
        ["manifest.json"],
    )  # written by the page build, after the index
    for link in sorted(link for link in links if "#" in link and "analyses" in link):
        page.goto(link)
        assert page.evaluate("document.getElementById(decodeURIComponent(location.hash.slice(1))) !== null"), link


def test_the_index_shows_times_only_from_the_file_that_is_not_compared(birds: Path, visit: Callable) -> None:
    page, _ = visit(birds / PAGES["index"])
    assert page.locator('.card[data-target="q1_waves"] .time').inner_text() == "13 s"
    assert "12.5" not in (birds / PAGES["index"]).read_text()
    page, _ = visit(birds / PAGES["index"], script=False)
    assert not page.locator(".took").is_visible()


@pytest.mark.parametrize(("width", "kind"), [(390, "narrow"), (1440, "wide")])
def test_the_map_shows_one_drawing_whose_texts_fit_their_boxes_in_real_letters(
    birds: Path, visit: Callable, width: int, kind: str
) -> None:
    from onepage.review import map as maps
    from onepage.review import map_drawing

    page, _ = visit(birds / PAGES["index"], width)
    assert page.locator(".map svg:visible").count() == 1
    assert page.locator(f".map .map-{kind} .node .time").nth(1).text_content() == "25 s"
    page.locator(f".map .map-{kind} .node").first.focus()
    assert page.locator(".map .edge.lit").count() > 0
    titles = ["W" * 90, "mmmm " * 40, "日本語" * 40, "👩🏽‍🔬" * 20, "é" * 200, "i" * 300, "Ünïcødé Текст ελληνικά " * 9]
    targets = [{"id": f"q{n}", "kind": "analysis", "title": title, "reads": ["corpus", f"file:{title}"]}
               for n, title in enumerate(titles)]  # fmt: skip
    plan = {"report": "W" * 100, "corpus": {"name": "m" * 100}, "targets": targets}
    drawn = str(map_drawing.pictures(maps.graph(plan, {}))[kind])
    page.evaluate("(svg) => { document.querySelector('.map').innerHTML = svg; }", drawn)
    outside = """[...document.querySelectorAll('.map .node')].flatMap((node) => {
      const box = node.querySelector('rect').getBBox();
      return [...node.querySelectorAll('text')].filter((text) => {
        const own = text.getBBox();
        return own.width && (own.x < box.x || own.x + own.width > box.x + box.width
          || own.y < box.y || own.y + own.height > box.y + box.height);
      }).map((text) => text.textContent);
    })"""
    assert page.evaluate(outside) == []
