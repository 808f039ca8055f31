"""What is bought again, by whom and at all."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.again import Again, again, consumables
from chalicelib.domain.baskets import baskets
from tests.histories import CUSTOMERS, ORDERS, PRODUCTS, Ordered, each, shop


def test_what_she_bought_often_and_lately_comes_first() -> None:
    found = again([["tea", "cup"], ["tea", "jam"], ["pot"]], {}, leaning=0.0)
    assert found == [
        Again("tea", pytest.approx(1.9), 2),
        Again("cup", 1.0, 1),
        Again("jam", pytest.approx(0.9), 1),
        Again("pot", pytest.approx(0.81), 1),
    ]


def test_of_what_she_bought_as_often_that_which_many_buy_comes_first() -> None:
    popularity = {"pot": 7, "jam": 3}
    for leaning in (0.0, 0.25, 0.5):
        found = again([["cup", "jam", "mat", "pot"]], popularity, leaning)
        assert [one.product for one in found] == ["pot", "jam", "cup", "mat"]


def test_a_leaning_lets_what_many_buy_overtake_what_she_bought_last() -> None:
    orders, popularity = [["cup"], ["pot"]], {"pot": 100}
    assert [one.product for one in again(orders, popularity, 0.0)] == ["cup", "pot"]
    assert [one.product for one in again(orders, popularity)] == ["pot", "cup"]


def test_a_product_twice_in_one_order_counts_once() -> None:
    assert again([["tea", "tea"]], {}, 0.0) == [Again("tea", 1.0, 1)]
    assert again([], {}) == []


@settings(deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(PRODUCTS), max_size=5), max_size=8),
    st.dictionaries(st.sampled_from([*PRODUCTS, "never bought"]), st.integers(0, 10**6)),
    st.sampled_from([0.0, 0.25, 0.5]),
)
def test_only_what_she_bought_each_once_and_in_order(
    orders: list[list[str]], popularity: dict[str, int], leaning: float
) -> None:
    found = again(orders, popularity, leaning)
    assert sorted(one.product for one in found) == sorted({product for order in orders for product in order})
    assert all(math.isfinite(one.score) and one.score > 0 for one in found)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert {one.product: one.times for one in found} == {
        product: sum(product in order for order in orders) for order in orders for product in order
    }


def test_a_consumable_is_what_three_customers_bought_again() -> None:
    orders = [*each(CUSTOMERS, "tea", "pot", day=1), *each(CUSTOMERS[:3], "tea", day=30)]
    assert consumables(baskets(shop(*orders, *each(CUSTOMERS[:2], "pot", day=30)))) == {"tea"}


def test_what_one_in_twenty_buys_again_is_no_consumable() -> None:
    many = [f"c_{number}" for number in range(60)]
    orders = [*each(many, "pot", "tea", day=1), *each(many[:3], "pot", day=30), *each(many[:30], "tea", day=30)]
    assert consumables(baskets(shop(*orders))) == {"tea"}


@settings(deadline=None)
@given(ORDERS, st.randoms(use_true_random=False))
def test_consumables_rest_on_three_customers_whoever_came_first(orders: list[Ordered], random: object) -> None:
    times = {
        product: sum(
            sum(order.customer == customer and product in order.products for order in orders) > 1
            for customer in CUSTOMERS
        )
        for product in PRODUCTS
    }
    found = consumables(baskets(shop(*orders)))
    assert found == {product for product, repeaters in times.items() if repeaters >= 3}  # of six buyers at most
    random.shuffle(orders)  # type: ignore[attr-defined]
    assert consumables(baskets(shop(*orders))) == found
