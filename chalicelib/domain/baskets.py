"""Who bought what with what, product by product: what recommendations are counted from.

Holds the orders of each product (4 bytes a line), never the pairs: those of one product are counted when it is its
turn, all at once in C.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from chalicelib.domain.ledger import Ledger

LEAST_BUYERS = 3  # what fewer customers bought tells what one of them bought
LATELY = 30 * 86400  # seconds up to the shop's latest order
PRIOR = 10  # orders of an average product that count beside each product's own


@dataclass(frozen=True, slots=True)
class Baskets:
    """`orders[n]` hold product n and were kept, oldest first; `buyers[n]` different customers bought it, `repeaters[n]`
    of them in more than one order; `trend[n]`: the share of its orders that came lately."""

    ledger: Ledger
    orders: list[array[int]]
    buyers: list[int]
    repeaters: list[int]
    trend: list[float]

    def buyers_with(self, product: int) -> Counter[int]:
        """How many different customers bought each other product in one order with this one."""
        found = Counter(chain.from_iterable(self._by_customer(product)))
        found.pop(product, None)
        return found

    def _by_customer(self, product: int) -> Iterator[array[int] | set[int]]:
        """For each of its customers what she bought in one order with it, each product once."""
        ledger, orders = self.ledger, self.orders[product]
        if not self.repeaters[product]:
            return map(ledger.products_of, orders)
        hers: dict[int, list[int]] = {}
        for order in orders:
            hers.setdefault(ledger.customer[order], []).append(order)
        return (_all_of(ledger, found) for found in hers.values())


def _all_of(ledger: Ledger, orders: list[int]) -> array[int] | set[int]:
    if len(orders) == 1:
        return ledger.products_of(orders[0])
    return set(chain.from_iterable(map(ledger.products_of, orders)))


def baskets(ledger: Ledger) -> Baskets:
    """The shop's baskets; a million orders of ten lines take some seconds."""
    orders = [array("i") for _ in ledger.products.texts]
    for order in ledger.orders():
        for product in ledger.kept_of(order):
            orders[product].append(order)
    return Baskets(ledger, orders, *_customers(ledger, orders), _trend(ledger, orders))


def _customers(ledger: Ledger, orders: Sequence[array[int]]) -> tuple[list[int], list[int]]:
    """Buyers and repeaters of each product."""
    buyers, repeaters = [], []
    for found in orders:
        times = Counter(map(ledger.customer.__getitem__, found))
        buyers.append(len(times))
        repeaters.append(len(times) - Counter(times.values())[1])
    return buyers, repeaters


def _trend(ledger: Ledger, orders: Sequence[array[int]]) -> list[float]:
    """Drawn towards the whole shop's share where little is known of a product; never 0, also of a shop whose latest
    orders are empty."""
    late = bisect_left(ledger.at, newest(ledger) - LATELY)
    counts = [(len(found) - bisect_left(found, late), len(found)) for found in orders]
    share = (1 + sum(lately for lately, _ in counts)) / (1 + sum(ever for _, ever in counts))
    return [(lately + PRIOR * share) / (ever + PRIOR) for lately, ever in counts]


def newest(ledger: Ledger) -> int:
    """When the shop's latest order was placed, epoch seconds."""
    return ledger.at[-1] if len(ledger) else 0
