"""Asking a WooCommerce shop over its REST API v3. What each of these promises stands in `platforms/shop_api.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from chalicelib.domain.events import Event, OrderSeen, ProductGone, Unreadable
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.platforms.body import Node
from chalicelib.platforms.shop_api import Denied, Found, Link, Page, Unread, settled
from chalicelib.platforms.woocommerce import listing, people, products, rest
from chalicelib.platforms.woocommerce.about import check, facts
from chalicelib.platforms.woocommerce.coupons import check as check_coupons
from chalicelib.platforms.woocommerce.coupons import drop as drop_coupon
from chalicelib.platforms.woocommerce.coupons import make as make_coupon
from chalicelib.platforms.woocommerce.fields import id_of
from chalicelib.platforms.woocommerce.hooks import (
    HOOK_TOPICS,
    add_hook,
    authorize_url,
    drop_hook,
    granted,
    hooks,
    mend_hook,
    renew_hook,
    token_of,
)
from chalicelib.platforms.woocommerce.listing import Part, What
from chalicelib.platforms.woocommerce.orders import UNFINISHED, read_order, status_word
from chalicelib.platforms.woocommerce.refusals import Missing
from chalicelib.platforms.woocommerce.signature import SECRETS_PER_TOPIC

__all__ = [
    "CREDENTIALS",
    "HOOK_TOPICS",
    "KINDS",
    "SECRETS_PER_TOPIC",
    "add_hook",
    "authorize_url",
    "check",
    "check_coupons",
    "count",
    "drop_coupon",
    "drop_hook",
    "facts",
    "granted",
    "hooks",
    "login",
    "make_coupon",
    "mend_hook",
    "orders",
    "page",
    "renew_hook",
    "token_of",
]

CREDENTIALS = {
    "consumer_key": "Begins with ck_: WooCommerce > Settings > Advanced > REST API > Add key, with Read/Write.",
    "consumer_secret": "Begins with cs_: shown once, below the consumer key.",
}
KINDS = ("products", "customers", "orders")
_TIMES = "date_created,date_created_gmt,date_modified,date_modified_gmt"
# Only what is read is asked for: it is a fraction of the bytes, and no street or address of a computer leaves the shop.
_ORDER = (
    f"id,number,status,currency,{_TIMES},date_completed,date_completed_gmt,date_paid,date_paid_gmt,total,total_tax,"
    "discount_total,shipping_total,customer_id,payment_method,billing.first_name,billing.last_name,billing.email,"
    "billing.phone,billing.country,shipping.first_name,shipping.last_name,meta_data,line_items,coupon_lines,refunds"
)
WHAT = {
    "products": What(
        "products",
        f"id,name,permalink,{_TIMES},status,price,stock_status,purchasable,images,tags,categories",
    ),
    # WooCommerce cannot list customers by their last change. Since a moment, the new ones come; changed ones are told
    # of by customer.updated, which every order of an account sends too.
    "customers": What(
        "customers",
        f"id,{_TIMES},email,first_name,last_name,billing.first_name,billing.last_name,billing.phone,billing.country,"
        "meta_data",
        dated=False,
    ),
    "orders": What("orders", _ORDER),
}
_AT_ONCE = 100


def login(link: Link) -> Link:
    """The key itself is what lets us in."""
    return link


def count(link: Link) -> int:
    """How many orders there are. Whether `any` means unfinished ones too depends on WooCommerce's version and storage:
    one of them is looked for among the others."""
    held = _total(link, status="any")
    try:
        drafts = rest.get(link, "orders", status="checkout-draft", per_page=1, _fields="id")
    except Denied as denied:
        if denied.code == "too_old":  # a shop without this status refuses its name
            return held
        raise
    one = next((_id(item) for item in drafts.many()), "")
    return held - (drafts.total or 0) if one and _total(link, status="any", include=one) else held


def page(link: Link, shop: Shop, kind: str, since: str | None, cursor: str | None) -> Page:
    """The next page of "products", "customers" or "orders"; `listing` says why nothing is missed. Unfinished orders are
    left out; orders and products in the bin come last, as deleted. Raises KeyError for another kind."""
    part = listing.read(link, WHAT[kind], since, cursor)
    events: list[Event] = []
    unread: list[Unread] = []
    for item in part.items:
        try:
            events += _READERS[kind](item, part, shop)
        except Unreadable as wrong:
            unread.append(Unread(kind, _id(item), wrong.reason, wrong.field))
    return Page(tuple(events), tuple(unread), part.next, part.total, part.wait)


def orders(link: Link, shop: Shop, ids: Sequence[str]) -> Found:
    """These orders as they are now, those in the bin too (deleted), and unfinished ones (draft). What a list does not
    show is asked for one by one, and only a clear "there is none" counts as gone."""
    found: list[Order] = []
    unread: list[Unread] = []
    wanted = [order_id for order_id in dict.fromkeys(ids) if _is_id(order_id)]
    told = [one for start in range(0, len(wanted), _AT_ONCE) for one in _listed(link, wanted[start : start + _AT_ONCE])]
    missing = set(wanted) - {_id(item) for item, _ in told}
    told += [one for order_id in wanted if order_id in missing and (one := _single(link, order_id))]
    for item, asked_at in told:
        try:
            found.append(settled(read_order(item, shop), asked_at))
        except Unreadable as wrong:
            unread.append(Unread("orders", _id(item), wrong.reason, wrong.field))
    there = {_id(item) for item, _ in told}
    return Found(
        tuple(found), tuple(unread), tuple(order_id for order_id in dict.fromkeys(ids) if order_id not in there)
    )


def _listed(link: Link, ids: Sequence[str]) -> list[tuple[Node, datetime]]:
    reply = rest.get(link, "orders", include=",".join(ids), status="any", per_page=_AT_ONCE, _fields=_ORDER)
    return [(item, reply.asked_at) for item in reply.many() if _id(item) in ids]


def _single(link: Link, order_id: str) -> tuple[Node, datetime] | None:
    try:
        reply = rest.get(link, f"orders/{order_id}", _fields=_ORDER)
    except Missing:
        return None
    return reply.one(), reply.asked_at


def _order(item: Node, part: Part, shop: Shop) -> Sequence[Event]:
    if status_word(item) in UNFINISHED:
        return []
    return [OrderSeen(settled(read_order(item, shop), part.asked_at))]


def _customer(item: Node, part: Part, shop: Shop) -> Sequence[Event]:
    return people.account_seen(item, stamp(part.asked_at), shop)


def _product(item: Node, part: Part, shop: Shop) -> Sequence[Event]:
    if item.at("status").value == "trash":
        return [ProductGone(id_of(item.at("id")), stamp(part.asked_at))]
    return products.product_seen(item, stamp(part.asked_at), shop)


_READERS: dict[str, Callable[[Node, Part, Shop], Sequence[Event]]] = {
    "products": _product,
    "customers": _customer,
    "orders": _order,
}


def _total(link: Link, **params: str) -> int:
    return rest.get(link, "orders", per_page=1, _fields="id", **params).total or 0


def _id(item: Node) -> str:
    """For people to find it by, "" where it has none."""
    value = item.at("id").value if isinstance(item.value, dict) else None
    return str(value) if isinstance(value, (int, str)) else ""


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20 and not text.startswith("0")
