"""What somebody buys again: what she bought often and lately; and which products are bought again at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.ledger import Ledger

FADES = 0.9  # what an order weighs less than the next newer one
LEAST_AGAIN, LEAST_SHARE = 3, 0.1


@dataclass(frozen=True, slots=True)
class Again:
    """One product she may buy again; `times` orders of hers hold it."""

    product: str
    score: float
    times: int


def again(orders: Sequence[Sequence[str]], popularity: Mapping[str, int]) -> list[Again]:
    """Everything in her orders (newest first, each as product ids), best first: counts that fade order by order, ties
    by popularity (how many buy it)."""
    scores: dict[str, float] = {}
    times: Counter[str] = Counter()
    for age, products in enumerate(orders):
        for product in dict.fromkeys(products):
            scores[product] = scores.get(product, 0.0) + FADES**age
            times[product] += 1
    found = [Again(product, score, times[product]) for product, score in scores.items()]
    return sorted(found, key=lambda a: (-a.score, -popularity.get(a.product, 0), a.product))


def consumables(ledger: Ledger) -> frozenset[str]:
    """The products that enough of their buyers, and at least three, bought again in a later order."""
    buyers: Counter[int] = Counter()
    again: Counter[int] = Counter()
    for orders in ledger.by_customer().values():
        counts = Counter(product for order in orders for product in ledger.products_of(order))
        buyers.update(counts.keys())
        again.update(product for product, times in counts.items() if times > 1)
    enough = (p for p, n in again.items() if n >= LEAST_AGAIN and n >= LEAST_SHARE * buyers[p])
    return frozenset(ledger.products.texts[product] for product in enough)
