"""HTML from an output -> HTML that a page can hold: what reads and shows stays, what runs or fetches goes.

nh3 (ammonia, a browser's own parser) keeps elements and attributes of a list. Before it, pictures and sounds that
stand in the text become files and drawings are made safe; while it works, ids and classes get names that cannot be
the page's own, and styles become rules of the page's style sheet. A text of any kind costs linear time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape

from onepage.publishing.media_types import suffix_of
from onepage.review import declared, drawings

LARGEST = 250_000  # characters of HTML that a page shows of one output; the rest is in the notebook
DEEPEST = 120  # elements within each other

_TEXT = {
    "a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "blockquote", "br", "caption", "center", "cite",
    "code", "col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure",
    "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "audio", "source", "ins", "kbd",
    "label", "li", "main", "mark", "meter", "nav", "ol", "p", "pre", "progress", "q", "rp", "rt", "ruby", "s", "samp",
    "section", "small", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "time", "tr", "tt", "u", "ul", "var", "wbr",
}  # fmt: skip
_MATH = {
    "math", "semantics", "annotation", "mrow", "mi", "mo", "mn", "ms", "mtext", "mspace", "msup", "msub", "msubsup",
    "munder", "mover", "munderover", "mfrac", "msqrt", "mroot", "mtable", "mtr", "mtd", "mstyle", "mpadded",
    "mphantom", "menclose", "merror", "mfenced", "mmultiscripts", "mprescripts", "none",
}  # fmt: skip
TAGS = _TEXT | _MATH
# Gone with all that they hold; of any other element that is not listed only the tag goes.
_WHOLE = {
    "script", "style", "iframe", "object", "embed", "applet", "noscript", "noembed", "noframes", "template", "video",
    "canvas", "svg", "title", "textarea", "select", "button", "xmp", "plaintext", "frameset", "portal", "map",
}  # fmt: skip
_MISSED = ("iframe", "object", "embed", "applet", "video", "canvas", "form", "input", "select", "textarea", "button",
           "script")  # fmt: skip
_ATTRIBUTES = {
    "*": {"class", "id", "style", "title", "lang", "dir", "align", "valign", "aria-label"},
    "a": {"href"}, "img": {"src", "alt", "width", "height"}, "audio": {"src"}, "source": {"src"},
    "td": {"colspan", "rowspan", "headers"}, "th": {"colspan", "rowspan", "scope", "headers", "abbr"},
    "col": {"span", "width"}, "colgroup": {"span", "width"}, "ol": {"start", "type", "reversed"}, "li": {"value"},
    "details": {"open"}, "progress": {"value", "max"}, "meter": {"value", "min", "max", "low", "high", "optimum"},
    "time": {"datetime"}, "font": {"color"}, "math": {"display"}, "annotation": {"encoding"},
    "mo": {"stretchy", "form", "accent", "fence", "separator", "lspace", "rspace", "minsize", "maxsize"},
    "mi": {"mathvariant"}, "mtext": {"mathvariant"}, "mstyle": {"displaystyle", "scriptlevel", "mathvariant"},
    "mtable": {"columnalign", "rowspacing", "columnspacing"}, "mtd": {"columnalign", "columnspan", "rowspan"},
    "mspace": {"width", "height", "depth"}, "mpadded": {"width", "height", "depth", "lspace", "voffset"},
    "mfrac": {"linethickness"}, "mover": {"accent"}, "munder": {"accentunder"}, "menclose": {"notation"},
}  # fmt: skip
MAGIC = {
    "png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff", "gif": b"GIF8", "webp": b"RIFF", "wav": b"RIFF",
    "ogg": b"OggS", "flac": b"fLaC",
}  # fmt: skip

_DATA = re.compile(r"data:([a-z]+/[a-z0-9.+-]+)(?:;[a-z0-9=-]{1,40})?;base64,([A-Za-z0-9+/=%]*)", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
_CLOSE_THEMSELVES = {"p", "li", "td", "th", "tr", "dt", "dd", "option", "thead", "tbody", "tfoot", "colgroup", "rp",
                     "rt"}  # fmt: skip
_LINK = re.compile(r"(?:https?://|mailto:)[^\s\\<>\"']+\Z", re.IGNORECASE)
_OPEN, _SHUT = "\ue000", "\ue001"  # private characters around our own marks, taken out of what comes in
_NO_MARKS = {ord(_OPEN): None, ord(_SHUT): None, 0: None}

Keep = Callable[[str, bytes], str]  # (suffix, content) -> link


@dataclass
class Clean:
    """HTML as a page can show it."""

    html: str
    css: str = ""  # rules for the page's style sheet
    missed: list[str] = field(default_factory=list)  # elements that were left out and would have shown something
    rest: int = 0  # characters beyond what a page shows

    @property
    def empty(self) -> bool:
        """Whether there is nothing to be seen or heard."""
        return not re.search(r"<(?:img|source|audio[^<>]* src|progress|meter|math)\b", self.html) and not unescape(
            re.sub(r"<[^>]*>", "", self.html)
        ).strip("\xa0 \t\r\n\u200b")


def clean(text: str, scope: str, keep: Keep) -> Clean:
    """The part of `text` that a page can hold, its ids, classes and styles kept within the element with id `scope`."""
    import nh3

    text, sheets = _parted(_surrogates(text).translate(_NO_MARKS), "style")
    files: list[str] = []
    text = _with_files(text, files, keep)
    text, rest = _cut(text)
    if _depth(text) > DEEPEST:
        return Clean("", rest=rest, missed=[f"elements nested more than {DEEPEST} deep"])
    names = _Names(scope, files)
    html = nh3.clean(
        text,
        tags=TAGS,
        clean_content_tags=_WHOLE - TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=names.attribute,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer nofollow",
    )
    # No attribute holds an angle bracket any more, so that a tag is what stands between two.
    html = html.replace(f' style="{_OPEN}', ' data-css="').replace("<audio", '<audio controls="" preload="none"')
    html = re.sub(r"<(?:img|source)(?![^<>]* src=)[^<>]*>", "", html)
    html = re.sub(r"(<img(?![^<>]* alt=))", r'\1 alt=""', html)
    css = [names.sheet(sheet) for sheet in sheets]
    css += [f'#{scope} [data-css="{mark}"]{{{rule}}}' for rule, mark in names.rules.items()]
    seen = {name.lower() for _, name in _TAG.findall(text)}
    missed = [name for name in _MISSED if name in seen] + sorted(set(names.missed))
    return Clean(_without_marks(html), "\n".join(filter(None, css)), missed, rest)


class _Names:
    """Names on the page for one output's ids, classes and declarations."""

    def __init__(self, scope: str, files: list[str]) -> None:
        self._scope, self._files = scope, files
        self._met: set[str] = set()
        self.rules: dict[str, str] = {}
        self.missed: list[str] = []

    def of(self, name: str) -> str:
        """`row0` -> `out-3-row0`: no name of the page's own, and none of another output's."""
        given = f"{self._scope}-{re.sub(r'[^A-Za-z0-9_-]', lambda m: f'_{ord(m[0]):x}', name)}"
        self._met.add(given)
        return given

    def sheet(self, text: str) -> str:
        """The rules of a style sheet for what there is in the output."""
        met = frozenset(self._met)
        return declared.rules(text, f"#{self._scope}", lambda name: self.of(name) if self.of(name) in met else None)

    def attribute(self, tag: str, name: str, value: str) -> str | None:
        """nh3's question about each attribute: its value on the page, None to drop it."""
        try:
            found = self._attribute(tag, name, value)
        except Exception:  # nh3 would keep the attribute as it was
            return None
        return found and found.replace("<", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}").replace(
            ">", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
        )

    def _attribute(self, tag: str, name: str, value: str) -> str | None:
        if name == "style":
            rule = declared.declarations(value)
            return f"{_OPEN}{self.rules.setdefault(rule, f's{len(self.rules)}')}" if rule else None
        if name == "id":
            return self.of(value) if value.strip() else None
        if name in ("class", "headers"):
            return " ".join(self.of(word) for word in value.split()[:20]) or None
        if name == "src":
            if match := re.fullmatch(rf"data:,{_OPEN}(\d+){_SHUT}", value):
                return self._files[int(match[1])]
            if tag in ("img", "audio", "source"):
                self.missed.append("a picture or sound that lies elsewhere")
            return None
        if name == "href":
            if value.startswith("#"):
                return f"#{self.of(value[1:])}"
            return value if _LINK.match(value) else None
        return value.replace(_OPEN, "") if len(value) < 2000 else None


