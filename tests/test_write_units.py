"""What an order costs, by DynamoDB's documented rules: at most 60 write units a life, a duplicate none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.events import OrderSeen
from chalicelib.domain.order import Buyer, Line, Order, Refund, canonical
from chalicelib.domain.times import moment
from chalicelib.work import take_order
from tests.dynamo_expressions import Item
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb, size
from tests.lives import SHOP
from tests.write_units import Meter, write_units

KEY: Item = {"pk": {"S": "a"}, "sk": {"S": "b"}}


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeDynamo]:
    with instead_of_dynamodb() as fake:
        yield fake


def padded(length: int, **more: Any) -> Item:
    """An item of exactly so many bytes, besides `more`."""
    return {**KEY, "x": {"S": "x" * (length - size(KEY) - 1)}, **more}


def put(item: Item) -> dict[str, Any]:
    return {"Item": item}


def stored(*items: Item) -> Any:
    held = {(item["pk"]["S"], item["sk"]["S"]): item for item in items}
    return held.get


@pytest.mark.parametrize(("length", "units"), [(100, 1), (1024, 1), (1025, 2), (4096, 4)])
def test_a_put_costs_a_unit_per_started_kilobyte(length: int, units: int) -> None:
    assert write_units("PutItem", put(padded(length)), stored()) == units


def test_replacing_or_deleting_costs_as_much_as_the_larger_item() -> None:
    assert write_units("PutItem", put(padded(10)), stored(padded(3000))) == 3
    assert write_units("DeleteItem", {"Key": KEY}, stored(padded(3000))) == 3
    assert write_units("DeleteItem", {"Key": KEY}, stored()) == 1


def test_a_transaction_costs_double_and_so_does_a_mere_check() -> None:
    steps = [{"Put": put(padded(100))}, {"ConditionCheck": {"Key": KEY}}]
    assert write_units("TransactWriteItems", {"TransactItems": steps}, stored(padded(1500))) == 4 + 4


def test_an_index_costs_once_for_each_entry_and_twice_for_a_new_key() -> None:
    due = {"due_pk": {"S": "D#1"}, "due_sk": {"S": "1"}}
    moved = {"due_pk": {"S": "D#2"}, "due_sk": {"S": "1"}}
    here, there = padded(100, **due), padded(100, **moved)
    assert write_units("PutItem", put(here), stored()) == 2
    assert write_units("PutItem", put(here), stored(here)) == 1
    assert write_units("PutItem", put(there), stored(here)) == 3
    assert write_units("DeleteItem", {"Key": KEY}, stored(here)) == 2
    assert write_units("TransactWriteItems", {"TransactItems": [{"Put": put(here)}]}, stored()) == 3


def test_reading_costs_no_write_units() -> None:
    assert write_units("Query", {}, stored()) == write_units("GetItem", {}, stored()) == 0


def an_orders_life() -> list[Order]:
    """Created, paid, updated, fulfilled, completed, over five days; a new customer with all one can know of her."""
    at = ["2026-05-02T10:00:00Z", "2026-05-02T10:02:00Z", "2026-05-03T08:00:00Z", "2026-05-04T09:00:00Z"]
    lines = tuple(Line(f"{n}", f"{n}0", f"SKU-{n}", f"Saffron of Khorasan, {n} grams", 1, 10, 10) for n in range(9))
    buyer = Buyer("7", "sara@example.test", "+989121234567", "Sara Zahra Ahmadi", "fa-IR", "IR")
    created = Order(
        id="1001", number="A-1001", status="pending", payment="none", fulfilment="none", currency="IRR",
        currency_original="IRT", total=90, subtotal=90, discount=0, tax=0, shipping=0, placed_at=at[0],
        updated_at=at[0], buyer=buyer, lines=lines,
    )  # fmt: skip
    paid = replace(created, status="placed", payment="paid", paid_at=at[1], updated_at=at[1])
    updated = replace(paid, shipping=5, total=95, updated_at=at[2])
    fulfilled = replace(updated, fulfilment="fulfilled", fulfilled_at=at[3], updated_at=at[3])
    completed = replace(fulfilled, status="completed", updated_at="2026-05-07T09:00:00Z")
    return [created, paid, updated, fulfilled, completed]


def cost_of_a_life(fake: FakeDynamo) -> list[int]:
    costs = []
    for order in an_orders_life():
        with Meter(fake) as meter:
            take_order.see(SHOP, OrderSeen(order), moment(order.updated_at))
        costs.append(meter.units)
    return costs


def test_an_orders_life_costs_at_most_sixty_units(fake: FakeDynamo) -> None:
    fake.clear()
    assert all(len(canonical(order).encode()) <= 2048 for order in an_orders_life())
    costs = cost_of_a_life(fake)
    assert {item["flow"]["S"] for item in fake.all() if item["k"]["S"] == "follow_up"} == {
        "thank-you", "how-was-it", "come-back",
    }  # fmt: skip
    assert all(size(item) <= 1024 for item in fake.all() if item["k"]["S"] == "profile")
    assert sum(costs) <= 60, costs


def test_a_duplicate_writes_nothing_however_old(fake: FakeDynamo) -> None:
    fake.clear()
    cost_of_a_life(fake)
    assert cost_of_a_life(fake) == [0, 0, 0, 0, 0]


def test_a_refund_is_told_to_her_pointer_once(fake: FakeDynamo) -> None:
    """An order that is not refunded pays nothing for it."""
    fake.clear()
    cost_of_a_life(fake)
    last = an_orders_life()[-1]
    back = replace(last, payment="refunded", refunds=(Refund("r", 95),), updated_at="2026-05-09T09:00:00Z")
    costs = []
    for _ in range(2):
        with Meter(fake) as meter:
            take_order.see(SHOP, OrderSeen(back), moment(back.updated_at))
        costs.append(meter.units)
    assert costs[0] <= 20, costs
    assert costs[1] == 0
