"""Whatever is sent to the preview's server: it answers or hangs up, shows nothing from outside, and goes on serving."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import redirect_stderr

import pytest
import tally
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from law import MEGABYTES, peak_mb
from tries import tries

from onepage.tools.serve import News, Server

SECRET = b"nobody is to see this"
SECONDS = 10.0

fuzz = settings(
    max_examples=tries(60), deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A report with a page, one that is no UTF-8, a sound, links that lead out, and secrets all around."""
    root = tmp_path_factory.mktemp("served")
    folder, build = root / "reports" / "birds", root / "build" / "birds"
    for place in (folder / "analyses", build / "pages" / "q1" / "media", root / "build" / "failed" / "birds" / "q1"):
        place.mkdir(parents=True)
    (folder / "index.html").write_text("<html><body>report</body></html>")
    (folder / "latin.html").write_bytes("<html><body>\xe9</body></html>".encode("latin-1"))
    (folder / "a.wav").write_bytes(bytes(range(256)) * 40)
    (folder / "analyses" / "q1.html").write_text("<p>old")
    (build / "pages" / "q1" / "page.html").write_text("<p>new")
    for place in (root, root / "reports", root / "build", build, root / "build" / "failed", build / "pages"):
        for name in ("secret.html", "secret.csv", "page.html", "index.html"):
            (place / name).write_bytes(SECRET)
    (folder / "out").symlink_to(root)
    (folder / "out.html").symlink_to(root / "secret.html")
    made = Server(folder, build, News())
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    made.news.close()
    made.shutdown()
    made.server_close()


def sent(server: Server, request: bytes, ends: bool = True) -> bytes:
    """What comes back within some seconds, until the server hangs up."""
    answer = bytearray()
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=SECONDS) as connection:
        try:
            connection.sendall(request)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(1 << 16):
                answer += chunk
        except TimeoutError:
            raise
        except OSError:
            pass  # hung up on, which is an answer
    return bytes(answer)


def request(method: bytes, path: bytes, headers: list[tuple[bytes, bytes]], body: bytes, host: bytes) -> bytes:
    lines = [method + b" " + path + b" HTTP/1.1", b"Host: " + host, *(name + b": " + value for name, value in headers)]
    return b"\r\n".join([*lines, b"Connection: close", b"", body])


WORDS = [
    "index.html",
    "latin.html",
    "a.wav",
    "out",
    "out.html",
    "analyses",
    "q1.html",
    "_failed",
    "media",
    "secret.html",
    "page.html",
    "reports",
    "birds",
    "states",
    "..",
    ".",
    "%2e%2e",
    "%2f",
    "..%2f..%2f",
    "%00",
    "%ff",
    "\\..\\",
    "//",
    "~",
    "[",
    "]",
    "?",
    "#",
    ";",
    "_onepage",
    "preview.js",
    "etc",
    "passwd",
    "%252e%252e",
    "http:",
    "é",
]
PATHS = st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=6)), max_size=6).map(
    lambda parts: ("/" + "/".join(parts)).encode("utf-8", "surrogatepass").replace(b" ", b"%20")
)
RANGES = st.one_of(
    st.builds(lambda a, b: f"bytes={a}-{b}".encode(), st.integers(-5, 10**30), st.one_of(st.just(""), st.integers())),
    st.sampled_from(
        [b"bytes=" + b"9" * 6000 + b"-", b"bytes=0-" + b"9" * 6000, b"bytes=1-2,4-5", b"items=0-1", b"bytes=-3"]
    ),
)
HEADERS = st.lists(
    st.one_of(
        st.tuples(st.just(b"Range"), RANGES),
        st.tuples(st.sampled_from([b"Content-Length", b"Transfer-Encoding", b"Expect", b"Upgrade", b"Host", b"X"]),
                  st.sampled_from([b"-1", b"9" * 300, b"chunked", b"100-continue", b"a" * 70_000, b"", b"evil"])),
        st.tuples(st.binary(max_size=8), st.binary(max_size=30)),
    ),
    max_size=5,
)  # fmt: skip
METHODS = st.sampled_from(
    [b"GET", b"GET", b"GET", b"HEAD", b"POST", b"PUT", b"OPTIONS", b"CONNECT", b"TRACE", b"get", b"\xff"]
)


@fuzz
@given(method=METHODS, path=PATHS, headers=HEADERS, body=st.binary(max_size=200), mine=st.booleans())
def test_any_request(
    server: Server, method: bytes, path: bytes, headers: list[tuple[bytes, bytes]], body: bytes, mine: bool
) -> None:
    tally.count("hostile requests to the preview")
    host = f"127.0.0.1:{server.server_port}".encode() if mine else b"evil.example"
    said, before, started = io.StringIO(), peak_mb(), time.monotonic()
    with redirect_stderr(said):
        if not path.startswith(b"/_onepage/news"):  # which goes on until the preview ends
            answer = sent(server, request(method, path, headers, body, host))
            assert SECRET not in answer
            assert not answer or answer.startswith((b"HTTP/1.", b"<!DOCTYPE", b"<html")), answer[:200]
            if not mine and answer.startswith(b"HTTP/1."):
                assert b" 200 " not in answer.split(b"\r\n")[0]
    assert not said.getvalue()
    assert time.monotonic() - started < SECONDS
    assert peak_mb() - before < MEGABYTES


@fuzz
@given(content=st.binary(max_size=400))
def test_any_bytes(server: Server, content: bytes) -> None:
    tally.count("hostile requests to the preview")
    assert SECRET not in sent(server, content)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (b"/latin.html", [], 200),
        (b"/a.wav", [(b"Range", b"bytes=0-" + b"9" * 6000)], 206),
        (b"/a.wav", [(b"Range", b"bytes=" + b"9" * 6000 + b"-")], 200),
        (b"http://[", [], 400),
        (b"/out.html", [], 404),
        (b"/out/secret.html", [], 404),
    ],
)
def test_what_was_hung_up_on_is_answered(
    server: Server, path: bytes, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    host = f"127.0.0.1:{server.server_port}".encode()
    assert f" {status} ".encode() in sent(server, request(b"GET", path, headers, b"", host)).split(b"\r\n")[0]


def test_who_says_nothing_does_not_stay(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that never ends its request is closed; the others are served meanwhile."""
    monkeypatch.setattr(server.RequestHandlerClass, "timeout", 0.5)
    assert sent(server, b"GET / HTTP/1.1\r\nHost: ", ends=False) == b""
    host = f"127.0.0.1:{server.server_port}".encode()
    assert b"report" in sent(server, request(b"GET", b"/index.html", [], b"", host))
