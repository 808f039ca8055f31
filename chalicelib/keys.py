"""The only maker of secrets and tokens: one sub-key of the master per purpose, shop, topic and generation.

A key made for one purpose opens nothing else: a stolen link cannot become a customer token, nor one topic's webhook
secret another's.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

LONGEST_TOKEN = 4096
TOKEN_LIFE = timedelta(minutes=15)
CLOCK_SKEW = timedelta(seconds=60)
EXPIRED = "expired"
LINK_PURPOSES = ("preferences", "unsubscribe", "access", "rating")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KEY = re.compile(r"(pk|sk|ik|tk)_([a-z0-9-]{3,40})_[0-9A-Za-z]{20,60}")
_HALF = re.compile("[\ud800-\udfff]")  # of a character: JSON can name it, UTF-8 cannot
_MAC_BYTES = 16


class BadToken(ValueError):
    """Not a token of ours, not for this purpose or shop, or too late. The reason is a word, never a value."""


def derive(master: bytes, purpose: str, shop: str = "", topic: str = "", generation: int = 1) -> bytes:
    """32 bytes. Only `topic` may hold a `|`: the text then still has one reading, as the generation is a number."""
    if "|" in purpose or "|" in shop:
        raise ValueError("purpose and shop must not contain |")
    return hmac.digest(master, f"{purpose}|{shop}|{topic}|{generation}".encode(), "sha256")


def webhook_secret(master: bytes, shop: str, topic: str, generation: int = 1) -> str:
    """`whsec_` and the base64 of 32 bytes: as Standard Webhooks wants it, and WooCommerce takes it literally. `topic`
    is `*` for platforms with one secret."""
    return "whsec_" + base64.b64encode(derive(master, "webhook", shop, topic, generation)).decode()


def outgoing_secret(master: bytes, shop: str, name: str) -> str:
    """`whsec_…`: what we sign with when we call the endpoint of that name, as Standard Webhooks has it."""
    return "whsec_" + base64.b64encode(derive(master, "outgoing", shop, name)).decode()


@lru_cache(maxsize=1024)
def publishable_key(master: bytes, shop: str) -> str:
    """`pk_<shop>_…`: stands in the shop's pages; says which shop asks, proves nothing."""
    return f"pk_{shop}_{_base62(derive(master, 'publishable', shop)[:16])}"


@lru_cache(maxsize=1024)
def test_key(master: bytes, shop: str) -> str:
    """`tk_<shop>_…`: stands where a publishable key would while a theme is being made: nothing is counted."""
    return f"tk_{shop}_{_base62(derive(master, 'test-key', shop)[:16])}"


def secret_key(master: bytes, shop: str, generation: int = 1) -> str:
    """`sk_<shop>_…`: opens the partner API. Derived, so that it can be shown again; the table keeps only its hash."""
    return f"sk_{shop}_{_base62(derive(master, 'secret-key', shop, generation=generation))}"


@lru_cache(maxsize=1024)
def identity_secret(master: bytes, shop: str, generation: int = 1) -> str:
    """`ik_<shop>_…`: this text's bytes are the HMAC key with which the shop's own server signs customer tokens."""
    return f"ik_{shop}_{_base62(derive(master, 'identity', shop, generation=generation))}"


def seal_secret(master: bytes, shop: str, topic: str, secret: str) -> str:
    """A secret of the shop's own, so that table and bucket hold nothing that could forge a delivery.

    Synthetic initialisation vector (Rogaway and Shrimpton 2006; RFC 5297 is the same with AES) with HMAC-SHA256 as the
    pseudo-random function, since the standard library has no cipher: the MAC of the text is also the counter's start.
    Equal secrets of one topic give equal texts, which is all that it shows.
    """
    plain = secret.encode()
    mac = hmac.digest(derive(master, "sealed-mac", shop, topic), plain, "sha256")[:_MAC_BYTES]
    return _text64(mac + _mixed(derive(master, "sealed-stream", shop, topic), mac, plain))


