"""What an order of a shop's history costs to import: CPU against parsing the pages and storing the same rows alone.

Shop and table are those in memory, so the figures are the code's own; what the shop takes for its answers is taken off.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from chalicelib.safe_http import Answer
from chalicelib.table.base import Row
from chalicelib.work import fetch, sync
from infra.local.doubles.server import InProcess
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.installation import Installation
from tests.write_units import Meter

MANY, FEW, DAYS = 2_000, 500, 90
CALL_SECONDS = 100.0


class Timed(InProcess):
    """Keeps what the shop answered, and the CPU seconds it took for it."""

    def __init__(self, of: InProcess) -> None:
        super().__init__(of.double, of.url)
        self.seconds, self.bodies = 0.0, list[bytes]()

    def ask(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Answer:
        began = time.process_time()
        answer = super().ask(method, url, headers=headers, **more)
        self.bodies.append(answer.body)
        self.seconds += time.process_time() - began
        return answer


def run() -> dict[str, Any]:
    """CPU milliseconds an order, and orders a second and core, for the first import and for one more; calls, units."""
    calls, units = _counted()
    with instead_of_dynamodb() as fake:
        shop = _shop(MANY)
        new = _imported(shop)
        parsed = _parsed(shop.http.bodies)  # type: ignore[attr-defined]
        again = _imported(shop)
        stored = _stored(fake)
    return {
        "orders": MANY,
        "parse_ms": round(parsed, 3),
        "store_ms": round(stored, 3),
        "new_ms": round(new, 3),
        "again_ms": round(again, 3),
        "times_the_floor": round(new / (parsed + stored), 1),
        "new_per_second_per_core": round(1000 / new),
        "again_per_second_per_core": round(1000 / again),
        "calls_per_order": round(calls, 2),
        "write_units_per_order": round(units, 1),
    }


def _counted() -> tuple[float, float]:
    """(calls, write units) an order."""
    calls: Counter[str] = Counter()
    with instead_of_dynamodb() as fake:
        shop = _shop(FEW)
        fake.after = lambda operation, _: calls.update([operation])
        with Meter(fake) as meter:
            _imported(shop)
    return calls.total() / FEW, meter.units / FEW


def _shop(orders: int) -> Installation:
    shop = Installation("woocommerce", currency="IRT", timezone="Asia/Tehran", country="IR")
    shop.double.fill(orders, DAYS)
    for number, body in enumerate(shop.double.shelf.orders.values()):
        if not body["customer_id"]:  # the double's people are few
            body["billing"] |= {"email": f"guest{number % (orders // 5)}@example.test", "phone": ""}
    shop.http = Timed(shop.http)
    shop.time += timedelta(days=1)  # nothing was changed a moment ago
    return shop


def _imported(shop: Installation) -> float:
    """CPU milliseconds an order without the shop's own."""
    sync.begin_import("acme", "api", None, shop.now())
    began, others = time.process_time(), shop.http.seconds  # type: ignore[attr-defined]
    hint = json.dumps({"shop": "acme", "task": sync.IMPORT})
    while (sync.progress("acme") or {})["state"] == "running":
        fetch.handle({"Records": [{"messageId": "1", "body": hint}]}, shop.outside(CALL_SECONDS))
        shop.time += timedelta(minutes=1)
    spent = time.process_time() - began - (shop.http.seconds - others)  # type: ignore[attr-defined]
    return spent * 1000 / MANY


def _parsed(bodies: list[bytes]) -> float:
    began = time.process_time()
    for body in bodies:
        json.loads(body)
    return (time.process_time() - began) * 1000 / MANY


def _stored(fake: FakeDynamo) -> float:
    """Every row that there is, put once more, each by itself and on no condition, into an empty table."""
    rows = [Row.from_raw_data(dict(item)) for item in fake.all()]
    fake.clear()
    began = time.process_time()
    for row in rows:
        row.save()
    return (time.process_time() - began) * 1000 / MANY
