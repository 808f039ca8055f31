"""How often customers will buy: the BG/NBD model.

P. S. Fader, B. G. S. Hardie, K. L. Lee: "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model.
Marketing Science 24 (2005), 275-284. While she is a customer she buys at a steady rate of her own (rates differ between
customers as a gamma distribution of shape r and rate alpha), and after every repeat purchase she stays away for good
with a chance of her own (a beta distribution of a and b). Of her history only three numbers count: how many repeat
purchases x, when the last of them was (recency) and how long she has been known (age), both from her first purchase.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, log1p

from chalicelib.domain.minimise import minimise
from chalicelib.domain.outlook import NotEnough
from chalicelib.domain.special import digamma

# (repeat purchases, recency, age), the latter two in cells -> how many customers
Histogram = Mapping[tuple[int, int, int], int]

FEWEST = 50  # customers, and
FEWEST_REPEATING = 10  # of them with a repeat purchase, that four parameters may rest on
_LOW = (log(1e-3), log(0.02), log(1e-3), log(1e-3))  # of r, alpha in weeks, a, b
_HIGH = (log(1e3), log(1e5), log(1e3), log(1e3))
_TINY = 1e-14  # what may be left off a sum, as a share of it
_TERMS = 200_000


@dataclass(frozen=True, slots=True)
class Fit:
    """`alpha` in weeks; so are all times below. `log_likelihood` is of the histories in weeks."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = 0.0

    def alive(self, x: int, recency: float, age: float) -> float:
        """The chance that she has not left for good; 1 before her first repeat purchase, as the model has it."""
        if x == 0:
            return 1.0
        odds = log(self.a / (self.b + x - 1)) + (self.r + x) * log((self.alpha + age) / (self.alpha + recency))
        return 1 / (1 + exp(odds)) if odds < 0 else exp(-odds) / (1 + exp(-odds))

    def expected(self, x: int, recency: float, age: float, horizon: float) -> float:
        """How many purchases she will make in the `horizon` weeks to come."""
        return self.alive(x, recency, age) * self.while_alive(x, age, horizon)

    def while_alive(self, x: int, age: float, horizon: float) -> float:
        """The same for one who has not left yet: equation 10 of the paper without its denominator.

        The paper's 2F1, after Euler's transformation, sums the chances of k purchases by one who never leaves (a
        negative binomial distribution). Summing k's chance times the expected number of these k that come before she
        leaves is the same series with positive terms only: nothing cancels, and a = 1 is like any other a."""
        r, b = self.r + x, self.b + x
        ahead = horizon / (self.alpha + age + horizon)
        chance = still = 1.0  # of k purchases, up to a factor that `total` takes out; of staying through k of them
        total = made = found = 0.0
        for k in range(_TERMS):
            total += chance
            found += chance * made
            made += still
            still *= (b + k) / (self.a + b + k)
            ratio = ahead * (r + k) / (k + 1)
            chance *= ratio
            ratio = max(ratio, ahead)
            if ratio < 1 and chance * (made + 1 / (1 - ratio)) <= _TINY * (1 - ratio) * min(found, total):
                break
            if total > 1e250:
                chance, total, found = chance * 1e-250, total * 1e-250, found * 1e-250
        return found / total


def fit(histogram: Histogram, weeks_per_cell: float) -> Fit | NotEnough:
    """The parameters that make the histories most likely. NotEnough: `few_customers`, `few_repeats` (almost nobody came
    again), `all_repeat` (almost everybody did), `one_day` (all began and are seen on one day), `unsettled`."""
    if reason := _lacking(histogram):
        return NotEnough(reason)
    customers = sum(histogram.values())
    rate = sum(n * x for (x, _, _), n in histogram.items()) / _weeks(histogram, weeks_per_cell)
    function = likelihood(histogram, weeks_per_cell)
    start = (log(0.5), log(0.5 / rate), log(1.0), log(2.0))
    lowest = minimise(function, start, _LOW, _HIGH)
    if not lowest.settled:
        return NotEnough("unsettled")
    r, alpha, a, b = map(exp, lowest.point)
    return Fit(r, alpha, a, b, -lowest.value * customers)


