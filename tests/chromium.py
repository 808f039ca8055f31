"""A real browser for tests, over the DevTools Protocol through a pipe: no driver, no port, nothing else to install."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --hide-scrollbars --disable-renderer-backgrounding --disable-dev-shm-usage --remote-debugging-pipe"
)
# The browser reads what it is to do from 3 and writes what happened to 4.
_EXEC = "import os,sys; r,w=map(int,sys.argv[1:3]); os.dup2(r,3); os.dup2(w,4); os.execv(sys.argv[3],sys.argv[3:])"
PATIENCE = 60.0  # seconds for one command: only what never comes takes so long
_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27}
Json = dict[str, Any]
# A page's clocks as a test turns them: how long this machine takes is not what a script is tried for. What is due in a
# second comes when `aSecondPasses()`; who gives up after some time (the milliseconds are in `patience`) does so when
# `givesUp()`; whatever else waits has its own time.
_HELD = """(() => {
  const [sets, clears] = [setTimeout, clearTimeout], seconds = new Map(), waiting = [];
  let last = 0;
  window.setTimeout = (does, wait, ...told) =>
    wait == 1000 ? (seconds.set(--last, does), last) : sets(does, wait, ...told);
  window.clearTimeout = id => seconds.delete(id) || clears(id);
  window.aSecondPasses = () => {
    const due = [...seconds.values()];
    seconds.clear();
    due.forEach(does => does());
  };
  window.patience = [];
  AbortSignal.timeout = wait => {
    patience.push(wait);
    return waiting[waiting.push(new AbortController()) - 1].signal;
  };
  window.givesUp = () =>
    waiting.splice(0).forEach(one => one.abort(new DOMException("signal timed out", "TimeoutError")));
})()"""


def found() -> str | None:
    """Where the browser is."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


# What the browser says of a page that is just being left.
_LEFT = (
    "Inspected target navigated or closed",
    "Execution context was destroyed",
    "Cannot find default execution context",
)


class Failed(Exception):
    """The browser refuses, does not answer, or the page threw."""


class Browser:
    """One process; every page gets a profile of its own, as on a new machine."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="ecrm-chromium-")
        (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
        # above 4, so that neither is overwritten before it is moved
        high = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (theirs_in, theirs_out)]
        command = [sys.executable, "-c", _EXEC, *map(str, high), str(found()), *_QUIET.split()]
        self._process = subprocess.Popen(
            [*command, f"--user-data-dir={self._folder}"],
            pass_fds=high,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for end in (theirs_in, theirs_out, *high):
            os.close(end)
        self._in, self._out = ours_in, ours_out
        self._unread, self._number = b"", 0
        self.events: dict[str, list[Json]] = {}

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._out)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._in)
        shutil.rmtree(self._folder, ignore_errors=True)

    def page(self, width: int = 1200, height: int = 800, **emulated: str) -> Page:
        """A new page. `emulated`: media features, `prefers_color_scheme="dark"`."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.events[session] = []
        return Page(self, session, context, (width, height), emulated)

    def call(self, method: str, session: str = "", **params: Any) -> Json:
        """What the browser answers. Raises Failed."""
        self._number += 1
        number = self._number
        told = {"id": number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        os.write(self._out, json.dumps(told).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while (left := until - time.monotonic()) > 0:
            heard = self._heard(left)
            if heard.get("id") == number:
                if "error" in heard:
                    raise Failed(f"{method}: {heard['error']['message']}")
                return dict(heard["result"])
        raise Failed(f"{method}: no answer")

    def _heard(self, left: float) -> Json:
        """The next message; events are also kept for their page."""
        while b"\0" not in self._unread:
            if not select.select([self._in], [], [], left)[0]:
                return {}
            read = os.read(self._in, 1 << 20)
            if not read:
                raise Failed("the browser has ended")
            self._unread += read
        message, self._unread = self._unread.split(b"\0", 1)
        heard: Json = json.loads(message)
        if "method" in heard and heard.get("sessionId") in self.events:
            self.events[heard["sessionId"]].append(heard)
        return heard


class Page:
    """One page of the browser."""

    def __init__(
        self, browser: Browser, session: str, context: str, size: tuple[int, int], emulated: dict[str, str]
    ) -> None:
        self._browser, self._session, self._context = browser, session, context
        for domain in ("Page", "Runtime", "Log", "Performance", "Accessibility"):
            self.call(f"{domain}.enable")
        self.resize(*size)
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in emulated.items()]
        self.call("Emulation.setEmulatedMedia", features=features)

    def call(self, method: str, **params: Any) -> Json:
        return self._browser.call(method, self._session, **params)

    def close(self) -> None:
        self._browser.call("Target.disposeBrowserContext", browserContextId=self._context)

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def before(self, script: str) -> None:
        """Runs in every page before its own scripts."""
        self.call("Page.addScriptToEvaluateOnNewDocument", source=script)

    def holds_its_clocks(self) -> None:
        """In every page from now on a second passes, and patience ends, when the test says so."""
        self.before(_HELD)

    def go(self, url: str) -> None:
        """Leaves for there."""
        self.call("Page.navigate", url=url)

    def open(self, url: str) -> None:
        """Until the page has loaded."""
        self.go(url)
        self.until(f"document.readyState == 'complete' && location.href == {json.dumps(url)}")

    def run(self, script: str) -> Any:
        """The value of an expression (awaited). Raises Failed where it throws."""
        told = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise Failed(json.dumps(told["exceptionDetails"])[:2000])
        return told["result"].get("value")

    def until(self, condition: str, seconds: float = PATIENCE / 2) -> Any:
        """Waits until the expression is true; returns its value. While one page gives way to the next there is nobody
        to be asked."""
        end = time.monotonic() + seconds
        while not (value := self._run_unless_left(condition)):
            if time.monotonic() > end:
                raise Failed(f"never: {condition}")
            time.sleep(0.02)
        return value

    def _run_unless_left(self, script: str) -> Any:
        try:
            return self.run(script)
        except Failed as failed:
            if any(gone in str(failed) for gone in _LEFT):
                return None
            raise

    def press(self, key: str) -> None:
        """Tab, Enter or Escape."""
        told = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key]}
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **told, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **told)

    def click(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, file: Path) -> None:
        """What is on the screen, as a PNG."""
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def metrics(self) -> dict[str, float]:
        """Seconds of the main thread: TaskDuration, ScriptDuration, LayoutDuration, RecalcStyleDuration, …"""
        return {one["name"]: one["value"] for one in self.call("Performance.getMetrics")["metrics"]}

    def errors(self) -> list[str]:
        """What was thrown and not caught, by whomever."""
        self.run("0")
        events = self._browser.events[self._session]
        thrown = (one["params"]["exceptionDetails"] for one in events if one["method"] == "Runtime.exceptionThrown")
        return [str(one.get("exception", {}).get("description") or one["text"]) for one in thrown]

    def log(self) -> list[str]:
        """What the browser itself says: refused loads, violated policies."""
        self.run("0")
        events = self._browser.events[self._session]
        return [one["params"]["entry"]["text"] for one in events if one["method"] == "Log.entryAdded"]

    def spoken(self) -> list[tuple[str, str]]:
        """Role and name of everything that a screen reader is told of."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [
            (one["role"]["value"], one.get("name", {}).get("value", ""))
            for one in nodes
            if not one["ignored"] and one["role"]["value"] not in ("InlineTextBox", "none", "generic")
        ]
