"""A real Chromium for the tests in this folder; they skip, with the reason, where there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--mute-audio",
    "--no-first-run", "--disable-sync", "--disable-default-apps",
]  # fmt: skip


def executable() -> str | None:
    """Chromium's path: $CHROMIUM, or the first that is on the PATH."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Seen:
    """What a page did that it should not have done."""

    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def foreign(self) -> list[str]:
        own = ("file:", "data:", "blob:", "http://127.0.0.1:")
        return [url for url in self.requests if not url.startswith(own)]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    path = executable()
    if path is None:
        pytest.skip(f"no Chromium: none of {', '.join(NAMES)} is on the PATH, and CHROMIUM is not set")
    playwright = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., tuple[Any, Seen]]]:
    """`visit(path or URL, width=1440, scheme="light", script=True)` -> (page, what it did)."""
    contexts = []

    def visit(where: str | Path, width: int = 1440, scheme: str = "light", script: bool = True) -> tuple[Any, Seen]:
        size = {"width": width, "height": 900}
        context = chromium.new_context(
            viewport=size, color_scheme=scheme, java_script_enabled=script, reduced_motion="reduce"
        )
        contexts.append(context)
        page, seen = context.new_page(), Seen()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: seen.console.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: seen.console.append(str(error)))
        page.on("request", lambda request: seen.requests.append(request.url))
        page.goto(where.as_uri() if isinstance(where, Path) else where)
        return page, seen

    yield visit
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fabricated project, built: root / reports / birds-full, a failed page and a comparison."""
    import review_project

    from onepage.tools import compare, reports

    root = tmp_path_factory.mktemp("birds")
    plan = review_project.make(root)
    out = review_project.build(root, plan)
    other = review_project.build(root, review_project.make(root, shift=0.5, report="birds-other"))
    compare.write_page(compare.compare(reports.load(out), reports.load(other)), root / "build" / "compare")
    review_project.fail(root, plan, "q1_waves")
    return root
