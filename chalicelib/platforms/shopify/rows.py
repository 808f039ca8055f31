"""What Shopify lists, brought into events: each row with what hangs on it, whichever way it came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.events import Event, OrderSeen, Unreadable
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.platforms.body import Node
from chalicelib.platforms.shop_api import Link, Unread, settled
from chalicelib.platforms.shopify import graph_orders, graph_others, queries
from chalicelib.platforms.shopify.graph import ask

_INNER = {"orders": "lineItems", "products": "variants"}
_ONE = {"orders": "order", "customers": "customer", "products": "product"}
_MOST_INNER = 3000
_MORE = {"orders": queries.MORE_LINES, "products": queries.MORE_VARIANTS}


@dataclass(frozen=True, slots=True)
class Row:
    """An order, customer or product, and its lines or variants. `id` is Shopify's number; "" where it has none."""

    node: Node
    inner: tuple[Node, ...] = ()

    @property
    def id(self) -> str:
        return _quietly(self.node.at("legacyResourceId"))

    @property
    def updated_at(self) -> str:
        return _quietly(self.node.at("updatedAt"), time=True)


def row_of(link: Link, kind: str, node: Node) -> Row:
    """A row of a page, with everything that hangs on it: what the page had no room for is asked for. Raises Throttled,
    and whatever `ask` raises."""
    name = _INNER.get(kind)
    if name is None:
        return Row(node)
    listing = node.at(name)
    inner = _nodes(listing)
    while not listing.at("pageInfo").at("hasNextPage").missing and len(inner) < _MOST_INNER:
        after = listing.at("pageInfo").at("endCursor").text()
        variables = {"id": node.at("id").text(), "first": queries.MORE_AT_ONCE, "after": after}
        listing = ask(link, _MORE[kind], variables).data.at("node").at(name)
        inner += _nodes(listing)
    return Row(node, tuple(inner))


def too_large(kind: str, node: Node) -> Unread:
    """A row with more lines than can be asked for."""
    return Unread(_ONE[kind], Row(node).id, "has too many lines to be asked for", _INNER.get(kind, ""))


def read_rows(
    kind: str, rows: Iterable[Row], shop: Shop, asked_at: datetime
) -> tuple[tuple[Event, ...], tuple[Unread, ...]]:
    """What the rows say, and which of them could not be read. `asked_at`: the shop's clock when it said so."""
    events: list[Event] = []
    unread: list[Unread] = []
    for row in rows:
        try:
            events += _read(kind, row, shop, asked_at)
        except Unreadable as problem:
            unread.append(Unread(_ONE[kind], row.id, problem.reason, problem.field))
    return tuple(events), tuple(unread)


def _read(kind: str, row: Row, shop: Shop, asked_at: datetime) -> Sequence[Event]:
    if kind == "orders":
        return [OrderSeen(settled(graph_orders.order_of(row.node, row.inner, shop), asked_at))]
    if kind == "customers":
        return graph_others.accounts_seen(row.node, stamp(asked_at), shop)
    return graph_others.products_seen(row.node, row.inner, stamp(asked_at), shop)


def _nodes(listing: Node) -> list[Node]:
    return [edge.at("node") for edge in listing.at("edges").items(_MOST_INNER)]


def _quietly(node: Node, time: bool = False) -> str:
    try:
        return (node.time() or "") if time else node.text()
    except Unreadable:
        return ""
