"""RSA signatures (RFC 8017, PKCS #1 v1.5), checked with nothing but the standard library.

The encoding that a right signature must have (8.2.2) is built anew and compared whole: nothing of what comes out of the
public operation is parsed, which is where forgeries against small exponents live.
"""

from __future__ import annotations

import hashlib
import hmac

# SEQUENCE { AlgorithmIdentifier { hash, NULL }, OCTET STRING }: the same before every hash of that kind.
_DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
}
_SMALLEST_KEY, _LARGEST_KEY = 2048, 8192  # bits; a larger one would only keep the processor busy
_LARGEST_EXPONENT = 2**32


def usable(modulus: int, exponent: int) -> bool:
    """Whether a public key is one that we check signatures with."""
    sizes = _SMALLEST_KEY <= modulus.bit_length() <= _LARGEST_KEY and 3 <= exponent < _LARGEST_EXPONENT
    return bool(sizes and modulus % 2 and exponent % 2)


def encoded(signed: bytes, length: int, digest: str = "sha256") -> bytes:
    """EMSA-PKCS1-v1_5 of `signed`, `length` bytes: what signing raises to the private exponent."""
    tail = b"\x00" + _DIGEST_INFO[digest] + hashlib.new(digest, signed).digest()
    return b"\x00\x01" + b"\xff" * (length - len(tail) - 2) + tail


def made(signature: bytes, signed: bytes, modulus: int, exponent: int, digest: str = "sha256") -> bool:
    """Whether the holder of this key signed these bytes. `digest`: sha256 | sha1. Never raises."""
    length = (modulus.bit_length() + 7) // 8
    number = int.from_bytes(signature, "big")
    if len(signature) != length or number >= modulus:
        return False
    opened = pow(number, exponent, modulus).to_bytes(length, "big")
    return hmac.compare_digest(opened, encoded(signed, length, digest))
