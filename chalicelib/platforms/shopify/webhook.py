"""Shopify's webhooks: TOPICS, verify, sign, and what a delivery says in our words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.domain.events import Event
from chalicelib.domain.shop import Shop
from chalicelib.platforms.body import Node, parse
from chalicelib.platforms.shopify import carts, consents, hints, orders, origin, people, privacy, products, shapes
from chalicelib.platforms.shopify.signature import (
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
    "order_edit": hints.order_edited,
    "order_gone": hints.order_changed,
    "refund": hints.part_changed,
    "fulfillment": hints.part_changed,
    "account": people.account_seen,
    "account_gone": people.account_gone,
    "accounts_merged": people.accounts_merged,
    "email_consent": consents.email_consent,
    "sms_consent": consents.sms_consent,
    "cart": carts.cart_seen,
    "checkout": carts.checkout_seen,
    "product": products.product_seen,
    "product_gone": products.product_gone,
    "data_request": privacy.data_request,
    "customer_redact": privacy.customer_redact,
    "shop_redact": privacy.shop_redact,
    "uninstalled": privacy.uninstalled,
    "event": hints.event,
}


def read(topic: str, headers: Mapping[str, str], body: bytes, *, received_at: str, shop: Shop) -> list[Event]:
    """What the delivery says; [] for what we ignore knowingly (topics not in TOPICS, a merge that failed, a consent
    that was never given). Neither topic nor shop is signed, so the body has to be one of that topic and of that shop.

    `received_at` is a stored moment: the time of what carries none. Raises Unreadable.
    """
    reader = TOPICS.get(topic)
    if reader is None:
        return []
    said = parse(body)
    if shapes.is_event(said):
        reader = "event"
    shapes.check(said, reader, topic)
    origin.check(said, source(headers), shop)
    return list(READERS[reader](said, received_at, shop))
