"""What models of a customer's future share: purchases, shopping occasions, and saying that there is not enough."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from chalicelib.domain.ledger import Ledger

DAY = 86400


@dataclass(frozen=True, slots=True)
class NotEnough:
    """Why nothing is said: `few_buyers`, `few_second_orders`, `too_young`, `wrong_by_half` (all four of second orders),
    `few_gaps`, `few_bought_again`, `few_customers`; of what is to come, what `bg_nbd.fit` and `gamma_gamma.fit` say."""

    reason: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """A placed order as the models see it: `at` in epoch seconds, `net` in minor units of `currency`."""

    at: int
    products: tuple[str, ...] = ()
    net: int = 0
    currency: str = ""
    country: str = ""


def purchase(ledger: Ledger, order: int) -> Purchase:
    """Order n of the ledger."""
    products = tuple(ledger.products.texts[product] for product in ledger.products_of(order))
    currency, country = ledger.currencies.texts[ledger.currency[order]], ledger.countries.texts[ledger.country[order]]
    return Purchase(ledger.at[order], products, ledger.net[order], currency, country)


def fullest(one: Purchase) -> tuple[int, int, str, str, list[str]]:
    """A sort key: the greatest of several orders of one moment is her first, for who learns as for who asks."""
    return one.net, len(one.products), one.currency, one.country, sorted(one.products)


def occasions(times: Iterable[int]) -> list[int]:
    """When somebody went shopping, oldest first: what she orders within a day of that is the same occasion, for a
    forgotten item is no return."""
    found: list[int] = []
    for at in sorted(times):
        if not found or at - found[-1] >= DAY:
            found.append(at)
    return found


def each_customer(ledger: Ledger, now: int) -> Iterator[list[int]]:
    """The orders of one customer after the other, oldest first, of those placed by `now`; only numbers are held."""
    customer = ledger.customer
    by_customer = sorted(range(bisect_right(ledger.at, now)), key=customer.__getitem__)
    for _, orders in groupby(by_customer, key=customer.__getitem__):
        yield list(orders)
