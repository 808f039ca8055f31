"""Taking in products and carts: the newest telling stays. A product that is back is told to who waits for it; a cart
that somebody known has left starts what waits for that."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from chalicelib.domain.events import CartOrdered, CartSeen, ProductGone, ProductSeen
from chalicelib.domain.order import Buyer
from chalicelib.domain.people import identity
from chalicelib.domain.shop import Shop
from chalicelib.table import customers, products
from chalicelib.table.base import retried
from chalicelib.table.products import Cart
from chalicelib.work import occasions, wants
from chalicelib.work.occasions import Occasion


def see(shop: Shop, event: ProductSeen, now: datetime) -> str:
    """Outcome: stored | duplicate."""
    also = partial(wants.task, shop, event.product.id, now)
    return retried(lambda: "stored" if products.see(shop.slug, event.product, also) else "duplicate")


def gone(shop: Shop, event: ProductGone, now: datetime) -> str:
    """Outcome: stored | duplicate."""
    also = partial(wants.task, shop, event.product_id, now)
    return retried(lambda: "stored" if products.gone(shop.slug, event.product_id, event.at, also) else "duplicate")


def see_cart(shop: Shop, event: CartSeen, now: datetime) -> str:
    """Outcome: stored | duplicate. What a duplicate should have started is looked at too: whoever told it first may
    have died over it."""
    key = identity(event.buyer)
    whose = customers.resolve(shop, key, event.updated_at).node.id if key else None
    news, cart = _kept(shop, event, whose)
    if cart.customer and occasions.wanted(shop, "cart_abandoned"):
        _left(shop, event.cart_id, cart, now)
    return "stored" if news else "duplicate"


def cart_ordered(shop: Shop, event: CartOrdered, now: datetime) -> str:
    """An order names the cart that it was: nothing is left in it. Only asked where somebody waits for carts."""
    if not occasions.wanted(shop, "cart_abandoned"):
        return "ignored"
    return see_cart(shop, CartSeen(event.cart_id, Buyer(), (), None, event.at), now)


def _kept(shop: Shop, event: CartSeen, whose: str | None) -> tuple[bool, Cart]:
    found: list[tuple[bool, Cart]] = []

    def attempt() -> str:
        found[:] = [products.see_cart(shop.slug, event, whose)]
        return ""

    retried(attempt)
    return found[0]


def _left(shop: Shop, cart_id: str, cart: Cart, now: datetime) -> None:
    """By the cart as it stands: an older telling of it starts nothing that the newest does not."""
    left = Occasion("cart_abandoned", f"cart-{cart_id}", cart.updated_at, about={"cart": cart_id})
    if any(line.quantity > 0 for line in cart.lines):
        occasions.happened(shop, str(cart.customer), left, now)
    else:
        occasions.cancelled(shop, str(cart.customer), left, "cart_gone", now)
