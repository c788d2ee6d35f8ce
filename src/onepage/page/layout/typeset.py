"""The page as PDF: Typst's own fonts, the body as large as one page allows, the same bytes everywhere."""

from __future__ import annotations

import datetime
import functools
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from onepage.core.errors import UserError
from onepage.core.toml_source import read_text
from onepage.page.layout import glyphs, measure
from onepage.page.layout.typst_writer import TypstWriter, typst_string
from onepage.page.tree.document import Document
from onepage.page.tree.language import ENGLISH, Language

THEME = Path(__file__).parent / "theme"
STANDARD = "ua-1"  # tagged, with alternative texts: PDF/UA-1
STAMP = 1_700_000_000  # the PDF's date, always this one: the same inputs give the same bytes
PICTURE_PPI = 120  # of report.png
SMALLEST, LARGEST, STEP = 8.5, 9.6, 0.1  # body sizes to choose from, in points
PLACES = ("here", "auto")  # see Setting
WORTH = 0.3  # points that the body must gain for figures to leave their place in the text
CONTENT, WHOLE = "content", "whole"  # what of the document is laid out
AFTER = ("distribution", "appendix")  # the parts that follow the content
SPACE_STEP, WIDEST = 0.05, 2.2  # of Setting.space


@dataclass(frozen=True)
class Front:
    """What the title block and the PDF's metadata say."""

    title: str
    subtitle: str = ""
    affiliation: str = ""
    keywords: tuple[str, ...] = ()
    language: Language = ENGLISH
    authors: tuple[str, ...] = ()
    date: str = ""  # as it is written; one such as 2026-01-31 stands in the PDF's metadata too
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
    missing: tuple[str, ...]  # signs that no font of the page has
    pictures: Callable[[], list[bytes]] = field(repr=False)  # draws every page as PNG, while the sources are there


def theme_file(name: str, page_folder: Path) -> Path:
    """A file of the design: the project's own, else the one that comes with the pipeline."""
    own = page_folder / "theme" / name
    return own if own.is_file() else THEME / name


