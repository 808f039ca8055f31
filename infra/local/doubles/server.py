"""How a double is reached: in process, as a test does, or over HTTP on this machine alone."""

from __future__ import annotations

import http.client
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import urlsplit

from chalicelib.safe_http import Answer, Unreachable
from infra.local.door_server import Quiet

LARGEST = 10 * 1024 * 1024
Deliver = Callable[[str, dict[str, str], bytes], int]


class Double(Protocol):
    """A pretend shop. `answer` gets lower-case header names, among them `host` and `x-forwarded-proto`."""

    CREDENTIALS: dict[str, str]  # what `connect` takes

    def __init__(self, url: str, now: Callable[[], datetime], deliver: Deliver) -> None: ...
    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]: ...
    def fill(self, orders: int, days: int) -> None: ...
    def place_order(self, **what: Any) -> str: ...
    def change_order(self, id: str, **what: Any) -> None: ...
    def delete_order(self, id: str) -> None: ...


def platforms() -> tuple[str, ...]:
    """The platforms that have a double, sorted."""
    found = (file.stem for file in Path(__file__).parent.glob("*.py"))
    return tuple(sorted(name for name in found if "_" not in name and name != "server"))


def double_of(platform: str) -> type[Double]:
    """The platform's `Double`. Raises LookupError where it has none."""
    if platform not in platforms():
        raise LookupError(f"no pretend shop for {platform}")
    made: type[Double] = import_module(f"infra.local.doubles.{platform}").Double
    return made


class InProcess:
    """Asks a double without a socket, as `safe_http.Client` asks a shop: `asked` is what was asked, `fail` says how
    the next requests end, and an answer that wants us to wait is raised as the client does in the end."""

    def __init__(self, double: Double, url: str) -> None:
        """`url`: where the double is served; any other host does not exist."""
        self.double, self.url = double, url
        self.asked: list[tuple[str, str]] = []
        self._next: deque[Answer | Exception | int | None] = deque()

    def fail(self, *ways: Answer | Exception | int | None) -> None:
        """How the next requests end: an HTTP status, an Answer, an exception to raise, None for as usual."""
        self._next.extend(ways)

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        most: int = LARGEST,
    ) -> Answer:
        """The double's answer. Raises Unreachable for another host, where it should wait, and for too long a body."""
        self.asked.append((method, url))
        answer = self._answer(method, url, headers or {}, body or b"")
        wait = answer.headers.get("retry-after", "")
        if answer.status in (429, 503) and wait:
            raise Unreachable(f"{urlsplit(url).hostname} asks us to wait", float(wait))
        if len(answer.body) > most:
            raise Unreachable(f"{urlsplit(url).hostname} answers with more than {most} bytes")
        return answer

    def _answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        way = self._next.popleft() if self._next else None
        if isinstance(way, Exception):
            raise way
        if isinstance(way, Answer):
            return way
        if way is not None:
            return Answer(way, {"content-type": "text/html"}, b"<html>injected</html>")
        parts = urlsplit(url)
        if parts.netloc != urlsplit(self.url).netloc:
            raise Unreachable(f"{parts.hostname} does not exist")
        told = {name.lower(): value for name, value in headers.items()}
        told |= {"host": parts.netloc, "x-forwarded-proto": parts.scheme}
        target = url[len(f"{parts.scheme}://{parts.netloc}") :] or "/"
        status, said, answer = self.double.answer(method, target, told, body)
        return Answer(status, {name.lower(): value for name, value in said.items()}, answer)


class Served:
    """A double on 127.0.0.1, from `with` to its end. `port` 0 takes any that is free."""

    def __init__(self, make: Callable[[str], Double], port: int = 0, host: str = "127.0.0.1") -> None:
        """`make` gets the address, and makes the double that answers there. Raises OSError where the port is taken."""
        self._server = _Server((host, port), _Handler)
        self.url = f"http://{host}:{self._server.server_address[1]}"
        self.double = self._server.double = make(self.url)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Served:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def post(address: str, headers: dict[str, str], body: bytes, timeout: float = 20) -> int:
    """Post a webhook, following no redirect. The HTTP status, 0 where nobody answers in `timeout` seconds."""
    parts = urlsplit(address)
    secure = parts.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection = connect(parts.hostname or "", parts.port, timeout=timeout)
        try:
            connection.request("POST", target, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError):
        return 0


class _Server(Quiet, ThreadingHTTPServer):
    daemon_threads = True
    double: Double


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 30
    wbufsize = 1 << 16  # one packet for head and body
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        size = self.headers.get("content-length", "0")
        if not size.isdigit() or int(size) > LARGEST:
            self.send_error(413)
            return
        told = {"x-forwarded-proto": "http"} | {name.lower(): value for name, value in self.headers.items()}
        status, said, body = self.server.double.answer(self.command, self.path, told, self.rfile.read(int(size)))
        self.send_response_only(status)
        for name, value in {**said, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve

    def log_message(self, format: str, *words: Any) -> None:
        """A pretend shop is quiet."""