def _weeks(histogram: Histogram, weeks_per_cell: float) -> float:
    return weeks_per_cell * sum(n * age for (_, _, age), n in histogram.items())


def _lacking(histogram: Histogram) -> str:
    customers = sum(histogram.values())
    repeating = sum(n for (x, _, _), n in histogram.items() if x)
    if customers < FEWEST:
        return "few_customers"
    if not any(age for _, _, age in histogram):
        return "one_day"
    if repeating < FEWEST_REPEATING:
        return "few_repeats"
    return "all_repeat" if customers - repeating < FEWEST_REPEATING else ""


def likelihood(histogram: Histogram, weeks_per_cell: float) -> Callable[[Sequence[float]], tuple[float, list[float]]]:
    """The negative log-likelihood per customer as a function of the logs of (r, alpha, a, b), with its gradient."""
    times = [cell * weeks_per_cell for cell in range(max(age for _, _, age in histogram) + 1)]
    by_x: Counter[int] = Counter()
    ages, repeats = [0] * len(times), [0] * len(times)  # customers of that age, and their repeat purchases
    cells: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for (x, recency, age), n in histogram.items():
        by_x[x] += n
        ages[age] += n
        repeats[age] += n * x
        if x:
            cells[x].append((recency, age, n))
    customers = sum(by_x.values())

    def at(point: Sequence[float]) -> tuple[float, list[float]]:
        r, alpha, a, b = map(exp, point)
        value, slopes = _counts(by_x, r, alpha, a, b)
        logs = [log(alpha + time) for time in times]
        inverse = [1 / (alpha + time) for time in times]
        for n, bought, weight, share in zip(ages, repeats, logs, inverse, strict=True):
            value -= (r * n + bought) * weight
            slopes[0] -= n * weight
            slopes[1] -= (r * n + bought) * share
        for x, group in cells.items():
            left, gone, waited, eased = _left(group, r + x, log(a / (b + x - 1)), logs, inverse)
            value += left
            slopes[0] += waited
            slopes[1] += (r + x) * eased
            slopes[2] += gone / a
            slopes[3] -= gone / (b + x - 1)
        scale = [-part / customers for part in (r, alpha, a, b)]
        return -value / customers, [slope * part for slope, part in zip(slopes, scale, strict=True)]

    return at


def _counts(by_x: Mapping[int, int], r: float, alpha: float, a: float, b: float) -> tuple[float, list[float]]:
    """The part of the log-likelihood that knows only x, and its slopes along r, alpha, a, b."""
    customers = sum(by_x.values())
    value = customers * (r * log(alpha) - lgamma(r) + lgamma(a + b) - lgamma(b))
    along_r, along_a = customers * (log(alpha) - digamma(r)), customers * digamma(a + b)
    along_b = along_a - customers * digamma(b)
    for x, n in by_x.items():
        value += n * (lgamma(r + x) + lgamma(b + x) - lgamma(a + b + x))
        along_r += n * digamma(r + x)
        both = n * digamma(a + b + x)
        along_a -= both
        along_b += n * digamma(b + x) - both
    return value, [along_r, customers * r / alpha, along_a, along_b]


def _left(
    group: Sequence[tuple[int, int, int]], power: float, base: float, logs: Sequence[float], inverse: Sequence[float]
) -> tuple[float, float, float, float]:
    """Over the cells of one x: the log of 1 + the odds that she has left, and with the chance of it, the sums that the
    slopes need. Most of the fit's time is spent here."""
    value = gone = waited = eased = 0.0
    for recency, age, n in group:
        gap = logs[age] - logs[recency]
        odds = base + power * gap
        if odds > 0:
            smaller = exp(-odds)
            value += n * (odds + log1p(smaller))
            chance = n / (1 + smaller)
        else:
            smaller = exp(odds)
            value += n * log1p(smaller)
            chance = n * smaller / (1 + smaller)
        gone += chance
        waited += chance * gap
        eased += chance * (inverse[age] - inverse[recency])
    return value, gone, waited, eased
