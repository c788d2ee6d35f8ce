"""Paths in outputs: replaced where they begin and end as paths, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepage.execute.notebooks import clean_text, overwritten

PATHS = {
    "/srv/x/out": "files",
    "/srv/x": ".",
    "/root": "~",
    "/opt/venv": "python",
    "/opt": "base",
    "/p": "one",
    "/": "r",
}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("/srv/x", "."),
        ("/srv/x/data/a.csv", "data/a.csv"),
        ("PosixPath('/srv/x/a')", "PosixPath('a')"),
        ("/srv/xyz", "/srv/xyz"),
        ("/srv/x-old/a", "/srv/x-old/a"),
        ("/srv/x.bak", "/srv/x.bak"),
        ("/srv/x_2", "/srv/x_2"),
        ("/srv/xé", "/srv/xé"),
        ("in /srv/x.", "in .."),
        ("in /srv/x, and", "in ., and"),
        ("/data/srv/x/a", "/data/srv/x/a"),
        ("./srv/x", "./srv/x"),
        ("https://host/srv/x/a", "https://host/srv/x/a"),
        ("https://host:80/root", "https://host:80/root"),
        ("file:///srv/x/a", "file://a"),
        ("/srv/x/out/a", "files/a"),
        ("/srv/x/outer/a", "outer/a"),
        ("/rooted /root/.cache", "/rooted ~/.cache"),
        ("a:/srv/x:/opt/venv/bin:/opt", "a:.:python/bin:base"),
        ("--out=/srv/x/out", "--out=files"),
        ("'a\\n/srv/x/b'", "'a\\nb'"),
        ("\x1b[32m/srv/x/b\x1b[0m:3", "\x1b[32mb\x1b[0m:3"),
        ("/srv/x//b", "b"),
        ("/p /pp /p/p km/p", "one /pp one/p km/p"),
        ("3 / 4 // 5", "3 / 4 // 5"),
        ('src="data:image/png;base64,/srv/x/AAAA=="', 'src="data:image/png;base64,/srv/x/AAAA=="'),
        ("iVBOR/root/srv/x/AA+/opt/", "iVBOR/root/srv/x/AA+/opt/"),
        ("<A at 0x7f00aa11bb22>", "<A at 0x0>"),
    ],
)
def test_paths_are_replaced_at_their_boundaries(text: str, wanted: str) -> None:
    assert clean_text(text, PATHS) == wanted
    assert clean_text(text, dict(reversed(PATHS.items()))) == wanted, "the longest first, whatever their order"


@given(st.text("ab/.x-_ ", max_size=20), st.text("ab/.x-_ ", max_size=20))
def test_a_path_within_a_longer_name_is_left_alone(before: str, after: str) -> None:
    assert clean_text(f"{before}q/srv/x{after}", PATHS).startswith(f"{before}q/srv/x")
    assert clean_text(f"{before} /srv/xq{after}", PATHS).endswith(f" /srv/xq{after}")


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
