"""Products as the shop last showed them, and carts, which go after 30 days."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.events import CartSeen, Product
from chalicelib.domain.times import in_order, moment
from chalicelib.table import base
from chalicelib.table.base import Json, Row

CART_KEPT = timedelta(days=30)


class ProductRow(Row, discriminator="product"):
    updated_at = UnicodeAttribute()
    product = Json(null=True)
    gone_at = UnicodeAttribute(null=True)


class CartRow(Row, discriminator="cart"):
    """Lines only: whose cart it is is named by the node, never by an address."""

    updated_at = UnicodeAttribute()
    customer = UnicodeAttribute(null=True)
    lines = Json()
    currency = UnicodeAttribute(null=True)


def see(shop: str, product: Product) -> bool:
    """Keep the newest telling. False where it is not news. Raises Conflict."""
    row = _row(shop, product.id)
    raw = {key: value for key, value in asdict(product).items() if value not in (None, ())}
    raw["available"] = product.available
    raw = {key: list(value) if isinstance(value, tuple) else value for key, value in raw.items()}
    if row and row.product and _version(row.updated_at, row.product) >= _version(product.updated_at, raw):
        return False
    new = ProductRow(_pk(shop, product.id), "PRODUCT", updated_at=product.updated_at, product=raw)
    new.gone_at = row.gone_at if row else None
    return bool(base.commit([base.replace(new, row.rev if row else None)]))


def _version(updated_at: str, raw: Any) -> tuple[str, str]:
    """The newest telling stays; of two of one moment, whichever comes first, the same one."""
    return in_order(updated_at), json.dumps(raw, sort_keys=True)


def gone(shop: str, product_id: str, at: str) -> bool:
    """The shop no longer has it. Raises Conflict."""
    row = _row(shop, product_id)
    if row and row.gone_at and in_order(row.gone_at) >= in_order(at):
        return False
    new = ProductRow(_pk(shop, product_id), "PRODUCT", updated_at=row.updated_at if row else "", gone_at=at)
    new.product = row.product if row else None
    return bool(base.commit([base.replace(new, row.rev if row else None)]))


def of_ids(shop: str, ids: Iterable[str]) -> dict[str, Product]:
    """Those of the products that the shop still has."""
    keys = [(_pk(shop, product_id), "PRODUCT") for product_id in dict.fromkeys(ids)]
    found: dict[str, Product] = {}
    with base.reading():
        for row in ProductRow.batch_get(keys) if keys else ():
            if row.product and not (row.gone_at and in_order(row.gone_at) >= in_order(row.updated_at)):
                found[row.product["id"]] = _product(row.product)
    return found


def see_cart(shop: str, cart: CartSeen, customer: str | None) -> bool:
    """Keep the newest telling of a cart. Raises Conflict."""
    pk = base.partition(shop, "K", cart.cart_id)
    row = base.first(CartRow, pk, "CART")
    new = CartRow(pk, "CART", updated_at=cart.updated_at, customer=customer, currency=cart.currency)
    new.lines = [asdict(line) for line in cart.lines]
    if row and _version(row.updated_at, _cart(row)) >= _version(new.updated_at, _cart(new)):
        return False
    new.ttl = int((moment(cart.updated_at) + CART_KEPT).timestamp())
    return bool(base.commit([base.replace(new, row.rev if row else None)]))


def _cart(row: CartRow) -> list[Any]:
    return [row.lines, row.customer, row.currency]


def _pk(shop: str, product_id: str) -> str:
    return base.partition(shop, "P", product_id)


def _row(shop: str, product_id: str) -> ProductRow | None:
    return base.first(ProductRow, _pk(shop, product_id), "PRODUCT")


def _product(raw: dict[str, Any]) -> Product:
    lists = {key: tuple(raw.get(key, ())) for key in ("tags", "categories")}
    return Product(**{**raw, **lists})
