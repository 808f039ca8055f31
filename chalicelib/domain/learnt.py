"""Everything a nightly run learns from a shop's orders for its storefront."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.domain.again import consumables
from chalicelib.domain.baskets import baskets
from chalicelib.domain.choosing_rule import Chosen, choose
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.popular import ever, popular
from chalicelib.domain.together import Pick, lists


@dataclass(frozen=True, slots=True)
class Learnt:
    """`together` is lazy: it counts product by product while it is read, and is read once."""

    chosen: Chosen
    popular: dict[str, list[tuple[str, int]]]  # "*" and countries: products with how many customers bought them
    ever: list[str]  # some that at least three customers bought at any time, for where nothing is popular
    consumables: frozenset[str]
    together: Iterator[tuple[str, list[Pick]]]


def learn(ledger: Ledger, now_seconds: int, chosen: Chosen | None = None, products: range | None = None) -> Learnt:
    """What a run writes. One that goes on where another ended gives that one's rule and the product numbers left."""
    chosen = chosen or choose(ledger)
    counted = baskets(ledger)
    made = lists(counted, chosen.rule, products)
    return Learnt(chosen, popular(counted, now_seconds), ever(counted), consumables(counted), made)
