"""SVG from an output, made safe: read as XML and written anew with drawing elements only.

A page shows it as an image, where nothing in it could run; but the file also opens on its own.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
LARGEST = 3_000_000  # characters
DEEPEST = 200

ELEMENTS = {
    "svg", "g", "defs", "symbol", "use", "title", "desc", "switch", "path", "rect", "circle", "ellipse", "line",
    "polyline", "polygon", "text", "tspan", "textPath", "image", "marker", "clipPath", "mask", "pattern",
    "linearGradient", "radialGradient", "stop", "style", "filter", "feGaussianBlur", "feOffset", "feBlend",
    "feColorMatrix", "feComposite", "feFlood", "feMerge", "feMergeNode", "feMorphology", "feTile", "feTurbulence",
    "feComponentTransfer", "feFuncR", "feFuncG", "feFuncB", "feFuncA", "feDropShadow",
}  # fmt: skip
_OPENED = {"a"}  # the link goes, what it holds stays
_PICTURE = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]*\Z")
_ELSEWHERE = re.compile(r"url\(\s*['\"]?\s*(?!#)|@|expression|javascript|\\", re.IGNORECASE)


class Unfit(ValueError):
    """Not a drawing that can be shown; the message says why."""


def clean(text: str) -> str:
    """The drawing without scripts, handlers, foreign content and references to elsewhere."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    if len(text) > LARGEST:
        raise Unfit(f"{len(text):,} characters are too many for a page")
    try:
        root = fromstring(text.encode("utf-8", "replace"))
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Unfit(f"not well-formed ({type(error).__name__})") from None
    if _local(root) is None and root.tag == "svg":  # a fragment of HTML, which needs no namespace
        for element in root.iter():
            if isinstance(element.tag, str) and not element.tag.startswith("{"):
                element.tag = f"{{{SVG}}}{element.tag}"
    if _local(root) != "svg":
        raise Unfit("its root is not <svg>")
    _sift(root)
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _local(element: ElementTree.Element) -> str | None:
    """The element's name, if it is one of SVG's."""
    tag = element.tag if isinstance(element.tag, str) else ""
    return tag.removeprefix(f"{{{SVG}}}") if tag.startswith(f"{{{SVG}}}") else None


def _sift(root: ElementTree.Element) -> None:
    """Drop elements and attributes that do not draw; iterative, since depth is the author's."""
    waiting = [(root, 1)]
    while waiting:
        element, depth = waiting.pop()
        if depth > DEEPEST:
            raise Unfit(f"nested more than {DEEPEST} deep")
        element.attrib = {name: value for name, value in element.attrib.items() if _keeps(element, name, value)}
        if _local(element) == "style" and (_ELSEWHERE.search(element.text or "") or len(element)):
            element.text = ""
            del element[:]
        kept = []
        for child in element:
            name = _local(child)
            if name in _OPENED:
                child.tag, child.attrib, name = f"{{{SVG}}}g", {}, "g"
            if name in ELEMENTS:
                kept.append(child)
                waiting.append((child, depth + 1))
        element[:] = kept


def _keeps(element: ElementTree.Element, name: str, value: str) -> bool:
    local = name.removeprefix(f"{{{XLINK}}}")
    if local == "href":
        return value.startswith("#") or (_local(element) == "image" and bool(_PICTURE.match(value)))
    if name == "{http://www.w3.org/XML/1998/namespace}space":
        return True
    return not (name.startswith("{") or local.lower().startswith("on") or ":" in local or _ELSEWHERE.search(value))
