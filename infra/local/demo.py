"""`make demo`: a season of an English gift shop, a day of two Persian ones, from the first webhook to the last mail."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chalicelib.table import due
from infra.local import nights
from infra.local.history import deliveries
from infra.local.sales import WEEKS
from infra.local.shopfront.opening import Shopfronts
from infra.local.story_numbers import examples, summary
from infra.local.story_persian import persian, set_aside, zahra_again
from infra.local.story_shops import GIFTS, Line, register
from infra.local.story_weeks import weeks
from infra.local.teller import Teller
from infra.local.world import World

# Forty minutes after the Persian shops were recorded; the gift shop's history ends here.
START = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)
# As long as the slowest follow-up takes, with its quiet nights and full weeks.
WEEKS_AFTER = 5


def tell(
    port: int = 8000,
    start: datetime | None = None,
    once: bool = False,
    stopped: threading.Event | None = None,
    weeks_before: int = WEEKS,
) -> int:
    """The story, then the world it happened in until `stopped`; with `once` a last line of JSON. Returns 0."""
    began, until = time.monotonic(), start or START
    teller = Teller(sys.stdout)
    teller.chapter(
        "Starting on this machine: an emulated AWS, a mail provider, the API. The story takes a minute or two"
    )
    with (
        _one_shard(),
        _quiet() as folder,
        World(folder, port, until - timedelta(weeks=weeks_before), live=False) as world,
        nullcontext() if once else Shopfronts(world.port) as shops,
    ):
        lines = register(world.url, world.timeline.now())
        nights.postpone(lines, until + timedelta(weeks=WEEKS_AFTER), world.timeline.now())
        numbers = _story(world, teller, lines, until, weeks_before)
        teller.say(f"\nTold in {time.monotonic() - began:.0f} seconds.")
        if shops:
            _open(world, teller, shops)
            _serve(world, teller, lines, shops, stopped or threading.Event())
    if once:
        teller.say(json.dumps(numbers))
    return 0


@contextmanager
def _one_shard() -> Iterator[None]:
    """The due index has shards for thousands of mails a minute. Here they would be most of what the clock waits for."""
    before, due.SHARDS = due.SHARDS, 1
    yield
    due.SHARDS = before


@contextmanager
def _quiet() -> Iterator[Path]:
    """A passing folder. What the functions log goes into a file of it: a JSON object a line would drown the story."""
    with tempfile.TemporaryDirectory(prefix="ecrm-demo-") as folder:
        path = Path(folder)
        with (path / "log.jsonl").open("a", buffering=1) as log, redirect_stdout(log):
            yield path


def _story(world: World, teller: Teller, lines: dict[str, Line], until: datetime, weeks_before: int) -> dict[str, int]:
    told = deliveries(until, world.timeline.now())
    teller.chapter(f"Little Gifts, an English shop: {len(told)} webhooks of {weeks_before} weeks of real orders")
    teller.legend()
    teller.head()
    weeks(world, teller, lines, GIFTS, until, told)
    set_aside(teller, lines[GIFTS])
    teller.chapter("Two Persian shops, as they were recorded")
    persian(world, teller, lines)
    teller.chapter("No more orders; what was planned falls due")
    teller.head()
    last = weeks(world, teller, lines, GIFTS, until + timedelta(weeks=WEEKS_AFTER))
    zahra_again(world, teller, lines)
    teller.chapter("One of each that was held back")
    for example in examples(world):
        teller.say(f"  {example}")
    return summary(lines, last)


def _open(world: World, teller: Teller, shops: Shopfronts) -> None:
    began = time.monotonic()
    teller.chapter("Next door two shops open: their catalogues and nine months of invented orders come in by webhooks")
    orders = shops.open(world)
    teller.say(f"  {orders} orders taken in and learnt from in {time.monotonic() - began:.0f} seconds")


def _serve(world: World, teller: Teller, lines: dict[str, Line], shops: Shopfronts, stopped: threading.Event) -> None:
    world.timeline.go_on()
    world.engine.start()
    best = _best_customer(lines[GIFTS])
    teller.chapter("Have a look; Ctrl-C ends it")
    for front in shops.fronts.values():
        teller.say(f"  {'walk through a shop':<20} {front.url}  ({front.place.language})")
    teller.say(f"  the way in           {world.url}")
    teller.say(f"  all mails            {world.mailbox}")
    teller.say(f"  one customer's story {world.url}/_local/customers/{GIFTS}/{best}")
    for slug, line in lines.items():
        key = f"Authorization: Bearer {line.secret_key}"
        teller.say(f"  as the owner of {slug}\n    curl -H '{key}' '{world.url}/v1/customers?limit=2'")
    teller.say(f"  what the functions log {world.data / 'log.jsonl'}")
    stopped.wait()


def _best_customer(line: Line) -> str:
    """Who ordered most often, of those last heard of."""
    found = line.read("/v1/customers", limit=100)["items"]
    return str(max(found, key=lambda one: one["orders"]["placed"])["id"])
