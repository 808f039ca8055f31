"""How Shopify signs: base64(HMAC-SHA256(the app's client secret as UTF-8, raw body)) in X-Shopify-Hmac-Sha256.

Source: Shopify/shopify-app-js, packages/apps/shopify-api/lib/webhooks/validate.ts. One secret signs every topic of
every shop that has the app, and neither topic, shop nor time is signed: `webhook.read` checks what the body itself
says. Shopify's Events preview sends the same headers without `X-`, sometimes both families.
"""

from __future__ import annotations

import hashlib
import hmac
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

API_VERSION = "2026-07"
SECRETS_PER_TOPIC = False
# shop/update and customer.tags_added/removed are left out knowingly: nothing of what they say has a place here.
# What people may ask of us by law even after the shop has left.
PRIVACY_TOPICS = ("customers/data_request", "customers/redact", "shop/redact")
TOPICS = {
    "orders/create": "order",
    "orders/updated": "order",
    "orders/paid": "order",
    "orders/partially_fulfilled": "order",
    "orders/fulfilled": "order",
    "orders/cancelled": "order",
    "orders/edited": "order_edit",
    "orders/delete": "order_gone",
    "refunds/create": "refund",
    "fulfillments/create": "fulfillment",
    "fulfillments/update": "fulfillment",
    "customers/create": "account",
    "customers/update": "account",
    "customers/enable": "account",
    "customers/disable": "account",
    "customers/delete": "account_gone",
    "customers/merge": "accounts_merged",
    # Shopify sends the first spelling of each pair; the second is how its documentation lists them.
    "customers_email_marketing_consent/update": "email_consent",
    "customers/email_marketing_consent_update": "email_consent",
    "customers_marketing_consent/update": "sms_consent",
    "customers/marketing_consent_update": "sms_consent",
    "carts/create": "cart",
    "carts/update": "cart",
    "checkouts/create": "checkout",
    "checkouts/update": "checkout",
    "products/create": "product",
    "products/update": "product",
    "products/delete": "product_gone",
    "customers/data_request": "data_request",
    "customers/redact": "customer_redact",
    "shop/redact": "shop_redact",
    "app/uninstalled": "uninstalled",
    # The resources of the Events preview, whose topics are single words.
    "Order": "event",
    "Customer": "event",
    "Product": "event",
}
_FAMILY = ("topic", "hmac-sha256", "shop-domain", "webhook-id", "event-id", "triggered-at", "api-version", "name")
ALLOWED_HEADERS = (
    "content-type",
    "user-agent",
    *(f"x-shopify-{name}" for name in _FAMILY),
    *(f"shopify-{name}" for name in (*_FAMILY, "handle", "action", "resource-id")),
)
_PREFIXES = ("x-shopify-", "shopify-")
_LONGEST = 255
# Two families of headers that disagree about one of these were put together by somebody.
_DECIDING = ("topic", "shop-domain")


def topic(headers: Mapping[str, str], body: bytes) -> str:
    """The topic header, "" where there is none or it is no topic. Unsigned."""
    return _one_of(headers, "topic")


def source(headers: Mapping[str, str]) -> str:
    """`https://<shop>.myshopify.com` of the shop that sent it, unsigned; "" where it does not say."""
    domain = _one_of(headers, "shop-domain").lower()
    return f"https://{domain}" if domain else ""


def is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """Never: Shopify sends nothing unsigned."""
    return False


def key(secret: str) -> bytes | None:
    """The client secret's UTF-8 text; None for an empty one, which anybody could use."""
    try:
        return secret.encode() or None
    except UnicodeEncodeError:
        return None


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> bool:
    """Whether one of the secrets (two, while one is being rotated) signed this body, and the headers do not contradict
    each other. `now` is not used: nothing in a delivery is timed."""
    given = [text.encode("ascii", "replace") for text in _said(headers, "hmac-sha256")]
    keys = [k for k in map(key, secrets) if k is not None]
    matches = [[hmac.compare_digest(text, expected) for text in given] for expected in _signatures(keys, body)]
    agreed = all(len({text.lower() for text in _said(headers, name)}) <= 1 for name in _DECIDING)
    return agreed and any(found and all(found) for found in matches)


def sign(body: bytes, secret: str, *, topic: str, now: datetime, id: str) -> dict[str, str]:
    """The headers Shopify would send with this body, without the shop's domain; `id` is the delivery's. Raises
    ValueError for a bad secret."""
    usable = key(secret)
    if usable is None:
        raise ValueError("the secret is empty")
    (signature,) = _signatures([usable], body)
    return {
        "content-type": "application/json",
        "x-shopify-topic": topic,
        "x-shopify-hmac-sha256": signature.decode(),
        "x-shopify-api-version": API_VERSION,
        "x-shopify-webhook-id": id,
        "x-shopify-triggered-at": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }


def _signatures(keys: Sequence[bytes], body: bytes) -> list[bytes]:
    # The canonical text is what is compared: base64's unused bits would let a changed last character through.
    return [b2a_base64(hmac.digest(usable, body, hashlib.sha256), newline=False) for usable in keys]


def _said(headers: Mapping[str, str], name: str) -> list[str]:
    """What each family that is there says, without the white space around it."""
    said = (headers[prefix + name] for prefix in _PREFIXES if prefix + name in headers)
    return [text.strip(" \t\r\n") for text in said]


def _one_of(headers: Mapping[str, str], name: str) -> str:
    for text in _said(headers, name):
        if text and text.isascii() and text.isprintable() and len(text) <= _LONGEST:
            return text
    return ""
