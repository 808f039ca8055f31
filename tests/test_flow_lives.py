"""Random lives with follow-ups: whatever happens, nobody is told twice, nothing leaves at a moment at which it may not,
held out is held out, erased is erased, and the same life comes to the same, byte for byte."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fake_dynamo import FakeDynamo, Item, instead_of_dynamodb
from tests.flow_lives import Life

LIVES, AGAIN = 100, 10  # every AGAIN-th is lived a second time
MANY = range(10_000, 13_000)
# What must have happened at least so often in LIVES lives for them to prove anything.
OFTEN = {"sent": 250, "held_out": 60, "quiet_hours": 60, "one_at_a_time": 15, "cap": 5, "newer_order": 30, "retry": 5}
OFTEN |= {
    "coupon_made": 20,
    "tagged": 20,
    "branch": 10,
    "split": 20,
    "customer_gone": 20,
    "too_late": 50,
    "replanned": 30,
}


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeDynamo]:
    with instead_of_dynamodb() as fake:
        yield fake


def lived(fake: FakeDynamo, seed: int | Random) -> Life:
    fake.clear()
    life = Life(seed, fake).play()
    assert not life.broken, (seed, life.broken)
    return life


def follow_ups_of(fake: FakeDynamo) -> list[Item]:
    return [dict(item) for item in fake.all() if item["k"]["S"] == "follow_up"]


def test_a_hundred_lives_break_nothing(fake: FakeDynamo) -> None:
    codes: Counter[str] = Counter()
    for seed in range(LIVES):
        codes.update(entry["code"] for row in lived(fake, seed).rows() for entry in row.why)
        if seed % AGAIN == 0:
            first = follow_ups_of(fake)
            lived(fake, seed)
            assert follow_ups_of(fake) == first, seed
    assert not {code: codes[code] for code, least in OFTEN.items() if codes[code] < least}


@pytest.mark.slow
def test_three_thousand_lives_break_nothing(fake: FakeDynamo) -> None:
    for seed in MANY:
        lived(fake, seed)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck), database=None)
@given(st.randoms(use_true_random=False))
def test_lives_that_can_be_made_smaller_break_nothing(fake: FakeDynamo, rnd: Random) -> None:
    """The same, for whoever has to find out why one broke."""
    lived(fake, rnd)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_the_same_life_comes_to_the_same_byte_for_byte(fake: FakeDynamo, seed: int) -> None:
    lived(fake, seed)
    first = follow_ups_of(fake)
    lived(fake, seed)
    assert follow_ups_of(fake) == first
