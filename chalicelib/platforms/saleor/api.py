"""Asking a Saleor shop (`platforms/shop_api.py`) with the token of its app.

Listings go by the time of the last change, oldest first, and Saleor's cursors name the place where a page ended (that
time, and what breaks ties), not a number of rows. So nothing shifts: an order that is changed or placed meanwhile moves
to the end, which is still to come, and one that is deleted leaves no gap. What was changed earlier but is committed
only after the cursor has passed its time is in the caller's next listing, which begins before this one did.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from chalicelib.domain.events import Event, OrderChanged, OrderSeen, Unreadable
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.saleor import graph, webhook
from chalicelib.platforms.saleor.about import check, confirm, facts, same_address
from chalicelib.platforms.saleor.coupons import check as check_coupons
from chalicelib.platforms.saleor.coupons import drop as drop_coupon
from chalicelib.platforms.saleor.coupons import make as make_coupon
from chalicelib.platforms.saleor.hooks import HOOK_TOPICS, add_hook, drop_hook, hooks, mend_hook
from chalicelib.platforms.saleor.keyset import jwks
from chalicelib.platforms.saleor.queries import ADDRESS, CUSTOMER, ORDER, PRODUCT
from chalicelib.platforms.saleor.signature import SECRETS_PER_TOPIC, TOPICS
from chalicelib.platforms.saleor.telling import Telling
from chalicelib.platforms.shop_api import Denied, Found, Link, Page, Trouble, Unread, settled

__all__ = [
    "CREDENTIALS",
    "HOOK_TOPICS",
    "KINDS",
    "SECRETS_PER_TOPIC",
    "TOPICS",
    "add_hook",
    "check",
    "check_coupons",
    "confirm",
    "count",
    "drop_coupon",
    "drop_hook",
    "facts",
    "hooks",
    "jwks",
    "login",
    "make_coupon",
    "mend_hook",
    "orders",
    "page",
    "same_address",
]

CREDENTIALS = {
    "token": "The token of our app: the shop hands it over when the app is installed from its manifest; for an app "
    "made by hand it stands in the dashboard under Extensions, the app, Tokens."
}
# Accounts come before the orders that they were made for: an order then finds its customer.
KINDS = ("products", "customers", "orders")
# Where a shop limits what a query may cost, fewer at once will do.
_SIZES = (100, 25, 5)
_LONGEST_CURSOR = 2000
# how versions of Saleor write the JSON in a cursor: escaped or not, with which separators
_WRITTEN = {"a": (True, (", ", ": ")), "b": (True, (",", ":")), "c": (False, (",", ":"))}
_AS_IT_IS = "r"
# kind -> what a listing needs: the type of its filter, selection, fragments, and the event that says the same
_LISTED = {
    "products": ("ProductFilterInput", "...ProductParts", PRODUCT, "product_updated"),
    "customers": ("CustomerFilterInput", "...CustomerParts", f"{CUSTOMER}\n{ADDRESS}", "customer_updated"),
    "orders": ("OrderFilterInput", "...OrderParts", f"{ORDER}\n{ADDRESS}", "order_updated"),
}
T = TypeVar("T")
COUNT = "query EcrmCount { orders { totalCount } }"


def _query(kind: str) -> str:
    filter_type, selection, fragments, _ = _LISTED[kind]
    given = f"$first: Int!, $after: String, $filter: {filter_type}, $counted: Boolean!"
    asked = "first: $first, after: $after, filter: $filter, sortBy: { field: LAST_MODIFIED_AT, direction: ASC }"
    page = "totalCount @include(if: $counted) pageInfo { hasNextPage endCursor }"
    listing = f"{kind}({asked}) {{ {page} edges {{ node {{ {selection} }} }} }}"
    return f"query Ecrm{kind.capitalize()}({given}) {{\n  {listing}\n}}\n{fragments}"


LISTINGS = {kind: _query(kind) for kind in KINDS}


def login(link: Link) -> Link:
    """The token is all it takes, and it does not expire."""
    if not link.local and urlsplit(graph.address(link.url)).scheme != "https":
        raise Denied("insecure", "Saleor is asked over https only: the token would travel in the clear")
    return link


@graph.readable
def count(link: Link) -> int:
    """All orders but drafts, which Saleor lists elsewhere."""
    return graph.ask(link, COUNT).data.at("orders").at("totalCount").whole(0, 2**31)


@graph.readable
def page(link: Link, shop: Shop, kind: str, since: str | None, cursor: str | None) -> Page:
    """What changed at or after `since`, as `shop_api` says; the total is on the first page."""
    after = _long(cursor) if cursor else None
    asked = {"after": after, "filter": {"updatedAt": {"gte": since}} if since else None, "counted": cursor is None}
    reply = _affordable(lambda size: graph.ask(link, LISTINGS[kind], first=size, **asked))
    listing = reply.data.at(kind)
    events, unread = _read(reply, kind, shop)
    total = listing.at("totalCount").whole(0, 2**31) if cursor is None else None
    return Page(tuple(events), tuple(unread), _next(listing.at("pageInfo"), after), total)


@graph.readable
def orders(link: Link, shop: Shop, ids: Sequence[str]) -> Found:
    """These orders as they are now."""
    return _affordable(lambda size: _orders(link, shop, list(dict.fromkeys(ids)), size))


def _orders(link: Link, shop: Shop, ids: list[str], size: int) -> Found:
    wanted = [one for one in ids if _is_order(one)]
    seen: list[Order] = []
    unread: list[Unread] = []
    there: set[str] = set()
    for start in range(0, len(wanted), size):
        part = wanted[start : start + size]
        reply = graph.ask(link, LISTINGS["orders"], first=len(part), filter={"ids": part}, counted=False)
        events, bad = _read(reply, "orders", shop)
        seen += [event.order for event in events if isinstance(event, OrderSeen)]
        unread += bad
        there |= {_id(edge.at("node")) for edge in reply.data.at("orders").at("edges").items(size)}
    return Found(tuple(seen), tuple(unread), tuple(one for one in ids if one not in there))


def _affordable(ask: Callable[[int], T]) -> T:
    """What `ask` returns for as many at once as the shop lets a query cost."""
    for size in _SIZES:
        try:
            return ask(size)
        except graph.TooCostly:
            continue
    raise Denied("query_cost", "the shop lets no query cost what ours does: raise its GRAPHQL_QUERY_MAX_COMPLEXITY")


def _read(reply: graph.Reply, kind: str, shop: Shop) -> tuple[list[Event], list[Unread]]:
    events: list[Event] = []
    unread: list[Unread] = []
    if reply.data.at(kind).at("pageInfo").missing:
        raise Trouble("the shop answers without what was asked for")
    for number, edge in enumerate(reply.data.at(kind).at("edges").items(_SIZES[0])):
        node = edge.at("node")
        try:
            if number in reply.spoiled:
                raise Unreadable(f"the shop could not tell all of it ({reply.spoiled[number]})")
            events += _events(kind, node, shop, reply)
        except Unreadable as bad:
            unread.append(Unread(kind, _id(node), bad.reason, bad.field))
    return events, unread


def _events(kind: str, node: Node, shop: Shop, reply: graph.Reply) -> list[Event]:
    """Read as the event that would carry it."""
    said = webhook.READERS[TOPICS[_LISTED[kind][3]]](Telling(node), stamp(reply.asked_at), shop)
    if any(isinstance(one, OrderChanged) for one in said):
        raise Unreadable("lacks what an order cannot do without")
    return [OrderSeen(settled(one.order, reply.asked_at)) if isinstance(one, OrderSeen) else one for one in said]


def _id(node: Node) -> str:
    value = node.value.get("id") if isinstance(node.value, dict) else None
    return texts.plain(value, 200) if isinstance(value, str) else ""


def _is_order(text: str) -> bool:
    """An id of another form makes Saleor refuse the whole question."""
    try:
        return base64.b64decode(text, validate=True).startswith(b"Order:")
    except (binascii.Error, ValueError):
        return False


def _next(info: Node, after: str | None) -> str | None:
    if info.at("hasNextPage").missing:
        return None
    end = info.at("endCursor").text()
    if not end or end == after:
        raise Trouble("the shop's listing does not go on")
    return _short(end)


def _short(cursor: str) -> str:
    """Saleor's cursor is the base64 of JSON, in which some versions escape every Persian letter of a product's name:
    too long to keep as it is."""
    try:
        values = json.loads(base64.b64decode(cursor, validate=True))
    except (binascii.Error, ValueError):
        values = None
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    ways = [way for way in _WRITTEN if values is not None and _long(way + text) == cursor]
    kept = ways[0] + text if ways else _AS_IT_IS + cursor
    if len(kept) > _LONGEST_CURSOR:
        raise Trouble("the shop's cursor is too long")
    return kept


def _long(short: str) -> str:
    """The inverse."""
    way, text = short[:1], short[1:]
    if way == _AS_IT_IS:
        return text
    ascii_only, separators = _WRITTEN[way]
    values = json.dumps(json.loads(text), ensure_ascii=ascii_only, separators=separators)
    return base64.b64encode(values.encode()).decode()
