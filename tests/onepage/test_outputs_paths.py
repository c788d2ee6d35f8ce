"""Paths in outputs: replaced where they begin and end as paths, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepage.notebooks import clean_text, overwritten

PATHS = {
    "/work/x/out": "files",
    "/work/x": ".",
    "/root": "~",
    "/opt/venv": "python",
    "/opt": "base",
    "/p": "one",
    "/": "r",
}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("/work/x", "."),
        ("/work/x/data/a.csv", "data/a.csv"),
        ("PosixPath('/work/x/a')", "PosixPath('a')"),
        ("/work/xyz", "/work/xyz"),
        ("/work/x-old/a", "/work/x-old/a"),
        ("/work/x.bak", "/work/x.bak"),
        ("/work/x_2", "/work/x_2"),
        ("/work/xé", "/work/xé"),
        ("in /work/x.", "in .."),
        ("in /work/x, and", "in ., and"),
        ("/data/work/x/a", "/data/work/x/a"),
        ("./work/x", "./work/x"),
        ("https://host/work/x/a", "https://host/work/x/a"),
        ("https://host:80/root", "https://host:80/root"),
        ("file:///work/x/a", "file://a"),
        ("/work/x/out/a", "files/a"),
        ("/work/x/outer/a", "outer/a"),
        ("/rooted /root/.cache", "/rooted ~/.cache"),
        ("a:/work/x:/opt/venv/bin:/opt", "a:.:python/bin:base"),
        ("--out=/work/x/out", "--out=files"),
        ("'a\\n/work/x/b'", "'a\\nb'"),
        ("\x1b[32m/work/x/b\x1b[0m:3", "\x1b[32mb\x1b[0m:3"),
        ("/work/x//b", "b"),
        ("/p /pp /p/p km/p", "one /pp one/p km/p"),
        ("3 / 4 // 5", "3 / 4 // 5"),
        ('src="data:image/png;base64,/work/x/AAAA=="', 'src="data:image/png;base64,/work/x/AAAA=="'),
        ("iVBOR/root/work/x/AA+/opt/", "iVBOR/root/work/x/AA+/opt/"),
        ("<A at 0x7f00aa11bb22>", "<A at 0x0>"),
    ],
)
def test_paths_are_replaced_at_their_boundaries(text: str, wanted: str) -> None:
    assert clean_text(text, PATHS) == wanted
    assert clean_text(text, dict(reversed(PATHS.items()))) == wanted, "the longest first, whatever their order"


@given(st.text("ab/.x-_ ", max_size=20), st.text("ab/.x-_ ", max_size=20))
def test_a_path_within_a_longer_name_is_left_alone(before: str, after: str) -> None:
    assert clean_text(f"{before}q/work/x{after}", PATHS).startswith(f"{before}q/work/x")
    assert clean_text(f"{before} /work/xq{after}", PATHS).endswith(f" /work/xq{after}")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("10%\r100%\n", "100%\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("a\r\r\nb", "a\nb"),
        ("a\rb", "b"),
        ("a\r", "a"),
        ("\r", ""),
        ("a\rb\nc\rd\re\n\nf", "b\ne\n\nf"),
        ("plain\ntext", "plain\ntext"),
    ],
)
def test_of_an_overwritten_line_the_last_state_stays(text: str, wanted: str) -> None:
    assert overwritten(text) == wanted
