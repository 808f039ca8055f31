"""What is bought together, and whom that must not give away."""

from __future__ import annotations

import math
from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.baskets import baskets
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.rules import RULES
from chalicelib.domain.together import MOST_PICKS, Pick, best_first, together
from tests.histories import CUSTOMERS, ORDERS, Ordered, each, shop

THREE = CUSTOMERS[:3]


def pairs_of(orders: list[Ordered]) -> Counter[tuple[str, str]]:
    """The slow way: how many different customers bought both in one order."""
    found = {(order.customer, *pair) for order in orders for pair in permutations(order.products, 2)}
    return Counter((one, other) for _, one, other in found)


@settings(deadline=None)
@given(ORDERS)
def test_every_pair_is_counted_as_by_hand(orders: list[Ordered]) -> None:
    ledger = shop(*orders)
    counted, texts = baskets(ledger), ledger.products.texts
    found = {
        (texts[one], texts[other]): buyers
        for one in range(len(texts))
        for other, buyers in counted.buyers_with(one).items()
    }
    assert found == pairs_of(orders)


@settings(deadline=None)
@given(ORDERS, st.sampled_from(sorted(RULES)))
def test_a_pair_of_fewer_than_three_customers_is_never_told_and_no_other_is_missing(
    orders: list[Ordered], rule: str
) -> None:
    told = {(one, pick.product): pick.buyers for one, picks in together(shop(*orders), rule) for pick in picks}
    assert told == {pair: buyers for pair, buyers in pairs_of(orders).items() if buyers >= 3}


@settings(deadline=None)
@given(ORDERS, st.sampled_from(sorted(RULES)))
def test_scores_are_finite_and_above_zero_and_fall(orders: list[Ordered], rule: str) -> None:
    for product, picks in together(shop(*orders), rule):
        assert all(math.isfinite(pick.score) and pick.score > 0 for pick in picks)
        assert picks == sorted(picks, key=best_first)
        assert product not in {pick.product for pick in picks}


@settings(deadline=None)
@given(ORDERS, st.randoms(use_true_random=False), st.sampled_from(sorted(RULES)))
def test_who_came_first_changes_nothing(orders: list[Ordered], random: object, rule: str) -> None:
    shuffled = list(orders)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert dict(together(shop(*orders), rule)) == dict(together(shop(*shuffled), rule))


@settings(deadline=None)
@given(ORDERS, st.integers(0, 5))
def test_products_in_two_runs_give_what_one_run_gives(orders: list[Ordered], cut: int) -> None:
    ledger = shop(*orders)
    one, other = range(min(cut, len(ledger.products))), range(min(cut, len(ledger.products)), len(ledger.products))
    whole = list(together(ledger))
    assert whole == [*together(ledger, products=one), *together(ledger, products=other)]


def test_who_orders_the_same_a_hundred_times_is_one_customer() -> None:
    orders = [*each(["c_omid"] * 100, "tea", "cup"), *each(["c_sara"], "tea", "cup")]
    assert list(together(shop(*orders))) == []
    assert [product for product, _ in together(shop(*orders, *each(["c_mina"], "cup", "tea")))] == ["tea", "cup"]


def test_buying_both_in_different_orders_is_not_together() -> None:
    assert list(together(shop(*each(THREE, "tea"), *each(THREE, "cup")))) == []


@pytest.mark.parametrize("rule", RULES)
def test_what_goes_with_it_more_often_comes_first(rule: str) -> None:
    orders = [*each(CUSTOMERS[:5], "pot", "tea"), *each(THREE, "pot", "jam"), *each(CUSTOMERS[3:], "jam", "mat")]
    picks = dict(together(shop(*orders), rule))["pot"]
    assert [pick.product for pick in picks] == ["tea", "jam"]
    assert picks[0].buyers == 5


def test_of_two_as_close_the_one_that_sells_now_comes_first() -> None:
    """Candles went with the pot last winter, the jug does now."""
    orders = [*each(THREE, "pot", "candle", day=0), *each(CUSTOMERS[3:], "pot", "jug", day=200)]
    orders += [*each(CUSTOMERS, "candle", day=0), *each(CUSTOMERS, "jug", day=200)]
    assert [pick.product for pick in dict(together(shop(*orders), "asymmetric_lately"))["pot"]] == ["jug", "candle"]
    assert [pick.product for pick in dict(together(shop(*orders), "asymmetric"))["pot"]] == ["candle", "jug"]


def test_ties_go_by_id() -> None:
    picks = dict(together(shop(*each(THREE, "tea", "cup", "pot"))))
    assert [pick.product for pick in picks["tea"]] == ["cup", "pot"]


def test_of_many_the_best_twenty_are_kept() -> None:
    ledger = Ledger()
    for number in range(30):
        for customer in THREE:
            ledger.add(customer, 0, ["tea", f"p{number:02}", f"q{number:02}"])
    lists = dict(together(ledger))
    assert len(lists["tea"]) == MOST_PICKS
    assert len(lists["p07"]) == 2


def test_no_orders_and_orders_of_nothing_tell_nothing() -> None:
    assert list(together(Ledger())) == []
    assert list(together(shop(*each(CUSTOMERS)))) == []


def test_a_shop_whose_latest_orders_are_empty_still_tells() -> None:
    """All that it sold was sold long ago: nothing is in season."""
    assert len(list(together(shop(*each(THREE, "tea", "cup"), *each(["c_ali"], day=100))))) == 2


def test_what_goes_with_everything_speaks_more_softly() -> None:
    """A bag is in every order: it says less about the cup than the saucer does."""
    orders = [*each(CUSTOMERS, "cup", "saucer", "bag")]
    orders += [order for n in range(6) for order in each(CUSTOMERS, "bag", f"other{n}")]
    lists = {product: {pick.product: pick.score for pick in picks} for product, picks in together(shop(*orders))}
    assert lists["saucer"]["cup"] > lists["bag"]["cup"] > 0
    assert Pick("cup", lists["saucer"]["cup"], 6) in dict(together(shop(*orders)))["saucer"]
