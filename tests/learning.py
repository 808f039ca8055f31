"""A shop that is learnt from, in memory: its orders, the bucket, a clock, and workers that may die at any call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain.order import Buyer, Line, Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.table import sync
from chalicelib.work import learn, learn_timer
from tests import acme

NIGHT = datetime(2026, 11, 22, 2, 10, tzinfo=UTC)
TITLES = {"tea": "Assam tea", "cup": "White cup", "pot": "Tea pot", "jam": "Fig jam", "mat": "Straw mat"}
PRICES = {"tea": 900, "cup": 1500, "pot": 4200, "jam": 600, "mat": 2000}


@dataclass
class Learning:
    """A night in a shop. `before` is called ahead of every call to bucket or queue, and may raise; `left`: seconds that
    a worker has."""

    shop: Shop
    now: datetime = NIGHT
    left: float = 900.0
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    before: Callable[[str, str], None] = lambda what, about: None

    def outside(self) -> learn.Outside:
        return learn.Outside(lambda: self.now, lambda: self.left, self._again, self._get, self._put, self._forget)

    def works(self) -> bool:
        """One message is worked off. Returns whether it may be taken off the queue."""
        event = {"Records": [{"messageId": "m", "body": learn.message(self.shop.slug)[1]}]}
        return learn.handle(event, self.outside()) == {"batchItemFailures": []}

    def learns(self, most: int = 500) -> None:
        """From now on until the night's run has come to its end."""
        learn_timer.soon(self.shop.slug, self.now)
        for _ in range(most):
            self.works()
            if self.state() == "waiting":
                return
        raise AssertionError("it never ended")

    def state(self) -> str:
        held = sync.read(self.shop.slug, learn_timer.LEARN)
        return held.sync.state if held else "none"

    def _again(self, shop: str) -> None:
        self.before("again", shop)
        self.asked.append(shop)

    def _get(self, key: str) -> bytes | None:
        self.before("get", key)
        return self.objects.get(key)

    def _put(self, key: str, data: bytes) -> None:
        self.before("put", key)
        self.objects[key] = data

    def _forget(self, key: str) -> None:
        self.before("forget", key)
        self.objects.pop(key, None)


def sold(number: int, who: str, products: Iterable[str], at: datetime, **changes: Any) -> Order:
    """A paid order of one of each."""
    lines = tuple(
        Line(p, None, p.upper(), TITLES.get(p, p), 1, PRICES.get(p, 1000), PRICES.get(p, 1000)) for p in products
    )
    total, text = sum(line.total for line in lines), stamp(at)
    told: dict[str, Any] = {
        "buyer": Buyer(email=f"{who}@example.test", name=who, country="DE"), "lines": lines, "total": total,
        "subtotal": total, "tax": 0, "placed_at": text, "updated_at": text, "paid_at": text,
    }  # fmt: skip
    return acme.order(str(number), **{**told, **changes})


def tea_shop(shop: Shop, customers: int = 12, since: datetime | None = None) -> int:
    """Everybody buys tea and a cup, and tea again a month later; some a pot with it. Returns how many orders."""
    start, number = since or moment("2026-06-01T10:00:00Z"), 0
    for buyer in range(customers):
        for month in range(2 + buyer % 3):
            number += 1
            products = ["tea", "cup", *(["pot"] if buyer % 2 else [])] if month == 0 else ["tea"]
            at = start + timedelta(days=buyer * 2 + month * 30)
            acme.see(shop, sold(number, f"buyer{buyer}", products, at), now=at)
    return number


def rows_of(dynamo: Any, kinds: tuple[str, ...] = ("rec", "model", "product")) -> dict[tuple[str, str], Any]:
    """What learning has written, as DynamoDB holds it, without counts of writes."""
    found = {}
    for item in dynamo.all():
        if item["k"]["S"] in kinds:
            found[item["pk"]["S"], item["sk"]["S"]] = {name: value for name, value in item.items() if name != "rev"}
    return found


def hint(shop: str) -> str:
    return json.dumps({"shop": shop, "task": learn_timer.LEARN})