def typeset(
    document: Document, front: Front, results: dict[str, Any], assets: Path, page_folder: Path, folder: Path
) -> Typeset:
    """Write the Typst sources into `folder` and compile them so that the content fills one page, if it can.

    The body is as large as fits; figures stand where the text has them, or, where that costs much of its size,
    float. What room is left then goes into the spaces around headings and figures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_sources(document, front, results, assets, page_folder, folder)
    press = Press(folder, page_folder / "theme" / "page.typ")
    made = press.finish(_largest(press))
    for table in press.unfit:
        name = next((n for n, each in document.numbers.items() if each[:2] == ("Table", table["number"])), None)
        said = f'table("{name}")' if name in results["tables"] else "a table"
        remedy = "leave some out, with columns=[...], or make two tables of it"
        columns = f"{table['columns']} columns are more than a page is wide"
        raise UserError(f"{document.where(name or '|')}: {said}: {columns}; {remedy}")
    return made


@dataclass(frozen=True)
class Setting:
    """What the pipeline chooses about a page."""

    body: float  # size of the text, in points
    place: str  # where figures go that say nothing themselves: "here" or "auto", to a column's edge
    space: float = 1.0  # how far the spaces around headings and figures are opened


def _largest(press: Press) -> Setting:
    """The largest body that fits one page, in the first place where it nearly does; else what overflows least."""
    sizes = [round(SMALLEST + STEP * i, 1) for i in range(round((LARGEST - SMALLEST) / STEP) + 1)]
    best = _last([Setting(size, PLACES[0]) for size in sizes], press)
    for place in PLACES[1:]:
        if not press.fits(best):
            best = min(best, Setting(best.body, place), key=press.overflow)
        larger = [Setting(size, place) for size in sizes if size >= best.body + WORTH - 1e-9]
        if larger and press.fits(best) and press.fits(larger[0]):
            best = _last(larger, press)
    return best


def _last(settings: list[Setting], press: Press) -> Setting:
    """The last of a rising list that fits, if one that fits follows none that does not; else the first.

    Two are tried at a time, which leave a third of the list.
    """
    low, high = -1, len(settings)  # the last one that is known to fit, and the first one that is known not to
    while high - low > 1:
        thirds = [low + max(1, (high - low) // 3), low + 2 * (high - low) // 3]
        tried = list(dict.fromkeys(thirds))
        for at, fits in zip(tried, press.fit([settings[at] for at in tried]), strict=True):
            if not fits:
                high = at
                break
            low = at
    return settings[max(low, 0)]


class Press:
    """A folder's Typst, asked at several settings.

    Typst lays a document out once for each setting, whatever is then asked of it, and lets Python's other threads run
    meanwhile: different settings are tried side by side. While they are tried, the content is laid out without the
    parts that follow it, which takes half the time.
    """

    def __init__(self, folder: Path, design: Path = THEME / "page.typ") -> None:
        self.folder, self.design = folder, design
        self.unfit: list[dict[str, Any]] = []  # tables that no page is wide enough for
        self._compilers: dict[tuple[Setting, str], Any] = {}
        self._ends: dict[Setting, dict[str, Any]] = {}

    def fits(self, setting: Setting) -> bool:
        """Whether the content ends on the first page."""
        return int(self._position(setting)["page"]) == 1

    def fit(self, settings: list[Setting]) -> list[bool]:
        """Whether each of them fits, tried side by side."""
        with ThreadPoolExecutor() as pool:
            return list(pool.map(self.fits, settings))

    def overflow(self, setting: Setting) -> float:
        """Millimetres of column that do not fit."""
        return measure.overflow(self._position(setting))

    def finish(self, setting: Setting) -> Typeset:
        """The PDF, measured; what room there is left is shared out unless it is so much that it should show."""
        wider = [replace(setting, space=1 + SPACE_STEP * i) for i in range(round((WIDEST - 1) / SPACE_STEP) + 1)]
        overflow = self.overflow(setting)
        with ThreadPoolExecutor() as pool:
            drawn = pool.submit(self.pictures, setting, measure.PPI, CONTENT)
            widest = setting if overflow else _last(wider, self)
            blank = measure.blank(drawn.result()[0])
        if blank <= measure.MUCH:
            setting = widest
        pdf, tagged, missing = self._pdf(setting)
        self.unfit = self._query(setting, "<op-unfit>")
        parts = self._parts(setting)
        return Typeset(
            pdf=pdf, pages=sum(parts.values()), parts=parts, body=setting.body, blank=blank, overflow=overflow,
            lines=measure.lines(overflow, setting.body), tagged=tagged, missing=missing,
            pictures=functools.partial(self.pictures, setting, PICTURE_PPI),
        )  # fmt: skip

    def _pdf(self, setting: Setting) -> tuple[bytes, bool, tuple[str, ...]]:
        """The PDF, whether it is tagged, and the signs in it that no font has."""
        compiler = self._compiler(setting, WHOLE)
        try:
            return compiler.compile(timestamp=STAMP, format="pdf", pdf_standards=[STANDARD]), True, ()
        except RuntimeError as error:
            missing = glyphs.missing(getattr(error, "diagnostic", str(error)))
            return self._compile(setting, format="pdf"), False, missing

    def pictures(self, setting: Setting, ppi: float, part: str = WHOLE) -> list[bytes]:
        """Every page as PNG."""
        made = self._compile(setting, part, format="png", ppi=ppi)
        return made if isinstance(made, list) else [made]

    def _parts(self, setting: Setting) -> dict[str, int]:
        """Pages of each part."""
        content, last = (int(self._query(setting, label)[0]["page"]) for label in ("<op-position>", "<op-end>"))
        shared = self._query(setting, "<op-distribution>")
        before = int(shared[0]["page"]) if shared else content
        return {"content": content, "distribution": before - content, "appendix": last - before}

    def _compile(self, setting: Setting, part: str = WHOLE, **options: Any) -> Any:
        try:
            return self._compiler(setting, part).compile(timestamp=STAMP, **options)
        except RuntimeError as error:
            raise self._error(error) from None

    def _compiler(self, setting: Setting, part: str) -> Any:
        import typst

        if (setting, part) not in self._compilers:
            chosen = {"body": f"{setting.body:g}", "place": setting.place, "space": f"{setting.space:.2f}"}
            self._compilers[setting, part] = typst.Compiler(
                str(self.folder / "main.typ"), root=str(self.folder), ignore_system_fonts=True,
                font_paths=[str(self.folder / "theme")], sys_inputs={"part": part, **chosen},
            )  # fmt: skip
        return self._compilers[setting, part]

    def _error(self, error: Exception) -> UserError:
        """Typst's message, and where it says that the design is at fault, the line of it."""
        message = " ".join(str(getattr(error, "message", None) or error).split())[:300]
        at = re.search(r"theme/([^\s:]+):(\d+):", getattr(error, "diagnostic", ""))
        where = f"{self.design.parent / at.group(1)}:{at.group(2)}: " if at else ""
        return UserError(f"{where}the page cannot be typeset: {message}")

    def _position(self, setting: Setting) -> dict[str, Any]:
        """Where the content ends."""
        if setting not in self._ends:
            self._ends[setting] = self._query(setting, "<op-position>", CONTENT)[0]
        return self._ends[setting]

    def _query(self, setting: Setting, label: str, part: str = WHOLE) -> list[dict[str, Any]]:
        try:
            found = self._compiler(setting, part).query(label, field="value")
        except RuntimeError as error:
            raise self._error(error) from None
        return json.loads(found) if isinstance(found, str) else found


