"""A shop's own web server: a port of 127.0.0.1 of its own, and with it an origin of its own."""

from __future__ import annotations

import errno
import traceback
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from infra.local.door_server import DoorServer
from infra.local.shopfront.routes import Reply, Request, Routes, fields

_LARGEST = 64 * 1024
_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Frame-Options": "DENY",
}
_OPENING = b"<!doctype html><meta charset=utf-8><title>\xe2\x80\xa6</title><p>We open when the story has been told."


class ShopServer:
    """Answers from the beginning; until the shop is open, that it is not. A port that is taken: any other."""

    def __init__(self, port: int = 0) -> None:
        self.routes: Routes | None = None
        self.api = ""
        try:
            self._server = DoorServer(_Handler, self, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            self._server = DoorServer(_Handler, self)
        self.url = self._server.url
        self.stop = self._server.stop

    def open(self, routes: Routes, api: str) -> None:
        """From now on pages are shown, which may load scripts from the API."""
        self.api, self.routes = api, routes

    def reply(self, asked: Request) -> Reply:
        if self.routes is None:
            return Reply(503, _OPENING, headers={"Retry-After": "30"})
        return self.routes.answer(asked)

    def policy(self) -> str:
        """Nothing inline, nothing from elsewhere but the API's script and its answers."""
        api = f" {self.api}" if self.api else ""
        return (
            f"default-src 'none'; script-src 'self'{api}; style-src 'self'; img-src 'self'; connect-src 'self'{api}; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    door: ShopServer

    def _any(self) -> None:
        host = self.headers.get("host", "")
        own = urlsplit(self.door.url).netloc
        if host == own:
            return self._send(self._reply())
        self.close_connection = True
        # The registered origin is this one; another name that leads here is another origin.
        if host == own.replace("127.0.0.1", "localhost") and self.command == "GET":
            return self._send(Reply(302, headers={"Location": self.door.url + _path(self.path)}))
        return self._send(Reply(421, b"Not this shop", "text/plain"))

    do_GET = do_HEAD = do_POST = _any

    def _reply(self) -> Reply:
        size = self.headers.get("content-length", "0")
        if not size.isdecimal() or int(size) > _LARGEST or "transfer-encoding" in self.headers:
            self.close_connection = True
            return Reply(413, b"Too large", "text/plain")
        body = self.rfile.read(int(size)).decode("utf-8", "replace")
        method = "GET" if self.command == "HEAD" else self.command
        given = {name: self.headers.get(name, "") for name in ("cookie", "accept")}
        try:
            return self.door.reply(Request(method, self.path, fields(body), own=self._own(), **given))
        except Exception:
            traceback.print_exc()
            return Reply(500, b"Something went wrong in the shop", "text/plain")

    def _own(self) -> bool:
        """Browsers say where a form or a script comes from; what says nothing is no browser."""
        origin = self.headers.get("origin")
        site = self.headers.get("sec-fetch-site", "same-origin")
        return (origin is None or origin == self.door.url) and site in ("same-origin", "none")

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in ({"Content-Security-Policy": self.door.policy()} | _EVERYWHERE | reply.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body if self.command != "HEAD" else b"")

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: what somebody looks at is nobody's business."""


def _path(target: str) -> str:
    """A local path, so that the redirect leads to this shop."""
    return target if target.startswith("/") else "/"