@lru_cache(maxsize=1024)
def open_secret(master: bytes, shop: str, topic: str, sealed: str) -> str:
    """What was sealed for this shop and topic. Raises BadToken for anything else, or under another master."""
    data = _bytes64(sealed)
    mac, mixed = data[:_MAC_BYTES], data[_MAC_BYTES:]
    plain = _mixed(derive(master, "sealed-stream", shop, topic), mac, mixed)
    right = hmac.digest(derive(master, "sealed-mac", shop, topic), plain, "sha256")[:_MAC_BYTES]
    if not hmac.compare_digest(mac, right):
        raise BadToken("signature")
    return plain.decode()


def _mixed(key: bytes, start: bytes, data: bytes) -> bytes:
    """`data` under the key stream HMAC(key, start | 0), HMAC(key, start | 1), …; twice gives it back."""
    blocks = range(-(-len(data) // 32))
    stream = b"".join(hmac.digest(key, start + block.to_bytes(4, "big"), "sha256") for block in blocks)
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))


def provider_token(master: bytes, provider: str, shop: str) -> str:
    """What stands in the address to which a provider that signs nothing tells us of a shop's messages."""
    return _text64(derive(master, f"provider-{provider}", shop)[:24])


def hash_secret_key(key: str) -> str:
    """What is stored of a secret key. It holds 256 bits, so a plain SHA-256 cannot be searched."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def is_secret_key(key: str, stored_hash: str) -> bool:
    """Whether `key` is the one behind the stored hash, in constant time. An empty hash opens nothing."""
    return bool(stored_hash) and hmac.compare_digest(hash_secret_key(key).encode(), stored_hash.encode())


def shop_of_key(key: str) -> str | None:
    """The shop a key claims to be of, or None for what is no key."""
    match = _KEY.fullmatch(key)
    return match[2] if match else None


def customer_token(secret: str, shop: str, customer: str, expires: datetime) -> str:
    """The JWT that a shop's server makes for a customer who is logged in; `secret` is the shop's identity secret."""
    claims = {"iss": shop, "sub": customer, "exp": int(expires.timestamp()), "aud": "ecrm"}
    signed = _text64(b'{"alg":"HS256","typ":"JWT"}') + "." + _text64(_json(claims))
    return signed + "." + _text64(hmac.digest(secret.encode(), signed.encode(), "sha256"))


def open_customer_token(secret: str, token: str, shop: str, now: datetime, old_secret: str | None = None) -> str:
    """The platform's customer id in a customer token. `old_secret`: the one before, where it is still taken. Raises
    BadToken."""
    header, claims, signature = _pieces(token, 3)
    # Each is tried, even where the first fits: how long it takes must not say which of them it was.
    live = (secret, old_secret) if old_secret else (secret,)
    fits = [_is_signed(one, f"{header}.{claims}", signature) for one in live]
    if not any(fits):
        raise BadToken("signature")
    head = _object(header)
    if head.get("alg") != "HS256" or "crit" in head:
        raise BadToken("algorithm")
    return _customer(_object(claims), shop, now)


def _is_signed(secret: str, signed: str, signature: str) -> bool:
    right = _text64(hmac.digest(secret.encode(), signed.encode(), "sha256"))
    return hmac.compare_digest(signature.encode(), right.encode())


def _customer(claims: dict[str, Any], shop: str, now: datetime) -> str:
    expires, customer = claims.get("exp"), claims.get("sub")
    if claims.get("iss") != shop or claims.get("aud") != "ecrm":
        raise BadToken("not for this shop")
    if not isinstance(expires, int) or isinstance(expires, bool) or not 0 < expires < 2**40:
        raise BadToken("exp")
    left = expires - now.timestamp()
    if left <= -CLOCK_SKEW.total_seconds():
        raise BadToken(EXPIRED)
    if left > (TOKEN_LIFE + CLOCK_SKEW).total_seconds():
        raise BadToken("lives too long")
    if not isinstance(customer, str) or not 0 < len(customer) <= 200 or _HALF.search(customer):
        raise BadToken("sub")
    return customer


@dataclass(frozen=True, slots=True)
class Link:
    """What a link in a mail stands for."""

    shop: str
    customer: str
    follow_up: str


def link_token(master: bytes, purpose: str, link: Link, expires: datetime) -> str:
    """URL-safe text for one of LINK_PURPOSES. Holds ids, no address."""
    fields = _text64(_json([link.shop, link.customer, link.follow_up, int(expires.timestamp())]))
    return fields + "." + _link_mac(master, purpose, link.shop, fields)


def open_link(master: bytes, purpose: str, token: str, now: datetime) -> Link:
    """The link behind the text, if it was made for this purpose and is not too old. Raises BadToken."""
    fields, mac = _pieces(token, 2)
    match _loaded(fields):
        case [str(shop), str(customer), str(follow_up), int(expires)] if "|" not in shop:
            pass
        case _:
            raise BadToken("form")
    if not hmac.compare_digest(mac.encode(), _link_mac(master, purpose, shop, fields).encode()):
        raise BadToken("signature")
    if now.timestamp() >= expires:
        raise BadToken(EXPIRED)
    return Link(shop, customer, follow_up)


def _link_mac(master: bytes, purpose: str, shop: str, fields: str) -> str:
    if purpose not in LINK_PURPOSES:
        raise ValueError(f"{purpose!r} is not one of {LINK_PURPOSES}")
    return _mac(derive(master, f"link-{purpose}", shop), fields)


def seal_cursor(master: bytes, shop: str, data: Any, listing: str = "") -> str:
    """A page's cursor: any JSON, signed for this shop and listing (path and filters), so that it works nowhere else."""
    fields = _text64(_json(data))
    return fields + "." + _mac(derive(master, "cursor", shop, listing), fields)


