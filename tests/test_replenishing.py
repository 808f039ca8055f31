"""When she will need more of the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ledger import Ledger
from chalicelib.domain.outlook import DAY, NotEnough, Purchase
from chalicelib.domain.replenishing import Gap, Gaps, due, learn_gaps_of_products
from tests.real_orders import FOLDER, Orders, ledger_of, online_retail

NOW = 400 * DAY
TEA = Gap(30.0, 50)


def drinkers(count: int, product: str = "tea", days: int = 30, times: int = 4) -> Orders:
    return [(f"{product} {n}", Purchase((n + k * days) * DAY, (product,))) for n in range(count) for k in range(times)]


def learnt(shop: Orders) -> Gaps:
    found = learn_gaps_of_products(ledger_of(sorted(shop, key=lambda item: item[1].at)), NOW)
    assert isinstance(found, Gaps), found
    return found


def test_a_product_bought_every_month_has_a_gap_of_a_month() -> None:
    found = learnt(drinkers(10) + drinkers(5, "soap", days=60))
    assert found.products["tea"] == Gap(pytest.approx(30, abs=2), 10)
    assert found.products["soap"] == Gap(pytest.approx(60, abs=4), 5)
    assert 30 < found.shop.days < 60
    assert found.shop.customers == 15


def test_what_fewer_than_three_customers_bought_again_has_no_gap() -> None:
    once = [(f"c{n}", Purchase(n * DAY, ("vase",))) for n in range(20)]
    found = learnt(drinkers(2, "caviar") + drinkers(3, "tea") + once)
    assert set(found.products) == {"tea"}


def test_what_hardly_anybody_of_many_bought_again_is_no_consumable() -> None:
    once = [(f"c{n}", Purchase(n * DAY // 10, ("lamp",))) for n in range(100)]
    assert set(learnt(drinkers(3, "lamp") + once + drinkers(3)).products) == {"tea"}


def test_a_second_piece_on_the_same_day_is_no_gap() -> None:
    twice = [(f"c{n}", Purchase(n * DAY + more, ("cup",))) for n in range(20) for more in (0, 3600)]
    assert learn_gaps_of_products(ledger_of(twice), NOW) == NotEnough("few_bought_again")


def test_a_till_that_buys_every_day_decides_no_gap() -> None:
    till = [("till", Purchase(day * DAY, ("tea",))) for day in range(390)]
    assert learnt(drinkers(12) + till).products["tea"].days > 10


def test_a_product_with_few_gaps_is_pulled_towards_the_shop() -> None:
    few = learnt(drinkers(3, "rice", days=100, times=2) + drinkers(50)).products["rice"]
    many = learnt(drinkers(60, "rice", days=100, times=2) + drinkers(50)).products["rice"]
    assert 60 < few.days < 95 < many.days < 100


def test_it_is_due_when_the_gap_is_nearly_over_and_not_once_she_has_stopped() -> None:
    told = {days: due([0], TEA, days * DAY) for days in (1, 20, 25, 30, 60, 89, 91, 300)}
    assert {days: found.due for days, found in told.items() if found} == {
        1: False, 20: False, 25: True, 30: True, 60: True, 89: True, 91: False, 300: False,
    }  # fmt: skip
    assert all(found and found.at == 30 * DAY for found in told.values())


def test_her_own_gaps_count_more_the_more_she_has() -> None:
    own = [due([n * 10 * DAY for n in range(count)], TEA, NOW) for count in (1, 2, 5, 20)]
    days = [found.days for found in own if found]
    assert days[0] == 30
    assert days == sorted(days, reverse=True)
    assert days[-1] < 11


def test_what_she_bought_again_comes_before_what_she_bought_once() -> None:
    once, often = due([30 * DAY], TEA, 60 * DAY), due([0, 30 * DAY], TEA, 70 * DAY)
    assert once is not None
    assert often is not None
    assert once.score < often.score


def test_what_she_never_bought_is_not_due() -> None:
    assert due([], TEA, NOW) is None
    assert due([NOW + 1], TEA, NOW) is None


@given(st.lists(st.integers(0, NOW), min_size=1, max_size=10), st.floats(1, 400), st.integers(0, 3 * NOW))
def test_any_purchases_give_a_date_after_the_last_and_a_score_within_bounds(
    times: list[int], days: float, now: int
) -> None:
    found = due(times, Gap(days, 3), now)
    if found:
        assert 0 <= found.score <= 1
        assert found.days >= 1
        assert found.at > min(times)
        assert found == due(sorted(times, reverse=True), Gap(days, 3), now)


@given(st.randoms(use_true_random=False))
def test_the_order_in_which_orders_of_one_moment_come_changes_nothing(chosen: random.Random) -> None:
    shop = [
        (customer, Purchase(0, one.products)) if one.at < 9 * DAY else (customer, one) for customer, one in drinkers(9)
    ]
    assert learnt(chosen.sample(shop, len(shop))) == learnt(shop)


def test_an_empty_ledger_is_no_trouble() -> None:
    assert learn_gaps_of_products(Ledger(), 0) == NotEnough("few_bought_again")


@pytest.mark.skipif(not FOLDER.exists(), reason="no data in ../shared/datasets")
def test_in_a_real_shop_what_is_due_is_bought_sooner_than_what_is_not() -> None:
    shop = online_retail()
    assert shop is not None
    cut = shop[-1][1].at - 90 * DAY
    gaps = learn_gaps_of_products(ledger_of(shop), cut)
    assert isinstance(gaps, Gaps)
    times: dict[tuple[str, str], list[int]] = {}
    for customer, one in shop:
        for product in set(one.products) & gaps.products.keys():
            times.setdefault((customer, product), []).append(one.at)
    bought: dict[str, list[bool]] = {"due": [], "not": [], "best": []}
    for (_, product), own in times.items():
        found = due(own, gaps.products[product], cut)
        if found:
            soon = any(cut < at <= cut + 30 * DAY for at in own)
            bought["due" if found.due else "not"].append(soon)
            if found.score > 0.5:
                bought["best"].append(soon)
    rates = {name: sum(soon) / len(soon) for name, soon in bought.items()}
    assert rates["best"] > 2 * rates["due"] > 2.4 * rates["not"]
