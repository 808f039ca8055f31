"""What stands in a provider's place here: a door behind a port of 127.0.0.1 of its own."""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer
from typing import Any


class Quiet(BaseServer):
    """A server to which a browser that leaves before the answer is no error of ours."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Server(Quiet, ThreadingHTTPServer):
    daemon_threads = True


class DoorServer:
    """Serves until `stop`. `handler` answers one request and finds the door under its own `door`. `port` 0: any."""

    def __init__(self, handler: type[BaseHTTPRequestHandler], door: object, port: int = 0) -> None:
        bound = type("Handler", (handler,), {"door": door})
        self._server = _Server(("127.0.0.1", port), bound)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