def open_cursor(master: bytes, shop: str, cursor: str, listing: str = "") -> Any:
    """What was sealed. Raises BadToken."""
    fields, mac = _pieces(cursor, 2)
    if not hmac.compare_digest(mac.encode(), _mac(derive(master, "cursor", shop, listing), fields).encode()):
        raise BadToken("signature")
    return _loaded(fields)


def recommendation_mac(master: bytes, shop: str, text: str) -> str:
    """What proves that a recommendation was ours: 11 URL-safe characters (64 bits), enough for something that moves
    a counter or closes one message, and can only be tried against us."""
    return _text64(hmac.digest(derive(master, "recommendation", shop), text.encode(), "sha256")[:8])


def _mac(key: bytes, text: str) -> str:
    return _text64(hmac.digest(key, text.encode(), "sha256")[:_MAC_BYTES])


def _pieces(token: str, count: int) -> list[str]:
    """The parts of a token: ASCII, not too long, exactly `count`."""
    pieces = token.split(".")
    if not token.isascii() or len(token) > LONGEST_TOKEN or len(pieces) != count:
        raise BadToken("form")
    return pieces


def _object(piece: str) -> dict[str, Any]:
    value = _loaded(piece)
    if not isinstance(value, dict):
        raise BadToken("form")
    return value


def _loaded(piece: str) -> Any:
    try:
        return json.loads(_bytes64(piece))
    except (ValueError, RecursionError):
        raise BadToken("form") from None


def _bytes64(piece: str) -> bytes:
    try:
        return base64.b64decode(piece + "=" * (-len(piece) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadToken("form") from None


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()


def _text64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _base62(data: bytes) -> str:
    """Always as long as the largest number of that many bytes, so that no key gives its size away."""
    number, length = int.from_bytes(data, "big"), 22 if len(data) == 16 else 43
    text = ""
    while number:
        number, digit = divmod(number, 62)
        text = _DIGITS[digit] + text
    return text.rjust(length, _DIGITS[0])
