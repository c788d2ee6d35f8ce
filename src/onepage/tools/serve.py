"""The preview's web server: loopback only, the report's folder and nothing else, and a line to every open page.

Pages are served as they stand on disk but for one thing: a script that listens for news of the build, and the two
words in the page's policy that admit it.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from onepage.core.errors import UserError
from onepage.plan import planfile
from onepage.publishing.media_types import TYPES, type_of
from onepage.review import pages
from onepage.tools import map as maps

PING_SECONDS = 15.0
_POLICY = re.compile(r'(<meta http-equiv="Content-Security-Policy" content=")([^"]*)(">)', re.I)


@dataclass
class News:
    """What the open pages are told: the state of the build, counted up with every change."""

    state: str = "building"  # "building", "ready" or "failed"
    message: str = ""  # the errors of a failed build
    versions: dict[str, int] = field(default_factory=lambda: {"": 0})  # of analyses' pages, and under "" of the rest
    count: int = 0  # of pieces of news
    closed: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def tell(self, state: str, message: str = "") -> None:
        """Publish a new state; "ready" is a new version of the report."""
        with self.changed:
            self.state, self.message = state, message
            self.versions[""] += state == "ready"
            self.count += 1
            self.changed.notify_all()

    def renew(self, name: str) -> None:
        """An analysis has a new page, before the report is finished."""
        with self.changed:
            self.versions[name] = self.versions.get(name, 0) + 1
            self.count += 1
            self.changed.notify_all()

    def version(self, path: str) -> tuple[str, int]:
        """What a page follows, and its version: a page with an older one loads itself again."""
        name = analysis(path) or ""
        return name, self.versions.get(name, 0)

    def close(self) -> None:
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def wait(self, seen: int) -> tuple[int, str] | None:
        """The news after number `seen` as (number, JSON); None if there is none for a while."""
        with self.changed:
            self.changed.wait_for(lambda: self.closed or self.count != seen, PING_SECONDS)
            if self.count == seen:
                return None
            told = {"state": self.state, "message": self.message, "versions": self.versions}
            return self.count, json.dumps(told)


def analysis(path: str) -> str | None:
    """The analysis (or run) whose page or media a path asks for."""
    found = re.match(r"/analyses/(?:media/([^/]+)/.+|([^/]+)\.html)$", path)
    return found and (found[1] or found[2])


def _inside(base: Path, below: str) -> Path | None:
    """The file at `below`, if there is one and it is within `base`."""
    try:
        found = (base / (below or "index.html")).resolve()
        found = found / "index.html" if found.is_dir() else found
        return found if found.is_file() and found.is_relative_to(base.resolve()) else None
    except (OSError, ValueError):
        return None


class Server(ThreadingHTTPServer):
    """Serves a report on 127.0.0.1; analyses' pages as soon as they are made, and what failed builds left."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, folder: Path, build: Path, news: News, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.folder, self.build, self.news = folder, build, news
        self.failed, self.pages = build.parent / "failed" / build.name, build / "pages"
        self.hosts = {f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def states(self) -> dict[str, str]:
        """Targets that are not fresh, those in execution among them, for the map on the index."""
        try:
            return maps.states(planfile.load(self.build / "plan.json"))
        except (UserError, OSError, KeyError):  # there is no plan yet
            return {}

    def handle_error(self, request: object, client_address: object) -> None:
        """A page that is closed in mid-answer is nothing to tell of."""


class Handler(BaseHTTPRequestHandler):
    """GET and HEAD of files, and the stream of news."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 60.0  # seconds for a request to come; who keeps a connection and says nothing is hung up on

    def log_message(self, *args: object) -> None:
        """Silent: the terminal is for the build."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        # A page from elsewhere must not read the report by pointing its own name at this machine.
        if self.headers.get("Host") not in self.server.hosts:
            return self._send(HTTPStatus.FORBIDDEN, b"served to this machine only\n", "text/plain")
        try:
            path = unquote(urlsplit(self.path).path)
        except ValueError:  # brackets that are no IPv6 address
            return self._send(HTTPStatus.BAD_REQUEST, b"this is no address\n", "text/plain")
        if path == "/_onepage/news":
            return self._stream()
        if path == "/_onepage/preview.js":
            return self._send(HTTPStatus.OK, pages.static("preview.js").encode(), TYPES["js"])
        if path == "/_onepage/states":
            return self._send(HTTPStatus.OK, json.dumps(self.server.states()).encode(), TYPES["json"])
        found = self._find(path)
        if found is not None:
            content = found.read_bytes()
            if found.suffix == ".html":
                return self._send(
                    HTTPStatus.OK, self._listening(content.decode("utf-8", "replace"), path).encode(), "text/html"
                )
            return self._send(HTTPStatus.OK, content, type_of(found.name))
        if path in ("/", "/index.html"):  # nothing has been built yet
            page = pages.page("waiting.html.j2", ("page.css",), (), report=self.server.folder.name)
            return self._send(HTTPStatus.OK, self._listening(page, path).encode(), "text/html")
        return self._send(HTTPStatus.NOT_FOUND, b"there is no such page\n", "text/plain")

    def _find(self, path: str) -> Path | None:
        below, name = path.lstrip("/"), analysis(path)
        if below.startswith("_failed/"):
            return _inside(self.server.failed, below.removeprefix("_failed/"))
        made = "page.html" if below.endswith(".html") else below.removeprefix("analyses/")
        kept = _inside(self.server.pages, f"{name}/{made}") if name else None
        return kept or _inside(self.server.folder, below)

    def _listening(self, page: str, path: str) -> str:
        """The page with the preview's script, and a policy that admits it and its one connection."""

        def admit(match: re.Match[str]) -> str:
            policy = match[2]
            if "script-src" in policy:
                policy = re.sub(r"script-src(?! 'self')", "script-src 'self'", policy, count=1)
            else:
                policy += "; script-src 'self'"
            return f"{match[1]}{policy}; connect-src 'self'{match[3]}"

        page = _POLICY.sub(admit, page, count=1)
        name, version = self.server.news.version(path)
        script = f'<script src="/_onepage/preview.js" data-page="{escape(name)}" data-version="{version}"></script>'
        return page.replace("</body>", f"{script}</body>", 1) if "</body>" in page else page + script

    def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        part = re.fullmatch(r"bytes=([0-9]{1,15})-([0-9]*)", self.headers.get("Range", ""))
        length, first = len(content), int(part[1]) if part else 0
        if part and status == HTTPStatus.OK and first < length:  # players seek by asking for a part
            last = min(int(part[2][:16] or length - 1), length - 1)
            self.send_response(HTTPStatus.PARTIAL_CONTENT)
            self.send_header("Content-Range", f"bytes {first}-{last}/{length}")
            content = content[first : last + 1]
        else:
            self.send_response(status)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _stream(self) -> None:
        """Server-sent events, until the page or the preview closes."""
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        seen = -1
        try:
            while not self.server.news.closed:
                piece = self.server.news.wait(seen)
                if piece is None:
                    self.wfile.write(b": still here\n\n")
                else:
                    seen, text = piece
                    self.wfile.write(f"data: {text}\n\n".encode())
                self.wfile.flush()
        except OSError:
            pass  # the page is gone
