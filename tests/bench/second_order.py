"""How good the chance of a second order and the window of the next one are, on real shops and on pretend ones.

Real: models learnt from random subsamples of a shop's buyers, asked about its other buyers. Pretend: held against each
buyer's true chance. `python -m tests.bench.second_order` prints the tables and writes build/bench-second-order.json;
with `--million` also how long learning from a million orders takes.
"""

from __future__ import annotations

import json
import random
import resource
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, sqrt
from pathlib import Path
from statistics import mean, stdev
from time import process_time
from typing import Any

from chalicelib.domain.ledger import Ledger
from chalicelib.domain.next_order import GapModel
from chalicelib.domain.next_order_learning import learn_gaps
from chalicelib.domain.outlook import DAY, NotEnough, Purchase, occasions
from chalicelib.domain.replenishing import learn_gaps_of_products
from chalicelib.domain.rfm import learn_rfm
from chalicelib.domain.second_order import SecondModel
from chalicelib.domain.second_order_learning import learn_second
from tests import pretend_shop
from tests.real_orders import Orders, cdnow, ledger_of, online_retail

RESULT = Path("build/bench-second-order.json")
SIZES = (50, 200, 1000, 4000)
WITHIN = 180 * DAY  # of the first order
EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
Told = tuple[float, float, float]  # the shop's rate, the model's chance, and what came (0 or 1) or the truth


@dataclass(frozen=True, slots=True)
class Trial:
    """One model, and what it told of buyers whom it had not seen."""

    model: SecondModel
    told: list[Told]

    @property
    def brier(self) -> tuple[float, float]:
        """Of the shop's rate, and of the model."""
        count = len(self.told)
        return (
            fsum((a - c) ** 2 for a, _, c in self.told) / count,
            fsum((b - c) ** 2 for _, b, c in self.told) / count,
        )

    @property
    def worse(self) -> float:
        """The model's Brier score less the rate's, in its own standard errors."""
        losses = [(b - c) ** 2 - (a - c) ** 2 for a, b, c in self.told]
        error = stdev(losses) / sqrt(len(losses))
        return mean(losses) / error if error else 0.0


def by_customer(orders: Orders) -> dict[str, list[Purchase]]:
    found: dict[str, list[Purchase]] = defaultdict(list)
    for customer, one in orders:
        found[customer].append(one)
    return found


def sample(orders: Orders, size: int, seed: int, now: int) -> Orders:
    """What this many of the buyers known by `now` ordered, chosen at random."""
    known = sorted({customer for customer, one in orders if one.at <= now})
    chosen = set(random.Random(seed).sample(known, min(size, len(known))))
    return [(customer, one) for customer, one in orders if customer in chosen]


def trial(orders: Orders, size: int, seed: int) -> Trial | NotEnough:
    """Learnt from `size` buyers today, asked at the others' first orders, as far as it is known what came."""
    now = orders[-1][1].at
    learnt = sample(orders, size, seed, now)
    model = learn_second(ledger_of(learnt), now)
    if isinstance(model, NotEnough):
        return model
    until, seen = min(WITHIN, model.curve.horizon), {customer for customer, _ in learnt}
    others = (own for customer, own in by_customer(orders).items() if customer not in seen)
    return Trial(model, [_told(model, own, own[0].at, own[0].at + until) for own in others if own[0].at + until <= now])


def trial_ahead(orders: Orders, size: int, seed: int, cut: int) -> Trial | NotEnough:
    """Learnt at `cut`, asked about everybody who waits or comes after it, until WITHIN or the data's end."""
    model = learn_second(ledger_of(sample(orders, size, seed, cut)), cut)
    if isinstance(model, NotEnough):
        return model
    told = []
    for own in by_customer(orders).values():
        start, second = max(own[0].at, cut), _second(own)
        end = min(own[0].at + min(WITHIN, model.curve.horizon), orders[-1][1].at)
        if end - start >= DAY and (second is None or second > start):
            told.append(_told(model, own, start, end))
    return Trial(model, told)


def _second(own: Sequence[Purchase]) -> int | None:
    return next(iter(occasions(one.at for one in own)[1:]), None)


def _told(model: SecondModel, own: Sequence[Purchase], start: int, end: int) -> Told:
    first, second = own[0], _second(own)
    chance = model.chance(first, start - first.at, end - first.at)
    assert chance is not None
    return chance.base_rate, chance.chance, float(second is not None and second <= end)


def trial_of_truth(size: int, seed: int, telling: bool) -> Trial | NotEnough:
    """A pretend shop's model, asked about 2,000 others at their first orders; what it told beside the true chance."""
    model = learn_second(
        ledger_of(pretend_shop.orders(pretend_shop.buyers(size, seed, telling=telling))), pretend_shop.NOW
    )
    if isinstance(model, NotEnough):
        return model
    until, told = min(WITHIN, model.curve.horizon), []
    for known in pretend_shop.buyers(2000, seed + 1_000_000, telling=telling):
        chance = model.chance(known.first, 0, until)
        assert chance is not None
        told.append((chance.base_rate, chance.chance, known.within(until)))
    return Trial(model, told)


