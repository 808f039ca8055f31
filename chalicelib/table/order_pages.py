"""Every order of a shop, for whoever copies them all."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from chalicelib.domain.order import Order
from chalicelib.table import base, lean
from chalicelib.table.base import Seen
from chalicelib.table.orders import APART, EMPTY_MONTHS, FEED, FEED_SHARDS, of_ids

_CHUNK = 100
Entry = tuple[str, dict[str, Any]]  # position (moment#order id), gist


def every(shop: str, now: datetime) -> Iterator[Order]:
    """All orders that are not deleted, as they stand, the newest month first; a few at a time in memory. Read from the
    index, so a moment late."""
    ids = _ids(shop, now)
    while chunk := list(islice(ids, _CHUNK)):
        yield from (order for order, _ in of_ids(shop, chunk).values())


def months(shop: str, now: datetime, most_empty: int = EMPTY_MONTHS, known: str | None = None) -> list[str]:
    """The months, `2026-11`, in which anything was placed that counts, oldest first: back to where `most_empty` in a
    row have nothing, but at least to the `known` one. One small query a month."""
    at, found, empty = (now + timedelta(days=32)).replace(day=1), list[str](), 0
    while empty < most_empty or at.strftime("%Y-%m") >= (known or "9"):
        month = at.strftime("%Y-%m")
        there = any(any(_texts(shop, month, shard, None, 1)) for shard in range(FEED_SHARDS))
        found, empty = ([*found, month], 0) if there else (found, empty + 1)
        at = (at - timedelta(days=1)).replace(day=1)
    return found[::-1]


def gists(shop: str, month: str, after: str | None, most: int) -> tuple[list[Entry], str | None]:
    """Some orders of a month that count as placed, oldest first, from the one behind position `after` on, and where to
    go on: None, where these are all. At most `most` of each shard, and as many as DynamoDB gives at once. Read from the
    index alone, so a moment late. `gist` as `table/orders.py` writes it. Raises Trouble."""
    pages = [_texts(shop, month, shard, after, most) for shard in range(FEED_SHARDS)]
    until = min((position for _, position in pages if position), default=None)
    found = [one for one in heapq.merge(*(texts for texts, _ in pages)) if until is None or one[0] <= until]
    # One text is read in half of the time that a thousand take.
    read = json.loads(f"[{','.join([text for _, text in found])}]")
    return [(position, gist) for (position, _), gist in zip(found, read, strict=True)], until


def _texts(shop: str, month: str, shard: int, after: str | None, most: int) -> tuple[list[tuple[str, str]], str | None]:
    return lean.onward("feed", base.partition(shop, FEED, month, str(shard)), after, "gist", most)


def _ids(shop: str, now: datetime) -> Iterator[str]:
    # A shop's clock may be ahead of ours, and its months with it.
    at, empty = (now + timedelta(days=32)).replace(day=1), 0
    while empty < EMPTY_MONTHS:
        empty += 1
        for order_id in _month(shop, at.strftime("%Y-%m")):
            empty = 0
            yield order_id
        at = (at - timedelta(days=1)).replace(day=1)


def _month(shop: str, month: str) -> Iterator[str]:
    for feed in (FEED, APART):
        for shard in range(FEED_SHARDS):
            with base.reading():
                for row in Seen.feed.query(base.partition(shop, feed, month, str(shard)), page_size=_CHUNK):
                    yield base.plain(row.pk.split("#")[3])
