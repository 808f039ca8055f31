"""Two tellings of an order that carry the same second: the one that is further on wins, whichever comes first."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from chalicelib.domain.order import FULFILMENTS, PAYMENTS, STATUSES, Order, Refund, wins
from chalicelib.platforms.saleor.orders import STATUSES as SALEOR
from chalicelib.platforms.shopify import words as shopify
from chalicelib.routes.public import STANDARD
from tests.acme import order

PLACED = order(payment="none", paid_at=None)


def later(before: Order, after: Order) -> bool:
    return wins(after, before) and not wins(before, after)


@pytest.mark.parametrize("title", [f"try {n}" for n in range(8)])
def test_placed_and_paid_in_one_second_is_paid(title: str) -> None:
    """Whatever else stands in it: a digest would decide half of them wrongly."""
    created = replace(PLACED, lines=(replace(PLACED.lines[0], title=title),))
    paid = replace(created, payment="paid", paid_at=created.placed_at)
    assert later(created, paid)
    assert later(paid, replace(paid, fulfilment="fulfilled", fulfilled_at=paid.updated_at))


@pytest.mark.parametrize(("field", "words"), [("status", STATUSES), ("payment", PAYMENTS), ("fulfilment", FULFILMENTS)])
def test_every_step_comes_after_the_one_before(field: str, words: tuple[str, ...]) -> None:
    told = [replace(PLACED, **{field: word}) for word in words]
    for n, before in enumerate(told):
        assert all(later(before, after) for after in told[n + 1 :])


def test_a_moment_counts_more_than_a_state_and_money_given_back_more_than_both() -> None:
    paid = order()
    assert later(paid, replace(PLACED, updated_at="2026-11-21T10:00:01Z"))
    assert later(replace(paid, status="cancelled"), replace(paid, refunds=(Refund("1", 2500),)))


def test_every_platform_speaks_our_words_only() -> None:
    """A word that has no rank could not be compared."""
    assert set(shopify.PAYMENTS.values()) <= set(PAYMENTS)
    assert set(shopify.FULFILMENTS.values()) <= set(FULFILMENTS)
    assert {status for status, _ in SALEOR.values()} <= set(STATUSES)
    assert {fulfilment for _, fulfilment in SALEOR.values()} <= set(FULFILMENTS)
    said = json.loads(STANDARD.read_text(encoding="utf-8"))["definitions"]["order"]["properties"]
    for field, words in (("status", STATUSES), ("payment", PAYMENTS), ("fulfilment", FULFILMENTS)):
        assert set(said[field]["enum"]) - {None} <= set(words)
