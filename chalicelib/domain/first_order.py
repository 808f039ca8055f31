"""What a first order tells about the buyer, as levels of a few factors: its value, items, best known product, country.

Buckets come from the shop's own first orders, so that a level always rests on enough buyers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from chalicelib.domain.outlook import Purchase

FACTORS = ("value", "items", "product", "country")
LEAST_BUYERS = 10  # of a level
PARTS = 4  # of the values in one currency
MOST_PRODUCTS, MOST_COUNTRIES, MOST_CURRENCIES = 60, 30, 10
MOST_LETTERS = 120  # of a product id that is worth remembering
ITEMS = ((1, "1"), (2, "2"), (4, "3-4"), (9, "5-9"))
MORE_ITEMS = "10+"
ELSE = ""


@dataclass(frozen=True, slots=True)
class Buckets:
    """`bounds[currency]` are where a new part of the values begins, in minor units; `products` the best known first."""

    bounds: Mapping[str, Sequence[int]] = field(default_factory=dict)
    products: Mapping[str, int] = field(default_factory=dict)  # with their place
    countries: frozenset[str] = frozenset()

    def levels(self, first: Purchase) -> dict[str, str]:
        """The level of this first order in each factor."""
        return {
            "value": self.value(first),
            "items": items(len(set(first.products))),
            "product": self.product(first),
            "country": first.country if first.country in self.countries else ELSE,
        }

    def value(self, first: Purchase) -> str:
        """`GBP:0` for the lowest part."""
        bounds = self.bounds.get(first.currency)
        return ELSE if bounds is None else f"{first.currency}:{sum(bound <= first.net for bound in bounds)}"

    def product(self, first: Purchase) -> str:
        """Of its products the one that most first orders hold."""
        known = [(self.products[product], product) for product in first.products if product in self.products]
        return min(known)[1] if known else ELSE

    def range_of(self, level: str) -> dict[str, str | int]:
        """The values, in minor units, that a level of `value` spans; the lowest and the highest are open."""
        currency, _, part = level.rpartition(":")
        edges = [None, *self.bounds[currency], None]
        low, high = list(pairwise(edges))[int(part)]
        found: dict[str, str | int] = {"currency": currency}
        return found | {name: edge for name, edge in (("from", low), ("to", high)) if edge is not None}


def items(count: int) -> str:
    """How many different products, in words like `3-4`."""
    return next((name for most, name in ITEMS if count <= most), MORE_ITEMS)


def buckets(firsts: Iterable[Purchase]) -> Buckets:
    """The buckets for a shop with these first orders."""
    values: dict[str, list[int]] = {}
    products: Counter[str] = Counter()
    countries: Counter[str] = Counter()
    for first in firsts:
        values.setdefault(first.currency, []).append(first.net)
        products.update({product for product in first.products if len(product) <= MOST_LETTERS})
        countries[first.country] += 1
    enough = {currency: nets for currency, nets in values.items() if len(nets) >= LEAST_BUYERS * PARTS}
    often = sorted(enough, key=lambda currency: (-len(enough[currency]), currency))[:MOST_CURRENCIES]
    bounds = {currency: _bounds(enough[currency]) for currency in often}
    known = {product: place for place, product in enumerate(_most(products, MOST_PRODUCTS))}
    return Buckets(bounds, known, frozenset(_most(countries, MOST_COUNTRIES)))


def _most(counts: Counter[str], most: int) -> list[str]:
    enough = [(-count, name) for name, count in counts.items() if count >= LEAST_BUYERS]
    return [name for _, name in sorted(enough)[:most]]


def _bounds(values: list[int]) -> tuple[int, ...]:
    values = sorted(values)
    inner = {values[len(values) * n // PARTS] for n in range(1, PARTS)}
    return tuple(sorted(inner - {values[0]}))
