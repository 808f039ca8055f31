"""Names for people that give nothing away: HMACs under a random key of the shop, which never changes."""

from __future__ import annotations

import base64
import hashlib
import hmac


def blind(key: str, purpose: str, text: str) -> str:
    """26 lower-case characters (128 bits). `key` is hex."""
    digest = hmac.digest(bytes.fromhex(key), f"{purpose}|{text}".encode(), hashlib.sha256)
    return base64.b32encode(digest[:16]).decode().rstrip("=").lower()


def customer_id(key: str, identity: str, after_erasure: str | None = None) -> str:
    """`c_…` for an identity such as `email:sara@example.test`. Who comes back after an erasure is somebody new:
    `after_erasure` is the moment of that erasure."""
    return "c_" + blind(key, "customer", f"{identity}|{after_erasure}" if after_erasure else identity)


def lookup(key: str, contact: str) -> str:
    return blind(key, "lookup", contact)


def suppressed_address(key: str, contact: str) -> str:
    return blind(key, "suppression", contact)


def experiment_unit(key: str, identity: str) -> str:
    return blind(key, "experiment", identity)
