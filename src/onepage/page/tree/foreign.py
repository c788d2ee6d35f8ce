"""TeX and HTML that stand in the Markdown: turned into what the page has, or named with their line.

The page is a PDF and a web page that say the same. What only one of them would show is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from onepage.core.errors import UserError
from onepage.page.tree import pandoc
from onepage.page.tree.pandoc import Node
from onepage.page.tree.walk import nodes, rewrite, text

Where = Callable[[str], str]  # a fragment of the page's text -> "file:line"

PAIRS = {
    "b": "Strong", "strong": "Strong", "i": "Emph", "em": "Emph", "u": "Underline", "s": "Strikeout",
    "del": "Strikeout", "sub": "Subscript", "sup": "Superscript", "small": "Span", "mark": "Span",
    "kbd": "Code", "code": "Code",
}  # fmt: skip
_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)\s*/?>\Z")
_DEFINITION = re.compile(r"\\(?:re)?newcommand|\\def\b|\\DeclareMathOperator|\\providecommand")
_MATHS = re.compile(r"\\begin\{(?:equation|align|gather|multline|eqnarray|displaymath|math|flalign|alignat)\*?\}")
_NUMBERED = re.compile(r"\\(label|tag|ref|eqref|pageref|autoref|cref)\b\*?\s*\{([^{}]*)\}")
BREAKS = {"\\newline", "\\linebreak", "\\\\", "\\hfill\\break"}


def settle(blocks: list[Node], where: Where) -> list[Node]:
    """The blocks without raw TeX or HTML; formulas that pandoc cannot set are named."""

    def change(node: Node) -> Node | list[Node] | None:
        if node["t"] in ("RawInline", "RawBlock"):
            return _raw(node, where)
        if node["t"] == "Math":
            return _formula(node, where)
        return None

    settled = rewrite(_paired(blocks), change)
    formulas = [node for node in nodes(settled) if node["t"] == "Math"]
    wrong = pandoc.unwritable(formulas) if formulas else None
    if wrong:
        raise UserError(f"{where(wrong[0])}: the formula {_short(wrong[0])} cannot be set: {wrong[1]}")
    return settled


def _raw(node: Node, where: Where) -> Node | list[Node]:
    form, content = node["c"]
    if form in ("tex", "latex"):
        return _tex(node, where)
    if form == "html":
        if content.lstrip().startswith("<!--"):
            return []
        if re.fullmatch(r"\s*<br\s*/?>\s*", content, re.I):
            return {"t": "LineBreak"} if node["t"] == "RawInline" else []
        remedy = "write it in Markdown, or in backticks to show it as it is"
        raise UserError(f"{where(content)}: the HTML {_short(content)} would be in report.html alone; {remedy}")
    if form == "typst":
        raise UserError(
            f"{where(content)}: the Typst {_short(content)} would be in report.pdf alone; see theme/page.typ"
        )
    raise UserError(f"{where(content)}: a raw block of {form} would be shown nowhere; write it in Markdown")


def _tex(node: Node, where: Where) -> Node | list[Node]:
    content = node["c"][1].strip()
    inline = node["t"] == "RawInline"
    if _DEFINITION.match(content):  # pandoc has applied it to the formulas
        return []
    if content in BREAKS:
        return {"t": "LineBreak"} if inline else []
    if _MATHS.match(content):
        formula = _formula({"t": "Math", "c": [{"t": "DisplayMath"}, content]}, where)
        return formula if inline else {"t": "Para", "c": [formula]}
    _numbered(content, content, where)
    found = pandoc.latex(content)
    unknown = next((n for n in nodes(found) if n["t"] in ("RawInline", "RawBlock")), None)
    if unknown is None and found and all(block["t"] in ("Para", "Plain") for block in found):
        inlines = [inline for block in found for inline in block["c"]]
        after = [{"t": "Space"}] if node["c"][1] != node["c"][1].rstrip() else []
        return [*inlines, *after] if inline else {"t": "Para", "c": inlines}
    if unknown is None and found and not inline:
        return found
    said = f"the TeX {_short(content)} is nothing that the page can set"
    raise UserError(f"{where(content)}: {said}; use Markdown, put formulas in $...$, write a backslash as \\\\")


def _formula(node: Node, where: Where) -> Node:
    """A formula as texmath reads it: rows without an environment get one, `\\nonumber` is what it is anyway."""
    kind, content = node["c"]
    bare = re.sub(r"\\(?:nonumber|notag)\b", "", content)
    _numbered(bare, content, where)
    if r"\\" in bare and r"\begin" not in bare and kind["t"] == "DisplayMath":
        around = "aligned" if re.search(r"(?<!\\)&", bare) else "gathered"
        bare = f"\\begin{{{around}}}{bare}\\end{{{around}}}"
    return {"t": "Math", "c": [kind, bare]}


def _numbered(tex: str, shown: str, where: Where) -> None:
    found = _NUMBERED.search(tex)
    if found:
        said = f"\\{found.group(1)}{{{found.group(2)}}}: equations are numbered and referred to in Markdown"
        raise UserError(f"{where(found.group())}: {said}; write $$ ... $$ {{#id}} and [](#id)")


def _paired(tree: Any) -> Any:
    """`<b>`, `<sup>` and the like around inlines, as Markdown has them."""
    if isinstance(tree, dict):
        return {**tree, "c": _paired(tree["c"])} if "c" in tree else tree
    if not isinstance(tree, list):
        return tree
    tree = [_paired(item) for item in tree]
    out: list[Any] = []
    for item in tree:
        closing = _tag(item)
        if closing and closing[0]:
            start = next((i for i in range(len(out) - 1, -1, -1) if _tag(out[i]) == ("", closing[1])), None)
            if start is not None:
                out[start:] = [_pair(closing[1], out[start + 1 :])]
                continue
        out.append(item)
    return out


def _tag(item: Any) -> tuple[str, str] | None:
    if not (isinstance(item, dict) and item.get("t") == "RawInline" and item["c"][0] == "html"):
        return None
    match = _TAG.match(item["c"][1])
    return (match.group(1), match.group(2).lower()) if match and match.group(2).lower() in PAIRS else None


def _pair(tag: str, inside: list[Node]) -> Node:
    kind = PAIRS[tag]
    if kind == "Span":
        return {"t": "Span", "c": [["", [], []], inside]}
    if kind == "Code":
        return {"t": "Code", "c": [["", [], []], text(inside)]}
    return {"t": kind, "c": inside}


def _short(content: str) -> str:
    flat = " ".join(content.split())
    return flat if len(flat) <= 60 else flat[:57] + "..."
