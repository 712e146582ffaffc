"""A server on loopback that misbehaves as it is told."""

import contextlib
import dataclasses
import http.server
import threading
import time
from collections.abc import Iterator


@dataclasses.dataclass
class Mirror:
    """What the server gives, and what it was asked for.

    Attributes:
      files: by path, such as '/weights.tgz'.
      status: what it answers for a path instead of the file.
      cuts: for a path, how many bytes of each answer to come are sent before the
        connection ends.
      redirects: from one path to another.
      pause: seconds between the blocks of a file.
      etag: of all files.
      headers: more of them, for a path's answers; they come before the usual ones.
      shift: for a path, by how many bytes an answer begins too early.
      requests: (path, the Range header or '') of each request.
    """

    files: dict[str, bytes] = dataclasses.field(default_factory=dict)
    status: dict[str, int] = dataclasses.field(default_factory=dict)
    cuts: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    redirects: dict[str, str] = dataclasses.field(default_factory=dict)
    pause: float = 0.0
    etag: str = '"one"'
    headers: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    shift: dict[str, int] = dataclasses.field(default_factory=dict)
    requests: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    address: str = ""

    def url(self, path: str) -> str:
        """Returns the URL of a path."""
        return f"{self.address}{path}"


@contextlib.contextmanager
def serve() -> Iterator[Mirror]:
    """Yields a mirror without files."""
    mirror = Mirror()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(mirror, self)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    mirror.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield mirror
    finally:
        server.shutdown()
        server.server_close()


def _answer(mirror: Mirror, request: http.server.BaseHTTPRequestHandler) -> None:
    path = request.path
    asked = request.headers.get("Range", "")
    mirror.requests.append((path, asked))
    if path in mirror.redirects:
        request.send_response(302)
        place = mirror.redirects[path]
        request.send_header("Location", mirror.url(place) if place[0] == "/" else place)
        request.end_headers()
        return
    status = mirror.status.get(path, 200 if path in mirror.files else 404)
    if status != 200:
        request.send_error(status)
        return
    content = mirror.files[path]
    begin = 0
    if asked and request.headers.get("If-Range") == mirror.etag:
        begin = int(asked.removeprefix("bytes=").removesuffix("-"))
    request.send_response(206 if begin else 200)
    if begin:
        begin -= mirror.shift.get(path, 0)
        area = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        request.send_header("Content-Range", area)
    usual = {"ETag": mirror.etag, "Content-Length": str(len(content) - begin)}
    for name, value in {**usual, **mirror.headers.get(path, {})}.items():
        request.send_header(name, value)
    request.end_headers()
    cuts = mirror.cuts.get(path, [])
    end = begin + cuts.pop(0) if cuts else len(content)
    for start in range(begin, min(end, len(content)), 1 << 16):
        request.wfile.write(content[start : min(start + (1 << 16), end)])
        time.sleep(mirror.pause)
