"""Hostile outputs: whatever they hold, a page runs nothing, fetches nothing from elsewhere and keeps its own names."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tries import tries

sys.path.insert(0, str(Path(__file__).parent))
from outputs_shown import Shown, assert_harmless, bundle, stream

from onepage.review import declared, drawings

VECTORS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src='http://evil.example/track.png'>",
    "<img src=//evil.example/a.png srcset='http://evil.example/b.png 2x'>",
    "<img src=`javascript:alert(1)`>",
    '<img src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+">',
    '<img src="data:text/html;base64,PHNjcmlwdD4xPC9zY3JpcHQ+">',
    '<IMG """><SCRIPT>alert("XSS")</SCRIPT>"\\>',
    "<img title='\"><script>alert(1)</script>' src=x>",
    "<img title='a>b<script>alert(1)</script>' alt='<img src=x onerror=alert(1)>'>",
    "<img/src/onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><foreignObject><iframe src=javascript:alert(1)></iframe></foreignObject></svg>",
    "<svg><use href='http://evil.example/x.svg#a'/></svg>",
    "<svg><image href='http://evil.example/x.png'/></svg>",
    "<svg><animate attributeName=href values='javascript:alert(1)'/></svg>",
    "<svg><style>@import 'http://evil.example/x.css';</style></svg>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<math href='javascript:alert(1)'>x</math>",
    "<math><annotation-xml encoding='text/html'><img src=x onerror=alert(1)></annotation-xml></math>",
    "<math><maction actiontype='statusline#http://evil.example' xlink:href='javascript:1'>x</maction></math>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='jav&#x0A;ascript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href=' \x01javascript:alert(1)'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='data:text/html,<script>1</script>'>x</a>",
    "<a href='file:///etc/passwd'>x</a>",
    "<a href='//evil.example'>x</a>",
    "<a href='https://a\\evil.example' ping='http://evil.example'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='data:text/html;base64,PHNjcmlwdD4='></object>",
    "<embed src='javascript:alert(1)'>",
    "<base href='http://evil.example/'>",
    "<link rel=stylesheet href='http://evil.example/x.css'>",
    "<meta http-equiv=refresh content='0;url=http://evil.example'>",
    "<form action='http://evil.example'><input name=a autofocus onfocus=alert(1)><button formaction=x></form>",
    "<body onload=alert(1) background='http://evil.example/x.png'>",
    "<table background='http://evil.example/x.png'><td background='javascript:alert(1)'>x</table>",
    "<div style='background:url(http://evil.example/x.png)'>x</div>",
    "<div style='background-image:url(javascript:alert(1))'>x</div>",
    "<div style='width:expression(alert(1))'>x</div>",
    "<div style='position:fixed;top:0;left:0;width:100%;z-index:9999'>x</div>",
    "<div style='color:red;}</style><script>alert(1)</script>'>x</div>",
    "<div style='back\\67round:u\\72l(http://evil.example)'>x</div>",
    "<style>@import url(http://evil.example/x.css);</style><p>x",
    "<style>body{display:none} *{color:red} :root{--paper:red} p{background:url(//evil.example)}</style><p>x",
    "<style></style><script>alert(1)</script><style>p{color:red}</style><p>x",
    "<style>p{color:red}</style >p{content:'</style><script>alert(1)</script>'}</style><p>x",
    "<style>@font-face{font-family:x;src:url(http://evil.example/x)} p{font-family:x}</style><p>x",
    "<style>[value^=a]{color:red} p:has(a){color:red} p::before{content:'x'}</style><p>x",
    "<video poster='http://evil.example/x.png'><source src='http://evil.example/x.mp4' onerror=alert(1)></video>",
    "<audio src='http://evil.example/x.mp3' autoplay onplay=alert(1)></audio>",
    "<details ontoggle=alert(1) open><summary onclick=alert(1)>x</summary></details>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<textarea><img title='</textarea><img src=x onerror=alert(1)>'></textarea>",
    "<template><script>alert(1)</script></template><xmp><script>alert(1)</script></xmp>",
    "<title><style><img src=x onerror=alert(1)></style></title>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<p id=main class='top lens'>x</p><img name=body src=x><a id=onepageSeconds>y</a>",
    "<x onclick=alert(1) style=color:red>x</x><custom-element onpointerenter=alert(1)>",
    "<img src='data:,&#xe000;0&#xe001;'><p title='&#xe000;\"x'>&#xe000; style=\"&#xe000;s0\"</p>",
    "<a href='#x\" onclick=\"alert(1)'>x</a><td headers='\"><script>'>",
    "<frameset><frame src='javascript:alert(1)'></frameset>",
    "<plaintext><script>alert(1)</script>",
]


