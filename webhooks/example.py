"""One signed, paid order for a shop of the local world: what a home-made shop sends, to try it without one."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from chalicelib.domain.times import moment, stamp
from chalicelib.platforms.standard import signature
from webhooks import local
from webhooks.arguments import BadArgument


def send(api: str, shop: str, secret: str, to: str) -> dict[str, Any]:
    """Sign an order as of the world's clock and post it. Returns where it went and what to do next. Raises
    BadArgument: the secret cannot be one, or the world refuses the delivery."""
    _is_home_made(api, shop)
    now = moment(local.asked(api, "GET", "/_local/clock")["now"])
    body = order(now, to)
    try:
        headers = signature.sign(body, secret, topic="", now=now, id=f"example-{json.loads(body)['data']['id']}")
    except ValueError:
        raise BadArgument("secret", 'the one that add-shop printed under secrets["*"]: whsec_ and base64') from None
    status, _ = local.sent(api, "POST", f"/hooks/standard/{shop}", body, headers)
    if status != 200:
        raise BadArgument(
            "secret", f"{api} answered {status}: is it the secret of {shop}, a shop with --platform standard?"
        )
    return {
        "delivered": json.loads(body)["data"]["id"],
        "clock": stamp(now),
        "next": f'curl -d \'{{"advance":"2h"}}\' {api}/_local/clock',
        "then": f"{api}/_local/mailbox",
    }


def _is_home_made(api: str, slug: str) -> None:
    known = {found["shop"]: found["platform"] for found in local.asked(api, "GET", "/_local/shops")}
    if slug not in known:
        raise BadArgument(
            "shop", f"there is no shop {slug} here; `connect --shop {slug} --platform standard` makes one"
        )
    if known[slug] != "standard":
        raise BadArgument("shop", f"{slug} is {known[slug]}: an example can be sent to home-made (standard) shops only")


def order(now: datetime, to: str) -> bytes:
    """An order that is placed and paid at `now` by whoever reads `to`: the body of an `order.paid`."""
    at = stamp(now)
    number = hashlib.sha256(f"{at} {to}".encode()).hexdigest()[:6]
    consent = {"channel": "email", "state": "subscribed", "source": "checkout", "at": at}
    data = {
        "id": f"x-{number}", "number": number.upper(), "currency": "EUR", "money": "decimal", "total": "24.90",
        "placed_at": at, "paid_at": at, "updated_at": at,
        "customer": {"id": to, "email": to, "name": "Sara Ahmadi", "locale": "en-GB", "consents": [consent]},
        "lines": [{"product_id": "44", "title": "Mug", "quantity": 2, "unit_price": "12.45"}],
    }  # fmt: skip
    return json.dumps({"type": "order.paid", "timestamp": at, "data": data}).encode()