def _with_files(text: str, files: list[str], keep: Keep) -> str:
    """The text with its data: pictures, sounds and its drawings as files, each named by a mark."""

    def data(match: re.Match[str]) -> str:
        link = _file(match[1].lower(), match[2], keep)
        if link is None:
            return "data:,"
        files.append(link)
        return f"data:,{_OPEN}{len(files) - 1}{_SHUT}"

    pieces, found = _split(text, "svg")
    out = [_DATA.sub(data, pieces[0])]
    for drawn, after in zip(found, pieces[1:], strict=True):
        try:
            files.append(keep("svg", drawings.clean(drawn).encode()))
            out.append(f'<img src="data:,{_OPEN}{len(files) - 1}{_SHUT}" alt="A drawing without a description">')
        except drawings.Unfit:
            pass
        out.append(_DATA.sub(data, after))
    return "".join(out)


def _file(kind: str, encoded: str, keep: Keep) -> str | None:
    """Link to the content of a data: address, if it is a picture or a sound, and really one."""
    try:
        content = base64.b64decode(encoded.replace("%2B", "+").replace("%2F", "/").replace("%3D", "="))
    except (binascii.Error, ValueError):
        return None
    if kind == "image/svg+xml":
        try:
            return keep("svg", drawings.clean(content.decode("utf-8", "replace")).encode())
        except drawings.Unfit:
            return None
    suffix = suffix_of(kind)
    return keep(suffix, content) if suffix and content.startswith(MAGIC.get(suffix, b"")) and content else None


