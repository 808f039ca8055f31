"""AWS on this machine: ministack as a process of its own, on a free port of 127.0.0.1, that ends when we end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-ministack" / "bin" / "python"
REGION = "us-east-1"
START_SECONDS, STOP_SECONDS = 90.0, 60.0
TRIES = 3  # with a port that was free a moment before
# Linux tells a child when its parent is gone; elsewhere an orphan stays until it is stopped.
_BOOT = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    if os.getppid() != int(os.environ["OWNER"]):
        sys.exit(1)
from ministack.app import main
sys.argv = ["ministack"]
main()
"""


class NotInstalled(RuntimeError):
    """The emulator's own environment is missing."""

    def __init__(self) -> None:
        super().__init__(f"{PYTHON.relative_to(ROOT)} is missing: run `make .venv-ministack/ready` once")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Ministack:
    """A running emulator. `state`: a folder that keeps everything over a clean stop; None: nothing is kept."""

    def __init__(self, state: Path | None = None) -> None:
        if not PYTHON.exists():
            raise NotInstalled
        self._scratch = None if state else tempfile.mkdtemp(prefix="ministack-")
        self._folder = Path(state or str(self._scratch)).resolve()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._process = self._start()

    def __enter__(self) -> Ministack:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End it. State is saved on this way out only."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        for _ in range(TRIES):
            self.port = free_port()
            self.url = f"http://127.0.0.1:{self.port}"
            self._move_queues()
            process = self._launched()
            if self._came_up(process):
                return process
        raise RuntimeError(f"ministack did not start; see {self._log}")

    @property
    def _log(self) -> Path:
        return self._folder / "ministack.log"

    def _launched(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:  # what the first try said stays
            return subprocess.Popen(
                [PYTHON, "-c", _BOOT], env=self._environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                cwd=self._folder, start_new_session=True,
            )  # fmt: skip

    def _came_up(self, process: subprocess.Popen[bytes]) -> bool:
        """False where it ended: somebody else may have taken its port meanwhile. Raises RuntimeError where it runs, but
        does not answer in time: it would not the next time either."""
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if process.poll() is not None:
                return False
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise RuntimeError(f"ministack did not answer within {START_SECONDS:.0f} s; see {self._log}")
            time.sleep(0.05)
        return True

    def _move_queues(self) -> None:
        """The emulator files queues under their whole address, which names the port it had when they were made."""
        note, saved = self._folder / "url", self._folder / "state" / "sqs.json"
        if note.exists() and saved.exists():
            saved.write_text(saved.read_text().replace(note.read_text(), f"{self.url}/"))
        note.write_text(f"{self.url}/")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _environment(self) -> dict[str, str]:
        kept = "0" if self._scratch else "1"
        return {
            "PATH": os.defpath,
            "HOME": str(self._folder),
            "TMPDIR": str(self._folder),
            "OWNER": str(os.getpid()),
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": "unix:///nowhere",
            "LOG_LEVEL": "WARNING",
            "PERSIST_STATE": kept,
            "STATE_DIR": str(self._folder / "state"),
            "S3_PERSIST": kept,
            "S3_DATA_DIR": str(self._folder / "s3"),
        }
