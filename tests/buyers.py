"""Made-up shops whose customers behave exactly as BG/NBD and Gamma-Gamma say, or as they do plus a season."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from chalicelib.domain.buying import WEEK, Book
from chalicelib.domain.ledger import Ledger

START = 2700 * WEEK  # a Thursday in 2021
Season = Callable[[float], float]  # weeks since START -> how fast customers buy there, 1 at most


@dataclass(frozen=True, slots=True)
class Nature:
    """The parameters of both models: weeks and minor units."""

    r: float = 0.25
    alpha: float = 4.4
    a: float = 0.8
    b: float = 2.4
    p: float = 6.25
    q: float = 3.74
    v: float = 1544.0


def steady(week: float) -> float:
    return 1.0


def christmas(week: float) -> float:
    """Eight weeks of every 52 are five times as busy as the rest."""
    return 1.0 if 44 <= week % 52 < 52 else 0.2


def shop(
    customers: int,
    weeks: int,
    nature: Nature | None = None,
    seed: int = 1,
    season: Season = steady,
    currency: str = "GBP",
) -> Ledger:
    """A ledger of customers who came at any time within the weeks."""
    chance, nature = Random(seed), nature or Nature()
    found: list[tuple[int, str, int]] = []
    for number in range(customers):
        mean, first = _mean(chance, nature), chance.random() * weeks
        for week in [first, *_returns(chance, nature, first, weeks, season)]:
            net = max(1, round(chance.gammavariate(nature.p, 1 / mean)))
            found.append((START + int(week * WEEK), f"c_{number}", net))
    ledger = Ledger()
    for at, customer, net in sorted(found):
        ledger.add(customer, at, (), net, currency)
    return ledger


def crowd(customers: int, weeks: int, seed: int = 1) -> Book:
    """The same without a ledger: nothing but the numbers that the models read."""
    chance, nature, until = Random(seed), Nature(), START + weeks * WEEK
    first, last, repeats, spent = array("q"), array("q"), array("i"), array("d")
    for _ in range(customers):
        came = chance.random() * weeks
        returns = list(_returns(chance, nature, came, weeks, steady))
        first.append(START + int(came * WEEK))
        last.append(START + int(returns[-1] * WEEK) if returns else first[-1])
        repeats.append(len(returns))
        shape = nature.p * len(returns)
        spent.append(max(1, round(chance.gammavariate(shape, 1 / _mean(chance, nature)))) if returns else 0)
    return Book(until, first, last, repeats, spent)


def _mean(chance: Random, nature: Nature) -> float:
    """The rate of what she spends: her mean is p over it."""
    return chance.gammavariate(nature.q, 1 / nature.v)


def _returns(chance: Random, nature: Nature, first: float, weeks: int, season: Season) -> Iterator[float]:
    """The weeks of her repeat purchases."""
    rate, leaving = chance.gammavariate(nature.r, 1 / nature.alpha), chance.betavariate(nature.a, nature.b)
    week = first
    while rate > 1e-9 and (week := week + chance.expovariate(rate)) < weeks:
        if chance.random() < season(week):
            yield week
            if chance.random() < leaving:
                return
