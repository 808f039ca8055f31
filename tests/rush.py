"""A busy hour in three processes: webhooks at the door, the reader of the inbox, visitors in the shop. They share the
table, as the three functions do on AWS, and nothing else."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from queue import Empty
from random import Random
from typing import Any

from chalicelib import clock, keys
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from tests.acme import MASTER, NOW

EACH = 1.0  # seconds between two pages of one visitor
Waits = list[float]  # milliseconds


@dataclass(frozen=True)
class Rush:
    """What became of it. `worked_off`: deliveries that the reader took while the others went on."""

    statuses: dict[int, int]
    at_the_door: Waits
    pages: Waits
    page_statuses: dict[int, int]
    worked_off: int


def webhooks(shop: Shop, seconds: float, rate: int, inbox: Any, told: Any) -> None:
    """So many signed orders a second, each accepted as the function does it."""
    from chalicelib.accept import receive
    from chalicelib.platforms.standard import signature
    from tests.outside import FakeOutside

    class Door(FakeOutside):
        master = MASTER

        def send(self, text: str, shop: str) -> None:
            inbox.put(text)

    outside, waits, statuses = Door(shop), [], {}
    outside.master = MASTER
    secret, began = keys.webhook_secret(MASTER, shop.slug, "*"), time.monotonic()
    for number in range(int(seconds * rate)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        body = order(number)
        headers = signature.sign(body, secret, topic="order.created", now=NOW, id=f"msg_{number}")
        at = time.perf_counter()
        status, _ = receive("standard", shop.slug, headers, body, NOW, outside=outside)
        waits.append((time.perf_counter() - at) * 1000)
        statuses[status] = statuses.get(status, 0) + 1
    told.put(("webhooks", waits, statuses))


def order(number: int) -> bytes:
    line = {"product_id": f"p{number % 40}", "title": "Tea", "quantity": 1, "unit_price": 1200, "total": 1200}
    data = {
        "id": f"w{number}", "number": f"w{number}", "status": "placed", "payment": "paid", "fulfilment": "none",
        "money": "minor", "currency": "EUR", "total": 1200, "subtotal": 1200, "discount": 0, "tax": 0, "shipping": 0,
        "placed_at": stamp(NOW), "paid_at": stamp(NOW), "updated_at": stamp(NOW), "lines": [line],
        "customer": {"id": str(number % 500), "email": f"visitor{number % 500}@example.test"},
    }  # fmt: skip
    return json.dumps({"type": "order.created", "timestamp": stamp(NOW), "data": data}).encode()


def reader(environment: dict[str, str], inbox: Any, ends: Any, told: Any) -> None:
    """Batches of ten, until it is told to stop."""
    from chalicelib.signatures import proven
    from chalicelib.work import ingest

    _live(environment)
    outside = ingest.Outside(lambda key: b"", lambda opened, shop: proven(opened, shop, MASTER))
    taken = 0
    while not ends.is_set():
        batch = _batch(inbox)
        records = [{"messageId": str(n), "body": text} for n, text in enumerate(batch)]
        failed = ingest.handle({"Records": records}, NOW, outside)["batchItemFailures"]
        assert not failed
        taken += len(batch)
    told.put(("reader", [], {0: taken}))


def _batch(inbox: Any) -> list[str]:
    found: list[str] = []
    try:
        while len(found) < 10:
            found.append(inbox.get(timeout=0.1))
    except Empty:
        pass
    return found


def visitors(environment: dict[str, str], shop: Shop, seconds: float, people: int, told: Any) -> None:
    """Every visitor looks at a page a second; every third is logged in."""
    from chalicelib.routes import limits
    from tests.gateway import ask
    from tests.storefront import PAGE

    _live(environment)
    rnd, waits, statuses = Random(4), [], {}
    secret = keys.identity_secret(MASTER, shop.slug)

    def visit(n: int) -> None:
        headers = {"Origin": PAGE}
        if n % 3 == 0:
            token = keys.customer_token(secret, shop.slug, str(n), NOW + timedelta(minutes=9))
            headers["Authorization"] = f"Bearer {token}"
        query = (
            f"key={shop.publishable_key}&slots=goes-with,buy-again,popular&page=product&product=p{rnd.randint(0, 39)}"
        )
        at = time.perf_counter()
        status = ask("GET", f"/v1/slots?{query}", headers).status
        waits.append((time.perf_counter() - at) * 1000)
        statuses[status] = statuses.get(status, 0) + 1

    def person(n: int) -> None:
        began = time.monotonic() + n / people
        for turn in range(int(seconds / EACH)):
            time.sleep(max(0.0, began + turn * EACH - time.monotonic()))
            limits.forget_everything()  # all of them come from this machine
            visit(n)

    visit(0)  # what a cold start costs is another question
    waits.clear()
    statuses.clear()
    with ThreadPoolExecutor(people) as pool:
        list(pool.map(person, range(people)))
    told.put(("visitors", waits, statuses))


def _live(environment: dict[str, str]) -> None:
    from chalicelib.settings import settings
    from chalicelib.table import base

    os.environ.update(environment)
    settings.cache_clear()
    base.connect()
    clock.use(lambda: NOW)


def run(environment: dict[str, str], shop: Shop, seconds: float, rate: int, people: int) -> Rush:
    """All three at once. `rate` webhooks a second (0: none), `people` visitors."""
    context = multiprocessing.get_context("spawn")
    inbox, told, ends = context.Queue(), context.Queue(), context.Event()
    crowd = [
        context.Process(target=visitors, args=(environment, shop, seconds, people, told)),
        context.Process(target=webhooks, args=(shop, seconds, rate, inbox, told)),
        context.Process(target=reader, args=(environment, inbox, ends, told)),
    ]
    for process in crowd:
        process.start()
    found = dict(_of(told.get(timeout=120)) for _ in crowd[:2])
    ends.set()
    found |= [_of(told.get(timeout=60))]
    while not _is_empty(inbox):
        pass
    for process in crowd:
        process.join(timeout=20)
    return Rush(
        found["webhooks"][1], found["webhooks"][0], found["visitors"][0], found["visitors"][1], found["reader"][1][0]
    )


def _of(one: tuple[str, Waits, dict[int, int]]) -> tuple[str, tuple[Waits, dict[int, int]]]:
    return one[0], (one[1], one[2])


def _is_empty(inbox: Any) -> bool:
    try:
        inbox.get(timeout=0.1)
    except Empty:
        return True
    return False
