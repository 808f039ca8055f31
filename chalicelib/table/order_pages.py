"""Every order of a shop, for whoever copies them all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from chalicelib.domain.order import Order
from chalicelib.table import base
from chalicelib.table.base import Seen
from chalicelib.table.orders import APART, EMPTY_MONTHS, FEED, FEED_SHARDS, of_ids

_CHUNK = 100


def every(shop: str, now: datetime) -> Iterator[Order]:
    """All orders that are not deleted, as they stand, the newest month first; a few at a time in memory. Read from the
    index, so a moment late."""
    ids = _ids(shop, now)
    while chunk := list(islice(ids, _CHUNK)):
        yield from (order for order, _ in of_ids(shop, chunk).values())


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
