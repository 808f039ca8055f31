"""Is a forecast good enough to be told? What the trials on the shop's own past say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from chalicelib.domain.forecast import TRIALS, Trial

Of = Literal["orders", "money"]

WEEKS_PER_MONTH = 13 / 3
# Tried on CDNOW, orders and money are off by 1 to 29 per cent; before Christmas, a gift shop's money by 50. Of made-up
# shops that behave just as the models say, a third miss it with 400 customers, one in 15 with 1,000, none with 4,000.
TOLERATED = 1 / 3
BEYOND = 4 / 3  # times the length of a trial, up to where its result is taken to hold
FEWEST_TRIED = 100  # purchases, foretold or made, that a trial must rest on: fewer scatter by a third by themselves


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why nothing is told. Codes, with their params:

    few_customers, few_repeats, all_repeat, one_day, unsettled, uneven_spend (customers, repeated: too little to learn
    from, see `bg_nbd.fit` and `gamma_gamma.fit`); too_young (weeks: of history; needed); few_to_try (weeks: of the
    trial; orders: in it); too_far (months: asked for; most: that are told); missed (of: orders or money; weeks: of the
    trial; forecast; actual: purchases or minor units)."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)


def error_of(of: Of, months: float, trials: Sequence[Trial], weeks: int) -> float | Withheld:
    """By what share a forecast that many months ahead was off in the trial that comes nearest to it, `weeks` being the
    length of the history. Where any trial missed, the shop has seasons or changes: then only a trial of a whole year,
    which holds every season once, is believed."""
    if not trials:
        return Withheld("too_young", {"weeks": weeks, "needed": 2 * TRIALS[0]})
    ahead = months * WEEKS_PER_MONTH
    nearest = min(trials, key=lambda trial: (abs(trial.weeks - ahead), -trial.weeks))
    if ahead > nearest.weeks * BEYOND + 1e-9:
        return Withheld("too_far", {"months": months, "most": int(nearest.weeks * BEYOND / WEEKS_PER_MONTH + 1e-9)})
    if nearest.weeks < TRIALS[-1]:
        for trial in trials:
            found = _judged(trial, of)
            if isinstance(found, Withheld) and found.code == "missed":
                return found
    return _judged(nearest, of)


def _judged(trial: Trial, of: Of) -> float | Withheld:
    compared = trial.orders if of == "orders" else trial.money
    if compared is None or _purchases(trial) < FEWEST_TRIED:
        return Withheld("few_to_try", {"weeks": trial.weeks, "orders": _purchases(trial)})
    if compared.error > TOLERATED:
        numbers = {"forecast": round(compared.forecast), "actual": round(compared.actual)}
        return Withheld("missed", {"of": of, "weeks": trial.weeks, **numbers})
    return compared.error


def _purchases(trial: Trial) -> int:
    return round(max(trial.orders.forecast, trial.orders.actual)) if trial.orders else 0