def summary(trials: Iterable[Trial | NotEnough]) -> dict[str, Any]:
    """Scores over all trials; `worse_by` is the mean loss against the rate with its standard error over the trials,
    `worse_trials` the share of them that lost by more than two of their own standard errors."""
    trials = list(trials)
    found = [one for one in trials if isinstance(one, Trial) and one.told]
    if not found:
        return {"refused": sorted({one.reason for one in trials if isinstance(one, NotEnough)})}
    losses = [one.brier[1] - one.brier[0] for one in found]
    return {
        "trials": len(found),
        "refused": len(trials) - len(found),
        "asked": len(found[0].told),
        "brier_rate": mean(one.brier[0] for one in found),
        "brier_model": mean(one.brier[1] for one in found),
        "worse_by": mean(losses),
        "noise": stdev(losses) / sqrt(len(losses)) if len(losses) > 1 else 0.0,
        "worst": max(losses),
        "worse_trials": mean(one.worse > 2 for one in found),
        "factors_used": mean(one.model.alone is None for one in found),
        "rate_told": mean(mean(a for a, _, _ in one.told) for one in found),
        "model_told": mean(mean(b for _, b, _ in one.told) for one in found),
        "came": mean(mean(c for _, _, c in one.told) for one in found),
        "reliability": reliability([told for one in found for told in one.told]),
    }


def reliability(told: Sequence[Told]) -> list[tuple[str, int, float, float]]:
    """(chances from-to, how many, mean chance told, share that came) of the model."""
    found = []
    for low, high in pairwise(EDGES):
        within = [(chance, came) for _, chance, came in told if low <= chance < high]
        if within:
            name = f"{low:.1f}-{high:.1f}"
            found.append((name, len(within), mean(chance for chance, _ in within), mean(came for _, came in within)))
    return found


def coverage(orders: Orders, cut: int, stated: float) -> dict[str, Any]:
    """Windows learnt at `cut`: told to everybody at that moment, and at each order in the next third of what is left;
    how many next orders fell inside, of those that came."""
    model = learn_gaps(ledger_of(orders), cut)
    if isinstance(model, NotEnough):
        return {"refused": model.reason}
    end = orders[-1][1].at
    now, then = [0, 0], [0, 0]
    for own in by_customer(orders).values():
        times = occasions(one.at for one in own)
        known = [at for at in times if at <= cut]
        if known:
            _inside(model, times, len(known), cut, stated, now)
        for n, at in enumerate(times, 1):
            if cut < at <= cut + (end - cut) // 3:
                _inside(model, times, n, at, stated, then)
    return {
        "stated": stated,
        "at_the_cut": now[1] / now[0],
        "of": now[0],
        "at_orders_after": then[1] / then[0],
        "of_orders": then[0],
    }


def _inside(model: GapModel, times: list[int], known: int, now: int, stated: float, counts: list[int]) -> None:
    window = model.window(times[:known], now, stated)
    if window and len(times) > known:
        counts[0] += 1
        counts[1] += window.start <= times[known] <= window.end


def run() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, orders, days in (("online retail II", online_retail(), 150), ("cdnow", cdnow(), 400)):
        if orders is None:
            found[name] = "no data"
            continue
        cut = orders[-1][1].at - days * DAY
        for size in SIZES:
            rounds = 60 if size < 1000 else 12
            if size < len(by_customer(orders)):
                found[f"{name}, other buyers, {size}"] = summary(trial(orders, size, n) for n in range(rounds))
            if size < len({customer for customer, one in orders if one.at <= cut}):
                found[f"{name}, ahead, {size}"] = summary(trial_ahead(orders, size, n, cut) for n in range(rounds))
        for days in (100, 150, 200):
            for stated in (0.5, 0.8):
                found[f"{name}, window, {days} days left, {stated}"] = coverage(
                    orders, orders[-1][1].at - days * DAY, stated
                )
    for telling in (True, False):
        for size in SIZES:
            name = f"pretend, first order {'tells' if telling else 'does not tell'}, {size}"
            found[name] = summary(trial_of_truth(size, n, telling) for n in range(40 if size < 1000 else 8))
    return found


def million() -> dict[str, Any]:
    """Seconds of processor time and MB for a million orders of some 350,000 customers, seven lines each."""
    chosen, ledger = random.Random(1), Ledger()
    for n in range(1_000_000):
        customer = int(chosen.paretovariate(0.9)) if chosen.random() < 0.3 else chosen.randrange(450_000)
        products = [f"p{int(chosen.random() ** 3 * 20_000)}" for _ in range(chosen.choice((1, 2, 3, 5, 10, 20)))]
        ledger.add(f"c{customer % 450_000}", n * 94, products, chosen.randrange(500, 20_000), "GBP", "GB")
    found: dict[str, Any] = {"MB before": _megabytes()}
    for learn in (learn_second, learn_gaps, learn_gaps_of_products, learn_rfm):
        begin = process_time()
        learn(ledger, ledger.at[-1])
        found[learn.__name__] = process_time() - begin
    return found | {"MB at most": _megabytes()}


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def show(found: dict[str, Any]) -> None:
    for name, figures in found.items():
        if not isinstance(figures, dict) or "brier_rate" not in figures:
            shown = figures if isinstance(figures, str) else ", ".join(f"{k} {_text(v)}" for k, v in figures.items())
            print(f"{name}: {shown}")
            continue
        print(f"{name}: " + ", ".join(f"{k} {_text(v)}" for k, v in figures.items() if k != "reliability"))
        for chances, count, told, came in figures["reliability"]:
            print(f"    told {chances}  {count:>7} buyers   mean told {told:.3f}   came {came:.3f}")


def _text(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def main() -> int:
    found = run() | ({"a million orders": million()} if "--million" in sys.argv else {})
    show(found)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=2) + "\n")
    print(f"written to {RESULT}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
