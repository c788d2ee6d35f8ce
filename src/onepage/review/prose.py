"""Markdown of an analysis to HTML: headings with stable ids, mathematics as MathML, raw HTML shown as text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from html import escape, unescape
from typing import Any

from onepage.review.pages import slugify

_MATH = re.compile(r"(?<![\\$])\$(?=[^\s$])[^$\n]*[^\s$]\$(?!\d)|\$\$.+?\$\$", re.S)
_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.S)


@dataclass
class Outline:
    """Ids given out on one page, and its headings in order."""

    taken: set[str] = field(default_factory=set)
    headings: list[tuple[int, str, str]] = field(default_factory=list)  # level, id, HTML of the text

    def give(self, wanted: str) -> str:
        """`wanted`, or the first free `wanted-2`, `wanted-3`..."""
        name, count = wanted or "section", 1
        while name in self.taken:
            count += 1
            name = f"{wanted or 'section'}-{count}"
        self.taken.add(name)
        return name


def markdown(source: str, outline: Outline | None = None, *, shift: int = 0) -> str:
    """HTML of a Markdown text; headings go `shift` levels down (never above level 2) and enter `outline`."""
    formulas: list[str] = []

    def keep(match: re.Match[str]) -> str:
        formulas.append(match.group())
        return f"\ue000{len(formulas) - 1}\ue001"

    parts = _CODE.split(source.replace("\ue000", "").replace("\ue001", ""))
    parts[::2] = [_MATH.sub(keep, part) for part in parts[::2]]
    # A block that scrolls has to be within the keyboard's reach, and the page's policy admits no style attributes.
    html = re.sub(r' style="text-align:(left|right|center)"', r' class="\1"', _parse("".join(parts)))
    html = html.replace("<pre>", '<pre tabindex="0">')
    html = re.sub(r"<h([1-6])>(.*?)</h\1>", lambda m: _heading(m, outline, shift), html, flags=re.S)
    rendered = _mathml(tuple(formulas)) if formulas else ()
    return re.sub("\ue000(\\d+)\ue001", lambda m: rendered[int(m.group(1))], html)


def inline(source: str) -> str:
    """HTML of one line of Markdown (a caption), without the paragraph around it."""
    html = markdown(" ".join(source.split()))
    return html[3:-4] if html.startswith("<p>") and html.endswith("</p>") and html.count("<p>") == 1 else html


def title_of(source: str) -> tuple[str | None, str]:
    """Splits a leading `# Title` from a Markdown text: (title or None, the rest)."""
    match = re.match(r"\s*#[ \t]+(.+?)[ \t]*#*[ \t]*(?:\n|\Z)", source)
    return (match.group(1), source[match.end() :]) if match else (None, source)


def _heading(match: re.Match[str], outline: Outline | None, shift: int) -> str:
    level, inner = min(6, max(2, int(match.group(1)) + shift)), match.group(2)
    if outline is None:
        return f"<h{level}>{inner}</h{level}>"
    name = outline.give(slugify(unescape(re.sub(r"<[^>]+>|\ue000\d+\ue001", "", inner))))
    if "\ue000" not in inner:
        outline.headings.append((level, name, inner))
    link = f'<a class="permalink" href="#{name}" aria-label="Link to this section">#</a>'
    return f'<h{level} id="{name}">{inner} {link}</h{level}>'


@cache
def _parser() -> Any:
    import mistune
    from nbconvert.filters.markdown_mistune import IPythonRenderer

    class Renderer(IPythonRenderer):
        """nbconvert's renderer without its heading furniture and without inlining of files."""

        def heading(self, text: str, level: int, **attrs: object) -> str:
            return f"<h{level}>{text}</h{level}>\n"

        def image(self, text: str, url: str, title: str | None = None) -> str:
            return mistune.HTMLRenderer.image(self, text, url, title)

    careful = Renderer(escape=True, allow_harmful_protocols=False)
    return mistune.create_markdown(renderer=careful, plugins=["strikethrough", "table", "footnotes", "url"])


def _parse(source: str) -> str:
    return str(_parser()(source)).strip()


def latex(source: str) -> str | None:
    """HTML of a LaTeX text or formula, mathematics as MathML; None where pandoc cannot read it.

    The sandbox keeps `\\input` from reading files. The result is not to be trusted more than its source.
    """
    try:
        import pypandoc

        return pypandoc.convert_text(source, "html5", format="latex", extra_args=["--mathml", "--sandbox"])
    except (ImportError, OSError, RuntimeError):
        return None


@cache
def _mathml(formulas: tuple[str, ...]) -> tuple[str, ...]:
    """MathML of each formula: one call of pandoc for a text, and only for texts that hold any."""
    try:
        import pypandoc

        text = "\n\n".join(f"[{formula}]{{.f}}" for formula in formulas)
        html = pypandoc.convert_text(text, "html5", format="markdown", extra_args=["--mathml", "--wrap=none"])
        found = re.findall(r'<span class="f">(.*?)</span>\s*</p>', html, re.S)
        if len(found) == len(formulas):
            return tuple(found)
    except (ImportError, OSError, RuntimeError):
        pass  # without pandoc the formula is still there to read, as its source
    return tuple(f'<code class="math">{escape(formula)}</code>' for formula in formulas)
