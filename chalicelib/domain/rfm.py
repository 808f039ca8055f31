"""Recency, frequency and monetary value by the shop's own fifths, and the segment they make, in the field's words.

A score says how a customer stands among the shop's others; whether she is late is said by how long this shop's
customers took who came back, for in every shop somebody is the last fifth.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from chalicelib.domain.ledger import Ledger
from chalicelib.domain.outlook import DAY, NotEnough, Purchase, each_customer, occasions
from chalicelib.domain.rfm_segments import Reason, Standing, segment

FIFTHS = 5
LEAST_CUSTOMERS = 10
LEAST_GAPS = 20
MOST_GAPS = 12  # of one customer, the last: a till that orders every day would make everybody else late
SOON, LATE = 0.75, 0.95  # of the gaps after which somebody came back: until then nobody is late, from then on she is
MOST_CURRENCIES = 20

Bounds = tuple[int | None, ...]  # the least value with a score of 2, 3, 4, 5; None for a score that nobody reaches


@dataclass(frozen=True, slots=True)
class Rfm:
    """Scores from 1 to 5, 5 being the most recent, frequent, valuable; `monetary` by currency. `because`: what the
    segment rests on, as codes and numbers."""

    recency: int
    frequency: int
    monetary: Mapping[str, int]
    segment: str
    because: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class RfmModel:
    """`recency` bounds are days since the last order, below zero, so that more is better here too. `soon`, `late`: days
    after which most, nearly all came back; None where too few did."""

    customers: int
    recency: Bounds
    frequency: Bounds
    monetary: Mapping[str, Bounds]
    soon: int | None
    late: int | None

    def of(self, orders: Iterable[Purchase], now: int) -> Rfm | None:
        """Of a customer with these orders (in any order) at `now`, epoch seconds. None for one without any."""
        known = [one for one in orders if one.at <= now]
        if not known:
            return None
        times = occasions(one.at for one in known)
        days = (now - times[-1]) // DAY
        recency, frequency = _score(self.recency, -days), _score(self.frequency, len(times))
        spent: Counter[str] = Counter()
        for one in known:
            spent[one.currency] += one.net
        monetary = {name: _score(self.monetary[name], spent[name]) for name in sorted(spent) if name in self.monetary}
        standing = Standing(self._standing(recency, days), frequency, max(monetary.values(), default=0))
        name, because = segment(standing, len(times), days)
        return Rfm(recency, frequency, monetary, name, because)

    def _standing(self, recency: int, days: int) -> int:
        """The recency score, but nobody is late before most came back, nor recent after nearly all did."""
        if self.soon is None or self.late is None:
            return recency
        return max(recency, 3) if days <= self.soon else min(recency, 2) if days > self.late else recency

    def to_json(self) -> dict[str, Any]:
        """As JSON, under 2 KB; `from_json` gives a model with the same answers."""
        monetary = {currency: list(bounds) for currency, bounds in self.monetary.items()}
        return {
            "customers": self.customers,
            "recency": list(self.recency),
            "frequency": list(self.frequency),
            "monetary": monetary,
            "back": [self.soon, self.late],
        }


def from_json(raw: Mapping[str, Any]) -> RfmModel:
    """What `to_json` made."""
    monetary = {currency: _bounds_from(bounds) for currency, bounds in raw["monetary"].items()}
    soon, late = (None if days is None else int(days) for days in raw["back"])
    recency, frequency = _bounds_from(raw["recency"]), _bounds_from(raw["frequency"])
    return RfmModel(int(raw["customers"]), recency, frequency, monetary, soon, late)


def learn_rfm(ledger: Ledger, now_seconds: int) -> RfmModel | NotEnough:
    """The bounds of the shop's fifths; NotEnough `few_customers` for fewer than ten."""
    recency: Counter[int] = Counter()
    frequency: Counter[int] = Counter()
    monetary: dict[int, Counter[int]] = {}
    gaps: Counter[int] = Counter()
    for orders in each_customer(ledger, now_seconds):
        times = occasions([ledger.at[order] for order in orders])
        recency[-((now_seconds - times[-1]) // DAY)] += 1
        frequency[len(times)] += 1
        for a, b in pairwise(times[-MOST_GAPS - 1 :]):
            gaps[(b - a) // DAY] += 1
        for currency, spent in _spent(ledger, orders).items():
            monetary.setdefault(currency, Counter())[spent] += 1
    if recency.total() < LEAST_CUSTOMERS:
        return NotEnough("few_customers")
    soon, late = (_reached(gaps, share) if gaps.total() >= LEAST_GAPS else None for share in (SOON, LATE))
    return RfmModel(recency.total(), _bounds(recency), _bounds(frequency), _named(ledger, monetary), soon, late)


def _spent(ledger: Ledger, orders: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for order in orders:
        currency = ledger.currency[order]
        found[currency] = found.get(currency, 0) + ledger.net[order]
    return found


def _named(ledger: Ledger, monetary: Mapping[int, Counter[int]]) -> dict[str, Bounds]:
    """By currency, those with enough customers, most customers first."""
    named = {ledger.currencies.texts[currency]: spent for currency, spent in monetary.items()}
    enough = [name for name, spent in named.items() if spent.total() >= LEAST_CUSTOMERS]
    often = sorted(enough, key=lambda name: (-named[name].total(), name))[:MOST_CURRENCIES]
    return {name: _bounds(named[name]) for name in sorted(often)}


def _bounds(counts: Counter[int]) -> Bounds:
    """Who has the same value has the same score: that of the middle one of them."""
    found: list[int | None] = [None] * (FIFTHS - 1)
    below, total = 0, counts.total()
    for value in sorted(counts):
        score = 1 + int((below + counts[value] / 2) / total * FIFTHS)
        for place in range(min(score, FIFTHS) - 1):
            if found[place] is None:
                found[place] = value
        below += counts[value]
    return tuple(found)


def _score(bounds: Bounds, value: int) -> int:
    return 1 + bisect_right([bound for bound in bounds if bound is not None], value)


def _reached(counts: Counter[int], share: float) -> int:
    """The least value at or under which this share lies."""
    under, total = 0, counts.total()
    for value in sorted(counts):
        under += counts[value]
        if under >= share * total:
            return value
    raise ValueError("no values")


def _bounds_from(raw: Iterable[int | None]) -> Bounds:
    return tuple(None if bound is None else int(bound) for bound in raw)
