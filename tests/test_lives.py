"""Totals are exact, whatever the order, the repetitions, the crashes and the races."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.customer import MOST_ADDRESSES
from chalicelib.domain.events import AccountSeen, OrderSeen
from chalicelib.domain.order import Buyer
from chalicelib.domain.times import moment, stamp
from chalicelib.table import orders
from chalicelib.table.base import Row
from infra.resources import Resources
from tests.fake_dynamo import FakeDynamo, Item, instead_of_dynamodb
from tests.life_model import Model
from tests.life_state import differences, marked, of_kind, rows
from tests.lives import BUYERS, SARA, SHOP, START, Erase, Happened, disturbed, life, new_order, ordered, take
from tests.random_calls import random_call

WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}
ORDER = replace(new_order(Random(0), "1", START), buyer=Buyer(email=SARA, name="Sara Ahmadi"))


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeDynamo]:
    with instead_of_dynamodb() as fake:
        yield fake


def check(fake: FakeDynamo, rnd: Random, **how: object) -> None:
    """One life: told in order, told badly, told again; each must end where the model says."""
    told = life(rnd, **how)
    model = Model(told)
    fake.clear()
    ordered(told)
    in_order = rows(list(fake.all()))
    assert not differences(in_order, model)
    fake.clear()
    disturbed(told, rnd, fake)
    after = list(fake.all())
    assert not differences(rows(after), model)
    assert rows(after) == in_order
    must, may = model.waiting()
    assert must <= marked(after) <= may
    assert not _writes_of_repeating(fake, told)


def _writes_of_repeating(fake: FakeDynamo, told: list) -> list:
    """What is written when every telling comes once more: nothing."""
    wrote: list = []
    fake.before = lambda operation, arguments: wrote.append(arguments) if operation in WRITES else None
    try:
        for one in told:
            if not isinstance(one.what, Erase):
                take(one)
    finally:
        fake.before = lambda operation, arguments: None
    return wrote


@settings(max_examples=500, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck), database=None)
@given(st.randoms(use_true_random=False))
def test_every_life_ends_alike_however_it_is_told(fake: FakeDynamo, rnd: Random) -> None:
    check(fake, rnd)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck), database=None)
@given(st.randoms(use_true_random=False))
def test_ten_thousand_lives_end_alike(fake: FakeDynamo, rnd: Random) -> None:
    check(fake, rnd, longest=20)


def test_a_till_that_knows_many_addresses_ends_alike(fake: FakeDynamo) -> None:
    """More addresses than are kept: which stay, and which lead to her, does not depend on the order of arrival."""
    told = [_sale(n) for n in range(MOST_ADDRESSES + 15)]
    ends = []
    for seed in range(4):
        Random(seed).shuffle(told)
        fake.clear()
        for one in told:
            take(one)
        ends.append(rows(list(fake.all())))
    assert all(end == ends[0] for end in ends)
    assert len(of_kind(ends[0], "lookup")) == MOST_ADDRESSES + 1


def late_account_brings_nobody_back(fake: FakeDynamo) -> None:
    """A guest is erased; only then come the account she had made and an order of it, both from before."""
    fake.clear()
    take(Happened(START, OrderSeen(ORDER)))
    erased = stamp(moment(START) + timedelta(days=1))
    take(Happened(erased, Erase(str(orders.read(SHOP.slug, "1").customer))))
    account = Buyer(account="7", email=SARA, name="Sara Karimi")
    take(Happened(START, AccountSeen(account, START, START)))
    take(Happened(START, OrderSeen(replace(ORDER, id="2", buyer=account))))
    held = list(fake.all())
    assert "Sara" not in str(held)
    assert SARA not in str(held)
    assert orders.read(SHOP.slug, "2").told.buyer == Buyer()  # type: ignore[union-attr]


def test_an_account_first_heard_of_after_the_erasure_brings_nobody_back(fake: FakeDynamo) -> None:
    late_account_brings_nobody_back(fake)


def _sale(n: int) -> Happened:
    at = stamp(moment(START) + timedelta(minutes=n))
    buyer = replace(BUYERS[2], email=f"guest{n}@example.test")
    return Happened(at, OrderSeen(replace(ORDER, id=str(n), number=str(n), updated_at=at, placed_at=at, buyer=buyer)))


class Emulated(FakeDynamo):
    """The same hooks around a table that other people's code holds."""

    def __init__(self, table: str) -> None:
        self.table, self.client = table, Row._get_connection().connection.client
        self.before = self.after = lambda operation, arguments: None

    def _make_api_call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.before(operation, arguments)
        answer: dict[str, Any] = self.client._make_api_call(operation, arguments)
        self.after(operation, arguments)
        return answer

    def all(self) -> Iterator[Item]:
        pages = self.client.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        found = [item for page in pages for item in page["Items"]]
        yield from sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    def clear(self) -> None:
        for item in self.all():
            self.client.delete_item(TableName=self.table, Key={"pk": item["pk"], "sk": item["sk"]})


@pytest.fixture
def emulated(ministack: Resources) -> Iterator[Emulated]:
    emulated = Emulated(ministack.table)
    emulated.install()
    yield emulated
    Row._connection = None


@pytest.mark.parametrize("seed", range(8))
def test_lives_end_alike_in_an_emulator_of_other_peoples_making(emulated: Emulated, seed: int) -> None:
    check(emulated, Random(seed))


def test_the_fake_answers_as_the_emulator_does(emulated: Emulated) -> None:
    """Four hundred random calls on a few items: the same answers, the same refusals, the same items in the end."""
    rnd, alone = Random(7), FakeDynamo()
    for n in range(400):
        operation, arguments = random_call(rnd, emulated.table)
        assert _answer(alone, operation, arguments) == _answer(emulated, operation, arguments), (
            n,
            operation,
            arguments,
        )
    assert list(alone.all()) == list(emulated.all())


def test_a_transaction_sent_twice_with_one_token_is_done_once(emulated: Emulated) -> None:
    key = {"pk": {"S": "a"}, "sk": {"S": "1"}}
    add = {"Update": {"TableName": emulated.table, "Key": key, "UpdateExpression": "ADD #r :n"}}
    one = {"TransactItems": [add], "ClientRequestToken": "token-1"}
    add["Update"] |= {"ExpressionAttributeNames": {"#r": "rev"}, "ExpressionAttributeValues": {":n": {"N": "1"}}}
    other = {**one, "TransactItems": [{"Delete": {"TableName": emulated.table, "Key": key}}]}
    for table in (FakeDynamo(), emulated):
        assert [_answer(table, "TransactWriteItems", call) for call in (one, one)] == [{}, {}]
        assert _answer(table, "TransactWriteItems", other)[0] == "IdempotentParameterMismatchException"
        assert [item["rev"] for item in table.all()] == [{"N": "1"}]


def _answer(table: FakeDynamo, operation: str, arguments: dict[str, Any]) -> Any:
    try:
        answer = table._make_api_call(operation, copy.deepcopy(arguments))
    except ClientError as refused:
        reasons = [reason["Code"] for reason in refused.response.get("CancellationReasons", [])]
        return refused.response["Error"]["Code"], reasons
    kept = {
        name: answer[name] for name in ("Item", "Items", "Count", "LastEvaluatedKey", "Attributes") if name in answer
    }
    if "Responses" in answer:
        kept["Responses"] = sorted(map(repr, next(iter(answer["Responses"].values()))))
    return kept
