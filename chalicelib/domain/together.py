"""What is bought together: for every product the others that most go with it.

A pair is only told where at least three customers bought both in one order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from heapq import nsmallest
from typing import NamedTuple

from chalicelib.domain.baskets import LEAST_BUYERS, Baskets, baskets
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.rules import DEFAULT, RULES, Rule

MOST_PICKS, DIGITS = 20, 2  # smaller differences say nothing, and would have lists change every night


class Pick(NamedTuple):
    """One product to show, the higher the score the sooner; `buyers` different customers bought the pair in one
    order."""

    product: str
    score: float
    buyers: int


def together(ledger: Ledger, rule: str = DEFAULT, products: range | None = None) -> Iterator[tuple[str, list[Pick]]]:
    """Every product (of those with these numbers in the ledger) that has any, with its best others, best first."""
    yield from lists(baskets(ledger), rule, products)


def lists(counted: Baskets, rule: str, products: Iterable[int] | None = None) -> Iterator[tuple[str, list[Pick]]]:
    """The same from what was counted already."""
    texts = counted.ledger.products.texts
    for product in range(len(texts)) if products is None else products:
        picks = best(counted, product, counted.buyers_with(product), RULES[rule])
        if picks:
            yield texts[product], picks


def best(counted: Baskets, product: int, pairs: Counter[int], rule: Rule) -> list[Pick]:
    """The best of the products that `pairs` customers bought with this one, scaled for being put together."""
    these, buyers, trend = counted.buyers[product], counted.buyers, counted.trend
    found = [
        (rule(pair, these, buyers[other], trend[other]), pair, other)
        for other, pair in pairs.items()
        if pair >= LEAST_BUYERS
    ]
    texts = counted.ledger.products.texts
    top = nsmallest(MOST_PICKS, found, key=lambda one: (-one[0], -one[1], texts[one[2]]))
    return _scaled([Pick(texts[other], score, pair) for score, pair, other in top])


def _scaled(picks: list[Pick]) -> list[Pick]:
    """A product that goes a little with everything speaks more softly than one that goes with little: of all scores
    the root of their sum is taken out."""
    root = sum(pick.score for pick in picks) ** 0.5
    scaled = [Pick(pick.product, float(f"{pick.score / root:.{DIGITS}g}"), pick.buyers) for pick in picks]
    return sorted(scaled, key=best_first)


def best_first(pick: Pick) -> tuple[float, int, str]:
    """A sort key: score, then buyers, then the product's id, so that the same data give the same list."""
    return -pick.score, -pick.buyers, pick.product
