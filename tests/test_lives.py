"""Totals are exact (DESIGN 4.3), whatever the order, the repetitions, the crashes and the races."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.life_model import Model
from tests.life_state import differences, marked, rows
from tests.lives import Erase, disturbed, life, ordered, take

WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}


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
