"""The preview in a real browser: it follows saves, keeps the place, shows errors, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from engine_project import heed_interrupts

pytestmark = pytest.mark.browser

# What stands for `make report` here: quick, and it fails as a script with a syntax error does.
BUILD = """
import sys
from pathlib import Path
from onepage.core import files
from onepage.review import pages
text = Path("analysis/q1.py").read_text()
try:
    compile(text, "analysis/q1.py", "exec")
except SyntaxError as error:
    sys.exit(f"analysis/q1.py:{error.lineno}: SyntaxError: {error.msg} <script>window.hit = 1</script>")
body = "".join(f"<p id='p{i}'>{i}: {text[:40]}</p>" for i in range(200))
page = pages.page("waiting.html.j2", ("page.css",), (), report="built").replace("<p>The report", body + "<p>The report")
files.write(Path("reports/birds/index.html"), page)
made = Path("build/birds/pages/q1")
files.write(made / "page.html", page)
files.write(made / "media/q1/text.csv", text)
files.write(made / "digest", text)
if "slow" in text:
    import time
    time.sleep(60)
"""


@dataclass
class Running:
    """A preview in a process of its own."""

    root: Path
    process: subprocess.Popen
    url: str

    def save(self, text: str) -> None:
        (self.root / "analysis" / "q1.py").write_text(text)

    def end(self) -> str:
        """Ctrl-C; returns what it printed."""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=90)[0]


@pytest.fixture
def preview(tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "pyproject.toml").write_text('[tool.onepage]\nscripts = "analysis"\npage = "page"\n')
    for folder in ("analysis", "page", "build/birds"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "analysis" / "q1.py").write_text("first = 1\n")
    (tmp_path / "build.py").write_text(BUILD)
    words = ["preview", "--plan", "build/birds/plan.json", "--build", f"{sys.executable} build.py"]
    process = subprocess.Popen(
        [sys.executable, "-m", "onepage", *words], cwd=tmp_path, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env={**os.environ, "ONEPAGE_WARM": "no"},
        preexec_fn=heed_interrupts,
    )  # fmt: skip
    first = process.stdout.readline()
    assert "http://127.0.0.1:" in first, first + process.stdout.read()
    yield Running(tmp_path, process, first.split()[3])
    if process.poll() is None:
        process.kill()
        process.wait()


SCROLLED = "(scrollTo({top: 1500, behavior: 'instant'}), scrollY === 1500)"


def until(page: Any, condition: str, seconds: float = 90.0) -> None:
    """Wait for a condition in a page that may load itself anew meanwhile."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if page.evaluate(condition):
                return
        except Exception as error:
            if "navigation" not in str(error) and "context" not in str(error):
                raise
        time.sleep(0.02)
    raise AssertionError(f"never true: {condition}")


def shows(text: str) -> str:
    return f"document.querySelector('#p0')?.textContent.includes({json.dumps(text)})"


def test_a_save_shows_in_the_open_page_at_the_same_place(preview: Running, visit: Callable) -> None:
    page, seen = visit(preview.url)
    until(page, shows("first = 1"))
    until(page, f"document.readyState === 'complete' && {SCROLLED}")
    preview.save("second = 2\n")
    until(page, shows("second = 2"))
    until(page, "scrollY === 1500")
    assert seen.foreign == []
    assert [message for message in seen.console if "ERR_" not in message] == []


def test_who_scrolls_while_the_page_is_on_its_way_stays_there(preview: Running, visit: Callable) -> None:
    page, _ = visit(preview.url)
    until(page, shows("first = 1"))
    until(page, "document.readyState === 'complete' && document.documentElement.dataset.build === 'ready'")
    page.add_init_script("window.kept = sessionStorage.getItem('onepage:/')")  # the browser has a memory of its own
    page.evaluate(f"addEventListener('beforeunload', () => {SCROLLED})")  # the load has been decided upon by then
    preview.save("second = 2\n")
    until(page, shows("second = 2"))
    until(page, "document.readyState === 'complete'")
    assert page.evaluate("[JSON.parse(window.kept).y, scrollY]") == [1500, 1500]


