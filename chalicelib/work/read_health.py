"""How a shop's deliveries fare: what came, what became of it, what still waits, and what the shop has that we lack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import counters
from chalicelib.work import sync
from chalicelib.work.read_views import Json

_COUNTED = ("received", "stored", "duplicate", "stale", "quarantined", "missed", "refused", "old_secret")
_REPORTED = ("checked_at", "address", "hooks", "repairs", "found", "silent", "trouble", "next_at")


@dataclass
class Outside:
    waiting: Callable[[], int]  # messages on the inbox queue, of all shops together
    spooled: Callable[[str], int]  # a shop's deliveries that could not be queued yet


def health(shop: Shop, outside: Outside, now: datetime) -> Json:
    """Counters are added once per batch: close to exact. Once the shop's own API was asked, `orders_seen` and
    `orders_in_shop` are both of that moment (`shop.checked_at`): a number made of our own could hide what is missing.
    Before, `orders_in_shop` is None. `lag_seconds`: between an order's change and our hearing of it, the last time.
    `recent`: of today and yesterday."""
    found = counters.totals(shop.slug, stamp(now)[:10])
    report = sync.report(shop.slug) or {}
    return {
        **{name: found.counts[name] for name in _COUNTED},
        "recent": {name: found.recent[name] for name in ("received", "quarantined", "refused", "old_secret")},
        "waiting": outside.waiting(),
        "spooled": outside.spooled(shop.slug),
        "last_delivery_at": found.last_delivery_at,
        "lag_seconds": found.lag,
        "orders_seen": report.get("orders_seen", found.counts["orders"]),
        "orders_in_shop": report.get("orders_in_shop"),
        "shop": {name: report.get(name) for name in _REPORTED} if report else None,
        "import": sync.progress(shop.slug),
    }
