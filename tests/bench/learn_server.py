"""What a night asks of AWS, over HTTP: `learn_aws.World` for DynamoDB, the bucket in a dict, a queue that only counts.
`python -m tests.bench.learn_server LEDGER MOST_LINES`: a process of its own, so that its work is not the night's.

What is far away takes its time: every answer waits REQUEST seconds and MEGABYTE for each megabyte. Both are assumed.
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from chalicelib.domain.ledger import unpack
from tests.bench.learn_aws import PAGE_BYTES, World

REQUEST, MEGABYTE = 0.005, 0.1  # seconds


class Handler(BaseHTTPRequestHandler):
    """Signatures are not looked at."""

    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True
    world: World
    objects: ClassVar[dict[str, bytes]] = {}

    def do_POST(self) -> None:
        service, _, operation = self.headers["x-amz-target"].partition(".")
        asked = json.loads(self._body())
        if service == "AmazonSQS":
            self.world.asked[operation] += 1
            return self._answer(200, b"{}")
        return self._answer(200, json.dumps(self.world.dynamodb(operation, asked), separators=(",", ":")).encode())

    def do_PUT(self) -> None:
        self.world.asked["PutObject"] += 1
        self.objects[self.path] = self._body()
        self._answer(200, b"")

    def do_GET(self) -> None:
        if self.path == "/asked":
            return self._answer(200, json.dumps(self.world.asked).encode())
        self.world.asked["GetObject"] += 1
        found = self.objects.get(self.path)
        return self._answer(404, b"<Code>NoSuchKey</Code>") if found is None else self._answer(200, found)

    def do_DELETE(self) -> None:
        self.world.asked["DeleteObject"] += 1
        self.objects.pop(self.path, None)
        self._answer(204, b"")

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def _answer(self, status: int, body: bytes) -> None:
        self.world.asked["bytes"] += len(body)
        time.sleep(REQUEST + MEGABYTE * len(body) / PAGE_BYTES)
        self.wfile.write(f"HTTP/1.1 {status} -\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)

    def log_message(self, format: str, *args: Any) -> None:
        return None


def main(packed: Path, most_lines: int) -> None:
    """Serves until it is ended; its first line says where."""
    Handler.world = World(unpack(packed.read_bytes()), most_lines)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
