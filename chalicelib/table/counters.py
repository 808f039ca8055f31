"""A shop's counters by day: added up once per batch, so close to exact; never used to decide anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.times import in_order
from chalicelib.table import base
from chalicelib.table.base import Integer, Row

NAMES = (
    "received",
    "stored",
    "duplicate",
    "stale",
    "ignored",
    "quarantined",
    "orders",  # that were new, however we heard of them
    "missed",  # that no webhook had told us of
    "refused",  # at the door: a signature that none of the shop's secrets made
    "old_secret",  # signed with one that is to be retired
)


class CounterRow(Row, discriminator="counter"):
    received = Integer(default=0)
    stored = Integer(default=0)
    duplicate = Integer(default=0)
    stale = Integer(default=0)
    ignored = Integer(default=0)
    quarantined = Integer(default=0)
    orders = Integer(default=0)
    missed = Integer(default=0)
    refused = Integer(default=0)
    old_secret = Integer(default=0)
    lag = Integer(null=True)  # seconds between the last order's change and our hearing of it
    last_delivery_at = UnicodeAttribute(null=True)


def add(
    shop: str, day: str, counts: Mapping[str, int], last_delivery_at: str | None = None, lag: int | None = None
) -> None:
    """`day` is `2026-11-21`; names are NAMES."""
    actions = [getattr(CounterRow, name).add(n) for name, n in sorted(counts.items()) if n]
    if last_delivery_at:
        actions.append(CounterRow.last_delivery_at.set(last_delivery_at))
    if lag is not None:
        actions.append(CounterRow.lag.set(lag))
    if not actions:
        return
    with base.reading():
        CounterRow(base.partition(shop, "ST"), day).update(actions=[*actions, CounterRow.kind.set(CounterRow)])


@dataclass(frozen=True, slots=True)
class Totals:
    """`counts` of all days together; `recent`: of the last two. `lag` in seconds, of the last day that had any."""

    counts: Counter[str]
    recent: Counter[str]
    last_delivery_at: str | None
    lag: int | None


def totals(shop: str, today: str) -> Totals:
    """`today` is `2026-11-21`."""
    since = (date.fromisoformat(today) - timedelta(days=1)).isoformat()
    sums: Counter[str] = Counter()
    recent: Counter[str] = Counter()
    last: str | None = None
    lag: int | None = None
    with base.reading():
        for row in CounterRow.query(base.partition(shop, "ST")):
            found = {name: getattr(row, name) for name in NAMES}
            sums.update(found)
            recent.update(found if row.sk >= since else {})
            last = max(filter(None, (last, row.last_delivery_at)), key=in_order, default=None)
            lag = lag if row.lag is None else row.lag
    return Totals(sums, recent, last, lag)
