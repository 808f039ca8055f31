"""`python -m infra.local.doubles <platform>`: a pretend shop on this machine, to connect to."""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
import threading
from datetime import UTC, datetime

from infra.local.doubles.server import Double, Served, double_of, platforms, post

_EPILOG = """\
A pretend shop behaves as the real platform does: it pages, limits, refuses and signs as recorded. It lives on
127.0.0.1 alone, holds invented people only, and forgets everything when it ends.

  python -m infra.local.doubles woocommerce --port 8101 --orders 120 --every 30s

When it is ready it prints one line of JSON: {"ready": true, "platform", "url", "credentials"}. Give `url` and
`credentials` to `python -m webhooks connect`, and watch its orders come in. Ctrl-C ends it.
"""
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smh]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def main(words: list[str]) -> int:
    """Returns the exit code."""
    asked = _arguments().parse_args(words)
    stopped = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stopped.set())
    try:
        served = Served(lambda url: double_of(asked.platform)(url, lambda: datetime.now(UTC), post), asked.port)
    except OSError as error:
        print(f"port {asked.port}: {error.strerror or error}", file=sys.stderr)
        return 1
    with served:
        served.double.fill(asked.orders, asked.days)
        print(ready(asked.platform, served), flush=True)
        _live(served.double, asked.every, stopped)
    return 0


def ready(platform: str, served: Served) -> str:
    """The line that says so."""
    credentials = served.double.CREDENTIALS
    return json.dumps({"ready": True, "platform": platform, "url": served.url, "credentials": credentials})


def _live(double: Double, every: float, stopped: threading.Event) -> None:
    while not stopped.wait(every or None):
        double.place_order()


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m infra.local.doubles",
        description="A pretend shop on this machine, for you to connect to.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("platform", choices=platforms(), help="which platform it plays")
    parser.add_argument("--port", type=int, default=8101, help="where it listens on 127.0.0.1; 0: any (8101)")
    parser.add_argument("--orders", type=_count, default=120, metavar="N", help="how many orders it already has (120)")
    parser.add_argument("--days", type=_count, default=400, metavar="N", help="over how many days until now (400)")
    parser.add_argument("--every", type=seconds, default=0.0, metavar="30s", help="places an order so often (never)")
    return parser


def seconds(text: str) -> float:
    """`30s`, `2m`, `1h` or plain seconds. Raises ArgumentTypeError."""
    found = _SPAN.fullmatch(text.strip())
    if not found or not float(found[1]):
        raise argparse.ArgumentTypeError("should be like 30s, 2m or 1h")
    return float(found[1]) * _SECONDS[found[2]]


def _count(text: str) -> int:
    if not text.isdigit() or int(text) > 100_000:
        raise argparse.ArgumentTypeError("should be a number up to 100000")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
