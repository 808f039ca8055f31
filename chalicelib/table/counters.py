"""A shop's counters by day: added up once per batch, so close to exact; never used to decide anything."""

from __future__ import annotations

from collections import Counter

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.times import in_order
from chalicelib.table import base
from chalicelib.table.base import Integer, Row

NAMES = ("received", "stored", "duplicate", "stale", "ignored", "quarantined", "orders")


class CounterRow(Row, discriminator="counter"):
    received = Integer(default=0)
    stored = Integer(default=0)
    duplicate = Integer(default=0)
    stale = Integer(default=0)
    ignored = Integer(default=0)
    quarantined = Integer(default=0)
    orders = Integer(default=0)
    last_delivery_at = UnicodeAttribute(null=True)


def add(shop: str, day: str, counts: Counter[str], last_delivery_at: str) -> None:
    """`day` is `2026-11-21`; names are NAMES."""
    row = CounterRow(base.partition(shop, "ST"), day)
    actions = [getattr(CounterRow, name).add(n) for name, n in sorted(counts.items()) if n]
    actions += [CounterRow.last_delivery_at.set(last_delivery_at), CounterRow.kind.set(CounterRow)]
    with base.reading():
        row.update(actions=actions)


def totals(shop: str) -> tuple[Counter[str], str | None]:
    """All days together, and when the last delivery came."""
    sums: Counter[str] = Counter()
    last: str | None = None
    with base.reading():
        for row in CounterRow.query(base.partition(shop, "ST")):
            sums.update({name: getattr(row, name) for name in NAMES})
            last = max(filter(None, (last, row.last_delivery_at)), key=in_order, default=None)
    return sums, last
