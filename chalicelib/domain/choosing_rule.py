"""Which rules a shop's lists follow: those that would have shown most of what its customers bought next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from statistics import fmean, stdev
from typing import Any, TypeVar

from chalicelib.domain.again import LEANINGS
from chalicelib.domain.backtest import Backtest, again_shown, backtest, cart_shown, new_shown
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.picking import Lists, taste
from chalicelib.domain.rules import DEFAULT, RULES
from chalicelib.domain.together import best

LEAST_CASES = 30
ERRORS = 2  # standard errors: of four others one leads by one of them often enough

Outcomes = list[float | None]  # of each case; None where it says nothing
Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Chosen:
    """`rule` of the lists of what goes together, `leaning` of "buy again" to what is popular, and `table`, JSON-able,
    what each of them would have shown: {"rule" or "leaning", "customers": how many it was tried on, and the shares in
    the first 10 of "new" (what was new to her and she bought), "cart" (what else is in her order) or "again"}."""

    rule: str = DEFAULT
    leaning: float = LEANINGS[0]
    table: tuple[dict[str, Any], ...] = ()


def choose(ledger: Ledger) -> Chosen:
    """By a backtest on the shop's own last orders. The usual ones stay unless another is better by
    more than chance, and where there are too few orders to tell."""
    test = backtest(ledger)
    if len(test.cases) < LEAST_CASES:
        return Chosen()
    by_rule = {rule: _of_rule(test, found) for rule, found in _lists(test).items()}
    by_leaning = {leaning: [_of_leaning(test, leaning)] for leaning in LEANINGS}
    table = (
        *({"rule": rule, **_row(found, ("new", "cart"))} for rule, found in by_rule.items()),
        *({"leaning": leaning, **_row(found, ("again",))} for leaning, found in by_leaning.items()),
    )
    return Chosen(_best(by_rule), _best(by_leaning), table)


def _lists(test: Backtest) -> dict[str, Lists]:
    """By every rule the lists of all products that the cases ask for, each product counted once."""
    numbers = test.counted.ledger.products.numbers
    popularity = dict(test.popular)
    asked = {product for case in test.cases for product in (*case.next, *taste(case.before, popularity).loudest)}
    found: dict[str, dict[str, Any]] = {rule: {} for rule in RULES}
    for product in sorted(asked):
        pairs = test.counted.buyers_with(numbers[product])
        for name, rule in RULES.items():
            found[name][product] = best(test.counted, numbers[product], pairs, rule)
    return dict(found)


def _of_rule(test: Backtest, lists: Lists) -> list[Outcomes]:
    return [
        [new_shown(case, lists, test.popular) for case in test.cases],
        [cart_shown(case, lists, test.popular) for case in test.cases],
    ]


def _of_leaning(test: Backtest, leaning: float) -> Outcomes:
    return [again_shown(case, test.popular, leaning) for case in test.cases]


def _row(outcomes: list[Outcomes], names: Iterable[str]) -> dict[str, Any]:
    shares = {name: _mean(of) for name, of in zip(names, outcomes, strict=True)}
    return {**shares, "customers": len(outcomes[0])}


def _mean(outcomes: Outcomes) -> float | None:
    known = [one for one in outcomes if one is not None]
    return round(fmean(known), 4) if known else None


def _best(found: Mapping[Name, list[Outcomes]]) -> Name:
    """The first, unless another one's lead over it is more than chance."""
    usual, *others = found
    leads = {name: _lead(found[name], found[usual]) for name in others}
    sure = {name: lead for name, (lead, error) in leads.items() if lead > ERRORS * error}
    return max(sure, key=lambda name: sure[name]) if sure else usual


def _lead(theirs: list[Outcomes], usual: list[Outcomes]) -> tuple[float, float]:
    """How much more is shown, relative to what the usual one shows, over all measures; and its standard error."""
    leads = [_of_measure(*pair) for pair in zip(theirs, usual, strict=True)]
    known = [lead for lead in leads if lead]
    return (fmean(lead for lead, _ in known), fmean(error for _, error in known)) if known else (0.0, inf)


def _of_measure(theirs: Outcomes, usual: Outcomes) -> tuple[float, float] | None:
    pairs = [(a, b) for a, b in zip(theirs, usual, strict=True) if a is not None and b is not None]
    level = fmean(b for _, b in pairs) if pairs else 0.0
    if len(pairs) < LEAST_CASES or not level:
        return None
    return fmean(a - b for a, b in pairs) / level, stdev(a - b for a, b in pairs) / len(pairs) ** 0.5 / level
