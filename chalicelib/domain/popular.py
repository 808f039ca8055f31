"""What sells lately, in the whole shop and in each country: by different customers, so that nobody alone moves it."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nsmallest

from chalicelib.domain.baskets import LEAST_BUYERS, Baskets, newest
from chalicelib.domain.ledger import Ledger

EVERYWHERE = "*"
HALF_LIFE, WINDOW = 30 * 86400, 90 * 86400  # seconds
# Also weighs what somebody may buy again, hence more than are ever shown.
MOST, MOST_OF_COUNTRY = 1000, 100
MOST_EVER = 24
WHOLE = 1 << 20  # weights are whole numbers: their sum is the same in whatever order


@dataclass(slots=True)
class _Tally:
    weight: int = 0
    buyers: int = 0


def popular(counted: Baskets, now_seconds: int) -> dict[str, list[tuple[str, int]]]:
    """By country, and "*" for the whole shop: the products that most customers bought of late, with their number. Who
    bought 30 days ago counts half, so that it is a number that is never too high. Only what at least three customers
    bought in 90 days, and in a country only where there is any."""
    found: dict[str, list[tuple[int, str]]] = {EVERYWHERE: []}
    end = min(now_seconds, newest(counted.ledger))
    for text, orders in zip(counted.ledger.products.texts, counted.orders, strict=True):
        for place, tally in _tallies(counted.ledger, orders, end).items():
            if tally.buyers >= LEAST_BUYERS:
                found.setdefault(place, []).append((-tally.weight, text))
    return {place: _top(place, tops) for place, tops in found.items()}


def _tallies(ledger: Ledger, orders: array[int], end: int) -> dict[str, _Tally]:
    """Of one product: each customer's latest order in the window, by place."""
    found: dict[str, _Tally] = {}
    for customer_order in _latest(ledger, orders, end):
        country = ledger.countries.texts[ledger.country[customer_order]]
        weight = round(WHOLE * 0.5 ** ((end - ledger.at[customer_order]) / HALF_LIFE))
        for place in {EVERYWHERE, country or EVERYWHERE}:
            tally = found.setdefault(place, _Tally())
            tally.weight += weight
            tally.buyers += 1
    return found


def _latest(ledger: Ledger, orders: array[int], end: int) -> Iterator[int]:
    seen: set[int] = set()
    for order in reversed(orders):
        if ledger.at[order] <= end - WINDOW:
            return
        if ledger.at[order] <= end and ledger.customer[order] not in seen:
            seen.add(ledger.customer[order])
            yield order


def _top(place: str, found: list[tuple[int, str]]) -> list[tuple[str, int]]:
    most = MOST if place == EVERYWHERE else MOST_OF_COUNTRY
    return [(text, max(1, -weight // WHOLE)) for weight, text in sorted(found)[:most]]


def ever(counted: Baskets) -> list[str]:
    """Some of what at least three customers ever bought, what most did first: tells of no single one of them."""
    texts, buyers = counted.ledger.products.texts, counted.buyers
    enough = (product for product, count in enumerate(buyers) if count >= LEAST_BUYERS)
    return [texts[product] for product in nsmallest(MOST_EVER, enough, key=lambda n: (-buyers[n], texts[n]))]
