"""Learning the chance of a second order from a shop's history, and trying it on the shop's own last months first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, fsum, sqrt
from zlib import crc32

from chalicelib.domain.effects import Factors, effects, times
from chalicelib.domain.first_order import FACTORS, Buckets, buckets
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.outlook import DAY, NotEnough, Purchase, each_customer, fullest, purchase
from chalicelib.domain.second_order import Proof, SecondModel
from chalicelib.domain.waiting import Curve, Wait, curve

HORIZONS = tuple(days * DAY for days in (365, 270, 180, 120, 90, 60, 30))
LEAST_BUYERS, LEAST_AGAIN, LEAST_SEEN = 30, 5, 20
MOST_BUYERS = 50_000  # more add nothing to a rate, and only to the night
CUTS = (40, 60, 80)  # percent of the history after which the model is learnt for the time until the next
LEAST_TESTED, LEAST_CAME = 20, 5
WRONG, NOISE = 1.5, 3.0  # a forecast that is off by half, and by more than so many standard errors, is not given


@dataclass(frozen=True, slots=True)
class Buyer:
    """Somebody's first order, and when the second came; None while it has not."""

    first: Purchase
    second: int | None


@dataclass(frozen=True, slots=True)
class Past:
    """What a night that ends at `now` knows of the buyers who were there by then."""

    buyers: Sequence[Buyer]
    levels: Sequence[dict[str, str]]
    now: int

    def until(self, now: int) -> Past:
        """The same at an earlier moment."""
        known = [n for n, buyer in enumerate(self.buyers) if buyer.first.at <= now]
        return Past([self.buyers[n] for n in known], [self.levels[n] for n in known], now)

    def horizon(self) -> int | None:
        """The longest time after a first order through which enough buyers have been seen."""
        ages = sorted((self.now - buyer.first.at for buyer in self.buyers), reverse=True)
        seen = ages[LEAST_SEEN - 1] if len(ages) >= LEAST_SEEN else 0
        return next((horizon for horizon in HORIZONS if horizon <= seen), None)

    def wait(self, buyer: Buyer, horizon: int) -> Wait:
        """How long she waited, as far as is known by now."""
        end = min(self.now, buyer.first.at + horizon - 1)
        over = buyer.second is not None and buyer.second <= end
        return Wait((buyer.second if over and buyer.second else end) - buyer.first.at, over)


def learn_second(ledger: Ledger, now_seconds: int) -> SecondModel | NotEnough:
    """The model of this shop. NotEnough: `few_buyers`, `too_young` (nobody has been seen for a month), or
    `few_second_orders`; `wrong_by_half` where it would have been so in the shop's own last months."""
    buyers = list(_buyers(ledger, now_seconds))
    if len(buyers) < LEAST_BUYERS:
        return NotEnough("few_buyers")
    found = buckets(buyer.first for buyer in buyers)
    past = Past(buyers, [found.levels(buyer.first) for buyer in buyers], now_seconds)
    horizon = past.horizon()
    if horizon is None:
        return NotEnough("too_young")
    fitted = _fit(past, horizon)
    if fitted is None:
        return NotEnough("few_second_orders")
    proof = _proof(past, horizon)
    return NotEnough("wrong_by_half") if _wrong(proof) else _model(past, found, fitted, proof)


def _buyers(ledger: Ledger, now: int) -> Iterator[Buyer]:
    every = max(1, -(-len(ledger.customers) // MOST_BUYERS))
    for orders in each_customer(ledger, now):
        name = ledger.customers.texts[ledger.customer[orders[0]]]
        if every == 1 or crc32(name.encode()) % every == 0:
            yield _buyer(ledger, orders)


def _buyer(ledger: Ledger, orders: Sequence[int]) -> Buyer:
    at = ledger.at[orders[0]]
    second = next((ledger.at[order] for order in orders if ledger.at[order] - at >= DAY), None)
    same = [purchase(ledger, order) for order in orders if ledger.at[order] == at]
    return Buyer(same[0] if len(same) == 1 else max(same, key=fullest), second)


def _fit(past: Past, horizon: int) -> tuple[Curve, Factors] | None:
    waits = [past.wait(buyer, horizon) for buyer in past.buyers]
    if sum(wait.over for wait in waits) < LEAST_AGAIN:
        return None
    found = curve(waits, horizon)
    columns = {name: [levels[name] for levels in past.levels] for name in FACTORS}
    return found, effects(columns, [wait.over for wait in waits], [found.height(wait.seconds) for wait in waits])


def _model(past: Past, found: Buckets, fitted: tuple[Curve, Factors], proof: Proof) -> SecondModel:
    waiting, factors = fitted
    again = sum(buyer.second is not None for buyer in past.buyers)
    alone = _alone(factors, proof)
    return SecondModel(waiting, len(past.buyers), again, found, {} if alone else factors, alone, proof)


def _alone(factors: Factors, proof: Proof) -> str | None:
    if not factors:
        return "nothing_differs"
    if proof.tested < LEAST_TESTED or proof.happened < LEAST_CAME:
        return "too_few_to_tell"
    return None if proof.gain > 0 else "factors_do_not_help"


def _wrong(proof: Proof) -> bool:
    off = abs(proof.happened - proof.expected)
    ratio = max(proof.expected, 1.0) / max(proof.happened, 1.0)
    return off > NOISE * sqrt(proof.expected + proof.happened) and not 1 / WRONG < ratio < WRONG


def _proof(past: Past, most: int) -> Proof:
    """What would have been foretold at earlier moments, each for the time until the next, and what came of it."""
    begin = min(buyer.first.at for buyer in past.buyers)
    cuts = [begin + (past.now - begin) * percent // 100 for percent in CUTS]
    told = [one for cut, end in zip(cuts, [*cuts[1:], past.now], strict=True) for one in _told(past, cut, end, most)]
    if not told:
        return Proof()
    rates, factors = [(rate - came) ** 2 for rate, _, came in told], [(chance - came) ** 2 for _, chance, came in told]
    gains = [a - b for a, b in zip(rates, factors, strict=True)]
    mean = fsum(gains) / len(told)
    error = sqrt(fsum((gain - mean) ** 2 for gain in gains)) / len(told)
    return Proof(
        len(told),
        sum(came for _, _, came in told),
        round(fsum(rate for rate, _, _ in told), 2),
        round(fsum(rates) / len(told), 6),
        round(fsum(factors) / len(told), 6),
        round(mean / error, 3) if error else 0.0,
    )


def _told(past: Past, cut: int, end: int, most: int) -> Iterator[tuple[float, float, bool]]:
    """(chance by the shop's rate, chance with factors, whether it came) of everybody waiting between the two."""
    known = past.until(cut)
    horizon = known.horizon()
    fitted = _fit(known, min(horizon, most)) if horizon else None
    if fitted is None:
        return
    waiting, factors = fitted
    for buyer, levels in zip(past.buyers, past.levels, strict=True):
        first = buyer.first.at
        start, stop = max(cut - first, 0), min(end - first, waiting.horizon)
        if stop - start >= DAY and (buyer.second is None or buyer.second > first + start):
            ahead = waiting.height(stop) - waiting.height(start)
            came = buyer.second is not None and buyer.second <= first + stop
            yield 1 - exp(-ahead), 1 - exp(-ahead * times(factors, levels)), came