def test_an_analysis_shows_as_soon_as_its_page_is_made(preview: Running, visit: Callable) -> None:
    index, _ = visit(preview.url)
    until(index, shows("first = 1"))
    page, seen = visit(preview.url + "analyses/q1.html")
    until(page, shows("first = 1"))
    preview.save("slow = 2\n")
    until(page, shows("slow = 2"))
    until(page, "document.documentElement.dataset.build === 'building'")
    with urllib.request.urlopen(preview.url + "analyses/media/q1/text.csv") as answer:
        assert answer.read() == b"slow = 2\n"
    assert index.evaluate(shows("first = 1")), "the report follows when it is finished"
    page.evaluate("window.kept = true")
    preview.save("slow = 2; x = 3\n")
    until(page, "window.kept === undefined")
    preview.save("last = 4\n")
    until(page, shows("last = 4"))
    until(index, shows("last = 4"))
    assert seen.foreign == []
    outside = urllib.request.Request(preview.url + "analyses/media/../page.html")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(outside)


def test_a_syntax_error_shows_and_recovers(preview: Running, visit: Callable) -> None:
    page, _ = visit(preview.url)
    until(page, shows("first = 1"))
    preview.save("broken = (\n")
    until(
        page,
        "document.querySelector('.onepage-news.failed pre')?.textContent.includes('analysis/q1.py:1: SyntaxError')",
    )
    assert page.evaluate("window.hit") is None, "the message is text"
    assert page.evaluate(shows("first = 1")), "the last good page stays"
    preview.save("mended = 3\n")
    until(page, shows("mended = 3"))
    until(page, "document.querySelector('.onepage-news.failed:not([hidden])') === null")
    assert "SyntaxError" in preview.end(), "the terminal says it as well"


def test_a_hundred_quick_saves_leave_the_right_page_and_no_process(preview: Running, visit: Callable) -> None:
    page, _ = visit(preview.url)
    until(page, shows("first = 1"))
    for number in range(100):
        preview.save(f"save_{number} = {number}\n")
        time.sleep(0.01 if number % 7 else 0.12)
    until(page, shows("save_99 = 99"))
    children = psutil.Process(preview.process.pid).children(recursive=True)
    time.sleep(0.5)
    assert [child for child in children if child.is_running() and child.status() != "zombie"] == []
    preview.end()
    assert preview.process.returncode == 0
    until(page, "document.querySelector('.onepage-news').textContent.includes('ended')")


def test_only_this_machine_and_only_the_report_is_served(preview: Running) -> None:
    def status(path: str, **headers: str) -> int:
        request = urllib.request.Request(preview.url.rstrip("/") + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    time.sleep(1.0)
    assert status("/index.html") == 200
    assert status("/", Host="evil.example:80") == 403
    (preview.root / "reports" / "secret.txt").write_text("not to be served")
    for path in (
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/_failed/../../secret.txt",
        "//etc/passwd",
    ):
        assert status(path) == 404, path
    assert status("/index.html", Range="bytes=0-9") == 206
    listening = {c.laddr.ip for c in psutil.Process(preview.process.pid).net_connections() if c.status == "LISTEN"}
    assert listening == {"127.0.0.1"}


def test_scratch_files_and_products_start_no_build(tmp_path: Path) -> None:
    from onepage.tools.preview import Sources

    sources = Sources(tmp_path, (tmp_path / "analysis", tmp_path / "page"), text=tmp_path / "page")
    for name in ("analysis/q1.py", "page/report.md", "pyproject.toml", "analysis/data/songs.csv"):
        assert sources.matters(tmp_path / name), name
    for name in ("analysis/.q1.py.swp", "analysis/q1.py~", "analysis/__pycache__/q1.pyc", "analysis/4913", "notes.txt",
                 "analysis/.ipynb_checkpoints/q1.ipynb", "analysis/#q1.py#"):  # fmt: skip
        assert not sources.matters(tmp_path / name), name
    assert sources.only_text({tmp_path / "page" / "report.md"})
    assert not sources.only_text({tmp_path / "page" / "report.md", tmp_path / "analysis" / "q1.py"})


def test_the_map_says_what_is_in_execution(birds: Path, visit: Callable) -> None:
    from onepage.core import files
    from onepage.tools.serve import News, Server

    folder = birds / "build" / "birds-full"
    server = Server(birds / "reports" / "birds-full", folder, News())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    marker = folder / "running" / "small-s1"
    try:
        page, seen = visit(server.url)
        row = page.locator(".map-wide .node", has_text="small")
        row.locator(".is", has_text="fresh").wait_for()
        files.write(marker, json.dumps({"pid": os.getpid(), "since": 0}))
        row.locator(".is", has_text="1 of 2 running").wait_for()
        assert "small: 2 runs, 1 of 2 running; reads corpus" in row.get_attribute("aria-label")
        marker.unlink()
        row.locator(".is", has_text="fresh").wait_for()
        assert seen.console == []
    finally:
        marker.unlink(missing_ok=True)
        server.news.close()
        server.shutdown()
        server.server_close()
        thread.join()
