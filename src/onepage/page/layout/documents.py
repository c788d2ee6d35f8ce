"""The page as documents that people go on writing in: Word's, and LaTeX's with its pictures. pandoc writes both.

They are made where `formats` of [tool.onepage] asks for them, from the tree that the PDF and the web page are made of.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from onepage.core.errors import UserError
from onepage.page.layout.plain_writer import LatexWriter, PlainWriter, WordWriter, words
from onepage.page.layout.typeset import STAMP, Front
from onepage.page.tree import pandoc
from onepage.page.tree.document import Document
from onepage.page.tree.pandoc import Node
from onepage.page.tree.walk import nodes, rewrite

WORD, LATEX = "report.docx", "report.tex"
PICTURES = "latex"  # the folder of what report.tex includes
BREAKS = {  # between the parts, which are pages of their own
    "docx": '<w:p><w:r><w:br w:type="page"/></w:r></w:p>',
    "latex": "\\clearpage",
}
LAYOUT = ("documentclass=article", "papersize=a4", "geometry=margin=25mm", "colorlinks=true")
# pandoc writes this time into the document and its archive, wherever and whenever it is at work.
CLOCK = {"SOURCE_DATE_EPOCH": str(STAMP), "TZ": "UTC"}
_GREEK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi"
_GREEK += " rho sigma tau upsilon phi chi psi omega"
_NAMED = {
    **dict(zip("αβγδεζηθικλμνξπρστυφχψω", _GREEK.split(" "), strict=True)),
    "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi",
    "Ω": "Omega", "≤": "le", "≥": "ge", "≠": "ne", "≈": "approx", "≡": "equiv", "∼": "sim", "∞": "infty", "∝": "propto",
    "∈": "in", "∑": "sum", "√": "surd", "∂": "partial", "∇": "nabla", "→": "to", "←": "gets", "↔": "leftrightarrow",
    "⇒": "Rightarrow", "⇔": "Leftrightarrow",
}  # fmt: skip
# Signs of formulas that stand in texts, our own numbers' minus among them, and that pdfTeX knows in formulas alone.
SIGNS = {
    "−": "-", **{sign: f"\\{name}" for sign, name in _NAMED.items()},
    **{sign: f"{{}}^{{{plain}}}" for sign, plain in zip("⁰⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "0456789-+n", strict=True)},
    **{sign: f"{{}}_{{{plain}}}" for sign, plain in zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)},
}  # fmt: skip


def write(
    formats: Collection[str], document: Document, front: Front, results: dict[str, Any], out: Path, page_folder: Path
) -> None:
    """Write those of the documents that `formats` names into the report's folder `out`, where the assets lie."""
    for name, make in {"docx": _word, "latex": _latex}.items():
        if name in formats:
            make(document, front, results, out, page_folder)


def _word(document: Document, front: Front, results: dict[str, Any], out: Path, page_folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="onepage-") as folder:
        writer = WordWriter(document, results, out, page_folder, folder=Path(folder))
        _written(writer, front, out / WORD, "page.docx", ["--reference-doc"])


def _latex(document: Document, front: Front, results: dict[str, Any], out: Path, page_folder: Path) -> None:
    writer = LatexWriter(document, results, out, page_folder, folder=out / PICTURES, beside=PICTURES)
    layout = [word for setting in LAYOUT for word in ("--variable", setting)]
    _written(writer, front, out / LATEX, "page.tex", ["--number-sections", *layout, "--template"])


def _written(writer: PlainWriter, front: Front, path: Path, own: str, options: list[str]) -> None:
    """Have pandoc write a document; the last option is that of the theme's own design, where it has one."""
    document, design = writer.document, writer.page_folder / "theme" / own
    options = [*options, str(design.resolve())] if design.is_file() else options[:-1]
    parts = [blocks for blocks in document.parts.values() if blocks]
    between = writer.raw(BREAKS[writer.to])
    blocks = [block for part in parts for block in (between, *rewrite(part, writer.change))][1:]
    blocks.append({"t": "Para", "c": [{"t": "Emph", "c": words(front.note)}]})
    highest = min((node["c"][0] for node in nodes(parts) if node["t"] == "Header"), default=1)
    about = _about(front, rewrite(document.abstract, writer.change))
    if writer.to == "latex":
        about |= _declared(f"{blocks}{about}")
    done = pandoc.run(
        ["-f", "json", "-t", writer.to, "--standalone", "--wrap=none", f"--shift-heading-level-by={1 - highest}",
         *options, "-o", str(path.resolve())],
        pandoc.as_json(blocks, about),
        cwd=str(writer.folder) if writer.folder.is_dir() else None, environment={**os.environ, **CLOCK}, fail=False,
    )  # fmt: skip
    if done.returncode:
        said = " ".join(done.stderr.split("CallStack")[0].split())
        line = re.search(r"\(line (\d+)", said)
        place = f"{design}:{line.group(1)}" if line else f"{design if design.is_file() else path.name}"
        raise UserError(f"{place}: pandoc cannot write {path.name}: {said}")


def _declared(said: str) -> dict[str, Node]:
    """Declarations of those SIGNS that are said, for the TeX that wants them."""
    lines = [f"  \\DeclareUnicodeCharacter{{{ord(sign):04X}}}{{\\ensuremath{{{tex}}}}}" for sign, tex in SIGNS.items()
             if sign in said]  # fmt: skip
    text = "\n".join(["\\ifdefined\\DeclareUnicodeCharacter", *lines, "\\fi"])
    block = {"t": "RawBlock", "c": ["latex", text]}
    return {"header-includes": {"t": "MetaBlocks", "c": [block]}} if lines else {}


def _about(front: Front, abstract: list[Node]) -> dict[str, Node]:
    """The title block, as pandoc has it."""

    def line(*texts: str) -> Node:
        shown: list[Node] = []
        for content in filter(None, texts):
            shown += [*([{"t": "LineBreak"}] if shown else []), *words(content)]
        return {"t": "MetaInlines", "c": shown}

    said: dict[str, Any] = {
        "title": line(front.title), "subtitle": line(front.subtitle), "date": line(front.affiliation, front.date),
        "author": {"t": "MetaList", "c": [line(author) for author in front.authors]},
        "keywords": {"t": "MetaList", "c": [line(word) for word in front.keywords]},
        "abstract": {"t": "MetaBlocks", "c": abstract}, "lang": line(str(front.language)),
    }  # fmt: skip
    return {key: content for key, content in said.items() if content["c"]}
