"""Somebody at Acme's storefront: what her browser tells, the queue it lies on, and the worker that takes it off."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chalicelib import keys, thin
from chalicelib.domain.shop import Shop
from chalicelib.functions import events as function
from chalicelib.work import visits
from tests.acme import MASTER, NOW
from tests.gateway import Answered, ask
from tests.storefront import PAGE

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LAPTOP = "4fQ8cW1zKp0Xr7Yb2Nd9Tm"
PHONE = "9sLmV3hGtB6nQe5RuWcXaJ"


class Queue:
    """In the place of everything outside: what was handed on, as (shop, text)."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.broken = False

    def hand_events(self, text: str, shop: str) -> None:
        if self.broken:
            raise thin.Trouble("sqs", 503, "ServiceUnavailable")
        self.told.append((shop, text))

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(text) for _, text in self.told]

    def taken(self, now: datetime = NOW) -> None:
        """The worker takes everything off it."""
        told, self.told = self.told, []
        assert work([text for _, text in told], now) == []


def work(texts: Iterable[str], now: datetime = NOW) -> list[str]:
    """The worker with these messages, named m-0, m-1, …; the names of those that should come again."""
    records = [{"messageId": f"m-{n}", "body": text} for n, text in enumerate(texts)]
    failed = visits.handle({"Records": records}, now)["batchItemFailures"]
    return [one["itemIdentifier"] for one in failed]


def in_lambda(texts: Iterable[str]) -> dict[str, Any]:
    """The same as the function that AWS calls, under its role."""
    return function.handler({"Records": [{"messageId": text, "body": text} for text in texts]}, None)


def tells(
    shop: Shop, *events: Any, headers: dict[str, str | None] | None = None, key: str | None = None, **fields: Any
) -> Answered:
    """A page of the shop tells what happened."""
    body = {"key": key or keys.publishable_key(MASTER, shop.slug), "events": list(events), **fields}
    return posts(json.dumps({name: value for name, value in body.items() if value is not None}).encode(), headers)


def posts(body: bytes, headers: dict[str, str | None] | None = None, query: str = "") -> Answered:
    told = {"Origin": PAGE, "Content-Type": "text/plain;charset=UTF-8", "User-Agent": FIREFOX, **(headers or {})}
    return ask("POST", f"/v1/events{query}", {name: value for name, value in told.items() if value}, body)


def view(product: str, **more: Any) -> dict[str, Any]:
    return {"type": "view", "product": product, **more}
