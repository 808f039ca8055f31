"""`python -m infra.local serve|demo`: what `make serve` and `make demo` run."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import TextIO

from chalicelib.domain.times import BadTime, moment, stamp
from infra.local.ministack import NotInstalled
from infra.local.world import World


def main(words: list[str]) -> int:
    """Returns the exit code."""
    asked = _arguments().parse_args(words)
    stopped = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stopped.set())
    try:
        return serve(asked, stopped) if asked.command == "serve" else demo(asked, stopped)
    except (NotInstalled, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def serve(asked: argparse.Namespace, stopped: threading.Event) -> int:
    """An empty or continued world until it is told to end."""
    say = sys.stdout
    asked.data.mkdir(parents=True, exist_ok=True)
    # What the functions log, one JSON object a line, goes where it does not mix with the line that says "ready".
    with (asked.data / "log.jsonl").open("a", buffering=1) as log, redirect_stdout(log):
        _world_until(stopped, World(asked.data, asked.port, asked.start), say, asked.shops)
    return 0


def _world_until(stopped: threading.Event, world: World, say: TextIO, shops: bool) -> None:
    with world, _shops(world) if shops else nullcontext({}) as addresses:
        print(ready(world, addresses), file=say, flush=True)
        stopped.wait()


@contextmanager
def _shops(world: World) -> Iterator[dict[str, str]]:
    """The demo's two shops, beside the API: where they are."""
    from infra.local.shopfront.opening import Shopfronts

    with Shopfronts(world.port) as fronts:
        fronts.open(world)
        yield {slug: front.url for slug, front in fronts.fronts.items()}


def demo(asked: argparse.Namespace, stopped: threading.Event) -> int:
    """The story; then serves, unless `--once`."""
    from infra.local.demo import tell

    return tell(port=asked.port, start=asked.start, once=asked.once, stopped=stopped, weeks_before=asked.weeks)


def ready(world: World, shops: dict[str, str]) -> str:
    """The line that says so, and what time it is in this world."""
    said = {"ready": True, "api": world.url, "mailbox": world.mailbox, "clock": stamp(world.timeline.now())}
    said |= {"shops": shops} if shops else {}
    return json.dumps(said, separators=(",", ":"))


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local")
    commands = parser.add_subparsers(dest="command", required=True)
    serving, telling = commands.add_parser("serve"), commands.add_parser("demo")
    for command in (serving, telling):
        command.add_argument("--port", type=int, default=8000)
        command.add_argument("--start", type=_moment, help="what the clock says at first (ISO 8601)")
    serving.add_argument("--shops", action="store_true", help="with the two shops of the demo, on the next two ports")
    serving.add_argument("--data", type=Path, default=Path(".local"))
    telling.add_argument("--weeks", type=int, choices=range(1, 14), default=13, help="how much history; 13 if not said")
    telling.add_argument("--once", action="store_true", help="end after the story with one line of JSON")
    return parser


def _moment(text: str) -> datetime:
    try:
        return moment(text)
    except BadTime:
        raise argparse.ArgumentTypeError("say a moment with its zone, such as 2026-12-01T09:00:00Z") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
