"""A shop's forecast of its customers' purchases and spending, and the same forecast made on its past to see how far off
it was.

A trial of n weeks fits on everything before the last n weeks, foretells what the customers of that time do in them, and
counts what they did. History must reach at least as far back before the cut as the trial is long.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import inf

from chalicelib.domain import bg_nbd, gamma_gamma
from chalicelib.domain.buying import WEEK, Book, book
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.outlook import NotEnough

TRIALS = (13, 26, 39, 52)  # weeks: quarters of a year of 364 days


@dataclass(frozen=True, slots=True)
class Models:
    """What is known of how often customers buy, and for how much."""

    orders: bg_nbd.Fit | NotEnough
    money: gamma_gamma.Fit | NotEnough


@dataclass(frozen=True, slots=True)
class Compared:
    """Over all customers known at the cut: purchases, or minor units."""

    forecast: float
    actual: float

    @property
    def error(self) -> float:
        """0.25: off by a quarter, be it that the forecast is 1.25 times what happened or the other way round."""
        low, high = sorted((self.forecast, self.actual))
        return high / low - 1 if low > 0 else inf


@dataclass(frozen=True, slots=True)
class Trial:
    """None: there was too little before the cut to make that forecast from."""

    weeks: int
    orders: Compared | None
    money: Compared | None


def models(known: Book) -> Models:
    """Fitted to everything in the book."""
    orders = bg_nbd.fit(known.histogram(), known.cell() / WEEK)
    return Models(orders, gamma_gamma.fit(known.spending()))


def trials(ledger: Ledger, currency: int, whole: Book) -> Iterator[Trial]:
    """Of every length that the history up to `whole` allows."""
    seen = whole.weeks()
    for weeks in TRIALS:
        if seen >= 2 * weeks:
            yield _trial(book(ledger, currency, whole.until - weeks * WEEK), whole, weeks)


def _trial(known: Book, whole: Book, weeks: int) -> Trial:
    fitted = models(known)
    if isinstance(fitted.orders, NotEnough):
        return Trial(weeks, None, None)
    orders, money = totals(known, fitted.orders, fitted.money, weeks)
    bought, spent = _happened(known, whole)
    return Trial(weeks, Compared(orders, bought), None if money is None else Compared(money, spent))


def totals(
    known: Book, orders: bg_nbd.Fit, money: gamma_gamma.Fit | NotEnough, weeks: float
) -> tuple[float, float | None]:
    """Purchases and minor units that all customers of the book together will bring in the weeks after it."""
    while_alive = lru_cache(maxsize=None)(orders.while_alive)  # many cells share it
    cell, spent = known.cell() / WEEK, known.spent_by_cell()
    purchases = amount = 0.0
    for (x, recency, age), customers in known.histogram().items():
        each = orders.alive(x, recency * cell, age * cell) * while_alive(x, age * cell, weeks)
        purchases += customers * each
        if not isinstance(money, NotEnough):  # spend() is linear in what was spent: the mean stands for all of the cell
            amount += customers * each * money.spend(x, spent[x, recency, age] / customers)
    return purchases, None if isinstance(money, NotEnough) else amount


def _happened(known: Book, whole: Book) -> tuple[int, float]:
    """Purchases and minor units of the customers in `known` since then."""
    bought, spent = 0, 0.0
    for repeats, now, before, after in zip(known.repeats, whole.repeats, known.spent, whole.spent, strict=True):
        if repeats >= 0:
            bought += now - repeats
            spent += after - before
    return bought, spent
