"""The page as PDF: Typst's own fonts, the body as large as one page allows, the same bytes everywhere."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onepage.document import Document
from onepage.errors import UserError
from onepage.writers import TypstWriter, typst_string

THEME = Path(__file__).parent / "theme"
STANDARD = "ua-1"  # tagged, with alternative texts: PDF/UA-1
STAMP = 1_700_000_000  # the PDF's date, always this one: the same inputs give the same bytes
PICTURE_PPI = 120  # of report.png
SMALLEST, LARGEST, STEP = 8.5, 9.6, 0.1  # body sizes to choose from, in points


@dataclass(frozen=True)
class Front:
    """What the title block and the PDF's metadata say."""

    title: str
    subtitle: str = ""
    affiliation: str = ""
    keywords: tuple[str, ...] = ()
    language: str = "en"
    authors: tuple[str, ...] = ()
    note: str = ""  # the footer: what the numbers come from


@dataclass
class Typeset:
    """A finished PDF and how its content page came out."""

    pdf: bytes
    pages: int
    parts: dict[str, int]  # pages of content, distribution and appendix
    body: float  # points
    blank: float  # share of the content page's columns that is empty
    overflow: float  # millimetres of column that do not fit on the first page
    lines: int  # the overflow in lines of text
    tagged: bool  # PDF/UA: structure and alternative texts
    pictures: tuple[bytes, ...] = field(repr=False, default=())  # every page as PNG


def theme_file(name: str, page_folder: Path) -> Path:
    """A file of the design: the project's own, else the one that comes with the pipeline."""
    own = page_folder / "theme" / name
    return own if own.is_file() else THEME / name


def typeset(
    document: Document, front: Front, results: dict[str, Any], assets: Path, page_folder: Path, folder: Path
) -> Typeset:
    """Write the Typst sources into `folder` and compile them at the largest body size that fits one page."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_sources(document, front, results, assets, page_folder, folder)
    press = Press(folder)
    sizes = [round(SMALLEST + STEP * i, 1) for i in range(round((LARGEST - SMALLEST) / STEP) + 1)]
    low, high = 0, len(sizes)  # sizes[low] is tried last: the smallest stands even if it does not fit
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if press.content_pages(sizes[middle]) == 1 else (low, middle)
    return press.finish(sizes[low])


class Press:
    """One Typst compiler for a folder, asked at several body sizes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fill = False  # whether spare height is shared out between the parts of a column

    def content_pages(self, body: float) -> int:
        """On which page the content ends."""
        return int(self._position(body)["page"])

    def finish(self, body: float) -> Typeset:
        """The PDF at that size, measured."""
        from onepage import layout

        end = self._position(body)
        picture = self._compile(body, format="png", ppi=layout.PPI)
        blank = layout.blank(picture[0] if isinstance(picture, list) else picture)
        # A page that is much too short is left to look it.
        self.fill = int(end["page"]) == 1 and blank <= layout.MUCH
        pages = int(self._query(body, "<op-end>")[0]["page"])
        shared = self._query(body, "<op-distribution>")
        content = int(end["page"])
        before = int(shared[0]["page"]) if shared else content
        parts = {"content": content, "distribution": before - content, "appendix": pages - before}
        try:
            pdf, tagged = self._compile(body, format="pdf", pdf_standards=[STANDARD]), True
        except UserError:
            pdf, tagged = self._compile(body, format="pdf"), False
        overflow = layout.overflow(end)
        return Typeset(
            pdf=pdf, pages=pages, parts=parts, body=body, blank=blank,
            overflow=overflow, lines=layout.lines(overflow, body), tagged=tagged,
            pictures=tuple(self.pictures(body, PICTURE_PPI)),
        )  # fmt: skip

    def pictures(self, body: float, ppi: float) -> list[bytes]:
        """Every page as PNG."""
        made = self._compile(body, format="png", ppi=ppi)
        return made if isinstance(made, list) else [made]

    def _compile(self, body: float, **options: Any) -> Any:
        try:
            return self._compiler(body).compile(timestamp=STAMP, **options)
        except RuntimeError as error:
            raise UserError(f"the page cannot be typeset: {_reason(error)}") from None

    def _compiler(self, body: float) -> Any:
        import typst

        return typst.Compiler(
            str(self.folder / "main.typ"), root=str(self.folder), ignore_system_fonts=True,
            sys_inputs={"body": f"{body:g}", "fill": "yes" if self.fill else "no"},
        )  # fmt: skip

    def _position(self, body: float) -> dict[str, Any]:
        return self._query(body, "<op-position>")[0]

    def _query(self, body: float, label: str) -> list[dict[str, Any]]:
        try:
            found = self._compiler(body).query(label, field="value")
        except RuntimeError as error:
            raise UserError(f"the page cannot be typeset: {_reason(error)}") from None
        return json.loads(found) if isinstance(found, str) else found


def _write_sources(
    document: Document, front: Front, results: dict[str, Any], assets: Path, page_folder: Path, folder: Path
) -> None:
    shutil.copyfile(theme_file("page.typ", page_folder), folder / "page.typ")
    writer = TypstWriter(document, results, assets, page_folder, folder=folder)
    names = [name for name, blocks in document.parts.items() if blocks]
    for name in names:
        _source(folder / f"{name}.typ", writer.write(document.parts[name]))
    if document.abstract:
        names.append("abstract")
        _source(folder / "abstract.typ", writer.write(document.abstract))
    settings = {
        "title": typst_string(front.title),
        "subtitle": typst_string(front.subtitle),
        "affiliation": typst_string(front.affiliation),
        "language": typst_string(front.language),
        "note": typst_string(front.note),
        "authors": _array(front.authors),
        "keywords": _array(front.keywords),
        **{name: f'include "{name}.typ"' for name in names},
    }
    lines = "".join(f"  {key}: {content},\n" for key, content in settings.items())
    (folder / "main.typ").write_text(f'#import "page.typ": *\n#op-document(\n{lines})\n', encoding="utf-8")


def _source(path: Path, text: str) -> None:
    path.write_text(f'#import "page.typ": *\n{text}', encoding="utf-8")


def _array(texts: tuple[str, ...]) -> str:
    return "(" + "".join(f"{typst_string(text)}, " for text in texts) + ")"


def _reason(error: Exception) -> str:
    """The first line of Typst's message."""
    message = getattr(error, "message", None) or str(error)
    return " ".join(str(message).split())[:300]
