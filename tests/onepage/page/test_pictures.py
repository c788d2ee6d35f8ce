"""Pictures on the page: the right one, at its size, or a line that says why not."""

from __future__ import annotations

import io
import re

import pytest
from page_sheet import SVG, coloured
from PIL import Image

from onepage.core.errors import UserError


def picture(colour: str, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(buffer, form)
    return buffer.getvalue()


def test_no_picture_is_taken_for_another(sheet):
    """One beside a published figure of the same name, two of one name in two folders, and one with a wrong ending."""
    sheet.file("loss.svg", SVG.format("red"))
    sheet.file("a/plot.png", picture("lime"))
    sheet.file("b/plot.png", picture("blue", "JPEG"))
    body = '{{ figure("loss") }}\n\n![](loss.svg){width=20%} ![](a/plot.png){width=20%} ![](b/plot.png){width=20%}'
    made = sheet.write(body).set()
    assert all(min(coloured(made, colour)) > 5 for colour in ("red", "lime", "blue"))
    resources = str(made.pdf.pages[0]["/Resources"])
    assert "What loss shows." in str(made.html)
    assert resources
    assert "data:image/jpeg" in made.composed.document.pictures["b/plot.png"].mime.join(("data:", ""))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("my plot.png", "<my plot.png>"), ("my plot.png", "my plot.png"), ("my plot.png", "my%20plot.png"),
        ("50%.png", "50%.png"), ("a#b.png", "a#b.png"), ("ä ö.png", "<ä ö.png>"), ("a\u0308.png", "\u00e4.png"),
        ("P.PNG", "P.PNG"), ("p.jpeg", "p.jpeg"), ("p.JPG", "p.JPG"), ("a(1).png", "<a(1).png>"),
        ("it's.png", "it's.png"),
        ("a&b.png", "a&b.png"), ("a+b.png", "a+b.png"), ("q?.png", "q?.png"), ("20%20.png", "<20%20.png>"),
        ("sub/dir/p.png", "sub/dir/p.png"), ("p.png", "./p.png"), ("p.png", "sub/../p.png"), ("日本.png", "日本.png"),
        ('a"b.png', "<a\"b.png>"), ("$x$.png", "$x$.png"), ("a_b_*c*.png", "a_b_*c*.png"), ("no-ending", "no-ending"),
    ],
)  # fmt: skip
def test_pictures_of_any_name(sheet, name, written):
    (sheet.folder / "sub").mkdir()
    sheet.file(name, picture("red", "JPEG" if name.lower().endswith(("jpg", "jpeg")) else "PNG"))
    made = sheet.write(f"![Seen]({written})").set()
    assert min(coloured(made, "red")) > 5
    assert 'src="data:"' in made.html
    assert "Figure 1. Seen" in made.words


@pytest.mark.parametrize(
    ("size", "width", "height"),
    [
        ("width=20%", 17.6, 11.7), ("width=3cm", 30, 20), ("width=30mm", 30, 20), ("width=1in", 25.4, 16.9),
        ("width=120", 31.75, 21.2), ("width=120px", 31.75, 21.2), ("height=20mm", 30, 20), ("width=100%", 87.9, 58.6),
        ("width=50cm", 87.9, 58.6), ("width=900%", 87.9, 58.6), ("width=40mm height=10mm", 40, 10), ("", 21.2, 14.1),
    ],
)  # fmt: skip
def test_a_picture_has_the_size_that_is_asked_for(sheet, size, width, height):
    sheet.file("p.png", picture("red"))
    for body in (f"![A caption](p.png){{{size}}}", f"Inline ![](p.png){{{size}}}"):
        made = sheet.write(body if size else body.replace("{}", "")).set()
        assert coloured(made, "red") == (pytest.approx(width, abs=1), pytest.approx(height, abs=1))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.gif", picture("red", "GIF"), "holds gif, which the page cannot show; save it as svg, png, jpg"),
        ("p.webp", picture("red", "WEBP"), "holds webp, which the page cannot show"),
        ("p.pdf", b"%PDF-1.4\n", "holds pdf, which the page cannot show"),
        ("p.png", picture("red")[:60], "is damaged"),
        ("p.png", picture("red", "BMP"), "holds bmp, which the page cannot show"),
        ("p.jpg", picture("red", "JPEG")[:200], "is damaged"),
        ("p.png", b"", "is empty"),
        ("p.png", b"nothing of the kind", "holds png, which the page cannot show"),
        ("p.svg", "<svg xmlns='http://www.w3.org/2000/svg'><rect>", "is no SVG that can be read"),
        ("p.svg", "<html></html>", "is no SVG; it begins with <html>"),
        (None, b"", 'there is no image "p.png"'),
        ("../p.png", picture("red"), 'the picture "../p.png" lies outside page/; copy it there'),
    ],
)
def test_what_cannot_be_shown_is_named(sheet, name, content, said):
    if name:
        sheet.file(name, content)
    with pytest.raises(UserError) as caught:
        sheet.write(f"Text\n\n![A]({name or 'p.png'})").set()
    assert f"reports/page/report.md:7: {said[:10]}"[:24] in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("https://a.b/c.png", "is elsewhere"), ("data:image/png;base64,AA", "is elsewhere"), 
        ("/etc/hostname", "lies outside"),
        ("p.png){width=wide}(", "width=wide is no length"), ("p.png){height=0}(", "height=0 is no length"),
        (".", "no image"),
    ],
)  # fmt: skip
def test_pictures_from_elsewhere_and_sizes_that_are_none(sheet, written, said):
    sheet.file("p.png", picture("red"))
    with pytest.raises(UserError, match=r"report\.md:5: .*" + re.escape(said)):
        sheet.write(f"![A]({written})").set()
