"""When she will need more of the same: the usual gap between her purchases of one product, and whether it is over.

The mean of the logarithms of her gaps, with one gap (k = 1) of what is usual for the product added; the product's in
turn with one of what is usual in the shop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import exp, fsum, log, sqrt

from chalicelib.domain.ledger import Ledger
from chalicelib.domain.outlook import DAY, NotEnough, each_customer, occasions

LEAST_AGAIN, LEAST_SHARE = 3, 0.1  # customers who bought it again, and of all its buyers
PULL = 1  # gaps
MOST_GAPS = 12  # that one customer counts for, however often she buys it: a till would decide for everybody
SCALE = 1_000_000  # sums of whole numbers do not depend on the order of the customers
NEARLY, STOPPED = 0.75, 3.0  # gaps after her last purchase: from when on it is due, and from when on she has stopped


@dataclass(frozen=True, slots=True)
class Gap:
    """The usual `days` from one purchase of it to the next, and how many `customers` bought it again."""

    days: float
    customers: int

    def to_json(self) -> list[float]:
        """Days, customers."""
        return [self.days, self.customers]


@dataclass(frozen=True, slots=True)
class Gaps:
    """Of the whole shop, and of each product that enough of its buyers bought again."""

    shop: Gap
    products: Mapping[str, Gap]


@dataclass(frozen=True, slots=True)
class Due:
    """`at` (epoch seconds) the next purchase is usual, `days` after the last. `due`: it is time, or nearly, and she has
    not stopped. `score` (0 to 1) ranks her products: first what she bought again most often, then what is nearest."""

    at: int
    days: float
    score: float
    due: bool


@dataclass(frozen=True, slots=True)
class _Counts:
    """By product number: gaps, the sum of the logarithms of their days in SCALE-ths, who bought it, who did again."""

    gaps: list[int]
    logarithms: list[int]
    buyers: list[int]
    again: list[int]

    def enough(self, product: int) -> bool:
        return self.again[product] >= max(LEAST_AGAIN, LEAST_SHARE * self.buyers[product])


def learn_gaps_of_products(ledger: Ledger, now_seconds: int) -> Gaps | NotEnough:
    """For every product that at least three customers, and a tenth of its buyers, bought again. NotEnough
    `few_bought_again` where there is none."""
    counts = _Counts(*([0] * len(ledger.products) for _ in range(4)))
    for orders in each_customer(ledger, now_seconds):
        _count(ledger, orders, counts)
    enough = [product for product in range(len(ledger.products)) if counts.enough(product)]
    if not enough:
        return NotEnough("few_bought_again")
    total, gaps, again = (sum(column[p] for p in enough) for column in (counts.logarithms, counts.gaps, counts.again))
    found = {
        ledger.products.texts[product]: Gap(
            _days(counts.logarithms[product] / SCALE, counts.gaps[product], total / SCALE / gaps), counts.again[product]
        )
        for product in enough
    }
    return Gaps(Gap(_days(total / SCALE, gaps), again), dict(sorted(found.items())))


def due(times: Iterable[int], usual: Gap, now: int) -> Due | None:
    """Of a customer who bought the product at `times` (epoch seconds, any order), where `usual` is the product's gap,
    or the shop's for one that has none. None for one who never bought it."""
    found = occasions(at for at in times if at <= now)
    if not found:
        return None
    gaps = [log((b - a) / DAY) for a, b in pairwise(found)]
    days = _days(fsum(gaps), len(gaps), log(usual.days))
    passed = max(now - found[-1], 1) / (days * DAY)
    # A real shop's customers buy again within a month: one in 18 of what they bought once, in 8 of twice, in 4 of more.
    score = (len(gaps) + 0.25) / (len(gaps) + 2) * sqrt(min(passed, 1 / passed))
    return Due(found[-1] + round(days * DAY), days, round(score, 4), NEARLY <= passed < STOPPED)


def _days(logarithms: float, gaps: int, usual: float | None = None) -> float:
    """The usual gap, of so many whose logarithms sum to this, with PULL of the `usual` one."""
    return round(exp(logarithms / gaps if usual is None else (PULL * usual + logarithms) / (PULL + gaps)), 2)


def _count(ledger: Ledger, orders: list[int], counts: _Counts) -> None:
    """One customer's purchases that she kept: of each product her gaps of at least a day."""
    last: dict[int, int] = {}
    again: dict[int, list[int]] = {}  # product -> gaps, the sum of their logarithms
    for order in orders:
        at = ledger.at[order]
        for product in ledger.kept_of(order):
            before = last.setdefault(product, at)
            if at - before >= DAY:
                last[product] = at
                hers = again.setdefault(product, [0, 0])
                hers[0] += 1
                hers[1] += round(log((at - before) / DAY) * SCALE)
    for product in last:
        counts.buyers[product] += 1
    for product, (gaps, logarithms) in again.items():
        counted = min(gaps, MOST_GAPS)
        counts.again[product] += 1
        counts.gaps[product] += counted
        counts.logarithms[product] += logarithms * counted // gaps
