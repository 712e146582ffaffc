"""The server: addresses, sizes, who may ask, and how it ends.

The standard library's: a page for one person, or a program beside it. What has to stand
in the open, with names and certificates, belongs behind a server made for that.
"""

import contextlib
import ipaddress
import json
import signal
import socket
import sys
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any

from slimnets import errors
from slimnets.serving.answers import Answers, Refused

# Nothing but this server's own page, style and program; pictures that the page made.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " img-src 'self' blob: data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_ENDING = (signal.SIGTERM, signal.SIGINT)
_POSTS = ("/classify", "/explain")
_SILENCE_SECONDS = 30  # of a sender, after which its connection is closed
_MOST_DISCARDED = 2**28  # bytes of a refused photo, so that its sender hears why


class Server(ThreadingHTTPServer):
    """Listens at an address; each request has a thread."""

    daemon_threads = True  # a sender who waits does not keep the program
    request_queue_size = 64

    def __init__(self, host: str, port: int, answers: Answers, max_bytes: int):
        """Begins to listen.

        Args:
          host: address or name.
          port: 0 takes a free one; see `url`.
          answers: what the network says.
          max_bytes: that a photo may have.

        Raises:
          InputError: nobody can listen there.
        """
        self.answers, self.max_bytes = answers, max_bytes
        try:
            self.address_family = socket.getaddrinfo(host, port)[0][0]
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise errors.InputError(
                f"cannot listen at {host}, port {port}: {error.strerror}; give another"
                " --port or --host"
            ) from error
        self._hosts = _list_own_hosts(host)

    @property
    def url(self) -> str:
        """Where the page is."""
        host, port = self.server_address[:2]
        shown = f"[{host!s}]" if self.address_family == socket.AF_INET6 else host
        return f"http://{shown!s}:{port}/"

    def knows(self, host: str) -> bool:
        """Returns whether a request is meant for this server, by its Host.

        A page elsewhere can have a name of its own point at this machine, and would
        then be taken for ours.
        """
        return self._hosts is None or _split(f"//{host}")[0] in self._hosts

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Writes one line of what went wrong in a connection, where it matters."""
        error = sys.exc_info()[1]
        if isinstance(error, ConnectionError | TimeoutError):
            return  # the sender has gone
        print(f"error: {error!r}", file=sys.stderr, flush=True)


def _list_own_hosts(host: str) -> frozenset[str] | None:
    """Returns the names by which a server on this machine alone is called."""
    with contextlib.suppress(ValueError):
        if not ipaddress.ip_address(host).is_loopback:
            return None
    return frozenset({host, "localhost", "127.0.0.1", "::1"})


def _split(url: str) -> tuple[str, str]:
    """Returns host and host with port of a URL; nothing of what is no URL."""
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return "", ""
    return (parts.hostname or "").rstrip("."), parts.netloc


@contextlib.contextmanager
def ends_by_signal(server: Server) -> Iterator[None]:
    """Lets SIGTERM and Ctrl-C end a server's `serve_forever`."""

    def end(number: int, frame: object) -> None:
        # It waits for the loop that this very thread runs.
        threading.Thread(target=server.shutdown).start()

    before = {number: signal.signal(number, end) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: Server
    timeout = _SILENCE_SECONDS
    server_version = "slimnets"
    sys_version = ""
    _unread = 0  # bytes of the body

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_HEAD(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def log_message(self, format: str, *args: object) -> None:
        """Writes nothing: photos are nobody's business, nor their number."""

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
        """Refuses what http.server itself finds wrong, as JSON."""
        self._send_json(HTTPStatus(code), {"error": message or HTTPStatus(code).phrase})

    def _answer(self, find: Callable[[str, dict[str, str]], None]) -> None:
        stated = self.headers.get("Content-Length", "")[:20]
        self._unread = int(stated) if stated.isascii() and stated.isdecimal() else 0
        try:
            self._require_own()
            path, _, query = self.path.partition("?")
            find(path, dict(urllib.parse.parse_qsl(query)))
        except Refused as refused:
            self._discard_unread()
            self._send_json(refused.status, {"error": str(refused)})
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:
            print(f"error: {errors.summarize(error)}", file=sys.stderr, flush=True)
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            self._send_json(status, {"error": "the server failed; see its terminal"})

    def _require_own(self) -> None:
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        if not self.server.knows(host):
            raise Refused(
                HTTPStatus.MISDIRECTED_REQUEST, f"this server is not {host!r}"
            )
        if origin and _split(origin)[1] != host:
            raise Refused(HTTPStatus.FORBIDDEN, f"pages of {origin} may not ask here")

    def _get(self, path: str, query: dict[str, str]) -> None:
        if path == "/model":
            described = self.server.answers.describe()._asdict()
            described["max_bytes"] = self.server.max_bytes
            self._send_json(HTTPStatus.OK, described)
        elif path in _FILES:
            name, kind = _FILES[path]
            self._send(HTTPStatus.OK, kind, _read(name))
        elif path in _POSTS:
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, f"POST a photo to {path}")
        else:
            raise Refused(HTTPStatus.NOT_FOUND, _KNOWN)

    def _post(self, path: str, query: dict[str, str]) -> None:
        if path not in _POSTS:
            raise Refused(HTTPStatus.NOT_FOUND, _KNOWN)
        photo = self._read_photo()
        if path == "/explain":
            picture = self.server.answers.explain(photo, query.get("class"))
            self._send(HTTPStatus.OK, "image/png", picture)
        else:
            classes = self.server.answers.classify(photo)
            self._send_json(HTTPStatus.OK, {"classes": classes})

    def _read_photo(self) -> bytes:
        """Returns the body, of which no more is read than a photo may have."""
        size, most = self._unread, self.server.max_bytes
        if not size:
            raise Refused(
                HTTPStatus.LENGTH_REQUIRED, "send a photo with its Content-Length"
            )
        if size > most:
            raise Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the photo has {size:,} bytes, more than {most:,} (--max_upload_mb)",
            )
        photo = self.rfile.read(size)
        self._unread = 0
        if len(photo) < size:
            raise ConnectionAbortedError
        return photo

    def _discard_unread(self) -> None:
        """Reads what is still to come: a connection closed before looks broken."""
        self._unread = min(self._unread, _MOST_DISCARDED)
        while self._unread > 0 and self.rfile.read(min(self._unread, 2**20)):
            self._unread -= 2**20

    def _send_json(self, status: HTTPStatus, value: object) -> None:
        body = json.dumps(value, ensure_ascii=False).encode()
        self._send(status, "application/json; charset=utf-8", body)

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


_KNOWN = "there are GET / and /model, POST /classify and /explain?class=NAME"


def _read(name: str) -> bytes:
    return resources.files(__package__).joinpath(name).read_bytes()
