"""Customer token: what a shop's server says of who is logged in there. Needs nothing but Python 3.7."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time


def customer_token(secret: str, customer: str, expires: int | None = None) -> str:
    """The token of the customer with this platform id. `secret`: the shop's identity secret, `ik_<shop>_…`; `expires`:
    Unix seconds, at most 15 minutes away (in ten minutes, if not said). Raises ValueError."""
    parts = secret.split("_")
    if len(parts) != 3 or parts[0] != "ik":
        raise ValueError("the secret must be the shop's identity secret, ik_<shop>_…")
    if not isinstance(customer, str) or not customer:
        raise ValueError("the customer's id must be a text that is not empty")
    exp = int(time.time()) + 600 if expires is None else expires
    claims = {"iss": parts[1], "sub": customer, "exp": exp, "aud": "ecrm"}
    signed = _text64(b'{"alg":"HS256","typ":"JWT"}') + "." + _text64(json.dumps(claims, separators=(",", ":")).encode())
    return signed + "." + _text64(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())


def _text64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
