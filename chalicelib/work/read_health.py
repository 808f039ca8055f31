"""How a shop's deliveries fare: what came, what became of it, what still waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.shop import Shop
from chalicelib.table import counters
from chalicelib.work.read_views import Json

_COUNTED = ("received", "stored", "duplicate", "stale", "quarantined")


@dataclass
class Outside:
    waiting: Callable[[], int]  # messages on the inbox queue, of all shops together
    spooled: Callable[[str], int]  # a shop's deliveries that could not be queued yet


def health(shop: Shop, outside: Outside) -> Json:
    """Counters are added once per batch: close to exact. `orders_in_shop` is None until the shop's own API is asked."""
    counts, last = counters.totals(shop.slug)
    return {
        **{name: counts[name] for name in _COUNTED},
        "waiting": outside.waiting(),
        "spooled": outside.spooled(shop.slug),
        "last_delivery_at": last,
        "orders_seen": counts["orders"],
        "orders_in_shop": None,
    }
