"""A page alone: its text set as PDF and HTML from results that are there already; no report around it."""

from __future__ import annotations

import copy
import re
import shutil
import tempfile
from functools import cached_property
from html import unescape
from io import BytesIO
from pathlib import Path
from unittest import mock

from PIL import Image
from pypdf import PdfReader

from onepage.check import check
from onepage.check.evidence import Evidence
from onepage.course import additions
from onepage.page import compose, results
from onepage.page.layout import typeset, webpage

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><rect width="60" height="40" fill="{}"/></svg>'


class Sheet:
    """A page's folder to write into; `set` sets it."""

    def __init__(self, built: Path, root: Path) -> None:
        self.root, self.report = root, built / "reports" / "toy-full"
        self.folder = root / "reports" / "page"
        shutil.copytree(built / "reports" / "page", self.folder)
        for name in ("appendix.md", "report.md"):
            (self.folder / name).unlink()
        self.results = copy.deepcopy(results.load_results(self.report))

    def write(self, body: str, head: str = "title: A toy", appendix: str | None = None) -> Sheet:
        """report.md, and appendix.md where there is one."""
        (self.folder / "report.md").write_text(f"---\n{head}\n---\n\n{body}\n", encoding="utf-8")
        if appendix is not None:
            (self.folder / "appendix.md").write_text(appendix, encoding="utf-8")
        return self

    def file(self, name: str, content: bytes | str) -> Path:
        """A file in the page's folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    def captions(self, *captions: str) -> Sheet:
        """A page of so many figures with these captions; the figures are f0, f1..."""
        for number, caption in enumerate(captions):
            figure = copy.deepcopy(self.results["figures"]["loss"])
            self.results["figures"][f"f{number}"] = {**figure, "caption": caption}
        return self.write("# Figures\n\n" + "\n\n".join(f'{{{{ figure("f{n}") }}}}' for n in range(len(captions))))

    def set(self) -> Made:
        """The page, set."""
        composed = compose.compose(self.folder, self.results, self.root, additions.of(self.folder, self.root))
        return Made(self, composed)


class Made:
    """A page that is set; its PDF is made when it is asked for."""

    def __init__(self, sheet: Sheet, composed: compose.Composed) -> None:
        self.sheet, self.composed = sheet, composed
        self._arguments = (composed.document, composed.front, sheet.results, sheet.report, sheet.folder)
        self._sources = tempfile.TemporaryDirectory()

    @cached_property
    def typeset(self) -> typeset.Typeset:
        """The PDF and how it came out, at one size: which one fits best is another test's question."""
        one = typeset.Setting(9.0, "here")
        with mock.patch.multiple(typeset, _largest=lambda press: one, WIDEST=1.0):
            return typeset.typeset(*self._arguments, Path(self._sources.name))

    @cached_property
    def picture(self) -> Image.Image:
        """The first page of the PDF."""
        return Image.open(BytesIO(self.typeset.pictures()[0]))

    @cached_property
    def pdf(self) -> PdfReader:
        """The PDF, opened."""
        return PdfReader(BytesIO(self.typeset.pdf))

    @cached_property
    def words(self) -> str:
        """The PDF's text; marks for a line's end inside a long word are no part of it."""
        text = " ".join(page.extract_text() for page in self.pdf.pages).replace("\u200b", "")
        return " ".join(text.split())

    @cached_property
    def html(self) -> str:
        """The web page without what is inside it as data."""
        return re.sub(r'data:[^"]*', "data:", webpage.webpage(*self._arguments))

    @cached_property
    def seen(self) -> str:
        """The web page's text."""
        body = re.sub(r"<annotation.*?</annotation>", "", self.html.split("<main", 1)[1], flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())

    @property
    def notes(self) -> list[str]:
        """What `make report` says about what is not shown as it was written."""
        sheet = self.sheet
        brief = check.briefs.load(sheet.folder / "brief.toml", "brief.toml")
        evidence = Evidence(brief, self.composed, sheet.results, lambda: self.typeset, sheet.report, sheet.root)
        return check._shown(evidence).warnings

    def pieces(self) -> list[tuple[int, float, float, float, str]]:
        """Every piece of text of the PDF: page, left, baseline, size in points, text."""
        found = []
        for number, page in enumerate(self.pdf.pages):

            def visit(text, matrix, transform, font, size, number=number):
                if text.strip():
                    x = transform[0] * matrix[4] + transform[2] * matrix[5] + transform[4]
                    y = transform[1] * matrix[4] + transform[3] * matrix[5] + transform[5]
                    found.append((number, x, y, abs(size * matrix[3] * transform[3]), text.strip()))

            page.extract_text(visitor_text=visit)
        return found


def coloured(made, colour: str) -> tuple[float, float]:
    """Width and height in millimetres of what has that colour on the PDF's first page."""
    page = made.picture.convert("RGB")
    channel = {"red": 0, "lime": 1, "blue": 2}[colour]
    dark = [page.getchannel(c).point(lambda v: 255 * (v < 60)) for c in range(3) if c != channel]
    bright = page.getchannel(channel).point(lambda v: 255 * (v > 200))
    both = Image.new("L", page.size)
    both.paste(255, mask=Image.merge("RGB", (bright, *dark)).convert("L").point(lambda v: 255 * (v > 250)))
    box = both.getbbox()
    return ((box[2] - box[0]) * 210 / page.width, (box[3] - box[1]) * 297 / page.height) if box else (0, 0)
