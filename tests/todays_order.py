"""An order that was paid two hours ago by the real clock, so that its first mail is due now.

What the packaged functions are shown, since they know no other clock.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain.times import stamp
from chalicelib.platforms.standard import signature


def body(order: str = "18") -> bytes:
    """`order.paid` of a standard shop, each order by another customer; its second mail is due in ten days."""
    now = datetime.now(UTC)
    paid, placed = stamp(now - timedelta(hours=2)), stamp(now - timedelta(hours=2, minutes=5))
    email = "sara@example.test" if order == "18" else f"sara+{order}@example.test"
    line = {"product_id": "p-1", "title": "Walnut bowl", "quantity": 1, "unit_price": 2500, "total": 2500}
    customer = {"id": f"u-{order}", "email": email, "phone": "+49 151 12345678", "name": "Sara", "locale": "en"}
    data: dict[str, Any] = {
        "id": order,
        "number": f"R-{order}",
        "status": "placed",
        "payment": "paid",
        "money": "minor",
        "currency": "EUR",
        "total": 2500,
        "placed_at": placed,
        "paid_at": paid,
        "updated_at": paid,
        "customer": customer,
        "lines": [line],
    }
    return json.dumps({"type": "order.paid", "timestamp": stamp(now), "data": data}).encode()


def signed(text: bytes, told: dict[str, Any]) -> dict[str, str]:
    """The headers of this delivery by a shop that `add_shop` told its secrets."""
    secret = next(iter(told["secrets"].values()))
    headers = signature.sign(text, secret, topic="order.paid", now=datetime.now(UTC), id=f"msg_{len(text)}")
    return {**headers, "content-type": "application/json"}


def asked(slug: str = "acme") -> dict[str, Any]:
    """The arguments of `add-shop` for a shop that sends such orders."""
    return {
        "shop": slug,
        "platform": "standard",
        "locale": "en-GB",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "from": "Acme <shop@acme.test>",
        "address": "1 Main Street",
        "connected_at": "2026-01-01T00:00:00Z",
    }


def wait_out_the_hours_last_minute() -> None:
    """What is due then goes where the clock looks a minute later."""
    now = datetime.now(UTC)
    if now.minute == 59:
        time.sleep(61 - now.second)
