"""The public keys with which a Saleor shop signs, from the address that was registered and no other."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from chalicelib.domain.events import Unreadable
from chalicelib.platforms.body import Node, parse
from chalicelib.platforms.saleor import graph
from chalicelib.platforms.shop_api import Denied, Link

PATH = "/.well-known/jwks.json"
_LARGEST, _MOST_KEYS = 64 * 1024, 20
_BITS = range(2048, 8193)
_KID = re.compile(r"[!-~]{1,200}")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]{1,1400}")


def jwks(link: Link) -> str:
    """A JSON Web Key Set with the shop's RSA public keys that may sign, the same keys always as the same text. Raises
    Denied where there is none, and what asking raises."""
    answer = link.http.ask("GET", graph.origin(link.url) + PATH, headers={"accept": "application/json"}, most=_LARGEST)
    graph.within(answer)
    try:
        told = parse(answer.body).at("keys").items(_MOST_KEYS) if answer.status == 200 else []
    except Unreadable:
        told = []
    keys = {key["kid"]: key for key in map(_public, told) if key}
    if not keys:
        raise Denied("no_keys", f"the shop shows no RSA key at {PATH}: its deliveries could not be verified")
    return json.dumps({"keys": [keys[kid] for kid in sorted(keys)]}, sort_keys=True, separators=(",", ":"))


def _public(key: Node) -> dict[str, str] | None:
    """What verifying takes of a key, None for one that is not for verifying RS256, or that is no secret any more."""
    said: Any = key.value
    if not isinstance(said, dict) or "d" in said or said.get("kty") != "RSA":
        return None
    if said.get("alg", "RS256") != "RS256" or said.get("use", "sig") != "sig":
        return None
    if "verify" not in said.get("key_ops", ["verify"]):
        return None
    kid, modulus, exponent = said.get("kid"), _number(said.get("n")), _number(said.get("e"))
    if not isinstance(kid, str) or not _KID.fullmatch(kid) or modulus.bit_length() not in _BITS or not modulus & 1:
        return None
    if not 2 < exponent < 2**32 or not exponent & 1:
        return None
    return {"alg": "RS256", "e": said["e"], "kid": kid, "kty": "RSA", "n": said["n"], "use": "sig"}


def _number(text: Any) -> int:
    """Base64url without padding as a number, 0 for anything else."""
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text):
        return 0
    try:
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
    except (binascii.Error, ValueError):
        return 0
