"""Orders in arrays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ledger import Ledger, unpack
from chalicelib.domain.order import MOST_LINES

ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["c_mina", "c_omid", "c_sara"]),
        st.integers(0, 2**40),
        st.lists(st.text(min_size=1, max_size=4), max_size=30),
        st.integers(-(2**60), 2**60),
        st.sampled_from(["GBP", "IRR"]),
        st.sampled_from(["", "GB", "IR"]),
    ),
    max_size=20,
)


@given(ORDERS)
def test_a_ledger_packed_and_unpacked_is_the_same(orders: list[tuple[str, int, list[str], int, str, str]]) -> None:
    ledger = Ledger()
    for customer, at, products, net, currency, country in sorted(orders, key=lambda order: order[1]):
        ledger.add(customer, at, products, net, currency, country)
    assert unpack(ledger.pack()) == ledger


def test_an_order_holds_each_of_its_products_once() -> None:
    ledger = Ledger()
    ledger.add("c_mina", 1, ["tea", "cup", "tea"])
    ledger.add("c_omid", 2, [])
    ledger.add("c_mina", 3, ["cup"])
    named = [[ledger.products.texts[n] for n in ledger.products_of(order)] for order in ledger.orders()]
    assert named == [["tea", "cup"], [], ["cup"]]


def test_of_a_very_long_order_only_the_first_lines_count() -> None:
    ledger = Ledger()
    ledger.add("c_mina", 1, [str(n) for n in range(100)])
    assert len(ledger.products_of(0)) == MOST_LINES


def test_an_order_older_than_the_last_is_refused() -> None:
    ledger = Ledger()
    ledger.add("c_mina", 5, [])
    with pytest.raises(ValueError, match="oldest first"):
        ledger.add("c_mina", 4, [])


def test_parts_put_together_are_what_they_were_taken_from() -> None:
    """Each part numbers its texts itself; a person with two names is one."""
    whole, parts = Ledger(), [Ledger(), Ledger()]
    rows = [("c_sara", 10, ["tea", "cup"]), ("c_mina", 20, ["cup"]), ("c_sara_2", 30, ["jam", "tea"])]
    for number, (customer, at, products) in enumerate(rows):
        whole.add(customer.removesuffix("_2"), at, products, 5 + number, "EUR", "DE" if number else "")
        parts[number // 2].add(customer, at, products, 5 + number, "EUR", "DE" if number else "")
    joined = Ledger()
    for part in parts:
        joined.extend(part, {"c_sara_2": "c_sara"})
    assert joined.pack() == whole.pack()


def test_a_part_that_is_older_than_what_is_there_is_refused() -> None:
    young, old = Ledger(), Ledger()
    young.add("c_sara", 20, ["tea"])
    old.add("c_sara", 10, ["tea"])
    with pytest.raises(ValueError, match="oldest first"):
        young.extend(old)
