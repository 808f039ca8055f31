"""The test: orders before a day to learn from, each customer's first order after it to be foreseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.ledger import Ledger
from tests.real_orders import Orders, ledger_of

MOST_CART = 20  # products that a storefront asks with
HIDDEN = 5  # products of an order, taken out one at a time


@dataclass(frozen=True)
class Case:
    """One customer; whole orders, newest first, as the shop had them, and the products of the next one."""

    customer: str
    before: list[list[str]]
    next: list[str]

    @property
    def had(self) -> set[str]:
        return {product for order in self.before for product in order}


@dataclass(frozen=True)
class Cart:
    """What lies in it, and the one more product that was in the order; `order` numbers the orders."""

    order: int
    products: list[str]
    hidden: str


@dataclass(frozen=True)
class Split:
    """`ledger`: what the plugin learns from; `training`: the same orders whole."""

    training: Orders
    ledger: Ledger
    known: list[Case]
    carts: list[Cart]


def split(orders: Orders, day: float, end: float) -> Split:
    """Learnt from what was bought before `day` (epoch seconds), tried on what was bought until `end`."""
    training = [one for one in orders if one[1].at < day]
    cases = _cases(training, [one for one in orders if day <= one[1].at < end])
    carts = [cart for number, case in enumerate(cases) for cart in _carts(number, case.next)]
    return Split(training, ledger_of(training), [case for case in cases if case.before], carts)


def _cases(training: Orders, later: Orders) -> list[Case]:
    before: dict[str, list[list[str]]] = {}
    for customer, one in reversed(training):
        before.setdefault(customer, []).append(list(dict.fromkeys(one.products)))
    first = {customer: list(dict.fromkeys(one.products)) for customer, one in reversed(later)}
    return [Case(customer, before.get(customer, []), products) for customer, products in first.items()]


def _carts(order: int, products: Sequence[str]) -> list[Cart]:
    if len(products) < 2:
        return []
    hidden = products[:: -(-len(products) // HIDDEN)]
    return [Cart(order, [other for other in products if other != one][:MOST_CART], one) for one in hidden]
