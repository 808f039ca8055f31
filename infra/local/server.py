"""Chalice's local server made to behave as API Gateway does, with the world's own endpoints in front of it."""

from __future__ import annotations

import base64
import errno
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol
from urllib.parse import unquote

from chalice import Chalice
from chalice.config import Config
from chalice.local import ChaliceRequestHandler, CustomLocalChalice, LocalChalice, LocalGateway, ThreadedHTTPServer

from infra.local.door_server import Quiet

LARGEST = 10 * 1024 * 1024  # API Gateway's own limit
_LOCAL = "/_local/"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. `body` is what is sent."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class Local(Protocol):
    """Whoever answers at `/` and under `/_local/`."""

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer: ...


def problem(status: int, title: str, **more: str) -> Answer:
    """RFC 9457."""
    body = json.dumps({"type": "about:blank", "title": title, "status": status, **more}).encode()
    return Answer(status, body, "application/problem+json")


class _Gateway(LocalGateway):
    """Events as API Gateway makes them: the body in base64, every value of a header, decoded path parameters."""

    def _generate_lambda_event(self, method: str, path: str, headers: Any, body: bytes | None) -> dict[str, Any]:
        event: dict[str, Any] = super()._generate_lambda_event(method, path, headers, body)
        many: dict[str, list[str]] = {}
        for name, value in headers.pairs:
            many.setdefault(name.lower(), []).append(value)
        event["multiValueHeaders"], event["path"] = many, event["requestContext"]["path"]
        event["pathParameters"] = {name: unquote(value) for name, value in event["pathParameters"].items()}
        event["body"] = base64.b64encode(body).decode() if body else None
        event["isBase64Encoded"] = bool(body)
        return event

    def knows(self, path: str) -> bool:
        try:
            self.event_converter._route_matcher.match_route(path)
        except ValueError:
            return False
        return True


class _Headers(dict[str, str]):
    """Chalice wants one value for each name; a name that came twice is not forgotten."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


class _Unreadable(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Handler(ChaliceRequestHandler):
    """One connection. Without the buffer and with Nagle's algorithm every kept-alive request would wait 44 ms."""

    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    local: Local
    gateway: _Gateway

    def __init__(self, request: Any, client_address: Any, server: Any) -> None:
        # Chalice's own would make a gateway for every connection.
        BaseHTTPRequestHandler.__init__(self, request, client_address, server)

    def _generic_handle(self) -> None:
        try:
            body = self._body()
        except _Unreadable as error:
            self.close_connection = True
            return self._send(problem(error.status, error.reason))
        if self.path == "/" or self.path.startswith(_LOCAL):
            return self._send(self.local.answer(self.command, self.path, dict(self.headers.items()), body))
        if not self.gateway.knows(self.path):
            return self._send(problem(404, "Nothing is here"))
        return self._through(body)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = _generic_handle

    def _through(self, body: bytes) -> None:
        asked = _Headers(list(self.headers.items()))
        response = self.gateway.handle_request(self.command, self.path, asked, body or None)
        headers = {**response["headers"], **response["multiValueHeaders"]}
        if "content-type" not in map(str.lower, headers):
            headers["Content-Type"] = "application/json"
        content = self._handle_binary(response)["body"] or b""
        content = content if isinstance(content, bytes) else content.encode()
        self.send_response(response["statusCode"])
        self.send_header("Content-Length", str(len(content)))
        self._send_headers(headers)
        self.wfile.write(content if self.command != "HEAD" else b"")

    def _body(self) -> bytes:
        if "chunked" in (self.headers.get("transfer-encoding") or "").lower():
            return self._chunks()
        length = self.headers.get("content-length") or "0"
        if not length.isascii() or not length.isdigit():
            raise _Unreadable(400, "Content-Length is not a number")
        if int(length) > LARGEST:
            raise _Unreadable(413, "Request is too large")
        return bytes(self.rfile.read(int(length)))

    def _chunks(self) -> bytes:
        found = b""
        try:
            while size := int(self.rfile.readline(100).split(b";")[0], 16):
                if size < 0 or len(found) + size > LARGEST:
                    raise _Unreadable(413, "Request is too large")
                found += self.rfile.read(size)
                self.rfile.readline(3)
            while self.rfile.readline(65537).strip():
                pass
        except ValueError:
            raise _Unreadable(400, "Chunks cannot be read") from None
        return found

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body if self.command != "HEAD" else b"")

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: addresses in a path or query are nobody's business."""


class _Server(Quiet, ThreadedHTTPServer):
    request_queue_size = 128


class InUse(OSError):
    """Somebody else has it: a port, a folder. The text is for whoever started us."""


class ApiServer:
    """The API on a port of 127.0.0.1. Port 0: any free one. Raises InUse where the port is taken."""

    def __init__(self, port: int) -> None:
        try:
            self._server = _Server(("127.0.0.1", port), Handler)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise InUse(f"Port {port} is in use: choose another, such as PORT={port + 1}.") from None
            raise
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self, app: Chalice, local: Local) -> None:
        """Answer from now on; who came earlier has waited."""
        gateway = _Gateway(_threaded(app), Config())
        self._server.RequestHandlerClass = type("WorldHandler", (Handler,), {"local": local, "gateway": gateway})
        self._thread.start()

    def stop(self) -> None:
        if self._thread.ident:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


def _threaded(app: Chalice) -> Chalice:
    """The app with a current request per thread."""
    if not isinstance(app, LocalChalice):
        app.__class__ = type("ThreadedChalice", (CustomLocalChalice, app.__class__), {})
    return app