def _write_sources(
    document: Document, front: Front, results: dict[str, Any], assets: Path, page_folder: Path, folder: Path
) -> None:
    _lay_out_theme(page_folder, folder, front.language)
    writer = TypstWriter(document, results, assets, page_folder, folder=folder)
    abstract, notes = writer.noted(document.abstract)
    texts = {**document.parts, "content": [*notes, *document.parts["content"]], "abstract": abstract}
    parts = {name: blocks for name, blocks in texts.items() if blocks}
    for name, text in zip(parts, writer.write(*parts.values()), strict=True):
        (folder / f"{name}.typ").write_text(f'#import "theme/page.typ": *\n{text.strip()}\n', encoding="utf-8")
    # Where the content is laid out alone, what it links to in other parts is there in name only.
    links = writer.anchors([block for name, blocks in parts.items() if name in AFTER for block in blocks])
    stubs = "".join(f"#[#metadata(none) #label({typst_string(name)})]\n" for name in links)
    (folder / "elsewhere.typ").write_text(stubs, encoding="utf-8")
    settings = {
        "title": typst_string(front.title),
        "subtitle": typst_string(front.subtitle),
        "affiliation": typst_string(front.affiliation),
        "language": typst_string(front.language.code),
        "note": typst_string(front.note),
        "authors": _array(front.authors),
        "keywords": _array(front.keywords),
        **{name: f'include "{name}.typ"' for name in parts if name not in AFTER},
    }
    if front.date:  # left out otherwise, for designs of before there were dates
        settings["date"] = typst_string(front.date)
        settings["day"] = _day(front.date)
    for name, otherwise in zip(AFTER, ('include "elsewhere.typ"', "none"), strict=True):
        there = f'include "{name}.typ"' if name in parts else "none"
        settings[name] = f"if whole {{ {there} }} else {{ {otherwise} }}"
    lines = "".join(f"  {key}: {content},\n" for key, content in settings.items())
    whole = f'#let whole = sys.inputs.at("part", default: "{WHOLE}") == "{WHOLE}"\n'
    (folder / "main.typ").write_text(f'#import "theme/page.typ": *\n{whole}#op-document(\n{lines})\n', encoding="utf-8")


def _day(said: str) -> str:
    """A date as Typst has it for the PDF's metadata; one that is no day there is for readers alone."""
    try:
        day = datetime.date.fromisoformat(said)
    except ValueError:
        return "auto"
    return f"datetime(year: {day.year}, month: {day.month}, day: {day.day})"


def _lay_out_theme(page_folder: Path, folder: Path, language: Language) -> None:
    """The design, with whatever the project's own brings: fonts, a logo, images; and the words that it writes."""
    settings = {
        "figure": language.word("Figure"), "table": language.word("Table"), "region": language.region,
    }  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    theme = folder / "theme"
    if (page_folder / "theme").is_dir():
        shutil.copytree(page_folder / "theme", theme)
    theme.mkdir(exist_ok=True)
    named = theme_file("page.typ", page_folder)
    (theme / "page.typ").write_text(read_text(named, str(named)), encoding="utf-8")


def look_over(page_folder: Path) -> None:
    """Raise for a design that Typst cannot read, whatever the page will say."""
    with tempfile.TemporaryDirectory(prefix="onepage-") as name:
        folder = Path(name)
        _lay_out_theme(page_folder, folder, ENGLISH)
        (folder / "main.typ").write_text('#import "theme/page.typ": op-document\n', encoding="utf-8")
        Press(folder, theme_file("page.typ", page_folder)).pictures(Setting(SMALLEST, PLACES[0]), measure.PPI)


def _array(texts: tuple[str, ...]) -> str:
    return "(" + "".join(f"{typst_string(text)}, " for text in texts) + ")"
