"""What one accepted delivery costs in CPU: the whole door, against HMAC and parsing alone in the same run."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

from chalicelib.accept import receive
from chalicelib.domain.shop import Shop
from chalicelib.keys import webhook_secret
from chalicelib.platforms.woocommerce import signature
from chalicelib.thin import Credentials, Thin
from tests.outside import MASTER, FakeOutside

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ROUNDS, EACH = 7, 300


class SignedOutside(FakeOutside):
    """Makes the signed request for every message, as in Lambda; what would go over the wire is dropped."""

    def __init__(self, *shops: Shop) -> None:
        super().__init__(*shops)
        self._thin = Thin(Credentials("AKIAEXAMPLE", "secret", "token" * 100), "us-east-1")
        self._thin._exchange = lambda *_: (200, b"{}")  # type: ignore[method-assign]

    def send(self, text: str, shop: str) -> None:
        self._thin.sqs_send("https://sqs.us-east-1.amazonaws.com/123456789012/inbox", text, shop)


def order(size: int = 10_240) -> bytes:
    """A WooCommerce order of about this many bytes, its text as uneven as real orders are."""
    lines = [
        {"id": n, "name": f"\u06af\u0644\u062f\u0627\u0646 {hash_of(n)}", "sku": hash_of(n)[:8], "total": str(n * 7919)}
        for n in range(400)
    ]
    while len(body := json.dumps({"id": 18, "line_items": lines}).encode()) > size:
        lines.pop()
    return body


def hash_of(number: int) -> str:
    return hmac.digest(MASTER, str(number).encode(), "sha256").hex()[:24]


def milliseconds(call: Callable[[], object]) -> float:
    """CPU per call: the median of several rounds, so that a neighbour on the machine does not decide."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(EACH):
            call()
        rounds.append((time.process_time() - started) / EACH * 1000)
    return median(rounds)


def run() -> dict[str, float]:
    """CPU milliseconds per 10 KB delivery, and what follows from them."""
    body, secret = order(), webhook_secret(MASTER, "acme", "order.created")
    headers = signature.sign(body, secret, topic="order.created", now=NOW, id="1")
    outside = SignedOutside(Shop("acme", "woocommerce", ""))
    status, facts = receive("woocommerce", "acme", headers, body, NOW, outside=outside)
    assert (status, facts["reason"]) == (200, "accepted")
    floor = milliseconds(lambda: (hmac.digest(secret.encode(), body, "sha256"), json.loads(body)))
    accepted = milliseconds(lambda: receive("woocommerce", "acme", headers, body, NOW, outside=outside))
    forged = {**headers, "x-wc-webhook-signature": "A" * 43 + "="}
    refused = milliseconds(lambda: receive("woocommerce", "acme", forged, body, NOW, outside=outside))
    return {
        "body_bytes": len(body),
        "floor_ms": round(floor, 4),
        "accepted_ms": round(accepted, 4),
        "refused_ms": round(refused, 4),
        "times_floor": round(accepted / floor, 2),
        "deliveries_per_second_per_core": round(1000 / accepted),
    }


if __name__ == "__main__":
    print(json.dumps(run()))
