"""What a customer's trigger is about: her cart, a product that is back, her birthday. Read when due: it may have
changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.domain.customer import Customer
from chalicelib.domain.money import Money
from chalicelib.domain.order import Line
from chalicelib.domain.shop import Shop
from chalicelib.table import follow_ups, products
from chalicelib.table.follow_ups import FollowUpRow, key_of
from chalicelib.work.about import Pick


@dataclass(frozen=True, slots=True)
class Matter:
    """`gone`: why it is no longer so, as a why code. `known`: what conditions may ask of it. `picks`: what is shown."""

    gone: str | None = None
    known: Mapping[str, Any] = field(default_factory=dict)
    picks: tuple[Pick, ...] = ()


NOTHING = Matter()


def of(shop: Shop, row: FollowUpRow, customer: Customer | None) -> Matter:
    """A read or two, and none for what an order started."""
    if row.trigger is None or customer is None:
        return NOTHING
    if _told_already(shop, row, customer):
        return Matter(gone="told_already")
    about = row.about or {}
    if "cart" in about:
        return _cart(shop, customer, str(about["cart"]))
    if "product" in about:
        return _product(shop, str(about["product"]))
    if "birthday" in about and _birthday_in(customer, str(about["birthday"])) != about["birthday"]:
        return Matter(gone="birthday_moved")
    return NOTHING


def _told_already(shop: Shop, row: FollowUpRow, customer: Customer) -> bool:
    """Her account and her address became one person after both had been told of the same thing: one of them is."""
    key = key_of(row.id)
    for node in customer.nodes:
        if key is None or node.id == key.holder:
            continue
        other = follow_ups.get(shop.slug, replace(key, holder=node.id).id)
        if other is None or other.state == "cancelled":
            continue
        if other.state not in ("scheduled", "deferred") or node.id < key.holder:
            return True
    return False


def _birthday_in(customer: Customer, day: str) -> str:
    """Her birthday of the same year, as it is known now."""
    from chalicelib.domain.dates import in_year

    note = customer.contact.note("birthday")
    return in_year(note, int(day[:4])).isoformat() if note else ""


def _cart(shop: Shop, customer: Customer, cart_id: str) -> Matter:
    cart = products.cart(shop.slug, cart_id)
    lines = [line for line in cart.lines if line.quantity > 0] if cart else []
    if cart is None or not lines or cart.customer not in [node.id for node in customer.nodes]:
        return Matter(gone="cart_gone")
    known: dict[str, Any] = {"cart.products": {line.product_id for line in lines if line.product_id}}
    if cart.currency:
        known["cart.total"] = Money(sum(line.total for line in lines), cart.currency)
    shown = products.of_ids(shop.slug, [line.product_id for line in lines[:8] if line.product_id])
    return Matter(known=known, picks=tuple(_in_cart(line, shown, cart.currency, shop) for line in lines[:8]))


def _in_cart(line: Line, shown: Mapping[str, Any], currency: str | None, shop: Shop) -> Pick:
    product = shown.get(line.product_id or "")
    return Pick(
        product_id=line.product_id or "",
        title=line.title or (product.title if product else ""),
        url=product.url if product else None,
        image=product.image if product else None,
        price=Money(line.total, currency) if currency else None,
        currency_original=shop.currency,
        why="why_in_cart",
    )


def _product(shop: Shop, product_id: str) -> Matter:
    product = products.of_ids(shop.slug, [product_id]).get(product_id)
    if product is None or not product.available:
        return Matter(gone="not_available")
    priced = product.price is not None and product.currency
    pick = Pick(
        product_id=product.id,
        title=product.title,
        url=product.url,
        image=product.image,
        price=Money(product.price or 0, product.currency or "") if priced else None,
        currency_original=shop.currency,
        why="why_back",
    )
    return Matter(known={}, picks=(pick,))
