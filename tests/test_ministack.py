"""How the emulator is started: what ended is tried again at another port, what hangs is not waited for twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local import ministack
from infra.local.ministack import TRIES, Ministack

ENDS = "print('the port is taken', flush=True); raise SystemExit(1)"
HANGS = "import time; time.sleep(60)"
ANSWERS = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Health(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
HTTPServer(("127.0.0.1", int(os.environ["GATEWAY_PORT"])), Health).serve_forever()
"""


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """What was started in the emulator's place."""
    found: list[subprocess.Popen[bytes]] = []
    launch = Ministack._launched

    def watched(emulator: Ministack) -> subprocess.Popen[bytes]:
        found.append(launch(emulator))
        return found[-1]

    monkeypatch.setattr(ministack, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(Ministack, "_launched", watched)
    return found


def test_what_ended_is_started_again_and_its_words_stay(
    tmp_path: Path, launched: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    once = f"import os\nif not os.path.exists('tried'):\n    open('tried', 'w'); {ENDS}"
    monkeypatch.setattr(ministack, "_BOOT", once + ANSWERS)
    with Ministack(tmp_path):
        assert [process.poll() for process in launched] == [1, None]
    assert "the port is taken" in (tmp_path / "ministack.log").read_text()


def test_after_some_tries_it_is_given_up(
    tmp_path: Path, launched: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ministack, "_BOOT", ENDS)
    with pytest.raises(RuntimeError, match=r"did not start; see .*ministack\.log"):
        Ministack(tmp_path)
    assert [process.poll() for process in launched] == [1] * TRIES
    assert (tmp_path / "ministack.log").read_text().count("the port is taken") == TRIES


def test_what_hangs_is_ended_and_not_started_again(
    tmp_path: Path, launched: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ministack, "_BOOT", HANGS)
    monkeypatch.setattr(ministack, "START_SECONDS", 0.2)
    with pytest.raises(RuntimeError, match="did not answer"):
        Ministack(tmp_path)
    assert [process.poll() for process in launched] == [-signal.SIGKILL]
