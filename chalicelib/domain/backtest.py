"""A shop's own last weeks as a test: what its customers bought next, and which lists would have shown it to them.

The first later order of some of its customers (which ones depends on nothing but their names), learnt from the orders
before, of a large shop the latest of them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from chalicelib.domain.again import again
from chalicelib.domain.baskets import Baskets, baskets, newest
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.picking import Lists, goes_with, new_for_you
from chalicelib.domain.popular import EVERYWHERE, popular

SHOWN = 10
TEST, LEAST_TRAINING = 56 * 86400, 0.8  # seconds; of all orders, where that leaves less for the test
MOST_TRAINING, MOST_CUSTOMERS, MOST_HIDDEN = 200_000, 300, 3


@dataclass(frozen=True, slots=True)
class Case:
    """One customer: her orders before (newest first; none of a new customer) and the one that came next."""

    before: list[list[str]]
    next: list[str]


@dataclass(frozen=True, slots=True)
class Backtest:
    """What was known at the time, and the cases."""

    counted: Baskets
    popular: list[tuple[str, int]]
    cases: list[Case]


def backtest(ledger: Ledger) -> Backtest:
    """Cut eight weeks before the latest order, later in a younger shop."""
    late = bisect_left(ledger.at, newest(ledger) - TEST)
    cut = max(late, round(LEAST_TRAINING * len(ledger)))
    counted = baskets(part(ledger, max(0, cut - MOST_TRAINING), cut))
    end = newest(counted.ledger)
    return Backtest(counted, popular(counted, end)[EVERYWHERE], list(_cases(ledger, cut)))


def part(ledger: Ledger, first: int, last: int) -> Ledger:
    """The orders from number `first` up to before `last`, under the same names."""
    start = ledger.end[first - 1] if first else 0
    stop = ledger.end[last - 1] if last else 0
    ends = array("q", (end - start for end in ledger.end[first:last]))
    names = (ledger.customers, ledger.products, ledger.currencies, ledger.countries)
    arrays = (ledger.customer, ledger.at, ledger.net, ledger.currency, ledger.country, ledger.back)
    customer, at, net, currency, country, back = (values[first:last] for values in arrays)
    return Ledger(*names, customer, at, net, currency, country, ends, ledger.product[start:stop], back)


def _cases(ledger: Ledger, cut: int) -> Iterator[Case]:
    first = {}
    for order in range(len(ledger) - 1, cut - 1, -1):
        if not ledger.back[order]:
            first[ledger.customer[order]] = order
    drawn = sorted(first, key=lambda customer: sha256(ledger.customers.texts[customer].encode()).digest())
    before: dict[int, list[list[str]]] = {customer: [] for customer in drawn[:MOST_CUSTOMERS]}
    for order in range(cut - 1, -1, -1):
        if ledger.customer[order] in before:
            before[ledger.customer[order]].append(_texts(ledger, order))
    return (Case(orders, _texts(ledger, first[customer])) for customer, orders in before.items())


def _texts(ledger: Ledger, order: int) -> list[str]:
    return [ledger.products.texts[product] for product in ledger.kept_of(order)]


def new_shown(case: Case, lists: Lists, popular: Sequence[tuple[str, int]]) -> float | None:
    """Of what she had never bought and bought next, the share that "new for you" would have shown."""
    had = {product for order in case.before for product in order}
    wanted = set(case.next) - had
    return _share(wanted, new_for_you(case.before, lists, popular, SHOWN)) if had else None


def cart_shown(case: Case, lists: Lists, popular: Sequence[tuple[str, int]]) -> float | None:
    """Of some products of the order, each taken out in turn, the share that "goes with" the rest would have shown."""
    cart = case.next
    if len(cart) < 2:
        return None
    hidden = cart[:: -(-len(cart) // MOST_HIDDEN)]
    shown = (goes_with([other for other in cart if other != one], lists, popular, SHOWN) for one in hidden)
    return sum(one in picks for one, picks in zip(hidden, shown, strict=True)) / len(hidden)


def again_shown(case: Case, popular: Sequence[tuple[str, int]], leaning: float) -> float | None:
    """Of what she had bought and bought next again, the share that "buy again" would have shown."""
    wanted = set(case.next) & {product for order in case.before for product in order}
    return _share(wanted, [one.product for one in again(case.before, dict(popular), leaning)[:SHOWN]])


def _share(wanted: set[str], shown: Collection[str]) -> float | None:
    return len(wanted & set(shown)) / len(wanted) if wanted else None
