"""Detached JSON Web Signatures (RFC 7515, 7797) by RSA keys, checked with nothing but the standard library.

Only RS256 over an unencoded body: what a token says about its own algorithm or its own keys is never followed.
"""

from __future__ import annotations

import json
import re
from binascii import Error, a2b_base64, b2a_base64

from chalicelib.rsa_verify import encoded, made, usable

__all__ = ["encoded", "names_unknown_key", "segment", "verifies"]

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_ALPHABET = str.maketrans("-_", "+/")
_LONGEST_TOKEN = 4096
_LONGEST_KEY_ID = 200


def verifies(token: str, body: bytes, jwks: str) -> bool:
    """Whether one of the public keys in `jwks` (JSON text) made this detached token over this body. Never raises."""
    parts = _parts(token)
    if parts is None:
        return False
    head, key_id, signature = parts
    signed = head.encode() + b"." + body
    return any(made(signature, signed, *key) for key in _keys(jwks, key_id))


def names_unknown_key(token: str, jwks: str) -> bool:
    """Whether a token that is in order names a key that is not among these. Never raises."""
    parts = _parts(token)
    return parts is not None and not _keys(jwks, parts[1])


def segment(raw: bytes) -> str:
    """base64url without padding."""
    return b2a_base64(raw, newline=False).decode().rstrip("=").translate(str.maketrans("+/", "-_"))


def _parts(token: str) -> tuple[str, str, bytes] | None:
    """(the header as it stands, its key's id, the signature), or None where anything is not as it must be."""
    if len(token) > _LONGEST_TOKEN or token.count(".") != 2:
        return None
    head, payload, tail = token.split(".")
    signature, key_id = _bytes(tail), _key_id(_bytes(head))
    if payload or signature is None or key_id is None:
        return None
    return head, key_id, signature


def _key_id(head: bytes | None) -> str | None:
    said = _object(head)
    # `is False`: 0 and "" are false too, and another reader may see them otherwise.
    if said.get("alg") != "RS256" or said.get("crit") != ["b64"] or said.get("b64") is not False:
        return None
    key_id = said.get("kid")
    return key_id if isinstance(key_id, str) and 0 < len(key_id) <= _LONGEST_KEY_ID else None


def _object(raw: bytes | None) -> dict[str, object]:
    """The JSON object, {} for anything else; one with a name twice is two objects to two readers, and so none."""
    try:
        said = json.loads((raw or b"{}").decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError("a name twice")
    return said


def _keys(jwks: str, key_id: str) -> list[tuple[int, int]]:
    """(modulus, exponent) of the RSA keys with this id that may verify."""
    keys = _object(jwks.encode("utf-8", "replace")).get("keys")
    named = [k for k in keys if isinstance(k, dict) and k.get("kid") == key_id] if isinstance(keys, list) else []
    found = [_numbers(key) for key in named if _may_verify(key)]
    return [key for key in found if key is not None]


def _may_verify(key: dict[str, object]) -> bool:
    operations = key.get("key_ops", ["verify"])
    return (
        key.get("kty") == "RSA"
        and key.get("use", "sig") == "sig"
        and key.get("alg", "RS256") == "RS256"
        and isinstance(operations, list)
        and "verify" in operations
    )


def _numbers(key: dict[str, object]) -> tuple[int, int] | None:
    modulus, exponent = _number(key.get("n")), _number(key.get("e"))
    return (modulus, exponent) if usable(modulus, exponent) else None


def _number(text: object) -> int:
    raw = _bytes(text) if isinstance(text, str) and len(text) <= _LONGEST_TOKEN else None
    return int.from_bytes(raw or b"", "big")


def _bytes(text: str) -> bytes | None:
    """What a base64url segment holds; None for one that could have been written otherwise."""
    if not _SEGMENT.fullmatch(text):
        return None
    try:
        raw = a2b_base64(text.translate(_ALPHABET) + "=" * (-len(text) % 4))
    except Error:
        return None
    return raw if segment(raw) == text else None
