"""Somebody who is logged in at the storefront: everything that it may know of her account, in one query; in two where
more messages wait for her than fit into one.

Her partition is sorted so that what a page needs lies together: orders (`O#…`), `PROFILE`, `RECENT`, `SHELF#…`. Read
backwards, it gives the newest of each first, however much else there is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.customer import Node
from chalicelib.domain.times import in_order, stamp
from chalicelib.table import base, follow_ups, lean
from chalicelib.table.base import Json, Row
from chalicelib.table.customers import node_of
from chalicelib.table.shelf import KEPT, MOST, Shown

FIRST, LAST = "O#", "SHELF#~"
WITHOUT_SHELF = "RECENT"
# Orders beyond these say little of what she wants next.
MOST_ROWS = 100
RECENT_KEPT = timedelta(days=90)


class RecentRow(Row, discriminator="recent"):
    """What she looked at: `viewed` [[product id, stored moment], …] newest first; `cart`: ids, as of `cart_at`."""

    viewed = Json(null=True)
    cart = Json(null=True)
    cart_at = UnicodeAttribute(null=True)
    at = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class Bought:
    """One of her orders: `products` are ids, each once. Where she gave it back they stand in `given_back` instead."""

    order: str
    at: str
    products: tuple[str, ...]
    given_back: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Visitor:
    """One account's node. `orders` newest first, only those that count."""

    node: Node
    orders: tuple[Bought, ...] = ()
    viewed: tuple[tuple[str, str], ...] = ()  # (product id, stored moment), newest first
    messages: tuple[Shown, ...] = ()


def read(shop: str, node_id: str, now: datetime) -> Visitor | None:
    """None for an account nobody knows. Raises Trouble."""
    orders: list[Bought] = []
    viewed: list[tuple[str, str]] = []
    messages: list[Shown] = []
    node: Node | None = None
    for item in _all(base.partition(shop, "C", node_id)):
        kind = item["k"]
        if kind == "pointer" and item["counts"] != "no":
            orders.append(_bought(item))
        elif kind == "profile":
            node = node_of(_json(item["node"]))
        elif kind == "recent":
            viewed = _lately([(str(product), str(at)) for product, at in _json(item.get("viewed"))], now)
        elif kind == "shelf":
            messages.append(_shown(item))
    if node is None:
        return None
    return Visitor(node, tuple(orders), tuple(viewed), _fresh(messages, now))


def _all(pk: str) -> list[lean.Item]:
    """What lies on her shelf comes first: where it is so much that her profile did not fit, the rest is asked for."""
    found, is_whole = lean.newest(pk, FIRST, LAST, MOST_ROWS)
    if is_whole or any(item["k"] == "profile" for item in found):
        return found
    shelf = [item for item in found if item["k"] == "shelf"]
    return shelf + lean.newest(pk, FIRST, WITHOUT_SHELF, MOST_ROWS)[0]


def _lately(viewed: list[tuple[str, str]], now: datetime) -> list[tuple[str, str]]:
    """The row stays as long as the newest in it."""
    since = in_order(stamp(now - RECENT_KEPT))
    return [view for view in viewed if in_order(view[1]) > since]


def _json(text: str | None) -> Any:
    return json.loads(text) if text else ()


def _bought(item: lean.Item) -> Bought:
    products, given_back = (tuple(_json(item.get(name))) for name in ("products", "given_back"))
    return Bought(item["order_id"], item["placed_at"], products, given_back)


def _shown(item: lean.Item) -> Shown:
    optional = (item.get(name) or "" for name in ("subject", "link", "language"))
    return Shown(item["follow_up"], item.get("text") or "", item["at"], *optional)


def _fresh(messages: list[Shown], now: datetime) -> tuple[Shown, ...]:
    """Newest first. Of what a flow says of each of her orders only the newest, and nothing where she closed that: who
    ordered four times and waves it away would else be told it three times more."""
    since = in_order(stamp(now - KEPT))
    newest: dict[str, Shown] = {}
    for one in sorted(messages, key=lambda one: (in_order(one.at), one.follow_up), reverse=True):
        newest.setdefault(_said_by(one.follow_up), one)
    return tuple([one for one in newest.values() if one.text and in_order(one.at) > since][:MOST])


def _said_by(follow_up: str) -> str:
    key = follow_ups.key_of(follow_up)
    return f"{key.flow}#{key.step}" if key and key.kind == follow_ups.OF_ORDER else follow_up
