"""Orders that are asked for by their ids, and which of them are no more."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chalicelib.domain.events import Event, OrderSeen
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.platforms.body import Node
from chalicelib.platforms.shop_api import Found, Link, Trouble, Unread
from chalicelib.platforms.shopify import queries, rights
from chalicelib.platforms.shopify.graph import Reply, Throttled, TooCostly, ask
from chalicelib.platforms.shopify.rows import Row, read_rows, row_of, too_large

_ID = re.compile(r"[1-9][0-9]{0,18}")
_NO_ID = "is not the id of a Shopify order"
_UNSEEN = "is out of sight: it may be older than 60 days, and the app lacks read_all_orders"


def found(link: Link, shop: Shop, ids: Sequence[str]) -> Found:
    """They as they are now, what of them cannot be read, and what is gone. Where the allowance ends before the ids do,
    the rest is in none of the lists: ask for it again. Raises Denied, Trouble, Unreadable."""
    asked = [id for id in dict.fromkeys(ids) if _ID.fullmatch(id)]
    parts = [Found(unread=tuple(Unread("order", id, _NO_ID) for id in dict.fromkeys(ids) if not _ID.fullmatch(id)))]
    for at in range(0, len(asked), queries.IDS_AT_ONCE):
        try:
            parts.append(_some(link, shop, asked[at : at + queries.IDS_AT_ONCE]))
        except Throttled:
            if not at:
                raise
            break
    return _together(parts)


def _some(link: Link, shop: Shop, ids: list[str]) -> Found:
    try:
        reply = _asked(link, ids)
    except TooCostly:
        if len(ids) == 1:
            raise
        half = len(ids) // 2
        return _together([_some(link, shop, ids[:half]), _some(link, shop, ids[half:])])
    nodes = reply.data.at("nodes").items(len(ids))
    if len(nodes) != len(ids):
        raise Trouble("Shopify did not answer for every order")
    rows, large, busy = _rows(link, [node for node in nodes if not node.missing])
    events, unread = read_rows("orders", rows, shop, reply.at)
    gone, unseen = _told_apart(link, reply.data, [id for id, node in zip(ids, nodes, strict=True) if node.missing])
    unread += tuple(Unread("order", id, _UNSEEN) for id in unseen)
    if busy and not (events or unread or gone):
        if not reply.allowance.rested:
            raise busy
        unread = (too_large("orders", large[0]),)
    return Found(_orders(events), unread, tuple(gone))


def _rows(link: Link, nodes: list[Node]) -> tuple[list[Row], list[Node], Throttled | None]:
    """(rows, those for whose many lines the allowance is too small now, what Shopify said of the last of them)."""
    rows: list[Row] = []
    large: list[Node] = []
    refusal = None
    for node in nodes:
        try:
            rows.append(row_of(link, "orders", node))
        except Throttled as busy:
            large.append(node)
            busy.wait = busy.until_full
            refusal = busy
    return rows, large, refusal


def _asked(link: Link, ids: list[str]) -> Reply:
    gids = [f"gid://shopify/Order/{id}" for id in ids]
    return ask(link, queries.ORDERS_BY_ID, {"ids": gids, "lines": queries.LINES_AT_ONCE})


def _told_apart(link: Link, data: Node, missing: list[str]) -> tuple[list[str], list[str]]:
    """(gone, unseen): Shopify says null for both. Ids grow: what is younger than the oldest in sight is gone."""
    if not missing or rights.OLD_ORDERS in rights.scopes(data):
        return missing, []
    listed = ask(link, queries.OLDEST).data.at("orders").at("edges").items(1)
    oldest = int(listed[0].at("node").at("legacyResourceId").text()) if listed else None
    gone = [id for id in missing if oldest is not None and int(id) > oldest]
    return gone, [id for id in missing if id not in gone]


def _orders(events: tuple[Event, ...]) -> tuple[Order, ...]:
    return tuple(event.order for event in events if isinstance(event, OrderSeen))


def _together(parts: list[Found]) -> Found:
    return Found(
        tuple(order for part in parts for order in part.orders),
        tuple(unread for part in parts for unread in part.unread),
        tuple(id for part in parts for id in part.gone),
    )
