"""Learning a shop's gaps between orders, and how wide a window must be to hold the next order as often as it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from math import fsum, log
from statistics import median
from zlib import crc32

from chalicelib.domain.ledger import Ledger
from chalicelib.domain.next_order import COVERAGE, FROM_GAPS, MOST_GAPS, GapModel, Rhythm, Spread, Tried, group
from chalicelib.domain.outlook import DAY, NotEnough, each_customer, occasions

LEAST_GAPS, LEAST_CUSTOMERS = 20, 10
LEAST_IN_GROUP = 50  # gaps that ended; a smaller group is judged with the one before
MOST_CUSTOMERS = 50_000
FADES, PULLS = (0.5, 0.7, 0.85, 1.0), (0.5, 1.0, 2.0, 4.0)
MOST_TO_CHOOSE = 5_000  # customers from whom the rhythm is chosen
STEPS = 40  # of a spread
CUT = 2 / 3  # of the history, after which the model is tried

Times = list[int]  # somebody's occasions, oldest first
Seen = tuple[float, bool]  # an error, and whether the gap ended; else it is at least so large


def learn_gaps(ledger: Ledger, now_seconds: int) -> GapModel | NotEnough:
    """The model of this shop; NotEnough `few_gaps`."""
    customers = sorted(_customers(ledger, now_seconds))
    model = _fit(customers, now_seconds)
    if model is None:
        return NotEnough("few_gaps")
    return replace(model, tried=_tried(customers, now_seconds))


def _customers(ledger: Ledger, now: int) -> Iterator[Times]:
    every = max(1, -(-len(ledger.customers) // MOST_CUSTOMERS))
    for orders in each_customer(ledger, now):
        name = ledger.customers.texts[ledger.customer[orders[0]]]
        if every == 1 or crc32(name.encode()) % every == 0:
            yield occasions([ledger.at[order] for order in orders])[-MOST_GAPS - 1 :]


def _fit(customers: Sequence[Times], now: int) -> GapModel | None:
    gaps = [[log((b - a) / DAY) for a, b in pairwise(times)] for times in customers]
    ended = [gap for own in gaps for gap in own]
    if len(ended) < LEAST_GAPS or sum(bool(own) for own in gaps) < LEAST_CUSTOMERS:
        return None
    rhythm = _rhythm(gaps, median(ended))
    errors: list[list[Seen]] = [[] for _ in FROM_GAPS]
    for own, times in zip(gaps, customers, strict=True):
        waiting = log(max(now - times[-1], 1) / DAY)
        for n, (gap, expected) in enumerate(zip([*own, waiting], rhythm.each(own), strict=True)):
            errors[group(n)].append((gap - expected, n < len(own)))
    return GapModel(rhythm, _spreads(errors), now - min(times[0] for times in customers), Tried())


def _rhythm(gaps: Sequence[list[float]], usual: float) -> Rhythm:
    """The one that is least off for the next gap of those with several."""
    several = [own for own in gaps if len(own) > 1]
    some = several[:: -(-len(several) // MOST_TO_CHOOSE) or 1]
    found = [Rhythm(round(usual, 4), fades, pull) for fades in FADES for pull in PULLS]
    return min(found, key=lambda rhythm: (round(_off(rhythm, some), 9), rhythm.fades, rhythm.pull))


def _off(rhythm: Rhythm, gaps: Iterable[list[float]]) -> float:
    """The first of a customer's gaps is expected alike by all."""
    return fsum(
        abs(gap - expected)
        for own in gaps
        for gap, expected in islice(zip(own, rhythm.each(own), strict=False), 1, None)
    )


def _spreads(errors: Sequence[list[Seen]]) -> tuple[Spread, ...]:
    """A group with too few gaps that ended is judged with the one before it, the first with all."""
    found: list[Spread] = []
    for n, seen in enumerate(errors):
        if sum(ended for _, ended in seen) >= LEAST_IN_GROUP:
            found.append(_spread(seen))
        else:
            found.append(found[-1] if n else _spread([one for more in errors for one in more]))
    return tuple(found)


def _spread(seen: Sequence[Seen]) -> Spread:
    """Kaplan and Meier's curve of the errors, of those only who come back as far as anybody has seen."""
    waiting, still, steps = len(seen), 1.0, []
    for place, (error, ended) in enumerate(sorted(seen, key=lambda one: (one[0], not one[1]))):
        if ended:
            still *= 1 - 1 / (waiting - place)
            steps.append((1 - still, error))
    back, at, found = steps[-1][0], 0, []
    for n in range(STEPS + 1):
        while at < len(steps) - 1 and steps[at][0] < back * n / STEPS:
            at += 1
        found.append(round(steps[at][1], 4))
    return Spread(tuple(found), len(steps))


def _tried(customers: Sequence[Times], now: int) -> Tried:
    """Windows as told after two thirds of the history, and where the next orders fell. Late ones cannot have been seen
    yet, so the share expected inside is of those that are over by now."""
    begin = min(times[0] for times in customers)
    cut = begin + round((now - begin) * CUT)
    known = [[at for at in times if at <= cut] for times in customers]
    model = _fit([times for times in known if times], cut)
    if model is None:
        return Tried()
    tested, inside, expected = 0, 0, []
    for times, before in zip(customers, known, strict=True):
        window = model.window(before, cut)
        if window and len(times) > len(before):
            tested += 1
            inside += window.start <= times[len(before)] <= window.end
            expected.append(_share_inside(model, before, cut, now))
    return Tried(tested, inside, round(fsum(expected), 2))


def _share_inside(model: GapModel, before: Times, cut: int, now: int) -> float:
    usual, spread = model.outlook(before)
    waited, over = (spread.share(log(max(at - before[-1], 1) / DAY) - usual) for at in (cut, now))
    low, high = (waited + (1 - waited) * share for share in ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2))
    return max(min(high, over) - low, 0.0) / (over - waited) if over > waited else COVERAGE
