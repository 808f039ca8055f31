"""What each contender's first ten would have shown, order by order, and how sure a lead is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from statistics import fmean, stdev
from typing import Protocol

from tests.bench.learn_cases import Cart, Case, Split

SHOWN = 10
MEASURES = {
    "again": "buy again: of what she had bought and buys next, shown",
    "again_of_all": "buy again: of all that she buys next, shown",
    "new": "new for you: of what she had never bought and buys next, shown",
    "cart": "goes with: of products taken out of her next order, shown for the rest",
}
Scores = dict[str, list[float]]  # measure -> of every order; nan where it says nothing of it


class Contender(Protocol):
    """Each gives a list for every case or cart, best first."""

    def again(self, cases: Sequence[Case]) -> list[list[str]]:
        """Only of what she bought."""

    def anything(self, cases: Sequence[Case]) -> list[list[str]]:
        """Bought before or not."""

    def new(self, cases: Sequence[Case]) -> list[list[str]]:
        """Only of what she did not buy."""

    def cart(self, carts: Sequence[Cart]) -> list[list[str]]:
        """Without what is in it."""


def scores(contender: Contender, split: Split) -> Scores:
    """Of what she buys next the better of two lists counts for a contender: with and without what is new to her."""
    cases, again = split.known, contender.again(split.known)
    of_all = [
        [_share(set(case.next), shown) for case, shown in zip(cases, lists, strict=True)]
        for lists in (again, contender.anything(cases))
    ]
    return {
        "again": [_share(set(case.next) & case.had, shown) for case, shown in zip(cases, again, strict=True)],
        "again_of_all": max(of_all, key=mean),
        "new": [
            _share(set(case.next) - case.had, shown) for case, shown in zip(cases, contender.new(cases), strict=True)
        ],
        "cart": _of_carts(split.carts, contender.cart(split.carts)),
    }


def _share(wanted: set[str], shown: Sequence[str]) -> float:
    return len(wanted & set(shown[:SHOWN])) / len(wanted) if wanted else nan


def _of_carts(carts: Sequence[Cart], lists: Sequence[Sequence[str]]) -> list[float]:
    """Every order weighs the same, however many products were taken out of it."""
    hits: dict[int, list[bool]] = {}
    for cart, shown in zip(carts, lists, strict=True):
        hits.setdefault(cart.order, []).append(cart.hidden in shown[:SHOWN])
    return [fmean(of_order) for of_order in hits.values()]


def mean(of: Sequence[float]) -> float:
    return fmean(one for one in of if one == one)


def lead(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, float]:
    """By how much ours is above theirs, and the standard error of that over the same orders."""
    pairs = [a - b for a, b in zip(ours, theirs, strict=True) if a == a]
    return {"lead": fmean(pairs), "standard_error": stdev(pairs) / len(pairs) ** 0.5}


def best_by_measure(found: Mapping[str, Scores]) -> dict[str, str]:
    """For every measure the name that reached most."""
    return {measure: max(found, key=lambda name: mean(found[name][measure])) for measure in MEASURES}
