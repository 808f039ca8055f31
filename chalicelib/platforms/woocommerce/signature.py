"""How WooCommerce signs: base64(HMAC-SHA256(secret as UTF-8 text, raw body)) in X-WC-Webhook-Signature.

Source: woocommerce/woocommerce, plugins/woocommerce/includes/class-wc-webhook.php. Nothing in it is timed, so a replay
always verifies; the topic is an unsigned header, so every topic has its own secret.
"""

from __future__ import annotations

import hashlib
import hmac
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from datetime import datetime

SECRETS_PER_TOPIC = True
TOPICS = {
    "order.created": "order",
    "order.updated": "order",
    "order.restored": "order",
    "order.deleted": "order_gone",
    "customer.created": "account",
    "customer.updated": "account",
    "customer.deleted": "account_gone",
    "product.created": "product",
    "product.updated": "product",
    "product.restored": "product",
    "product.deleted": "product_gone",
    "action.woocommerce_order_refunded": "order_action",
}
ALLOWED_HEADERS = (
    "content-type",
    "user-agent",
    "x-wc-webhook-source",
    "x-wc-webhook-topic",
    "x-wc-webhook-resource",
    "x-wc-webhook-event",
    "x-wc-webhook-signature",
    "x-wc-webhook-id",
    "x-wc-webhook-delivery-id",
)
_LONGEST_TOPIC = 100
_PING = b"webhook_id="


def topic(headers: Mapping[str, str], body: bytes) -> str:
    """The topic header, "" where there is none or it is no topic. Unsigned: only its own secret makes it believable."""
    text = headers.get("x-wc-webhook-topic", "").strip()
    return text if text.isascii() and text.isprintable() and len(text) <= _LONGEST_TOPIC else ""


def source(headers: Mapping[str, str]) -> str:
    """The address of the shop that sent it, unsigned; "" where it does not say."""
    return headers.get("x-wc-webhook-source", "").strip()


def is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """The form post `webhook_id=12` that creating a webhook sends; WooCommerce wants exactly 200 for it."""
    number = body.removeprefix(_PING)
    return number != body and number.isdigit() and len(number) < 20 and "x-wc-webhook-signature" not in headers


def key(secret: str) -> bytes | None:
    """The secret's UTF-8 text, literally (`whsec_` included); None for an empty one, which anybody could use."""
    try:
        return secret.encode() or None
    except UnicodeEncodeError:
        return None


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> bool:
    """Whether one of the topic's secrets signed this body. `now` is not used: nothing in a delivery is timed."""
    try:
        given = headers.get("x-wc-webhook-signature", "").strip(" \t\r\n").encode("ascii")
    except UnicodeEncodeError:
        return False
    keys = [k for k in map(key, secrets) if k is not None]
    matches = [hmac.compare_digest(given, _signature(k, body)) for k in keys]
    return any(matches)


def sign(body: bytes, secret: str, *, topic: str, now: datetime, id: str) -> dict[str, str]:
    """The headers WooCommerce would send with this body; `id` is the delivery's. Raises ValueError for a bad secret."""
    usable = key(secret)
    if usable is None:
        raise ValueError("the secret is empty")
    resource, _, event = topic.partition(".")
    return {
        "content-type": "application/json",
        "x-wc-webhook-topic": topic,
        "x-wc-webhook-resource": resource,
        "x-wc-webhook-event": event,
        "x-wc-webhook-signature": _signature(usable, body).decode(),
        "x-wc-webhook-id": "1",
        "x-wc-webhook-delivery-id": id,
    }


def _signature(usable: bytes, body: bytes) -> bytes:
    # The canonical text is what is compared: base64's unused bits would let a changed last character through.
    return b2a_base64(hmac.digest(usable, body, hashlib.sha256), newline=False)
