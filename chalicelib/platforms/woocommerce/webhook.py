"""WooCommerce's webhooks: TOPICS, verify, sign, and what a delivery says in our words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.domain.events import Event, Unreadable
from chalicelib.domain.shop import Shop
from chalicelib.platforms.body import Node, parse
from chalicelib.platforms.woocommerce import orders, people, products
from chalicelib.platforms.woocommerce.signature import (
    ALLOWED_HEADERS,
    SECRETS_PER_TOPIC,
    TOPICS,
    is_ping,
    key,
    sign,
    source,
    topic,
    verify,
)

__all__ = [
    "ALLOWED_HEADERS",
    "READERS",
    "SECRETS_PER_TOPIC",
    "TOPICS",
    "is_ping",
    "key",
    "read",
    "sign",
    "source",
    "topic",
    "verify",
]

READERS: dict[str, Callable[[Node, str, Shop], Sequence[Any]]] = {
    "order": orders.order_seen,
    "order_gone": orders.order_gone,
    "order_action": orders.order_action,
    "account": people.account_seen,
    "account_gone": people.account_gone,
    "product": products.product_seen,
    "product_gone": products.product_gone,
}


def read(topic: str, headers: Mapping[str, str], body: bytes, *, received_at: str, shop: Shop) -> list[Event]:
    """What the delivery says; [] for what we ignore knowingly (coupons, unfinished checkouts, topics not in TOPICS).

    `received_at` is a stored moment: the time of what carries none. Raises Unreadable.
    """
    reader = TOPICS.get(topic)
    if reader is None:
        return []
    said = parse(body)
    _refuse_error(said)
    return list(READERS[reader](said, received_at, shop))


def _refuse_error(said: Node) -> None:
    """A body is made with the rights of the user who owns the webhook; without them it is an error, validly signed."""
    if "id" in said.value or not isinstance(said.value.get("code"), str):
        return
    if said.value["code"] == "woocommerce_rest_cannot_view":
        raise Unreadable(
            "the WordPress user who owns this webhook lost the right to see it: "
            "create the webhook again as an administrator",
            "code",
        )
    raise Unreadable("WooCommerce sent an error instead of its data", "code")
