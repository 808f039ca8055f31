"""What somebody buys again: what she bought often and lately; and which products are bought again at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.baskets import LEAST_BUYERS, Baskets

FADES = 0.9  # what an order counts, of what the next newer one counts
LEANINGS = (0.25, 0.0, 0.5)  # the first is the usual one
LEAST_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Again:
    """One product she may buy again; `times` orders of hers hold it."""

    product: str
    score: float
    times: int


def again(orders: Sequence[Sequence[str]], popularity: Mapping[str, int], leaning: float = LEANINGS[0]) -> list[Again]:
    """Everything in her orders (newest first, each as product ids), best first: counts that fade order by order, times
    how many buy it lately (`popularity`) to the power of `leaning`; ties by that number, then by id."""
    scores: dict[str, float] = {}
    times: Counter[str] = Counter()
    for age, products in enumerate(orders):
        for product in dict.fromkeys(products):
            scores[product] = scores.get(product, 0.0) + FADES**age
            times[product] += 1
    found = [
        Again(product, score * (popularity.get(product, 0) + 0.5) ** leaning, times[product])
        for product, score in scores.items()
    ]
    return sorted(found, key=lambda one: (-one.score, -popularity.get(one.product, 0), one.product))


def consumables(counted: Baskets) -> frozenset[str]:
    """The products that enough of their buyers, and at least three, bought again in a later order."""
    texts = counted.ledger.products.texts
    pairs = enumerate(zip(counted.repeaters, counted.buyers, strict=True))
    enough = (n for n, (again, all_) in pairs if again >= LEAST_BUYERS and again >= LEAST_SHARE * all_)
    return frozenset(texts[product] for product in enough)
