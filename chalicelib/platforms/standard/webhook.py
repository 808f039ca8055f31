"""Standard Webhooks of any home-made shop: TOPICS, verify, sign, and what a delivery says in our words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.domain.events import Event, Unreadable
from chalicelib.domain.shop import Shop
from chalicelib.platforms.body import parse
from chalicelib.platforms.standard import orders, others
from chalicelib.platforms.standard.schema import check
from chalicelib.platforms.standard.signature import (
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
from chalicelib.platforms.standard.told import Told

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

READERS: dict[str, Callable[[Told], Sequence[Any]]] = {
    "order": orders.order_seen,
    "order_gone": orders.order_gone,
    "account": others.account_seen,
    "account_gone": others.account_gone,
    "consent": others.consents_given,
    "product": others.product_seen,
    "product_gone": others.product_gone,
    "cart": others.cart_seen,
}


def read(topic: str, headers: Mapping[str, str], body: bytes, *, received_at: str, shop: Shop) -> list[Event]:
    """What the body says; its own `type` decides, whatever `topic` is. Never ignores anything: a type that we do not
    know is a mistake worth showing. `received_at` is a stored moment. Raises Unreadable."""
    said = parse(body)
    type_ = said.value.get("type")
    if not isinstance(type_, str) or type_ not in TOPICS:
        raise Unreadable("should be one of " + ", ".join(TOPICS), "type")
    check(said.value)
    at = said.at("timestamp").time() or received_at
    told = Told(type_, at, said.at("data"), shop)
    return list(READERS[TOPICS[type_]](told))
