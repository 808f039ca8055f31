"""What stands in a provider's place here: a door behind a port of 127.0.0.1 of its own."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class DoorServer:
    """Serves until `stop`. `handler` answers one request and finds the door under its own `door`."""

    def __init__(self, handler: type[BaseHTTPRequestHandler], door: object) -> None:
        bound = type("Handler", (handler,), {"door": door})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
