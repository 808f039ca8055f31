"""Listing page by page: what changed since a moment, and a whole history where no bulk operation can be had.

Nothing is missed while the shop lives on: Shopify's cursors hold the value of the last row, not its number, and the
rows come in the order of that value. A history comes by id, so that what is placed meanwhile comes last and what is
changed stays where it is. Changes come by the time of the change: what changes again moves on, and is met again.
"""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.platforms.body import Node
from chalicelib.platforms.shop_api import Link, Page
from chalicelib.platforms.shopify import queries
from chalicelib.platforms.shopify.graph import Reply, Throttled, TooCostly, ask
from chalicelib.platforms.shopify.places import Place, written
from chalicelib.platforms.shopify.rows import Row, read_rows, row_of, too_large

_AT_ONCE = {
    "orders": queries.ORDERS_AT_ONCE,
    "customers": queries.CUSTOMERS_AT_ONCE,
    "products": queries.PRODUCTS_AT_ONCE,
}
_QUERY = {"orders": queries.ORDERS, "customers": queries.CUSTOMERS, "products": queries.PRODUCTS}
_INNER = {
    "orders": {"lines": queries.LINES_AT_ONCE},
    "customers": {},
    "products": {"variants": queries.VARIANTS_AT_ONCE},
}
# Shopify says of some of its listings that nobody pages past 25,000 rows: a new window starts long before.
_DEEPEST = 20_000


def page(link: Link, shop: Shop, kind: str, since: str | None, place: Place) -> Page:
    """One page, and where the next one starts. Raises Denied and Trouble."""
    at_once = 1 if place.alone else place.at_once or _AT_ONCE[kind]
    try:
        reply = _asked(link, shop, kind, since, place, at_once)
    except TooCostly:
        if at_once == 1:
            raise
        return Page(next=written(place.on(at_once=at_once // 2)))
    edges = reply.data.at(kind).at("edges").items(at_once)
    rows, pause = _rows(link, kind, edges)
    if pause and not rows and not (place.alone and reply.allowance.rested):
        return Page(next=written(place.on(alone=True)), wait=pause)
    events, unread = read_rows(kind, _wanted(rows, since), shop, reply.at)
    if pause and not rows:
        # Not even a full allowance holds it. A bulk operation, or its webhooks, will.
        unread = (too_large(kind, edges[0].at("node")),)
    done = len(rows) or len(unread)
    onward = _onward(reply.data.at(kind), edges[:done], kind, shop, since, place)
    if onward is None:
        return Page(events, unread)
    alone = bool(pause and rows)
    return Page(events, unread, written(onward.on(alone=alone)), wait=pause or reply.allowance.pause)


def _rows(link: Link, kind: str, edges: list[Node]) -> tuple[list[Row], int]:
    """The rows up to the first for whose many lines the allowance is too small, and the seconds until it is full."""
    rows: list[Row] = []
    for edge in edges:
        try:
            rows.append(row_of(link, kind, edge.at("node")))
        except Throttled as busy:
            return rows, busy.until_full
    return rows, 0


def _onward(listing: Node, done: list[Node], kind: str, shop: Shop, since: str | None, place: Place) -> Place | None:
    """Where the next page starts; None at the end."""
    all_done = len(done) == len(listing.at("edges").value or [])
    if not done or (all_done and listing.at("pageInfo").at("hasNextPage").missing):
        return None
    last = Row(done[-1].at("node"))
    onward = place.on(after=done[-1].at("cursor").text(), depth=place.depth + len(done), alone=False)
    window = onward.on(after="", depth=0, since=last.id if since is None else last.updated_at)
    moved = _filter(kind, shop, since, window) != _filter(kind, shop, since, place)
    return window if onward.depth >= _DEEPEST and window.since and moved else onward


def _asked(link: Link, shop: Shop, kind: str, since: str | None, place: Place, at_once: int) -> Reply:
    variables = {
        "first": at_once,
        "after": place.after or None,
        "query": _filter(kind, shop, since, place),
        "sort": "ID" if since is None else "UPDATED_AT",
        **_INNER[kind],
    }
    return ask(link, _QUERY[kind], variables)


def _filter(kind: str, shop: Shop, since: str | None, place: Place) -> str | None:
    """In Shopify's search syntax."""
    terms = [queries.ANY_STATUS] if kind == "products" else []
    if since is None:
        terms += [f"id:>={int(place.since) + 1}"] if place.since else []
    else:
        terms.append(f"updated_at:>='{_start(kind, shop, place.since or since)}'")
    return " AND ".join(terms) or None


def _start(kind: str, shop: Shop, since: str) -> str:
    """Whole seconds. Customers are filtered by whole days, of which calendar is not said: the earlier one's."""
    at = moment(since)
    if kind != "customers":
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return min(at.astimezone(ZoneInfo(shop.timezone)).date(), at.astimezone(UTC).date()).isoformat()


def _wanted(rows: list[Row], since: str | None) -> list[Row]:
    if since is None:
        return rows
    start = moment(since).replace(microsecond=0)
    return [row for row in rows if not row.updated_at or moment(row.updated_at) >= start]
