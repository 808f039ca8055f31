"""Saleor's webhooks: TOPICS, verify, sign, and what a delivery says in our words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.domain.events import Event
from chalicelib.domain.shop import Shop
from chalicelib.platforms.saleor import carts, orders, people, products
from chalicelib.platforms.saleor.signature import (
    ALLOWED_HEADERS,
    SECRETS_PER_TOPIC,
    TOPICS,
    is_ping,
    key,
    sign,
    source,
    topic,
    unknown_key,
    verify,
    verify_with_keys,
)
from chalicelib.platforms.saleor.telling import Telling, opened

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
    "unknown_key",
    "verify",
    "verify_with_keys",
]

READERS: dict[str, Callable[[Telling, str, Shop], Sequence[Any]]] = {
    "order": orders.order_seen,
    "account": people.account_seen,
    "account_gone": people.account_gone,
    "cart": carts.cart_seen,
    "product": products.product_seen,
    "variant": products.variant_seen,
    "product_gone": products.product_gone,
}


def read(topic: str, headers: Mapping[str, str], body: bytes, *, received_at: str, shop: Shop) -> list[Event]:
    """What the delivery says; [] for what we ignore knowingly (drafts, topics not in TOPICS).

    `received_at` is a stored moment: the time of what carries none. Raises Unreadable, also for a body that was signed
    for another event than the topic.
    """
    reader = TOPICS.get(topic)
    if reader is None:
        return []
    return list(READERS[reader](opened(topic, reader, body), received_at, shop))
