"""Somebody who is logged in at the storefront: everything that it may know of her account, in one query.

Her partition is sorted so that what a page needs lies together: orders (`O#…`), `PROFILE`, `RECENT`, `SHELF#…`. Read
backwards, it gives the newest of each first, however much else there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.customer import Node
from chalicelib.domain.times import in_order, stamp
from chalicelib.table import base
from chalicelib.table.base import Json, Row
from chalicelib.table.customers import PointerRow, ProfileRow, node_of
from chalicelib.table.shelf import KEPT, MOST, ShelfRow, Shown

FIRST, LAST = "O#", "SHELF#~"
# Orders beyond these say little of what she wants next.
MOST_ROWS = 100
RECENT_KEPT = timedelta(days=90)


class RecentRow(Row, discriminator="recent"):
    """What she looked at: `viewed` [[product id, stored moment], …] newest first, `cart` product ids as of `cart_at`."""

    viewed = Json(null=True)
    cart = Json(null=True)
    cart_at = UnicodeAttribute(null=True)
    at = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class Bought:
    """One of her orders: `products` are ids, each once."""

    order: str
    at: str
    products: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Visitor:
    """One account's node. `orders` newest first, only those that count."""

    node: Node
    orders: tuple[Bought, ...] = ()
    viewed: tuple[tuple[str, str], ...] = ()  # (product id, stored moment), newest first
    messages: tuple[Shown, ...] = ()


def read(shop: str, node_id: str, now: datetime) -> Visitor | None:
    """None for an account nobody knows. Eventually consistent: half the price, and a page view is no decision."""
    rows: dict[type, list[Any]] = {}
    with base.reading():
        between = Row.sk.between(FIRST, LAST)
        found = Row.query(base.partition(shop, "C", node_id), between, scan_index_forward=False, limit=MOST_ROWS)
        for row in found:
            rows.setdefault(type(row), []).append(row)
    profile = next(iter(rows.get(ProfileRow, ())), None)
    if profile is None:
        return None
    orders = tuple(_bought(row) for row in rows.get(PointerRow, ()) if row.counts != "no")
    viewed = tuple((str(product), str(at)) for row in rows.get(RecentRow, ()) for product, at in row.viewed or ())
    return Visitor(node_of(profile.node), orders, viewed, _messages(rows.get(ShelfRow, []), now))


def _bought(row: PointerRow) -> Bought:
    return Bought(row.order_id, row.placed_at, tuple(row.products or ()))


def _messages(rows: list[ShelfRow], now: datetime) -> tuple[Shown, ...]:
    since = in_order(stamp(now - KEPT))
    newest = sorted(rows, key=lambda row: (in_order(row.at), row.follow_up), reverse=True)
    fresh = [row for row in newest if in_order(row.at) > since][:MOST]
    return tuple(
        Shown(row.follow_up, row.text, row.at, row.subject or "", row.link or "", row.language or "") for row in fresh
    )
