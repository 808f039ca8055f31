"""A shop's day: new orders, changed ones, money back, orders deleted; told by webhooks that are worked off at once."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random
from typing import Any

from infra.local.doubles.woocommerce_shelf import PAID
from tests.import_scene import Scene


class Selling:
    """Goes on in a thread of its own for as long as `with` lasts. Every other change is made to an order of the very
    page that is being taken in. `placed`: the ids of new orders; `told`: how many webhooks came."""

    def __init__(self, of: Scene, seed: int, pause: float = 0.1) -> None:
        self._scene, self._chance, self._pause = of, Random(seed), pause
        self._over, self._pool = threading.Event(), ThreadPoolExecutor(1)
        self._result: Future[None] | None = None
        self.placed: list[str] = []
        self.told = 0

    def __enter__(self) -> Selling:
        self._result = self._pool.submit(self._sell)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._pool.shutdown()
        if self._result:
            self._result.result()

    def _sell(self) -> None:
        while not self._over.wait(self._pause):
            self._something()
            self.told += len(self._scene.door.inbox)
            self._scene.take_in()

    def _something(self) -> None:
        double, chance = self._scene.double, self._chance.random()
        if chance < 0.15:
            number = len(self.placed)
            self.placed.append(double.place_order(billing={"email": f"new{number}@example.test", "phone": ""}))
        elif victim := self._paid_one():
            self._change(double, victim, chance)

    def _change(self, double: Any, body: dict[str, Any], chance: float) -> None:
        """One that goes into the bin, money back, another buyer, or another sum."""
        number = str(body["id"])
        if chance < 0.2:
            double.delete_order(number)
        elif chance < 0.35:
            double.refund_order(number, int(body["total"]) // 10)
        elif chance < 0.5 and not body["customer_id"]:
            double.change_order(number, billing={"email": f"other{self._chance.randrange(50)}@example.test"})
        else:
            double.change_order(number, status="completed", total=str(self._chance.randrange(100_000, 9_000_000)))

    def _paid_one(self) -> dict[str, Any] | None:
        orders, page = self._scene.double.shelf.orders, self._scene.page
        ids = page if page and self._chance.random() < 0.5 else list(orders)
        body: dict[str, Any] = orders[self._chance.choice(ids)]
        return body if body["status"] in PAID else None