@pytest.mark.parametrize("vector", VECTORS)
@pytest.mark.parametrize("kind", ["text_html", "text_markdown", "text_latex", "text_plain", "image_svg"])
def test_nothing_of_a_hostile_output_runs_or_fetches(vector: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "text_latex":  # what pandoc might make of it, without starting it for each
        monkeypatch.setattr("onepage.review.prose.latex", lambda source: source)
    shown = Shown(bundle(**{kind: vector}), bundle(**{kind: f"<div><p>before</p>{vector}<p>after</p></div>"}))
    assert_harmless(shown.html, shown.css)
    for name, content in shown.media.files.items():
        if name.endswith(".svg"):
            assert_draws_only(content.decode())


@pytest.mark.parametrize(
    "text", ["<script>1</script>", "\x1b[31m<img src=x onerror=1>\x1b[0m", "\x1b]8;;javascript:1\x07x"]
)
def test_what_is_printed_and_raised_is_text(text: str) -> None:
    error = {"output_type": "error", "ename": text, "evalue": text, "traceback": [text, text]}
    assert_harmless(Shown(stream(text), stream(text, "stderr"), error).html)


PIECES = st.sampled_from(
    ["<", ">", "/", "</", "<!--", "-->", '"', "'", "=", " ", "\n", "\x00", "\ue000", "\ue001", "&lt;", "&#60;",
     "&#xe000;",
     "script", "style", "svg", "math", "mtext", "img", "src", "href", "onerror", "iframe", "a", "p", "table", "td", "b",
     "javascript:", "data:image/png;base64,", "http://evil.example", "id", "class", "url(", "}", "{", "color:red", ";",
     "noscript", "title", "textarea", "select", "template", "annotation-xml", "foreignObject", "desc", "x"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40))
@settings(max_examples=tries(400), deadline=None)
def test_no_text_of_pieces_of_html_gets_through(pieces: list[str]) -> None:
    text = "".join(pieces)
    for found in (Shown(bundle(text_html=text)), Shown(bundle(text_html=f"<p>x{text}y"))):
        assert_harmless(found.html, found.css)


@given(st.sampled_from(VECTORS), st.sampled_from(VECTORS), st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=tries(300), deadline=None)
def test_no_splice_of_two_vectors_gets_through(one: str, other: str, cut: int, at: int) -> None:
    shown = Shown(bundle(text_html=one[:cut] + other + one[cut:]), bundle(text_html=f"<{one[at:]}{other[cut:]}"))
    assert_harmless(shown.html, shown.css)


@given(st.text(max_size=200))
@example("A\x850")  # a line's end to Python, a letter of a name to CSS
@settings(max_examples=tries(200), deadline=None)
def test_a_style_declares_allowed_properties_only(text: str) -> None:
    for found in (declared.declarations(f"color:{text}"), declared.declarations(text)):
        for part in filter(None, found.split(";")):
            assert part.partition(":")[0] in declared.PROPERTIES
        assert not set(found) & set("<>{}@\\")
    css = declared.rules(f"p{{color:{text}}} {text}{{color:red}}", "#out-1", lambda name: "x")
    assert all(line.startswith("#out-1 ") and "</" not in line for line in filter(None, css.split("\n")))


def assert_draws_only(text: str) -> None:
    for element in ElementTree.fromstring(text).iter():
        assert element.tag.removeprefix(f"{{{drawings.SVG}}}") in drawings.ELEMENTS, element.tag
        for name, value in element.attrib.items():
            local = name.rpartition("}")[2]
            assert not local.startswith("on"), name
            assert "javascript" not in value.lower(), value
            if local == "href":
                assert value.startswith(("#", "data:image/")), value
            assert "url(" not in value or "url(#" in value, value
        assert "@import" not in (element.text or "")


@pytest.mark.parametrize(
    "inside",
    ["<script>1</script>", "<a href='javascript:1'><path d='M0 0'/></a>", "<g onclick='x'/>",
     "<set attributeName='href'/>",
     "<image href='http://e.example/x.png'/>", "<use xlink:href='http://e.example/x'/>", "<use href='#g'/>",
     "<rect fill='url(http://e.example/#x)'/>", "<rect fill='url(#x)' style='fill:url(//e.example)'/>",
     "<style>@import '//e.example';</style>", "<style>rect{fill:red}</style>",
     "<foreignObject><p>x</p></foreignObject>",
     "<metadata><x/></metadata>", "<!-- c -->", "<image href='data:image/png;base64,AAAA'/>",
     "<image href='data:image/svg+xml;base64,AAAA'/>", "<handler xmlns:ev='e' ev:event='load'/>"],
)  # fmt: skip
def test_a_drawing_is_written_anew(inside: str) -> None:
    ns = "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'"
    found = drawings.clean(f"<svg {ns} onload='1' width='3pt'>{inside}<path id='g' d='M0 0h9'/></svg>")
    assert_draws_only(found)
    assert 'd="M0 0h9"' in found
    assert 'width="3pt"' in found


@pytest.mark.parametrize(
    "text",
    ["<!DOCTYPE svg [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><svg xmlns='http://www.w3.org/2000/svg'>&b;</svg>",
     "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg xmlns='http://www.w3.org/2000/svg'>&x;</svg>",
     "", "x", "<svg", "\x00", "<svg xmlns='http://www.w3.org/2000/svg'>" + "<g>" * 5000 + "</g>" * 5000 + "</svg>"],
    ids=["entities", "file", "empty", "text", "open", "nul", "deep"],
)  # fmt: skip
def test_what_is_no_drawing_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(drawings.Unfit, match=r"\w{4}"):
        drawings.clean(text)


def test_binary_junk_of_every_kind_is_a_line_or_text() -> None:
    junk = bytes(range(256)) * 4
    texts = [junk.decode("latin-1"), base64.b64encode(junk).decode(), "\ud800\udfff", "\x00" * 50]
    for text in texts:
        for kind in ("text_html", "text_markdown", "text_plain", "image_png", "image_svg", "application_json"):
            shown = Shown(bundle(**{kind: text}), stream(text))
            assert_harmless(shown.html, shown.css)
            shown.html.encode("utf-8")
