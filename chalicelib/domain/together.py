"""What is bought together: for every product the others that most go with it.

A pair is only told where at least three customers bought both in one order; fewer would tell what one of them bought.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from chalicelib.domain.ledger import Ledger

LEAST_BUYERS, MOST_PICKS = 3, 20


@dataclass(frozen=True, slots=True)
class Pick:
    """One product to show, the higher the score the sooner; `buyers` different customers bought the pair in one order
    (of several lists put together: the most of any)."""

    product: str
    score: float
    buyers: int


# pair, those who bought this one, those who bought the other -> score
RULES: dict[str, Callable[[int, int, int], float]] = {
    "jaccard": lambda pair, these, others: pair / (these + others - pair),
    "confidence": lambda pair, these, others: pair / these,
    "cosine": lambda pair, these, others: pair / (these * others) ** 0.5,
}
DEFAULT = "jaccard"


def together(ledger: Ledger, rule: str = DEFAULT, products: range | None = None) -> Iterator[tuple[str, list[Pick]]]:
    """Every product (of those numbered so in the ledger) that has any, with its best others, best first."""
    orders = _orders_of_products(ledger)
    buyers = [len({ledger.customer[order] for order in found}) for found in orders]
    for product in products if products is not None else range(len(orders)):
        picks = _picks(ledger, product, orders[product], buyers, RULES[rule])
        if picks:
            yield ledger.products.texts[product], picks


def _picks(
    ledger: Ledger, product: int, orders: array[int], buyers: list[int], score: Callable[[int, int, int], float]
) -> list[Pick]:
    pairs = Counter(chain.from_iterable(_baskets_by_customer(ledger, orders)))
    texts = ledger.products.texts
    found = [
        Pick(texts[other], score(pair, buyers[product], buyers[other]), pair)
        for other, pair in pairs.items()
        if pair >= LEAST_BUYERS and other != product
    ]
    return sorted(found, key=best_first)[:MOST_PICKS]


def _baskets_by_customer(ledger: Ledger, orders: array[int]) -> Iterator[set[int]]:
    """What each customer bought in these orders, each product once a customer."""
    baskets: dict[int, set[int]] = {}
    for order in orders:
        baskets.setdefault(ledger.customer[order], set()).update(ledger.products_of(order))
    return iter(baskets.values())


def _orders_of_products(ledger: Ledger) -> list[array[int]]:
    found = [array("i") for _ in ledger.products.texts]
    for order in ledger.orders():
        for product in ledger.products_of(order):
            found[product].append(order)
    return found


def best_first(pick: Pick) -> tuple[float, int, str]:
    """A sort key: score, then buyers, then the product's id, so that the same data give the same list."""
    return -pick.score, -pick.buyers, pick.product