def _split(text: str, tag: str) -> tuple[list[str], list[str]]:
    """(what stands around, each whole `<tag ...>...</tag>`), by two searches forward: linear."""
    low, around, inside, at = text.lower() if text.isascii() else _ascii_lower(text), [], [], 0
    while (start := low.find(f"<{tag}", at)) >= 0:
        if low[start + len(tag) + 1 : start + len(tag) + 2] not in (" ", ">", "\n", "\t", "\r", "/"):
            end = start + len(tag) + 1
            around.append(text[at:end])
            inside.append("")
            at = end
            continue
        close = low.find(f"</{tag}", start)
        if close < 0:
            break
        end = low.find(">", close)
        end = len(text) if end < 0 else end + 1
        around.append(text[at:start])
        inside.append(text[start:end])
        at = end
    return [*around, text[at:]], inside


def _ascii_lower(text: str) -> str:
    """Lower case without changing the length, which `str.lower` may."""
    return text.translate({code: code + 32 for code in range(65, 91)})


def _parted(text: str, tag: str) -> tuple[str, list[str]]:
    """The text without `<tag>` elements, and what they hold."""
    around, inside = _split(text, tag)
    held = [found[found.find(">") + 1 : found.rfind("<")] for found in inside if found]
    return "".join(around), held


def _cut(text: str) -> tuple[str, int]:
    """At most LARGEST characters, ended after a row or an element, and how many more there were."""
    if len(text) <= LARGEST:
        return text, 0
    at = max(text.rfind(end, 0, LARGEST) + len(end) if end in text[:LARGEST] else 0 for end in ("</tr>", "</li>"))
    at = at or text.rfind(">", 0, LARGEST) + 1 or LARGEST
    return text[:at], len(text) - at


def _depth(text: str) -> int:
    """At least how deep elements stand within each other: nh3's time grows with the square of it."""
    parts = text.split("<!--")
    text = parts[0] + "".join(part.partition("-->")[2] for part in parts[1:])
    opened: dict[str, int] = {}
    depth = deepest = 0
    for closing, name in _TAG.findall(text):
        name = name.lower()
        if name in _VOID or name in _CLOSE_THEMSELVES:
            continue
        if not closing:
            opened[name] = opened.get(name, 0) + 1
            depth += 1
            deepest = max(deepest, depth)
        elif opened.get(name):
            opened[name] -= 1
            depth -= 1
    return deepest


def _surrogates(text: str) -> str:
    """Halves of characters, which cannot be written, as the sign for what cannot be shown."""
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text


def _without_marks(html: str) -> str:
    return html.replace(_OPEN, "").replace(_SHUT, "") if _OPEN in html else html


def name_of(content: bytes) -> str:
    """A file name without suffix for what has no name of its own."""
    return f"_output-{hashlib.sha256(content).hexdigest()[:12]}"
