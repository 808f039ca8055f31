"""Every guard of ingest is needed: without it some life, or one of the directed checks below, goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Any

import pytest

from chalicelib.domain.events import OrderSeen
from chalicelib.domain.order import Buyer, Order
from chalicelib.domain.times import moment, stamp
from chalicelib.table import base, experiments, follow_ups, orders
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.work import privacy, take_order
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.lives import SCENES, SHOP
from tests.mutants import DIRECTED, FOCUS, LIVES
from tests.test_lives import check, late_account_brings_nobody_back

MOST_LIVES = 400
NOW: datetime = moment("2026-05-02T10:00:00Z")
ORDER = Order(
    id="18", number="18", status="placed", payment="paid", fulfilment="none", currency="IRR", currency_original="IRT",
    total=2990000, subtotal=2990000, discount=0, tax=0, shipping=0, placed_at="2026-05-02T10:00:00Z",
    updated_at="2026-05-02T10:00:00Z", paid_at="2026-05-02T10:00:00Z", buyer=Buyer(email="sara@example.test"),
)  # fmt: skip


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeDynamo]:
    with instead_of_dynamodb() as fake:
        yield fake


@pytest.mark.parametrize("name", LIVES)
def test_some_life_goes_wrong_without(name: str, fake: FakeDynamo, monkeypatch: pytest.MonkeyPatch) -> None:
    LIVES[name](monkeypatch)
    assert any(_goes_wrong(fake, seed, FOCUS.get(name, SCENES)) for seed in range(MOST_LIVES)), "nobody noticed"


def _goes_wrong(fake: FakeDynamo, seed: int, scenes: tuple[str, ...]) -> bool:
    try:
        check(fake, Random(seed), scenes=scenes)
    except (TypeError, NameError):
        raise  # the mutant itself is broken: a guard's words have changed
    except Exception:
        return True
    return False


def _planned(fake: FakeDynamo, flow: str = "thank-you", **changes: Any) -> FollowUpRow:
    """An order with its follow-ups, one of which sending has changed since."""
    fake.clear()
    take_order.see(SHOP, OrderSeen(ORDER), NOW)
    row = orders.read(SHOP.slug, "18").follow_ups[flow, "mail"]
    for name, value in changes.items():
        setattr(row, name, value)
    base.commit([follow_ups.write(row, row.rev, NOW)])
    return row


def _again(**changes: Any) -> None:
    """The shop tells of the order once more, a minute later."""
    order = Order(**{name: getattr(ORDER, name) for name in Order.__dataclass_fields__} | changes)
    take_order.see(SHOP, OrderSeen(order), NOW)


def _held(flow: str = "thank-you") -> FollowUpRow:
    return orders.read(SHOP.slug, "18").follow_ups[flow, "mail"]


def sent_meanwhile_stays_sent(fake: FakeDynamo) -> None:
    _planned(fake)

    def send(operation: str, arguments: dict[str, Any]) -> None:
        if operation == "TransactWriteItems":
            fake.before = lambda operation, arguments: None
            row = _held()
            row.state = "sent"
            base.commit([follow_ups.write(row, row.rev, NOW)])

    fake.before = send
    try:
        _again(updated_at="2026-05-02T10:01:00Z", paid_at="2026-05-02T10:01:00Z")
    finally:
        fake.before = lambda operation, arguments: None
    assert _held().state == "sent"


def decided_is_left_alone(fake: FakeDynamo) -> None:
    _planned(fake, state="cancelled", decided="unsubscribed")
    _again(updated_at="2026-05-02T10:01:00Z", paid_at="2026-05-02T10:01:00Z")
    assert _held().state == "cancelled"


def sent_is_left_alone(fake: FakeDynamo) -> None:
    _planned(fake, state="sent")
    _again(updated_at="2026-05-02T10:01:00Z", paid_at="2026-05-02T10:01:00Z")
    assert _held().state == "sent"


def deferral_stands(fake: FakeDynamo) -> None:
    _planned(fake, state="deferred", due_at="2026-05-03T09:00:00Z")
    _again(updated_at="2026-05-02T10:01:00Z", total=1)
    assert (_held().state, _held().due_at) == ("deferred", "2026-05-03T09:00:00Z")


def first_unit_stays(fake: FakeDynamo) -> None:
    fake.clear()
    yesterday = stamp(moment("2026-05-01T10:00:00Z"))[:10]

    def assign(operation: str, arguments: dict[str, Any]) -> None:
        puts = [step["Put"]["Item"] for step in arguments.get("TransactItems", ()) if "Put" in step]
        for unit in (item for item in puts if item["k"]["S"] == "unit"):
            fake.before = lambda operation, arguments: None
            fake._store((unit["pk"]["S"], unit["sk"]["S"]), {**unit, "day": {"S": yesterday}})

    fake.before = assign
    try:
        _again()
    finally:
        fake.before = lambda operation, arguments: None
    unit = _held("come-back").unit
    assert unit
    held = experiments.read(SHOP.slug, unit)
    assert held
    assert held.day == yesterday


def ten_at_once_settle(fake: FakeDynamo) -> None:
    """Ten deliveries of one order, each written just before the next one's write: at most six tries are needed by
    any; here the unlucky one loses five times."""
    fake.clear()
    lost = iter(range(5))

    def race(operation: str, arguments: dict[str, Any]) -> None:
        if operation == "TransactWriteItems" and next(lost, None) is not None:
            hook, fake.before = fake.before, lambda operation, arguments: None
            held = orders.read(SHOP.slug, "18")
            told = Order(**{**_plain(ORDER), "total": (held.rev or 0) + 1})
            base.commit([orders.write(SHOP.slug, "18", held, told, held.customer, None)])
            fake.before = hook

    fake.before = race
    try:
        _again(updated_at="2026-05-02T10:01:00Z")
    finally:
        fake.before = lambda operation, arguments: None
    assert orders.read(SHOP.slug, "18").told.updated_at == "2026-05-02T10:01:00Z"  # type: ignore[union-attr]


def erasure_meanwhile_is_noticed(fake: FakeDynamo) -> None:
    """She is erased while an order of hers that changes nothing about her is being written."""
    fake.clear()
    take_order.see(SHOP, OrderSeen(ORDER), NOW)
    node = orders.read(SHOP.slug, "18").customer
    assert node

    def erase(operation: str, arguments: dict[str, Any]) -> None:
        if operation == "TransactWriteItems":
            fake.before = lambda operation, arguments: None
            privacy.erase(SHOP, node, NOW)

    fake.before = erase
    try:
        _again(id="19", number="19", status="pending", payment="none", paid_at=None)
    finally:
        fake.before = lambda operation, arguments: None
    told = orders.read(SHOP.slug, "19").told
    assert told
    assert told.buyer == Buyer()


def _plain(order: Order) -> dict[str, Any]:
    return {name: getattr(order, name) for name in Order.__dataclass_fields__}


CHECKS = {
    "follow-up: written without its rev": sent_meanwhile_stays_sent,
    "follow-up: decided ones planned again": decided_is_left_alone,
    "follow-up: sent ones planned again": sent_is_left_alone,
    "follow-up: deferral forgotten": deferral_stands,
    "experiment: unit written twice": first_unit_stays,
    "transaction: profiles that were only read are not checked": erasure_meanwhile_is_noticed,
    "accounts: tellings of one who was erased are heard": late_account_brings_nobody_back,
    "retry: gives up at once": ten_at_once_settle,
}


@pytest.mark.parametrize("name", CHECKS)
def test_directed_check_holds(name: str, fake: FakeDynamo) -> None:
    CHECKS[name](fake)


@pytest.mark.parametrize("name", DIRECTED)
def test_directed_check_fails_without(name: str, fake: FakeDynamo, monkeypatch: pytest.MonkeyPatch) -> None:
    DIRECTED[name](monkeypatch)
    with pytest.raises((AssertionError, base.Trouble)):
        CHECKS[name](fake)
