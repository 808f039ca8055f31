"""Lambda on this machine: a zip, its runtime and nothing else on the path, behind a small Runtime API.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / ".venv-lambda" / "bin" / "python"
SECONDS = 120.0


class Died(AssertionError):
    """The function could not start or did not answer; says what it wrote."""


class SmallLambda:
    """One running function. `code`: the unpacked zip. `init_ms`: from the process's start to its first question."""

    def __init__(self, code: Path, handler: str, variables: Mapping[str, str], python: Path = PYTHON) -> None:
        self._events: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._answers: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._asked = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Api,), {"owner": self}))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the process was ended meanwhile
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self._log = (code.parent / f"{handler}-{os.urandom(4).hex()}.log").open("w+b")
        environment = _environment(code, handler, f"127.0.0.1:{self._server.server_address[1]}") | dict(variables)
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [python, "-m", "awslambdaric", handler], cwd=code, env=environment, stdin=subprocess.DEVNULL,
            stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._await_first_question()
        self.init_ms = (time.perf_counter() - began) * 1000

    def invoke(self, event: Any) -> Any:
        """The function's answer. Raises Died for an error."""
        return self.timed(event)[0]

    def timed(self, event: Any) -> tuple[Any, float]:
        """The function's answer and how many milliseconds it took."""
        began = time.perf_counter()
        self._events.put((os.urandom(8).hex(), json.dumps(event).encode()))
        try:
            kind, answer = self._answers.get(timeout=SECONDS)
        except queue.Empty:
            raise Died(self.log()) from None
        took = (time.perf_counter() - began) * 1000
        if kind != "response":
            raise Died(answer.decode(), self.log())
        return json.loads(answer), took

    def memory_mb(self) -> float:
        """The most it ever held."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def log(self) -> str:
        self._log.flush()
        return Path(self._log.name).read_text()

    def __enter__(self) -> SmallLambda:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()
        self._log.close()

    def _await_first_question(self) -> None:
        deadline = time.monotonic() + SECONDS
        while not self._asked.wait(0.001):
            if self._process.poll() is not None or time.monotonic() > deadline or not self._answers.empty():
                log = self.log()
                self.__exit__(None, None, None)
                raise Died(log)


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    owner: SmallLambda

    def do_GET(self) -> None:
        self.owner._asked.set()
        request, event = self.owner._events.get()
        deadline = str(int((time.time() + SECONDS) * 1000))
        arn = "arn:aws:lambda:us-east-1:123456789012:function:small"
        self._answer(event, {"Aws-Request-Id": request, "Deadline-Ms": deadline, "Invoked-Function-Arn": arn})

    def do_POST(self) -> None:
        told = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.owner._answers.put((self.path.rpartition("/")[2], told))
        self._answer(b"{}", {}, 202)

    def _answer(self, body: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(f"Lambda-Runtime-{name}", value)
        self.send_header("content-length", str(len(body)))
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def _environment(code: Path, handler: str, api: str) -> dict[str, str]:
    """What Lambda sets, and nothing of ours. Its code lies on a file system that cannot be written."""
    return {
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": "/nowhere",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(code),
        "_HANDLER": handler,
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_LAMBDA_FUNCTION_NAME": handler,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
