"""The key pair with which a pretend Saleor signs; made with another library than the one that proves signatures."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256


class KeyPair:
    """`public` is a JSON Web Key."""

    def __init__(self, private: rsa.RSAPrivateKey) -> None:
        self._private = private
        modulus = text64(private.public_key().public_numbers().n.to_bytes(256, "big"))
        use = {"kty": "RSA", "key_ops": ["verify"], "use": "sig", "alg": "RS256"}
        kid = text64(hashlib.sha256(modulus.encode()).digest())
        self.public: dict[str, object] = {**use, "n": modulus, "e": "AQAB", "kid": kid}

    def jws(self, body: bytes) -> str:
        """Detached, over the body as it is (RFC 7797)."""
        head = {"alg": "RS256", "b64": False, "crit": ["b64"], "kid": self.public["kid"], "typ": "JWT"}
        start = text64(json.dumps(head, separators=(",", ":")).encode())
        signature = self._private.sign(start.encode() + b"." + body, padding.PKCS1v15(), SHA256())
        return f"{start}..{text64(signature)}"


def new() -> KeyPair:
    return KeyPair(rsa.generate_private_key(65537, 2048))


@lru_cache(maxsize=1)
def first() -> KeyPair:
    """One for the process: making it takes a tenth of a second, and tests open many shops."""
    return new()


def text64(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
