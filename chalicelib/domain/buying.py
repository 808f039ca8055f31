"""What models of customer value know of a customer: when she bought first and last, how often again, for how much.

A purchase is an occasion: what she orders within a day of its first order, paid or not. Money that a shop did not get
to keep counts as none. Each currency is a book of its own.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import exp, log

from chalicelib.domain.ledger import Ledger
from chalicelib.domain.outlook import DAY

WEEK = 7 * DAY
MANY = 20_000  # customers from which on times are told apart by weeks instead of days, and spends by one per cent
_GRAIN = 100  # steps of the log of what was spent


@dataclass(frozen=True, slots=True)
class History:
    """Times in epoch seconds. `spent`: minor units on the repeat purchases alone, as the spend model wants them."""

    first: int
    last: int
    repeats: int
    spent: float


@dataclass(frozen=True, slots=True)
class Book:
    """The histories of all customers in one currency up to a moment, by the customer's number in the ledger; repeats
    are -1 for one without a purchase."""

    until: int
    first: array[int]
    last: array[int]
    repeats: array[int]
    spent: array[float]

    def __len__(self) -> int:
        return len(self.repeats) - self.repeats.count(-1)

    def weeks(self) -> float:
        """Since the first purchase in the book."""
        began = (first for first, repeats in zip(self.first, self.repeats, strict=True) if repeats >= 0)
        return (self.until - min(began, default=self.until)) / WEEK

    def cell(self) -> int:
        """Seconds that are not told apart in times."""
        return WEEK if len(self) > MANY else DAY

    def cells(self) -> Iterator[tuple[int, int, int]]:
        """(repeats, recency, age) of every customer, in cells."""
        cell, until = self.cell(), self.until
        half = cell // 2
        for first, last, repeats in zip(self.first, self.last, self.repeats, strict=True):
            if repeats >= 0:
                yield repeats, (last - first + half) // cell, (until - first + half) // cell

    def histogram(self) -> Counter[tuple[int, int, int]]:
        return Counter(self.cells())

    def spending(self) -> Counter[tuple[int, float]]:
        """(repeats, spent) of those who bought again for some money."""
        pairs = ((x, spent) for x, spent in zip(self.repeats, self.spent, strict=True) if x > 0 and spent > 0)
        if len(self) <= MANY:
            return Counter(pairs)
        return Counter((x, exp(round(log(spent) * _GRAIN) / _GRAIN)) for x, spent in pairs)

    def spent_by_cell(self) -> dict[tuple[int, int, int], float]:
        found: defaultdict[tuple[int, int, int], float] = defaultdict(float)
        bought = (spent for spent, repeats in zip(self.spent, self.repeats, strict=True) if repeats >= 0)
        for cell, spent in zip(self.cells(), bought, strict=True):
            found[cell] += spent
        return found


def book(ledger: Ledger, currency: int, until: int) -> Book:
    """Everything bought in that currency (its number in the ledger) by `until`, that moment included."""
    size = len(ledger.customers)
    zeros = array("q", bytes(8 * size))
    first, last, repeats, spent = zeros, array("q", zeros), array("i", [-1]) * size, array("d", bytes(8 * size))
    for customer, at, net, its in zip(ledger.customer, ledger.at, ledger.net, ledger.currency, strict=True):
        if at > until:
            break
        if its != currency:
            continue
        if repeats[customer] < 0:
            first[customer] = last[customer] = at
            repeats[customer] = 0
            continue
        if at - last[customer] >= DAY:
            last[customer] = at
            repeats[customer] += 1
        if repeats[customer] and net > 0:
            spent[customer] += net
    return Book(until, first, last, repeats, spent)


def history(orders: Iterable[tuple[int, int]], now: int) -> History | None:
    """Of one customer's (at, net) in one currency, in any order; what lies after `now` is left out. None without a
    purchase."""
    found: History | None = None
    for at, net in sorted(orders):
        if at > now:
            break
        if found is None:
            found = History(at, at, 0, 0.0)
            continue
        again = at - found.last >= DAY
        repeats = found.repeats + again
        spent = found.spent + (max(net, 0) if repeats else 0)
        found = History(found.first, at if again else found.last, repeats, spent)
    return found
