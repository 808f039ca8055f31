"""Saleor's checkouts: carts that may become orders. Their prices are before discounts and taxes."""

from __future__ import annotations

from chalicelib.domain.events import CartSeen
from chalicelib.domain.money import iso
from chalicelib.domain.order import Line
from chalicelib.domain.shop import Shop
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.saleor.fields import id_of, id_or_none
from chalicelib.platforms.saleor.orders import MOST_LINES, MOST_QUANTITY
from chalicelib.platforms.saleor.people import buyer_of
from chalicelib.platforms.saleor.telling import Telling


def cart_seen(told: Telling, received_at: str, shop: Shop) -> list[CartSeen]:
    """checkout_created and checkout_updated."""
    cart = told.thing
    updated = cart.at("updatedAt").time() or told.issued_at or received_at
    code = cart.at("channel").at("currencyCode")
    if code.missing:
        code = Node(shop.currency, code.path)
    lines = tuple(_line(line, code.currency()) for line in cart.at("lines").items(MOST_LINES))
    buyer = buyer_of(cart, shop, updated)
    return [CartSeen(id_of(cart.at("id"), "Checkout"), buyer, lines, iso(code.currency()), updated)]


def _line(line: Node, code: str) -> Line:
    quantity, variant = line.at("quantity").whole(0, MOST_QUANTITY), line.at("variant")
    unit = line.at("undiscountedUnitPrice").at("amount").amount(code, 0)
    return Line(
        product_id=id_or_none(variant.at("product").at("id"), "Product"),
        variant_id=id_or_none(variant.at("id"), "ProductVariant"),
        sku=texts.plain(variant.at("sku").text(), 100) or None,
        title=texts.plain(variant.at("product").at("name").text()),
        quantity=quantity,
        unit_price=unit,
        total=line.at("undiscountedTotalPrice").at("amount").amount(code, unit * quantity),
    )
