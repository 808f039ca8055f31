"""Taking in products and carts: the newest telling stays."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.events import CartSeen, ProductGone, ProductSeen
from chalicelib.domain.people import identity
from chalicelib.domain.shop import Shop
from chalicelib.table import customers, products
from chalicelib.work.take_order import retried


def see(shop: Shop, event: ProductSeen, now: datetime) -> str:
    return retried(lambda: "stored" if products.see(shop.slug, event.product) else "duplicate")


def gone(shop: Shop, event: ProductGone, now: datetime) -> str:
    return retried(lambda: "stored" if products.gone(shop.slug, event.product_id, event.at) else "duplicate")


def see_cart(shop: Shop, event: CartSeen, now: datetime) -> str:
    return retried(lambda: _see_cart(shop, event))


def _see_cart(shop: Shop, event: CartSeen) -> str:
    key = identity(event.buyer)
    node = customers.resolve(shop, key, event.updated_at).node if key else None
    return "stored" if products.see_cart(shop.slug, event, node.id if node else None) else "duplicate"
