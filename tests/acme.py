"""Acme, a shop to read from: orders and accounts as a shop tells of them, taken in the usual way."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib import keys
from chalicelib.domain.events import AccountSeen, OrderSeen
from chalicelib.domain.order import Buyer, Consent, Line, Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.table import shops
from chalicelib.work import take_account, take_order

MASTER = bytes.fromhex("5e" * 32)
NOW = moment("2026-11-21T12:00:00Z")
SARA = Buyer(email="sara@example.test", phone="+4915112345678", name="Sara Ahmadi", locale="de", country="DE")
YES = Consent("email", "subscribed", "checkout", "2026-10-01T08:00:00Z")


def open_shop(slug: str = "acme", **fields: Any) -> tuple[Shop, str]:
    """The shop, stored, and its secret key."""
    key = keys.secret_key(MASTER, slug)
    shop = Shop(
        slug,
        "standard",
        "2026-01-01T00:00:00Z",
        currency="EUR",
        country="DE",
        blind_key=keys.derive(MASTER, "test-blind", slug).hex(),
        salt="5a" * 16,
        secret_key_hash=keys.hash_secret_key(key),
    )
    shop = replace(shop, **fields)
    shops.put(shop)
    return shop, key


def order(order_id: str = "18", buyer: Buyer = SARA, **fields: Any) -> Order:
    """A paid order of 25.00 EUR, placed on 1 November at 10 o'clock."""
    line = Line("p-1", None, "SKU-1", "Walnut bowl", 1, 2500, 2500)
    plain = Order(
        id=order_id,
        number=f"R-{order_id}",
        status="placed",
        payment="paid",
        fulfilment="none",
        currency="EUR",
        currency_original="EUR",
        total=2500,
        subtotal=2500,
        discount=0,
        tax=399,
        shipping=0,
        placed_at="2026-11-01T10:00:00Z",
        updated_at="2026-11-01T10:05:00Z",
        paid_at="2026-11-01T10:02:00Z",
        buyer=buyer,
        lines=(line,),
    )
    return replace(plain, **fields)


def see(shop: Shop, *orders: Order, now: datetime = NOW) -> None:
    for one in orders:
        take_order.see(shop, OrderSeen(one), now)


def see_account(
    shop: Shop, buyer: Buyer, created: str, updated: str = "", tags: tuple[str, ...] = (), now: datetime = NOW
) -> str:
    return take_account.see(shop, AccountSeen(buyer, created, updated or created, tags), now)


def day(number: int) -> str:
    """A moment of November 2026."""
    return stamp(moment(f"2026-11-{number:02d}T10:00:00Z"))
