"""What sells lately."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.baskets import baskets
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.popular import ever, popular
from tests.histories import CUSTOMERS, DAY, ORDERS, Ordered, each, shop

NOW = 120 * DAY
THREE, OTHER_THREE = CUSTOMERS[:3], CUSTOMERS[3:]


def told(*orders: Ordered, now: int = NOW) -> dict[str, list[tuple[str, int]]]:
    return popular(baskets(shop(*orders)), now)


def test_it_goes_by_different_customers() -> None:
    orders = [*each(CUSTOMERS[:4], "tea", day=120), *each(["c_omid"] * 50, "pot", day=120)]
    assert told(*orders, *each(THREE, "pot", day=120)) == {"*": [("tea", 4), ("pot", 3)]}


def test_what_fewer_than_three_bought_is_not_told() -> None:
    assert told(*each(CUSTOMERS[:2], "tea", day=120)) == {"*": []}


def test_a_month_ago_counts_half_and_a_quarter_ago_nothing() -> None:
    orders = [*each(CUSTOMERS, "tea", day=90), *each(THREE, "cup", day=120), *each(CUSTOMERS, "pot", day=30)]
    assert told(*orders, *each(OTHER_THREE, "mat", day=119)) == {"*": [("cup", 3), ("tea", 3), ("mat", 2)]}


def test_long_ago_is_still_a_number() -> None:
    assert told(*each(THREE, "tea", day=31), *each(["c_x"], "cup", day=120)) == {"*": [("tea", 1)]}


def test_the_last_of_her_orders_counts() -> None:
    assert told(*each(THREE, "tea", day=60), *each(THREE, "tea", day=120)) == {"*": [("tea", 3)]}


def test_a_shop_that_slept_shows_what_sold_before() -> None:
    assert told(*each(THREE, "tea", day=10), now=400 * DAY) == {"*": [("tea", 3)]}


def test_what_is_told_of_tomorrow_does_not_count_yet() -> None:
    assert told(*each(THREE, "tea", day=110), *each(THREE, "cup", day=130)) == {"*": [("tea", 2)]}


def test_a_country_has_its_own_list_where_three_customers_bought() -> None:
    british = each(THREE, "tea", day=120, country="GB")
    persian = [*each(OTHER_THREE, "jam", day=120, country="IR"), *each(["c_ali"], "tea", day=120, country="IR")]
    abroad = each(CUSTOMERS[:2], "pot", day=120, country="DE")
    assert told(*british, *persian, *abroad) == {
        "*": [("tea", 4), ("jam", 3)],
        "GB": [("tea", 3)],
        "IR": [("jam", 3)],
    }


def test_a_shop_without_orders_has_an_empty_list() -> None:
    assert popular(baskets(Ledger()), NOW) == {"*": []}


@settings(deadline=None)
@given(ORDERS, st.permutations(CUSTOMERS), st.integers(0, 200))
def test_every_number_is_true_and_which_customer_came_first_changes_nothing(
    orders: list[Ordered], customers: list[str], day: int
) -> None:
    found = told(*orders, now=day * DAY)
    for place, products in found.items():
        for product, buyers in products:
            real = {
                order.customer
                for order in orders
                if product in order.products and order.day <= day and place in ("*", order.country)
            }
            assert len(real) >= 3
            assert 1 <= buyers <= len(real)
    assert told(*sorted(orders, key=lambda order: customers.index(order.customer)), now=day * DAY) == found


def test_what_a_shop_ever_sold_is_told_of_what_three_bought_most_first() -> None:
    """In the order in which it was first sold, whoever has the test key could watch single customers buy."""
    orders = [*each(THREE, "cup", day=1), *each(CUSTOMERS, "tea", day=10), *each(CUSTOMERS[:2], "ring", day=120)]
    assert ever(baskets(shop(*orders))) == ["tea", "cup"]
    assert ever(baskets(Ledger())) == []
