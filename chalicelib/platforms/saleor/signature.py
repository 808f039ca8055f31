"""How Saleor signs: a detached JWS by the shop's key pair, or hex(HMAC-SHA256(secretKey as UTF-8 text, raw body)) where
the webhook has a secretKey (deprecated by Saleor, and still what many shops have).

Source: saleor/saleor, saleor/webhook/transport. Nothing in it is timed and a delivery has no id: a replay always
verifies. The event is an unsigned header and all events share one key, so `webhook.read` holds it against the body.
Every header comes twice, as Saleor-* and as X-Saleor-*; where the two disagree neither is believed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from chalicelib.platforms.saleor import jws

SECRETS_PER_TOPIC = False
TOPICS = {
    "order_created": "order",
    "order_confirmed": "order",
    "order_paid": "order",
    "order_fully_paid": "order",
    "order_updated": "order",
    "order_fulfilled": "order",
    "order_cancelled": "order",
    "order_expired": "order",
    "order_refunded": "order",
    "order_fully_refunded": "order",
    "order_metadata_updated": "order",
    "fulfillment_created": "order",
    "fulfillment_approved": "order",
    "fulfillment_canceled": "order",
    "customer_created": "account",
    "customer_updated": "account",
    "customer_metadata_updated": "account",
    "customer_deleted": "account_gone",
    "account_confirmed": "account",
    "account_email_changed": "account",
    "account_deleted": "account_gone",
    "checkout_created": "cart",
    "checkout_updated": "cart",
    "product_created": "product",
    "product_updated": "product",
    "product_metadata_updated": "product",
    "product_deleted": "product_gone",
    "product_variant_created": "variant",
    "product_variant_updated": "variant",
    "product_variant_out_of_stock": "variant",
    "product_variant_back_in_stock": "variant",
}
_NAMES = ("event", "domain", "signature", "api-url")
ALLOWED_HEADERS = (
    "content-type",
    "user-agent",
    *(f"saleor-{name}" for name in _NAMES),
    *(f"x-saleor-{name}" for name in _NAMES),
)
_LONGEST_TOPIC = 100
_LONGEST_DOMAIN = 300


def topic(headers: Mapping[str, str], body: bytes) -> str:
    """The event header, "" where there is none or it is no event. Unsigned: the body has to agree with it."""
    text = _header(headers, "event")
    return text if text.isascii() and text.isprintable() and len(text) <= _LONGEST_TOPIC else ""


def source(headers: Mapping[str, str]) -> str:
    """The address of the shop that sent it, unsigned; "" where it does not say. Saleor names host and port only."""
    domain = _header(headers, "domain")
    usable = domain.isascii() and domain.isprintable() and len(domain) <= _LONGEST_DOMAIN
    return f"https://{domain}" if domain and usable else ""


def is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """Saleor says no hello: its first delivery is its first event."""
    return False


def key(secret: str) -> bytes | None:
    """The secret's UTF-8 text, literally; None for an empty one and for a public key, which anybody could use."""
    if "-----BEGIN" in secret or '"kty"' in secret:
        return None
    try:
        return secret.encode() or None
    except UnicodeEncodeError:
        return None


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> bool:
    """Whether one of the shop's secrets signed this body. `now` is not used: nothing in a delivery is timed."""
    try:
        given = _header(headers, "signature").encode("ascii")
    except UnicodeEncodeError:
        return False
    keys = [k for k in map(key, secrets) if k is not None]
    matches = [hmac.compare_digest(given, _signature(k, body)) for k in keys]
    return any(matches)


def verify_with_keys(headers: Mapping[str, str], body: bytes, jwks: str) -> bool:
    """Whether one of the shop's public keys (JSON Web Key Set, as text) signed this body."""
    return jws.verifies(_header(headers, "signature"), body, jwks)


def unknown_key(headers: Mapping[str, str], jwks: str) -> bool:
    """Whether it names a key that is not among these: a shop without a fixed key makes a new one at every start."""
    return jws.names_unknown_key(_header(headers, "signature"), jwks)


def sign(body: bytes, secret: str, *, topic: str, now: datetime, id: str) -> dict[str, str]:
    """The headers Saleor would send with this body by a webhook with a secretKey; it knows no time and no id. Raises
    ValueError for a bad secret."""
    usable = key(secret)
    if usable is None:
        raise ValueError("the secret is empty, or no secret at all")
    return _headers(topic, _signature(usable, body).decode())


def sign_with_key(body: bytes, modulus: int, private_exponent: int, key_id: str, *, topic: str) -> dict[str, str]:
    """The headers Saleor would send with this body, signed with an RSA key of our own: for tests and pretend shops."""
    head = f'{{"alg":"RS256","b64":false,"crit":["b64"],"kid":"{key_id}","typ":"JWT"}}'.encode()
    signed = jws.segment(head).encode() + b"." + body
    length = (modulus.bit_length() + 7) // 8
    number = pow(int.from_bytes(jws.encoded(signed, length), "big"), private_exponent, modulus)
    return _headers(topic, f"{jws.segment(head)}..{jws.segment(number.to_bytes(length, 'big'))}")


def _headers(topic: str, signature: str) -> dict[str, str]:
    named = {"event": topic, "signature": signature}
    twice = {f"{prefix}{name}": value for prefix in ("x-saleor-", "saleor-") for name, value in named.items()}
    return {"content-type": "application/json", **twice}


def _header(headers: Mapping[str, str], name: str) -> str:
    """What `Saleor-<name>` and `X-Saleor-<name>` say, "" where neither is there or they disagree."""
    said = {headers[full].strip(" \t\r\n") for full in (f"saleor-{name}", f"x-saleor-{name}") if full in headers}
    return said.pop() if len(said) == 1 else ""


def _signature(usable: bytes, body: bytes) -> bytes:
    return hmac.digest(usable, body, hashlib.sha256).hex().encode()
