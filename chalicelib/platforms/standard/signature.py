"""How Standard Webhooks are signed: `v1,` + base64(HMAC-SHA256(key, "{id}.{timestamp}.{raw body}")).

Source: standard-webhooks/standard-webhooks, spec/standard-webhooks.md; Svix sends the same under `svix-*` names. What
happened stands in the signed body, so one secret serves every type.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping, Sequence
from datetime import datetime

SECRETS_PER_TOPIC = False
TOPICS = {
    "order.created": "order",
    "order.updated": "order",
    "order.paid": "order",
    "order.fulfilled": "order",
    "order.cancelled": "order",
    "order.refunded": "order",
    "order.deleted": "order_gone",
    "customer.created": "account",
    "customer.updated": "account",
    "customer.deleted": "account_gone",
    "customer.consent": "consent",
    "product.updated": "product",
    "product.deleted": "product_gone",
    "cart.updated": "cart",
}
_FAMILIES = ("webhook", "svix")
ALLOWED_HEADERS = (
    "content-type",
    "user-agent",
    *(f"{family}-{part}" for family in _FAMILIES for part in ("id", "timestamp", "signature")),
)
TOLERANCE_SECONDS = 300
_LEADING_TYPE = re.compile(rb'\s*\{\s*"type"\s*:\s*"([a-z_.]{1,64})"')
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_LONGEST_ID = 256
_LONGEST_SIGNATURES = 2048


def topic(headers: Mapping[str, str], body: bytes) -> str:
    """The type, where the body begins with it, for logs and counters. `read` does not rely on it: the body decides."""
    leading = _LEADING_TYPE.match(body)
    return leading.group(1).decode() if leading else ""


def source(headers: Mapping[str, str]) -> str:
    """ "": a Standard Webhook does not say where it comes from."""
    return ""


def is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """False: Standard Webhooks have no unsigned ping."""
    return False


def key(secret: str) -> bytes | None:
    """The bytes behind `whsec_` + base64 (padding may be missing); None where it is not base64, or empty."""
    text = secret.strip().removeprefix("whsec_").rstrip("=")
    try:
        return a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True) or None
    except ValueError:
        return None


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> bool:
    """Whether one of the secrets signed this body, id and timestamp, at most five minutes from `now` either way."""
    keys = [k for k in map(key, secrets) if k is not None]
    return any(_family_verifies(family, headers, body, keys, now) for family in _FAMILIES)


def sign(body: bytes, secret: str, *, topic: str, now: datetime, id: str) -> dict[str, str]:
    """The headers of a Standard Webhook; `topic` is not among them, it stands in the body. ValueError: a bad secret."""
    usable = key(secret)
    if usable is None:
        raise ValueError("the secret is not whsec_ + base64")
    timestamp = str(int(now.timestamp()))
    return {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + _signature(usable, id, timestamp, body).decode(),
    }


def _family_verifies(
    family: str, headers: Mapping[str, str], body: bytes, keys: Sequence[bytes], now: datetime
) -> bool:
    id, timestamp, given = (headers.get(f"{family}-{part}", "") for part in ("id", "timestamp", "signature"))
    if not (id.isascii() and 0 < len(id) <= _LONGEST_ID and _timely(timestamp, now)):
        return False
    if not given.isascii() or len(given) > _LONGEST_SIGNATURES:
        return False
    texts = [part[3:].encode() for part in given.split() if part.startswith("v1,")]
    expected = [_signature(k, id, timestamp, body) for k in keys]
    matches = [hmac.compare_digest(text, mine) for mine in expected for text in texts]
    return any(matches)


def _timely(timestamp: str, now: datetime) -> bool:
    if not _TIMESTAMP.fullmatch(timestamp):
        return False
    return abs(now.timestamp() - int(timestamp)) <= TOLERANCE_SECONDS


def _signature(usable: bytes, id: str, timestamp: str, body: bytes) -> bytes:
    # The canonical text is what is compared: base64's unused bits would let a changed last character through.
    signed = f"{id}.{timestamp}.".encode() + body
    return b2a_base64(hmac.digest(usable, signed, hashlib.sha256), newline=False)
