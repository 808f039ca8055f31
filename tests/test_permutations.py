"""Recorded WooCommerce deliveries end alike in whatever order they come."""

from __future__ import annotations

import base64
import itertools
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from chalicelib.domain.events import OrderSeen
from chalicelib.domain.order import Order, digest
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.platforms.woocommerce import webhook
from chalicelib.table import customers, orders
from chalicelib.work import ingest
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.life_state import Rows, marked, rows

SAMPLES = Path(__file__).parent.parent / "webhooks" / "woocommerce" / "samples"
ALL_ORDERS_OF, RANDOM_ORDERS = 6, 1000
Told = list[tuple[Any, str]]  # (event, when it was received)


def shop(currency: str) -> Shop:
    return Shop(
        "acme", "woocommerce", "2020-01-01T00:00:00Z", currency=currency, timezone="Asia/Tehran", country="IR",
        blind_key="ab" * 32, salt="cd" * 32,
    )  # fmt: skip


SHOPS = {"woocommerce-10.5.2": shop("IRT"), "woocommerce-persian": shop("IRHT")}


def recorded(folder: str) -> dict[str, Told]:
    """What each distinct body said, by order id."""
    found: dict[str, dict[bytes, tuple[Any, str]]] = defaultdict(dict)
    for path in sorted((SAMPLES / folder).glob("*.json")):
        request = json.loads(path.read_text())
        headers = {name.lower(): value for name, value in request["headers"]}
        body, at = base64.b64decode(request["body_base64"]), request["received_at"]
        topic = headers.get("x-wc-webhook-topic", "")
        said = webhook.read(topic, headers, body, received_at=at, shop=SHOPS[folder]) if topic else []
        for event in said:
            order_id = event.order.id if isinstance(event, OrderSeen) else getattr(event, "order_id", None)
            if order_id:
                found[order_id].setdefault(body, (event, at))
    return {order_id: list(bodies.values()) for order_id, bodies in found.items()}


RECORDED = {(folder, order_id): told for folder in SHOPS for order_id, told in recorded(folder).items()}
# (status, payment, ISO currency, total, refunded, net, placed, paid) as the shop's owner saw them in the end.
ENDS = {
    ("woocommerce-10.5.2", "16"): ("placed", "none", "IRR", 27990000, 0, 0, True, False),
    ("woocommerce-10.5.2", "17"): ("cancelled", "none", "IRR", 10000000, 0, 0, False, False),
    ("woocommerce-10.5.2", "18"): ("completed", "partly_refunded", "IRR", 54420000, 2990000, 51430000, True, True),
    ("woocommerce-10.5.2", "19"): ("deleted", "none", "IRR", 1250000, 0, 0, False, False),
    ("woocommerce-10.5.2", "20"): ("placed", "refunded", "USD", 1100, 1100, 0, True, False),
    ("woocommerce-10.5.2", "23"): ("pending", "none", "IRR", 0, 0, 0, False, False),
    ("woocommerce-persian", "15"): ("placed", "none", "IRR", 27990000000, 0, 0, True, False),
    ("woocommerce-persian", "16"): ("placed", "none", "IRR", 10000000000, 0, 0, True, False),
    ("woocommerce-persian", "17"): ("pending", "none", "IRR", 54420000000, 0, 0, False, False),
    ("woocommerce-persian", "18"): ("pending", "none", "IRR", 1250000, 0, 0, False, False),
}


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeDynamo]:
    with instead_of_dynamodb() as fake:
        yield fake


def arrivals(told: Told, limit: int = RANDOM_ORDERS) -> Iterator[Sequence[tuple[Any, str]]]:
    """All orders of arrival of up to six, else a thousand random ones."""
    if len(told) <= ALL_ORDERS_OF:
        yield from itertools.permutations(told)
        return
    rnd = Random(18)
    for _ in range(limit):
        yield rnd.sample(told, len(told))


def end(fake: FakeDynamo, where: Shop, told: Sequence[tuple[Any, str]]) -> tuple[Rows, set[str]]:
    fake.clear()
    for event, at in told:
        ingest.take(where, event, moment(at))
    held = list(fake.all())
    return rows(held), marked(held)


def must_be_asked(told: Told) -> bool:
    """Whether the newest tellings of the order contradict each other, or something was said in part only."""
    seen = [event.order for event, _ in told if isinstance(event, OrderSeen)]
    newest = [order for order in seen if order.updated_at == max(order.updated_at for order in seen)]
    return len(set(map(digest, newest))) > 1 or len(seen) < len(told)


@pytest.mark.parametrize(("folder", "order_id"), RECORDED)
def test_every_order_of_arrival_ends_alike(folder: str, order_id: str, fake: FakeDynamo) -> None:
    told = RECORDED[folder, order_id]
    wanted, _ = end(fake, SHOPS[folder], told)
    assert summary(folder, order_id) == ENDS[folder, order_id]
    for arrival in arrivals(told):
        got, waiting = end(fake, SHOPS[folder], arrival)
        assert got == wanted
        assert waiting == {order_id} or not must_be_asked(told)


def summary(folder: str, order_id: str) -> tuple[Any, ...]:
    held = orders.get("acme", order_id)
    assert held
    order: Order = held[0]
    assert _totals(held[1]) == _expected_totals(order)
    return (
        order.status, order.payment, order.currency, order.total, order.refunded, order.net, order.placed, order.paid,
    )  # fmt: skip


def _totals(customer: str | None) -> dict[str, tuple[int, ...]]:
    found = customers.person("acme", customer) if customer else None
    return {currency: totals.values() for currency, totals in found.totals.items()} if found else {}


def _expected_totals(order: Order) -> dict[str, tuple[int, ...]]:
    if not order.placed:
        return {}
    money = (order.total, order.refunded, max(0, order.total - order.refunded)) if order.paid else (0, 0, 0)
    return {order.currency: (1, int(order.paid), *money)}


def test_order_18_ends_completed_with_its_refund(fake: FakeDynamo) -> None:
    """In one second the shop said "completed" without, and then with, the refund of 2,990,000 rial."""
    told = RECORDED["woocommerce-10.5.2", "18"]
    for arrival in itertools.permutations(told):
        _, waiting = end(fake, SHOPS["woocommerce-10.5.2"], arrival)
        held = orders.get("acme", "18")
        assert held
        assert (held[0].status, held[0].refunded, held[0].currency) == ("completed", 2_990_000, "IRR")
        assert waiting == {"18"}


@pytest.mark.parametrize("folder", SHOPS)
def test_a_whole_shops_deliveries_shuffled_end_alike(folder: str, fake: FakeDynamo) -> None:
    told = [one for (where, _), told in RECORDED.items() if where == folder for one in told]
    wanted, asked = end(fake, SHOPS[folder], told)
    for seed in range(20):
        assert end(fake, SHOPS[folder], Random(seed).sample(told, len(told))) == (wanted, asked)
