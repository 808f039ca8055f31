"""Pretend shops whose buyers' chances are known: what a model learns from their orders is held against the truth."""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import erf, log, sqrt

from chalicelib.domain.outlook import DAY, Purchase

YEARS = 2
NOW = YEARS * 365 * DAY
COUNTRIES = {"DE": 0.5, "FR": 0.25, "IR": 0.15, "": 0.1}
PRODUCTS = {"tea": 0.3, "cup": 0.3, "gift box": 0.2, "kettle": 0.2}
# what multiplies the chance in a shop where the first order tells something
SAYS = {"DE": 1.0, "FR": 1.2, "IR": 0.7, "": 1.0, "tea": 1.6, "cup": 1.0, "gift box": 0.5, "kettle": 0.8}
MEDIAN, SPREAD = 40 * DAY, 1.0  # of the wait of those who come back, log-normal


@dataclass(frozen=True, slots=True)
class Known:
    """A buyer's first order, the second one's time if there will be one, and her true chance of ever ordering again."""

    first: Purchase
    second: int | None
    ever: float

    def within(self, seconds: int) -> float:
        """Her true chance within so long after the first order."""
        return self.ever * (1 + erf((log(seconds) - log(MEDIAN)) / SPREAD / sqrt(2))) / 2


def buyers(count: int, seed: int, base: float = 0.25, telling: bool = True) -> list[Known]:
    """So many, their first orders spread over YEARS; without `telling` nothing in the first order matters."""
    chosen = random.Random(seed)
    return [_buyer(chosen, base, telling) for _ in range(count)]


def _buyer(chosen: random.Random, base: float, telling: bool) -> Known:
    (country,) = chosen.choices(list(COUNTRIES), list(COUNTRIES.values()))
    (product,) = chosen.choices(list(PRODUCTS), list(PRODUCTS.values()))
    net = round(chosen.lognormvariate(8, 0.7))
    ever = base * (SAYS[country] * SAYS[product] * (1.25 if net > 3000 else 0.8) if telling else 1.0)
    first = Purchase(chosen.randrange(NOW), (product,), net, "EUR", country)
    wait = round(max(chosen.lognormvariate(log(MEDIAN), SPREAD), DAY))
    return Known(first, first.at + wait if chosen.random() < ever else None, ever)


def orders(known: list[Known]) -> list[tuple[str, Purchase]]:
    """What these buyers ordered by NOW, oldest first; second orders are like the first."""
    found = []
    for n, one in enumerate(known):
        found.append((f"c{n}", one.first))
        if one.second is not None and one.second <= NOW:
            again = Purchase(one.second, one.first.products, one.first.net, one.first.currency, one.first.country)
            found.append((f"c{n}", again))
    return sorted(found, key=lambda item: item[1].at)
