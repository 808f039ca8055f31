"""What one delivery costs ingest: CPU against HMAC and parsing alone, with few and many orders; write units.

The table is the one in memory, so the figures are the code's own and leave out the network and its encryption.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.envelope import Envelope, seal
from chalicelib.table import shops
from chalicelib.work import ingest
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.test_write_units import cost_of_a_life
from tests.write_units import Meter

SAMPLE = Path("webhooks/woocommerce/samples/woocommerce-10.5.2/034-order.created.json")
SHOP = Shop(
    "acme", "woocommerce", "2020-01-01T00:00:00Z", currency="IRT", timezone="Asia/Tehran", country="IR",
    blind_key="ab" * 32, salt="cd" * 32,
)  # fmt: skip
RECEIVED = "2026-11-21T21:10:00Z"
SIZE, BATCH, EACH, ROUNDS = 10_240, 10, 100, 5
FEW, MANY = 100, 20_000


def run() -> dict[str, Any]:
    """CPU milliseconds and deliveries per second and core, at FEW and at MANY stored orders; an order's write units."""
    found: dict[str, Any] = {"floor_ms": _floor()}
    with instead_of_dynamodb() as fake:
        found["write_units_of_a_life"] = cost_of_a_life(fake)
        found["write_units_of_its_duplicates"] = cost_of_a_life(fake)
        for stored in (FEW, MANY):
            found[f"at_{stored}_orders"] = _measured(fake, stored)
    few, many = found[f"at_{FEW}_orders"], found[f"at_{MANY}_orders"]
    found["times_the_floor"] = round(few["new_ms"] / found["floor_ms"], 1)
    found["slower_when_full"] = round(many["new_ms"] / few["new_ms"], 2)
    return found


def _measured(fake: FakeDynamo, stored: int) -> dict[str, Any]:
    fake.clear()
    shops.put(SHOP)
    _take(range(1, stored + 1))
    first = 1_000_000
    rounds = [range(first + n * EACH, first + (n + 1) * EACH) for n in range(ROUNDS)]
    new = median(_timed(lambda numbers=numbers: _take(numbers)) for numbers in rounds) / EACH
    again = median(_timed(lambda numbers=numbers: _take(numbers)) for numbers in rounds) / EACH
    with Meter(fake) as meter:
        _take(range(2_000_000, 2_000_000 + BATCH))
    return {
        "new_ms": round(new, 3),
        "duplicate_ms": round(again, 3),
        "new_per_second_per_core": round(1000 / new),
        "duplicates_per_second_per_core": round(1000 / again),
        "write_units_per_new": round(meter.units / BATCH, 1),
    }


def _timed(call: Callable[[], object]) -> float:
    """CPU milliseconds, sealing the messages taken off."""
    started = time.process_time()
    sealing = call()
    return (time.process_time() - started - float(sealing or 0)) * 1000  # type: ignore[arg-type]


def _take(numbers: range) -> float:
    """Through the whole of ingest, in batches. Returns the CPU seconds that making the messages took."""
    outside = ingest.Outside(fetch=lambda key: b"", proven=lambda envelope, shop: True)
    sealing = 0.0
    for start in range(numbers.start, numbers.stop, BATCH):
        started = time.process_time()
        records = [_record(number) for number in range(start, min(start + BATCH, numbers.stop))]
        sealing += time.process_time() - started
        failed = ingest.handle({"Records": records}, moment(RECEIVED), outside)
        if failed["batchItemFailures"]:
            raise RuntimeError("ingest refused a delivery")
    return sealing


def _record(number: int) -> dict[str, Any]:
    topic = "order.updated"
    envelope = Envelope("acme", "woocommerce", topic, {"x-wc-webhook-topic": topic}, RECEIVED, True, body(number))
    return {"messageId": str(number), "body": seal(envelope, None)}


_ORDER = json.loads(base64.b64decode(json.loads(SAMPLE.read_text())["body_base64"]))


def body(number: int) -> bytes:
    """A recorded paid order under another number and address, its meta data grown until it has SIZE bytes."""
    order = {**_ORDER, "id": number, "number": str(number), "status": "processing", "customer_id": 0}
    order |= {"date_paid_gmt": _ORDER["date_created_gmt"], "date_modified_gmt": _ORDER["date_created_gmt"]}
    order["billing"] = {**_ORDER["billing"], "email": f"buyer{number}@example.test"}
    bare = json.dumps(order).encode()
    grown = [{"id": n, "key": f"_note_{n}", "value": f"{n * 7919:x}" * 4} for n in range((SIZE - len(bare)) // 64)]
    return json.dumps({**order, "meta_data": [*order["meta_data"], *grown]}).encode()


def _floor() -> float:
    """CPU milliseconds of HMAC and parsing alone of one body."""
    said = body(1)
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(EACH):
            hmac.digest(b"secret", said, "sha256")
            json.loads(said)
        rounds.append((time.process_time() - started) * 1000 / EACH)
    return round(median(rounds), 4)
