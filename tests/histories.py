"""Small shops to learn from: who ordered what, when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hypothesis import strategies as st

from chalicelib.domain.ledger import Ledger

DAY = 86400
CUSTOMERS = ["c_mina", "c_omid", "c_sara", "c_leyla", "c_ali", "c_zahra"]
PRODUCTS = ["tea", "cup", "pot", "jam", "mat"]


@dataclass(frozen=True)
class Ordered:
    """One order, so many days after the shop opened."""

    customer: str
    products: tuple[str, ...]
    day: int = 0
    country: str = ""


def shop(*orders: Ordered) -> Ledger:
    """Of orders in any order; those of one day come in the order given."""
    ledger = Ledger()
    for one in sorted(orders, key=lambda order: order.day):
        ledger.add(one.customer, one.day * DAY, one.products, country=one.country)
    return ledger


def each(customers: Iterable[str], *products: str, day: int = 0, country: str = "") -> list[Ordered]:
    """The same order of each of them."""
    return [Ordered(customer, products, day, country) for customer in customers]


ORDERS = st.lists(
    st.builds(
        Ordered,
        st.sampled_from(CUSTOMERS),
        st.lists(st.sampled_from(PRODUCTS), max_size=5, unique=True).map(tuple),
        st.integers(0, 120),
        st.sampled_from(["", "GB", "IR"]),
    ),
    max_size=60,
)
