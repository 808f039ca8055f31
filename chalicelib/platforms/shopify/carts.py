"""Shopify's carts (of nobody) and checkouts (of whoever has typed an address). Both bear the cart's token."""

from __future__ import annotations

from chalicelib.domain.events import CartSeen
from chalicelib.domain.money import iso
from chalicelib.domain.order import Buyer, Line
from chalicelib.domain.shop import Shop
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.shopify.fields import id_or_none
from chalicelib.platforms.shopify.orders import LONGEST_TOKEN
from chalicelib.platforms.shopify.people import buyer_of

_MOST_LINES, _MOST_QUANTITY = 1000, 1_000_000


def cart_seen(body: Node, received_at: str, shop: Shop) -> list[CartSeen]:
    """carts/create and carts/update. The currency stands only at the lines."""
    lines = body.at("line_items").items(_MOST_LINES)
    code = _currency(lines, shop)
    return [
        CartSeen(
            cart_id=_token(body.at("token")),
            buyer=Buyer(),
            lines=tuple(_line(line, code) for line in lines),
            currency=iso(code),
            updated_at=_updated_at(body) or received_at,
        )
    ]


def checkout_seen(body: Node, received_at: str, shop: Shop) -> list[CartSeen]:
    """checkouts/create and checkouts/update. A completed one is an order: nothing is left in its cart."""
    code = shop.currency if body.at("currency").missing else body.at("currency").currency()
    updated = _updated_at(body) or received_at
    lines = [] if not body.at("completed_at").missing else body.at("line_items").items(_MOST_LINES)
    return [
        CartSeen(
            cart_id=_token(body.at("token") if body.at("cart_token").missing else body.at("cart_token")),
            buyer=buyer_of(body, shop, updated),
            lines=tuple(_line(line, code) for line in lines),
            currency=iso(code),
            updated_at=updated,
        )
    ]


def _token(node: Node) -> str:
    token = texts.plain(node.text(), LONGEST_TOKEN)
    if not token:
        raise node.refused("is missing")
    return token


def _updated_at(body: Node) -> str | None:
    return body.at("updated_at").time() or body.at("created_at").time()


def _currency(lines: list[Node], shop: Shop) -> str:
    said = (line.at("price_set").at("shop_money").at("currency_code") for line in lines)
    return next((code.currency() for code in said if not code.missing), shop.currency)


def _line(line: Node, code: str) -> Line:
    quantity = line.at("quantity").whole(0, _MOST_QUANTITY)
    price = line.at("price").amount(code)
    return Line(
        product_id=id_or_none(line.at("product_id")),
        variant_id=id_or_none(line.at("variant_id")),
        sku=texts.plain(line.at("sku").text(), 100) or None,
        title=texts.plain(line.at("title").text()),
        quantity=quantity,
        unit_price=price,
        total=line.at("line_price").amount(code, price * quantity),
    )
